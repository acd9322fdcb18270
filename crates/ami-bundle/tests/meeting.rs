//! Runs that meet at one place in S3: each leaves alone what is not its own.

mod support;

use ami_sandbox::{Fault, Ownership};
use ami_testkit::Signal;
use support::{BUCKET, Desk, HOME, MIB, noise, with_bundle};

const PLACE: &str = "s3://bundles/a/disk.raw.manifest.xml";
const ARGS: [&str; 3] = ["--to", "s3://bundles/a", "disk.raw"];
const UPLOAD: [&str; 4] = ["upload", "--to", "s3://bundles/a", "web.manifest.xml"];

fn desk() -> Desk {
    let desk = Desk::with_bucket();
    desk.write("disk.raw", &noise(25 * MIB));
    desk
}

/// Is what is there a bundle, as its maker's key opens it?
#[track_caller]
fn is_whole(desk: &Desk, place: &str) {
    desk.bundle(&["verify", "-k", "pk.pem", "-c", "cert.pem", place])
        .run()
        .expect()
        .stdout_is(&format!("{place}\n"))
        .done();
}

fn put(desk: &Desk, key: &str, bytes: &[u8]) {
    let put = desk.sandbox.put_object(BUCKET, key, bytes, "private");
    put.expect("an object");
}

#[test]
fn two_runs_to_one_place_do_not_mix() {
    let desk = desk();
    // The first one has looked, and waits for its disk, while the second one makes its bundle.
    let args = [
        "--to",
        "s3://bundles/a",
        "-p",
        "disk.raw",
        "--size",
        "25M",
        "-",
    ];
    let mut first = desk.image(&args).stdin_open().spawn();
    first.write("begun");
    first.wait_until("it has looked", |_| {
        desk.sandbox.count_calls("HeadObject") > 0
    });
    desk.image(&ARGS)
        .run()
        .expect()
        .stdout_is(&format!("{PLACE}\n"))
        .done();
    let tags = || -> Vec<_> {
        let objects = desk.sandbox.objects(BUCKET).into_iter();
        objects.map(|object| (object.key, object.etag)).collect()
    };
    let before = tags();
    let rest = "x".repeat(25 * MIB - "begun".len());
    first.write(&rest);
    first
        .wait()
        .expect()
        .fails(2)
        .stdout_is("")
        .stderr_has("disk.raw.part.0: is there already")
        .stderr_has("choose another place")
        .done();
    assert_eq!(tags(), before);
    is_whole(&desk, PLACE);
}

#[test]
fn a_run_that_is_stopped_takes_its_own_and_no_other_object() {
    let desk = desk();
    put(&desk, "a/disk.raw.part.2", b"another's");
    desk.image(&ARGS)
        .run()
        .expect()
        .fails(2)
        .stderr_has("a/disk.raw.part.2: is there already")
        .done();
    assert_eq!(desk.keys(), ["a/disk.raw.part.2"]);
    assert_eq!(desk.object("a/disk.raw.part.2").bytes, b"another's");
}

#[test]
fn a_manifest_that_another_run_puts_first_stays() {
    let desk = desk();
    desk.sandbox
        .inject(Fault::on("PutObject").skip(2).times(30).throttle());
    let mut running = desk.image(&ARGS).spawn();
    running.wait_until("two are there", |_| desk.keys().len() == 2);
    put(&desk, "a/disk.raw.manifest.xml", b"another's");
    desk.sandbox.clear_faults();
    running
        .wait()
        .expect()
        .fails(2)
        .stderr_has("disk.raw.manifest.xml: is there already")
        .done();
    assert_eq!(desk.keys(), ["a/disk.raw.manifest.xml"]);
}

#[test]
fn lost_answers_are_looked_up() {
    for skip in [0, 3] {
        let desk = desk();
        desk.sandbox
            .inject(Fault::on("PutObject").skip(skip).reset_after());
        desk.image(&ARGS)
            .run()
            .expect()
            .stdout_is(&format!("{PLACE}\n"))
            .done();
        is_whole(&desk, PLACE);
    }
    let desk = desk();
    desk.sandbox
        .inject(Fault::on("PutObject").error(409, "ConditionalRequestConflict", "wait"));
    desk.image(&ARGS)
        .run()
        .expect()
        .stdout_is(&format!("{PLACE}\n"))
        .done();
}

