//! Bundles of disk files, made in S3.

mod support;

use ami_sandbox::{EC2_CERTIFICATE, Fault, Ownership};
use support::{BUCKET, Desk, HOME, MIB, noise};

/// The canonical user that aws-exec-read names: EC2.
const EC2: &str = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";

#[test]
fn a_bundle_in_s3_is_ec2_s_to_read_and_its_manifest_the_last_object() {
    let desk = Desk::with_bucket();
    desk.write("disk.raw", &noise(45 * MIB));
    desk.image(&[
        "--to",
        "s3://bundles/a/b",
        "--description",
        "a web server",
        "disk.raw",
    ])
    .run()
    .expect()
    .stdout_is("s3://bundles/a/b/disk.raw.manifest.xml\n")
    .done();
    let parts: Vec<String> = (0..5).map(|n| format!("a/b/disk.raw.part.{n}")).collect();
    let manifest = "a/b/disk.raw.manifest.xml".to_owned();
    let expected = [std::slice::from_ref(&manifest), &parts].concat();
    assert_eq!(desk.keys(), expected);
    for key in &expected {
        let object = desk.object(key);
        let reads = object
            .grants
            .iter()
            .any(|it| it.grantee == EC2 && it.permission == "READ");
        assert!(reads, "{key}: {:?}", object.grants);
        assert!(object.checksums.contains_key("SHA256"), "{key}");
        let kept = object.metadata.get("description").map(String::as_str);
        assert_eq!(kept, (*key == manifest).then_some("a web server"), "{key}");
    }
    let puts = desk.sandbox.calls_to("PutObject");
    let keys: Vec<_> = puts.iter().filter_map(|call| call.param("Key")).collect();
    assert_eq!(keys.len(), 6);
    assert_eq!(keys[5], manifest);
    assert_eq!(keys[0], parts[0]);
    assert_eq!(desk.names(), ["disk.raw"]);
}

#[test]
fn the_first_part_is_in_s3_before_a_tenth_of_the_disk_is_read() {
    let desk = Desk::with_bucket();
    // What is not read yet cannot be in a part: the pipe is filled no further until a part is there.
    let mut running = desk
        .image(&["--to", "s3://bundles/a", "--size", "270M", "-"])
        .stdin_open()
        .spawn();
    let half = "x".repeat(MIB);
    let noisy: String = noise(26 * MIB)
        .iter()
        .map(|byte| char::from(byte & 0x7f))
        .collect();
    running.write(&noisy);
    running.wait_until("a part is in S3", |_| {
        desk.sandbox.count_calls("PutObject") > 0
    });
    assert!(!desk.keys().iter().any(|key| key.ends_with(".xml")));
    for _ in 26..270 {
        running.write(&half);
    }
    running
        .wait()
        .expect()
        .stdout_is("s3://bundles/a/image.manifest.xml\n")
        .done();
}

#[test]
fn a_bucket_that_cannot_take_it_is_told_before_anything_is_made() {
    let desk = Desk::new();
    desk.write("disk.raw", b"a disk");
    let run = |more: &[&str]| desk.image(more).args(["disk.raw"]).run().expect();
    run(&["--to", "s3://bundles/a"])
        .fails(5)
        .stderr_is(
            "ami-bundle: bundles: there is no such bucket; make it first, or let --create-bucket do that\n",
        )
        .done();
    desk.sandbox.bucket("eu-west-1", "away", |seed| {
        seed.ownership = Ownership::BucketOwnerPreferred
    });
    run(&["--to", "s3://away/a"])
        .fails(2)
        .stderr_is(
            "ami-bundle: away is a bucket in eu-west-1, and this is us-east-1; work there with -r eu-west-1: \
             EC2 reads bundles in its own region\n",
        )
        .done();
    run(&["--to", "s3://away/a", "-r", "eu-west-1"])
        .stdout_has("s3://away/a/")
        .done();
    desk.sandbox.bucket(HOME, BUCKET, |_| {});
    run(&["--to", "s3://bundles/a"])
        .fails(1)
        .stderr_has("the bucket has its ACLs switched off, as new ones have")
        .stderr_has(
            "aws s3api put-bucket-ownership-controls --bucket bundles --ownership-controls \
             'Rules=[{ObjectOwnership=BucketOwnerPreferred}]'",
        )
        .done();
    assert!(desk.keys().is_empty());
}

