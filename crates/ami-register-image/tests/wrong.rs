//! What is wrong is told in one line, before anything is called.

mod support;

use std::ffi::OsString;

use ami_cli::parse::{Request, parse};
use ami_register_image::spec::SPEC;
use support::{refused, register, sandbox};

const SNAPSHOT: &str = "snap-12345678";
const BUNDLE: &str = "s3://bucket/web/image.manifest.xml";
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234";

#[test]
fn a_wrong_command_line_is_one_line_and_no_call() {
    let sandbox = sandbox();
    let cases: &[(&[&str], &str)] = &[
        (&[], "name a disk file, a snapshot, a bundle in S3"),
        (&["a", "b"], "one SOURCE is read, and 2 are named"),
        (&["snap-123"], "'snap-123' names no snapshot"),
        (
            &["ami-12345678"],
            "copied with ami-copy-image and ami-clone",
        ),
        (&["i-12345678"], "made with ami-create-image"),
        (
            &["s3://bucket/web.tar"],
            "is no s3://BUCKET/PREFIX/NAME.manifest.xml",
        ),
        (
            &[SNAPSHOT],
            "its architecture is not known: a snapshot is not looked into",
        ),
        (&["--arch=amd64", SNAPSHOT], "EC2 calls 'amd64' x86_64"),
        (&["--arch=riscv64", SNAPSHOT], "is none of x86_64"),
        (&["--boot-mode=bios", SNAPSHOT], "is none of legacy-bios"),
        (
            &["--arch=arm64", "--boot-mode=legacy-bios", SNAPSHOT],
            "by UEFI only",
        ),
        (
            &["--arch=x86_64", "--tpm", SNAPSHOT],
            "--tpm needs boot mode uefi",
        ),
        (
            &[
                "--arch=x86_64",
                "--tpm",
                "--boot-mode=uefi-preferred",
                SNAPSHOT,
            ],
            "--tpm needs boot mode uefi",
        ),
        (
            &["--arch=x86_64", "--uefi-data=none", SNAPSHOT],
            "'none' cannot be read",
        ),
        (&["--imds=v1.0", SNAPSHOT], "is none of v2.0, optional"),
        (
            &["--arch=x86_64", "--encrypt", SNAPSHOT],
            "--encrypt is for disks, and SOURCE is a snapshot",
        ),
        (
            &["--arch=x86_64", "--parent=snap-12345678", SNAPSHOT],
            "--parent is for disks",
        ),
        (
            &["--arch=x86_64", "--kernel=aki-12345678", SNAPSHOT],
            "--kernel is for bundles",
        ),
        (&["--size=8G", BUNDLE], "--size is not for bundles"),
        (&["--tpm", BUNDLE], "--tpm is not for bundles"),
        (&["--snapshot-only", BUNDLE], "--snapshot-only is for disks"),
        (
            &["--kernel=aki-12345678", BUNDLE],
            "for --virtualization paravirtual",
        ),
        (
            &["--virtualization=xen", BUNDLE],
            "is none of hvm, paravirtual",
        ),
        (&["--size=8", SNAPSHOT], "for GiB write 8G"),
        (&["--size=8GB", SNAPSHOT], "is no size like 8G"),
        (&["--volume-type=ssd", SNAPSHOT], "no volume type"),
        (&["--volume-type=st1", SNAPSHOT], "no machine starts from"),
        (
            &["--volume-type=io2", SNAPSHOT],
            "needs its IOPS: -b /dev/xvda=:::io2:3000",
        ),
        (&["--root-device=sda;", SNAPSHOT], "is no device"),
        (&["-b/dev/xvda=none", SNAPSHOT], "is the root"),
        (&["-b/dev/xvda=snap-87654321", SNAPSHOT], "is SOURCE"),
        (
            &["-b/dev/xvda=:8:true:gp3:encrypted", SNAPSHOT],
            "encrypted with --encrypt",
        ),
        (&["-b/dev/sdb=none", SNAPSHOT], "there is none yet"),
        (
            &["-b/dev/sdb=::true", SNAPSHOT],
            "needs a snapshot or a size",
        ),
        (
            &["-b/dev/sdb=:1", "-b/dev/sdb=:2", SNAPSHOT],
            "mapped twice",
        ),
        (&["--size=9G", "-b/dev/xvda=:8", SNAPSHOT], "both say it"),
        (&["-n", "ab", SNAPSHOT], "3 to 128 characters"),
        (
            &["-n", "web", "-N", "web", SNAPSHOT],
            "cannot stand together",
        ),
        (&["-t", "source_snapshot=x", SNAPSHOT], "set by this tool"),
        (
            &["--source-image=snap-12345678", SNAPSHOT],
            "of another kind",
        ),
        (
            &["--timeout=1h", "--arch=x86_64", SNAPSHOT],
            "--timeout is for --wait",
        ),
        (
            &["--snapshot-only", "--name=web", "disk.raw"],
            "cannot stand together",
        ),
        (
            &["--snapshot-only", "--arch=x86_64", "disk.raw"],
            "cannot stand together",
        ),
        (
            &["--encrypt", "--parent=snap-12345678", "disk.raw"],
            "cannot stand together",
        ),
        (
            &["--journal=x", "--no-journal", "disk.raw"],
            "cannot stand together",
        ),
        (
            &["--parent-disk=x", "--parent-digests=y", "disk.raw"],
            "cannot stand together",
        ),
        (
            &["--parent-disk=disk.raw", "disk.raw"],
            "--parent-disk is for --parent",
        ),
        (
            &["--kms-key", KEY, "disk.raw"],
            "--kms-key is for --encrypt",
        ),
        (
            &["--encrypt", "--kms-key=alias/web", "disk.raw"],
            "aws kms describe-key --key-id alias/web",
        ),
        (&["--work-dir=x", "disk.raw"], "--work-dir is for --convert"),
        (&["--calls=0", "disk.raw"], "is no number from 1 to 1024"),
        (&["--rate=0", "disk.raw"], "is no number from 1 to 100000"),
        (&["--rate=100001", "disk.raw"], "from 1 to 100000"),
        (
            &["--rate=9", "--arch=arm64", SNAPSHOT],
            "--rate is for disks",
        ),
        (&["-o", "x", "disk.raw"], "--output is for --fetch"),
        (&["--overwrite", "disk.raw"], "--overwrite is for --fetch"),
        (&["--fetch", "snap-12345678"], "--fetch needs --output FILE"),
        (&["--fetch", "-o", "x"], "name a snapshot or an image"),
        (
            &["--fetch", "-o", "x", "disk.raw"],
            "names no snapshot or image",
        ),
        (
            &["--fetch", "-o", "x", "--arch=arm64", SNAPSHOT],
            "cannot stand together",
        ),
        (
            &["--fetch", "-o", "x", "--dry-run", SNAPSHOT],
            "cannot stand together",
        ),
        (
            &["--fetch", "-o", "x", "--device=/dev/sdb", SNAPSHOT],
            "--device is for images",
        ),
        (
            &["--snapshot-ony", "disk.raw"],
            "did you mean '--snapshot-only'?",
        ),
    ];
    for (args, why) in cases {
        refused(register(&sandbox, args), &sandbox, args, why);
    }
}

#[test]
fn the_examples_of_the_manual_are_good_command_lines() {
    for example in SPEC.examples {
        let commands = example.line.split(" | ");
        let ours = commands.filter_map(|command| command.strip_prefix("ami-register-image "));
        let mut count = 0;
        for words in ours {
            count += 1;
            let words = words.split(' ').map(OsString::from).collect();
            let parsed = parse(&SPEC, words);
            assert!(
                matches!(parsed, Ok(Request::Run(_))),
                "{}: {parsed:?}",
                example.line
            );
        }
        assert_eq!(count, 1, "{}", example.line);
    }
}