#[test]
fn a_manifest_whose_answer_was_lost_goes_before_its_parts() {
    let desk = desk();
    // The manifest is put, and no answer comes, nor to another try, until the user gives up.
    desk.sandbox
        .inject(Fault::on("PutObject").skip(3).reset_after());
    desk.sandbox
        .inject(Fault::on("PutObject").skip(4).always().reset_before());
    let mut running = desk.image(&ARGS).spawn();
    running.wait_until("the manifest is there", |_| desk.keys().len() == 4);
    running.signal(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stdout_is("")
        .stderr_any()
        .done();
    assert_eq!(desk.keys(), [""; 0]);
    let deletions = desk.sandbox.calls_to("DeleteObjects");
    assert_eq!(deletions.len(), 2, "the manifest, and then the parts");
}

#[test]
fn an_upload_replaces_another_s_part_only_where_that_is_said() {
    let desk = with_bundle();
    put(&desk, "a/web.part.3", b"another's");
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .fails(2)
        .stderr_has("s3://bundles/a/web.part.3: is there already")
        .stderr_has("replace it with --overwrite")
        .done();
    assert_eq!(desk.object("a/web.part.3").bytes, b"another's");
    desk.bundle(&UPLOAD)
        .args(["--overwrite"])
        .run()
        .expect()
        .stdout_is("s3://bundles/a/web.manifest.xml\n")
        .done();
    is_whole(&desk, "s3://bundles/a/web.manifest.xml");
    // What other tools have put has no checksum, and is read instead of sent.
    put(&desk, "a/web.part.3", &desk.read("web.part.3"));
    desk.sandbox.clear_calls();
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .stdout_has("s3://")
        .done();
    assert_eq!(desk.sandbox.count_calls("PutObject"), 1);
    // Another bundle's manifest stays, whatever is said.
    put(&desk, "a/web.manifest.xml", b"another's");
    desk.bundle(&UPLOAD)
        .args(["--overwrite"])
        .run()
        .expect()
        .fails(2)
        .stderr_has("is there already, of another bundle")
        .done();
}

#[test]
fn who_may_not_list_is_told_when_it_is_put() {
    let desk = with_bundle();
    desk.sandbox.deny("ListBucket");
    let region = ["-r", HOME];
    let make = || {
        desk.image(&["--to", "s3://bundles/b", "disk.raw"])
            .args(region)
    };
    make().run().expect().stdout_has("s3://").done();
    make()
        .run()
        .expect()
        .fails(2)
        .stderr_has("is there already")
        .done();
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .stdout_has("s3://")
        .done();
    assert_eq!(
        desk.keys()
            .iter()
            .filter(|key| key.starts_with("b/"))
            .count(),
        6
    );
}

#[test]
fn a_bucket_that_was_made_for_nothing_goes_again() {
    let desk = Desk::new();
    desk.write("disk.raw", &noise(25 * MIB));
    let args = [&["--create-bucket"], &ARGS[..]].concat();
    let denied = Fault::on("PutObject").skip(1).always();
    desk.sandbox
        .inject(denied.error(403, "AccessDenied", "Access Denied"));
    desk.image(&args)
        .run()
        .expect()
        .fails(1)
        .stderr_has("the bucket bundles is new")
        .stderr_has("AccessDenied")
        .done();
    assert_eq!(desk.sandbox.buckets(HOME), [""; 0]);
    desk.sandbox.clear_faults();
    desk.sandbox.deny("PutObject");
    let desk = desk.with_fixture();
    desk.bundle(&[
        "upload",
        "--create-bucket",
        "--to",
        "s3://bundles",
        "disk.img.manifest.xml",
    ])
    .run()
    .expect()
    .fails(1)
    .stderr_has("the bucket bundles is new")
    .done();
    assert_eq!(desk.sandbox.buckets(HOME), [""; 0]);
}

#[test]
fn objects_are_encrypted_as_ec2_reads_them() {
    let desk = Desk::new().with_fixture();
    desk.sandbox.bucket(HOME, BUCKET, |seed| {
        seed.ownership = Ownership::BucketOwnerPreferred;
        seed.encryption = "aws:kms".into();
    });
    desk.bundle(&["upload", "--to", "s3://bundles/a", "disk.img.manifest.xml"])
        .run()
        .expect()
        .stdout_has("s3://")
        .done();
    put(&desk, "mine", b"x");
    for key in ["a/disk.img.manifest.xml", "a/disk.img.part.0"] {
        assert_eq!(desk.object(key).encryption, "AES256", "{key}");
    }
}

#[test]
fn a_manifest_does_not_delete_another_bundle_s_parts() {
    let desk = Desk::with_bucket().with_fixture();
    desk.bundle(&["upload", "--to", "s3://bundles/a", "disk.img.manifest.xml"])
        .run()
        .expect()
        .stdout_has("s3://")
        .done();
    put(
        &desk,
        "a/evil.manifest.xml",
        &desk.read("disk.img.manifest.xml"),
    );
    let delete = |more: &[&str]| {
        let args = [&["delete", "s3://bundles/a/evil.manifest.xml"], more].concat();
        desk.bundle(&args).run().expect()
    };
    delete(&[])
        .fails(2)
        .stderr_has("disk.img.part.0 is called as a part of another bundle")
        .done();
    assert_eq!(desk.keys().len(), 3);
    delete(&["--force"]).stdout_has("s3://").done();
    assert_eq!(desk.keys(), ["a/disk.img.manifest.xml"]);
}
