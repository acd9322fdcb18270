//! What is wrong is told in one line, before anything is called.

mod support;

use std::ffi::OsString;

use ami_bundle::spec::SPEC;
use ami_cli::parse::{Request, parse};
use ami_testkit::assert_no_calls;
use support::{Desk, MAKE};

/// A name to which `.manifest.xml` cannot be added.
const LONG: &str = concat!(
    "123456789012345678901234567890123456789012345678901234567890123456789012345678901",
    "123456789012345678901234567890123456789012345678901234567890123456789012345678901",
    "123456789012345678901234567890123456789012345678901234567890123456789012345678901",
);
const PLACE: &str = "s3://bucket/web/image.manifest.xml";

#[test]
fn a_wrong_command_line_is_one_line_and_no_call() {
    let desk = Desk::new().with_fixture();
    desk.write("disk.raw", b"a disk");
    desk.write("empty", b"");
    desk.write("disk.qcow2", b"QFI\xfb\0\0\0\x03");
    let image = |more: &[&'static str]| [&["image"], &MAKE[..], more].concat();
    let without = |option: usize| {
        [
            &["image"],
            &MAKE[..option],
            &MAKE[option + 2..],
            &["disk.raw"],
        ]
        .concat()
    };
    let cases: &[(Vec<&str>, &str)] = &[
        (vec![], "say what to do: one of image, "),
        (vec!["bundle"], "bundle"),
        (image(&[]), "name a disk, or - for standard input"),
        (image(&["a", "b"]), "one DISK is read, and 2 are named"),
        (
            image(&["nothing"]),
            "nothing: cannot be opened: No such file",
        ),
        (image(&["empty"]), "empty: is empty"),
        (image(&["/"]), "/: is neither a file nor a block device"),
        (
            image(&["/dev/null"]),
            "is neither a file nor a block device; a pipe is read with --size SIZE -",
        ),
        (image(&["disk.qcow2"]), "disk.qcow2: is "),
        (image(&["-"]), "say it with --size"),
        (image(&["--size=8X", "-"]), "is no size like 8G"),
        (
            image(&["--size=800G", "-"]),
            "standard input: the bundle would have up to",
        ),
        (
            image(&["-p", LONG, "disk.raw"]),
            "the name of the image has more than 242 bytes",
        ),
        (
            image(&["--size=8G", "disk.raw"]),
            "--size is for a disk on standard input",
        ),
        (without(0), "a bundle needs --privatekey"),
        (without(2), "a bundle needs --cert"),
        (without(6), "its architecture is not known"),
        (image(&["--ec2cert=nothing", "disk.raw"]), "--ec2cert"),
        (
            image(&["-u", "12345", "disk.raw"]),
            "is not an account's 12 digits",
        ),
        (
            image(&["-p", "a/b", "disk.raw"]),
            "is not a plain file name",
        ),
        (image(&["-p", "..", "disk.raw"]), "is not a plain file name"),
        (
            image(&["--compress=9", "disk.raw"]),
            "is none of fast, default, best",
        ),
        (
            image(&["--kernel=aki-1", "disk.raw"]),
            "is not aki- and 8 hexadecimal digits",
        ),
        (image(&["-B", "sdb", "disk.raw"]), "is not VIRTUAL=DEVICE"),
        (
            image(&["-B", "ebs1=sdf", "disk.raw"]),
            "maps ami, root, swap and ephemeral0 to ephemeral23",
        ),
        (
            image(&["-B", "ephemeral0=xvdal", "disk.raw"]),
            "EC2 takes devices of bundles that are called sdX, xvdX or hdX",
        ),
        (
            image(&["-B", "ephemeral99=sdb", "disk.raw"]),
            "maps ami, root, swap and ephemeral0 to ephemeral23",
        ),
        (
            image(&["-p", " ", "disk.raw"]),
            "the name of the image is blank",
        ),
        (
            image(&[
                "--to=s3://bucket/x",
                "--create-bucket",
                "--acl=public-read",
                "disk.raw",
            ]),
            "--create-bucket makes a bucket as new ones are, and those block --acl public-read",
        ),
        (
            image(&["-B", "ami=sda1,ami=sdb", "disk.raw"]),
            "ami is mapped twice",
        ),
        (
            image(&["--productcodes=a b", "disk.raw"]),
            "is no product code",
        ),
        (image(&["--ancestor=i-12345678", "disk.raw"]), "i-12345678"),
        (
            image(&["-d", "nothing", "disk.raw"]),
            "nothing: No such file",
        ),
        (
            image(&["-d", "disk.raw", "disk.raw"]),
            "disk.raw: is no directory",
        ),
        (image(&["--to=bucket/x", "disk.raw"]), "no place in S3"),
        (image(&["--to=s3://b//x", "disk.raw"]), "--to"),
        (
            image(&["--to=s3://bucket/x", "-d", ".", "disk.raw"]),
            "cannot stand together",
        ),
        (
            image(&["--acl=public-read", "disk.raw"]),
            "--acl is for --to",
        ),
        (
            image(&["--description=x", "disk.raw"]),
            "--description is for --to",
        ),
        (
            image(&["--to=s3://bucket/x", "--acl=private", "disk.raw"]),
            "neither aws-exec-read nor public-read",
        ),
        (
            vec!["upload", "disk.img.manifest.xml"],
            "say where to with --to",
        ),
        (
            vec!["upload", "--to=s3://bucket/x", PLACE],
            "is in S3 already",
        ),
        (
            vec!["upload", "--to=s3://bucket/x"],
            "name one bundle by its manifest",
        ),
        (vec!["download", "x.manifest.xml"], "is downloaded from S3"),
        (
            vec!["download", "s3://bucket/web/image"],
            "a bundle is named by its manifest",
        ),
        (
            vec!["download", "s3://bucket/web/.manifest.xml"],
            "a bundle is named by its manifest",
        ),
        (
            vec!["download", "-d", "nothing", PLACE],
            "nothing: No such file",
        ),
        (
            vec!["delete", "x.manifest.xml"],
            "files are removed with rm",
        ),
        (
            vec!["delete", PLACE, PLACE],
            "one bundle is read, and 2 are named",
        ),
        (vec!["verify", ""], "MANIFEST is empty"),
        (
            vec!["verify", "bucket/web/image.manifest.xml"],
            "there is no file 'bucket/web/image.manifest.xml'; did you mean s3://bucket/web/image.manifest.xml?",
        ),
        (
            image(&["--to=s3://My_Bucket/x", "--create-bucket", "disk.raw"]),
            "'My_Bucket' is no name of a new bucket",
        ),
        (
            image(&["--to=s3://10.0.0.1/x", "--create-bucket", "disk.raw"]),
            "is no name of a new bucket",
        ),
        (
            vec!["unbundle", "-m", PLACE],
            "(see 'ami-bundle unbundle --help')",
        ),
        (
            vec!["verify", "-s", "nothing", "disk.img.manifest.xml"],
            "nothing: is no directory",
        ),
        (
            vec!["unbundle", "disk.img.manifest.xml"],
            "opened with --privatekey",
        ),
        (
            vec!["unbundle", "-k", "nothing", PLACE],
            "nothing: cannot be read",
        ),
        (vec!["unbundle", "-k", "cert.pem", PLACE], "cert.pem: "),
        (vec!["unbundle", "-k", "/", PLACE], "/: holds no key"),
        (
            vec!["unbundle", "-k", "pk.pem", "-c", "pk.pem", PLACE],
            "pk.pem: ",
        ),
        (
            vec!["unbundle", "-k", "pk.pem", "-o", "x", "-d", ".", PLACE],
            "cannot stand together",
        ),
        (
            vec!["unbundle", "-k", "pk.pem", "--overwite", PLACE],
            "did you mean '--overwrite'?",
        ),
    ];
    for (args, why) in cases {
        let outcome = desk
            .bundle(args)
            .run()
            .expect()
            .fails(2)
            .stdout_is("")
            .stderr_has(why)
            .done();
        assert_eq!(
            outcome.stderr.lines().count(),
            1,
            "{args:?}: {}",
            outcome.stderr
        );
        assert_no_calls(&desk.sandbox);
    }
    desk.bundle(&["verify", "nothing"])
        .run()
        .expect()
        .fails(5)
        .stderr_has("nothing: cannot be read: No such file")
        .done();
}

#[test]
fn keys_that_do_not_fit_are_told() {
    let desk = Desk::new();
    desk.write("disk.raw", b"a disk");
    let run = |args: &[&str]| {
        let rest = ["-u", "111122223333", "--arch=x86_64", "disk.raw"];
        desk.bundle(&["image"]).args(args).args(rest).run().expect()
    };
    run(&["-k", "ec2-pk.pem", "-c", "cert.pem", "--ec2cert", "ec2.pem"])
        .fails(2)
        .stderr_has("--privatekey does not belong to --cert: the bundle could not be opened again")
        .done();
    run(&["-k", "pk.pem", "-c", "cert.pem"])
        .fails(2)
        .stderr_has("there is no certificate of EC2 in us-east-1 on this machine")
        .stderr_has("name it with --ec2cert")
        .done();
    assert_no_calls(&desk.sandbox);
    assert_eq!(desk.names(), ["disk.raw"]);
}

#[test]
fn the_certificate_of_ec2_is_found_where_its_tools_are() {
    let desk = Desk::new();
    desk.write("disk.raw", b"a disk");
    let place = desk.path("tools/etc/ec2/amitools");
    std::fs::create_dir_all(&place).expect("a directory");
    std::fs::copy(desk.path("ec2.pem"), place.join("cert-ec2.pem")).expect("a certificate");
    desk.bundle(&[
        "image",
        "-k",
        "pk.pem",
        "-c",
        "cert.pem",
        "-u",
        "111122223333",
    ])
    .args(["--arch=x86_64", "disk.raw"])
    .env("EC2_AMITOOL_HOME", desk.path("tools"))
    .run()
    .expect()
    .stdout_is("disk.raw.manifest.xml\n")
    .done();
}

#[test]
fn odd_keys_are_hinted_at_once() {
    let desk = Desk::new();
    desk.write("disk.raw", b"a disk");
    support::mode(&desk.path("pk.pem"), 0o644);
    desk.image(&["-u", "111122223333", "disk.raw"])
        .run()
        .expect()
        .stdout_has("disk.raw")
        .stderr_is("ami-bundle: pk.pem can be read by others: chmod 600 pk.pem\n")
        .done();
    support::mode(&desk.path("pk.pem"), 0o600);
    let expired = "openssl req -new -key \"$1\" -subj /CN=old -out \"$2.csr\"; \
                   openssl x509 -req -in \"$2.csr\" -signkey \"$1\" -not_before 20200101000000Z \
                   -not_after 20210101000000Z -out \"$2\" 2>/dev/null || \
                   openssl x509 -req -in \"$2.csr\" -signkey \"$1\" -days -1 -out \"$2\" 2>/dev/null";
    support::sh(expired, &[&desk.path("pk.pem"), &desk.path("cert.pem")]);
    desk.image(&["-u", "111122223333", "-p", "again", "disk.raw"])
        .run()
        .expect()
        .stdout_is("again.manifest.xml\n")
        .stderr_has("the certificate of --cert (CN=old) has expired; bundles do without that")
        .done();
}

#[test]
fn the_examples_of_the_manual_are_good_command_lines() {
    for example in SPEC.examples {
        let commands = example.line.split(" | ");
        let ours = commands.filter_map(|command| command.strip_prefix("ami-bundle "));
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
        assert!(count > 0, "{}", example.line);
    }
}
