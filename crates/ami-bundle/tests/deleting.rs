//! Bundles deleted from S3.

mod support;

use ami_sandbox::Fault;
use support::Desk;

const PLACE: &str = "s3://bundles/a/disk.img.manifest.xml";

/// The fixture in S3.
fn with_bundle() -> Desk {
    let desk = Desk::with_bucket().with_fixture();
    desk.bundle(&["upload", "--to", "s3://bundles/a", "disk.img.manifest.xml"])
        .run()
        .expect()
        .stdout_is(&format!("{PLACE}\n"))
        .done();
    let mine = desk
        .sandbox
        .put_object("bundles", "a/disk.img.part.1", b"mine", "private");
    mine.expect("an object");
    desk.sandbox.clear_calls();
    desk
}

#[test]
fn the_manifest_goes_first_and_nothing_else_goes() {
    let desk = with_bundle();
    desk.bundle(&["delete", "--dry-run", PLACE])
        .run()
        .expect()
        .stderr_is(&format!("ami-bundle: would delete {PLACE} and 1 part\n"))
        .done();
    assert_eq!(desk.keys().len(), 3);
    desk.bundle(&["delete", PLACE])
        .run()
        .expect()
        .stdout_is(&format!("{PLACE}\n"))
        .done();
    assert_eq!(desk.keys(), ["a/disk.img.part.1"]);
    assert_eq!(desk.sandbox.count_calls("DeleteObjects"), 2);
    desk.bundle(&["delete", PLACE])
        .run()
        .expect()
        .fails(5)
        .stderr_has(&format!("{PLACE}: "))
        .stderr_has("NoSuchKey")
        .done();
}

#[test]
fn a_bundle_of_an_image_stays_unless_forced() {
    let desk = with_bundle();
    let image = desk.sandbox.image(support::HOME, |image| {
        image.location = Some("bundles/a/disk.img.manifest.xml".into());
    });
    desk.bundle(&["delete", PLACE])
        .run()
        .expect()
        .fails(2)
        .stderr_is(&format!(
            "ami-bundle: {PLACE}: {image} is registered of it; deregister that first, or delete the bundle \
             all the same with --force\n"
        ))
        .done();
    assert_eq!(desk.keys().len(), 3);
    desk.bundle(&["delete", "--force", PLACE])
        .run()
        .expect()
        .stdout_has("s3://")
        .done();
    assert_eq!(desk.keys(), ["a/disk.img.part.1"]);
}

#[test]
fn parts_that_are_left_are_told() {
    let desk = with_bundle();
    let denied = Fault::on("DeleteObjects")
        .skip(1)
        .error(403, "AccessDenied", "no");
    desk.sandbox.inject(denied);
    desk.bundle(&["delete", PLACE])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has(
            "the manifest is gone, and parts may be left: aws s3 rm --recursive s3://bundles/",
        )
        .stderr_has("--include 'a/disk.img.part.*'")
        .done();
    assert_eq!(desk.keys(), ["a/disk.img.part.0", "a/disk.img.part.1"]);
}

#[test]
fn what_is_no_bundle_stays() {
    let desk = with_bundle();
    let put = desk
        .sandbox
        .put_object("bundles", "a/x.manifest.xml", b"<x/>", "private");
    put.expect("an object");
    desk.bundle(&["delete", "s3://bundles/a/x.manifest.xml"])
        .run()
        .expect()
        .fails(1)
        .stderr_is(
            "ami-bundle: s3://bundles/a/x.manifest.xml: the manifest has another root element than manifest\n",
        )
        .done();
    assert_eq!(desk.keys().len(), 4);
}

#[test]
fn a_place_with_wildcards_is_that_place_only() {
    let desk = Desk::with_bucket().with_fixture();
    desk.bundle(&["upload", "--to", "s3://bundles/a*", "disk.img.manifest.xml"])
        .run()
        .expect()
        .stdout_has("s3://")
        .done();
    desk.sandbox.image(support::HOME, |image| {
        image.location = Some("bundles/ab/disk.img.manifest.xml".into());
    });
    desk.bundle(&["delete", "s3://bundles/a*/disk.img.manifest.xml"])
        .run()
        .expect()
        .stdout_has("s3://")
        .done();
    assert!(desk.keys().is_empty());
}
