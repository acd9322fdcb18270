//! What people meet first when something of theirs is missing, and what they are told to do.

mod support;

use ami_sandbox::{Fault, Ownership};
use support::{BUCKET, Desk, HOME, MAKE, mode};

#[test]
fn a_refusal_without_a_reason_names_the_likely_ones() {
    let desk = Desk::with_bucket();
    desk.write("disk.raw", b"a disk");
    // No region is told beside it either, as by what only looks like S3.
    desk.sandbox
        .inject(Fault::on("HeadBucket").always().error(403, "", ""));
    desk.image(&["--to", "s3://bundles/a", "disk.raw"])
        .run()
        .expect()
        .fails(1)
        .stderr_has("HeadBucket was refused with status 403")
        .stderr_has(
            "the keys may be wrong, they may lack s3:ListBucket, or the bucket may be another",
        )
        .done();
    // What is read is asked for all the same, and S3 says of that what is wrong.
    desk.bundle(&["verify", "s3://bundles/a/x.manifest.xml"])
        .run()
        .expect()
        .fails(5)
        .stderr_has("NoSuchKey")
        .done();
}

#[test]
fn an_acl_for_everybody_may_be_blocked() {
    let desk = Desk::new();
    desk.sandbox.bucket(HOME, BUCKET, |seed| {
        seed.ownership = Ownership::BucketOwnerPreferred;
        seed.blocks_public_access = true;
    });
    desk.write("disk.raw", b"a disk");
    let words = ["--to=s3://bundles/a", "--acl=public-read", "disk.raw"];
    desk.image(&words)
        .run()
        .expect()
        .fails(1)
        .stderr_has("Block Public Access of the bucket or of the account forbids")
        .done();
}

#[test]
fn a_copy_within_s3_needs_its_acl() {
    let desk = Desk::new();
    let words = [
        "upload",
        "--to=s3://bundles/b",
        "s3://bundles/a/x.manifest.xml",
    ];
    let outcome = desk.bundle(&words).run().expect().fails(2);
    outcome.stderr_has("aws s3 cp --acl aws-exec-read").done();
}

#[test]
fn the_certificate_of_ec2_is_looked_for_and_named() {
    let desk = Desk::new();
    desk.write("disk.raw", b"a disk");
    let words = MAKE
        .iter()
        .filter(|word| !word.starts_with("--ec2cert") && **word != "ec2.pem");
    let words: Vec<&str> = words.copied().collect();
    let outcome = desk
        .bundle(&["image"])
        .args(words)
        .args(["-u", "111122223333", "disk.raw"])
        .env("EC2_AMITOOL_HOME", "/nowhere/tools")
        .env("AWS_REGION", "us-gov-west-1")
        .run();
    outcome
        .expect()
        .fails(2)
        .stderr_has("no cert-ec2-us-gov-west-1.pem or cert-ec2-gov.pem in /nowhere/tools/etc/ec2/amitools, ")
        .stderr_has("take cert-ec2-gov.pem from the package ec2-ami-tools")
        .stderr_has("--ec2cert")
        .done();
}

#[test]
fn only_keys_are_not_for_others() {
    let desk = Desk::new().with_fixture();
    mode(&desk.path("cert.pem"), 0o644);
    mode(&desk.path("pk.pem"), 0o644);
    let run = |key: &str| {
        let words = ["unbundle", "-k", key, "-o", "new", "disk.img.manifest.xml"];
        desk.bundle(&words).run().expect()
    };
    let outcome = run("cert.pem").fails(2).stderr_has("cert.pem: ").done();
    assert!(!outcome.stderr.contains("chmod"), "{}", outcome.stderr);
    run("pk.pem")
        .stdout_is("new\n")
        .stderr_has("chmod 600 pk.pem")
        .done();
}

#[test]
fn an_account_that_is_not_known_can_be_said() {
    let desk = Desk::new();
    desk.write("disk.raw", b"a disk");
    desk.sandbox.deny("GetCallerIdentity");
    desk.image(&["disk.raw"])
        .run()
        .expect()
        .fails(1)
        .stderr_has("or say with --user which account the bundle is for")
        .done();
}
