//! Disks that cannot be used, and places that cannot be written, are told before anything is called.

mod support;

use ami_testkit::{assert_no_calls, shell};
use support::{disk, refused, register, sandbox};

/// A key of another region.
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234";

#[test]
fn a_disk_that_cannot_be_used_is_one_line_and_no_call() {
    let sandbox = sandbox();
    let cases: &[(&[&str], &str)] = &[
        (
            &["none.raw"],
            "none.raw: cannot be opened: No such file or directory",
        ),
        (&["."], ".: is a directory, and a disk is a file"),
        (&["empty.raw"], "empty.raw: is empty"),
        (&["disk.raw"], "disk.raw: its architecture is not known"),
        (
            &["--arch=x86_64", "--size=1G", "large.raw"],
            "--size: 1 GiB are too few for large.raw, which needs 2",
        ),
        (
            &["--arch=x86_64", "--encrypt", "--kms-key", KEY, "disk.raw"],
            "--kms-key lies in eu-west-1",
        ),
        (
            &[
                "--arch=x86_64",
                "--parent=snap-12345678@eu-west-1",
                "disk.raw",
            ],
            "the parent lies in eu-west-1",
        ),
        (
            &[
                "--arch=x86_64",
                "--parent=snap-12345678",
                "--parent-disk=none",
                "disk.raw",
            ],
            "none: cannot be opened",
        ),
        (
            &["--arch=x86_64", "--parent-digests=none", "disk.raw"],
            "none",
        ),
        (
            &["--arch=x86_64", "--save-digests=.", "disk.raw"],
            ".: is no regular file",
        ),
        (
            &["--arch=x86_64", "--save-digests=pipe", "disk.raw"],
            "pipe: is no regular file",
        ),
        (
            &["--arch=x86_64", "--save-digests=none/new", "disk.raw"],
            "none/new: no file can be made in none: No such file or directory",
        ),
        (
            &["--arch=x86_64", "--journal=none/new", "disk.raw"],
            "none/new: no file can be made in none: No such file or directory",
        ),
        (
            &["--arch=x86_64", "--save-digests=./disk.raw", "disk.raw"],
            "./disk.raw: is there already, and is no list of digests",
        ),
        (
            &["disk.qcow2"],
            "disk.qcow2: is a qcow2 image, not a raw disk; make one of it, \
            'qemu-img convert -f qcow2 -O raw disk.qcow2 disk.raw', or let --convert do that",
        ),
        (
            &["disk.gz"],
            "gzip -dc disk.gz | ami-register-image --size SIZE --arch ARCH -",
        ),
        (
            &["--snapshot-only", "disk.gz"],
            "gzip -dc disk.gz | ami-register-image --size SIZE --snapshot-only -",
        ),
        (&["--convert", "disk.gz"], "is compressed by gzip"),
        (&["--arch=x86_64", "-"], "say it with --size"),
        (&["--arch=x86_64", "/dev/stdin"], "say it with --size"),
        (&["--arch=x86_64", "pipe"], "say it with --size"),
        (
            &["--size=1G", "-"],
            "its files cannot be looked into before it is read",
        ),
        (
            &["--size=1G", "--arch=x86_64", "--convert", "-"],
            "qemu-img cannot read a pipe",
        ),
        (
            &["--size=1G", "--arch=x86_64", "--journal=x", "-"],
            "a pipe cannot be read again",
        ),
        (
            &["--arch=x86_64", "--convert", "--journal=x", "disk.qcow2"],
            "cannot stand together",
        ),
    ];
    for (args, why) in cases {
        let tool = register(&sandbox, args)
            .file("empty.raw", "", 0o600)
            .stdin("");
        let home = tool.home().to_owned();
        disk(&home.join("disk.raw"), 4096, &[0]);
        disk(&home.join("large.raw"), (1 << 30) + 1, &[0]);
        std::fs::write(home.join("disk.qcow2"), b"QFI\xfb\0\0\0\x03").expect("a file");
        std::fs::write(home.join("disk.gz"), b"\x1f\x8b\x08\0").expect("a file");
        let made = std::process::Command::new("mkfifo")
            .arg(home.join("pipe"))
            .status();
        assert!(made.expect("mkfifo").success());
        refused(tool, &sandbox, args, why);
    }
}

#[test]
fn a_directory_where_no_file_can_be_made_is_told() {
    if !support::may_mount("a_directory_where_no_file_can_be_made_is_told") {
        return;
    }
    let sandbox = sandbox();
    let upload = "ami-register-image --arch x86_64 --save-digests kept/new disk.raw";
    let fetch = "ami-register-image --fetch -o kept/new ami-12345678";
    for line in [upload, fetch] {
        let mount = "mkdir kept && mount -t tmpfs -o ro none kept";
        let tool = shell(&format!("unshare -rm sh -c '{mount} && {line}'"));
        disk(&tool.home().join("disk.raw"), 4096, &[0]);
        tool.sandbox(&sandbox)
            .run()
            .expect()
            .fails(2)
            .stderr_has("kept/new: no file can be made in kept: Read-only file system")
            .done();
        assert_no_calls(&sandbox);
    }
}