#[test]
fn a_bucket_is_made_where_none_is() {
    let desk = Desk::new();
    desk.write("disk.raw", b"a disk");
    let args = [
        "-r",
        "eu-west-1",
        "--create-bucket",
        "--to",
        "s3://bundles",
        "disk.raw",
    ];
    desk.image(&args)
        .run()
        .expect()
        .stdout_is("s3://bundles/disk.raw.manifest.xml\n")
        .stderr_is("ami-bundle: the bucket bundles is new, in eu-west-1\n")
        .done();
    assert_eq!(desk.sandbox.buckets("eu-west-1"), ["bundles"]);
    assert_eq!(desk.object("disk.raw.part.0").grants.len(), 2);
    desk.image(&args)
        .run()
        .expect()
        .fails(2)
        .stderr_has("s3://bundles/disk.raw.manifest.xml: is there already; delete it with 'ami-bundle delete'")
        .done();
}

#[test]
fn a_dry_run_makes_nothing() {
    let desk = Desk::new();
    desk.write("disk.raw", b"a disk");
    desk.image(&["--dry-run", "--create-bucket", "--to", "s3://bundles/a", "disk.raw"])
        .run()
        .expect()
        .stdout_is("")
        .stderr_has("would make the bucket bundles in us-east-1")
        .stderr_has("would bundle disk.raw of 6 bytes, 6 of them data, for account 123456789012 into s3://bundles/a/")
        .done();
    assert!(desk.sandbox.buckets(HOME).is_empty());
    assert_eq!(desk.sandbox.count_calls("PutObject"), 0);
    desk.image(&["--dry-run", "-u", "111122223333", "disk.raw"])
        .run()
        .expect()
        .stdout_is("")
        .stderr_has("would bundle disk.raw")
        .done();
    assert_eq!(desk.names(), ["disk.raw"]);
}

#[test]
fn ec2_registers_what_was_made() {
    let desk = Desk::with_bucket();
    desk.write("ec2.pem", EC2_CERTIFICATE.as_bytes());
    desk.write("disk.raw", &noise(MIB));
    desk.image(&["--to", "s3://bundles/a", "-B", "ami=sda1", "disk.raw"])
        .run()
        .expect()
        .stdout_has("s3://")
        .done();
    let outcome = ami_testkit::tool("ami-register-image")
        .sandbox(&desk.sandbox)
        .args(["s3://bundles/a/disk.raw.manifest.xml"])
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_any()
        .done();
    let image = desk
        .sandbox
        .find_image(outcome.stdout.trim_end())
        .expect("an image");
    assert_eq!(
        image.location.as_deref(),
        Some("bundles/a/disk.raw.manifest.xml")
    );
}

#[test]
fn public_bundles_are_everybody_s_to_read() {
    let desk = Desk::with_bucket();
    desk.write("disk.raw", b"a disk");
    desk.sandbox.inject(Fault::on("PutObject").throttle());
    desk.image(&["--to", "s3://bundles/a", "--acl", "public-read", "disk.raw"])
        .run()
        .expect()
        .stdout_has("s3://")
        .done();
    for key in desk.keys() {
        let grants = desk.object(&key).grants;
        assert!(
            grants
                .iter()
                .any(|grant| grant.grantee.ends_with("/AllUsers")),
            "{key}"
        );
    }
}

#[test]
fn what_no_machine_starts_is_told() {
    let desk = Desk::with_bucket();
    desk.write("disk.raw", b"a disk");
    desk.image(&["-u", "111122223333", "disk.raw"])
        .args(["--prefix", "x86"])
        .run()
        .expect()
        .stdout_has("x86")
        .done();
    let args = [
        "image",
        "-k",
        "pk.pem",
        "-c",
        "cert.pem",
        "--ec2cert",
        "ec2.pem",
        "-u",
        "111122223333",
    ];
    desk.bundle(&args)
        .args(["--arch", "arm64", "disk.raw"])
        .run()
        .expect()
        .stdout_is("disk.raw.manifest.xml\n")
        .stderr_has("no machine starts S3-backed images for arm64")
        .done();
}
