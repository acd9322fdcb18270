//! Bundles carried to S3.

mod support;

use ami_sandbox::{Fault, Ownership};
use ami_testkit::Signal;
use support::{Desk, with_bundle};

fn puts(desk: &Desk) -> Vec<String> {
    let puts = desk.sandbox.calls_to("PutObject").into_iter();
    puts.filter_map(|call| call.param("Key").map(str::to_owned))
        .collect()
}

const UPLOAD: [&str; 4] = ["upload", "--to", "s3://bundles/a", "web.manifest.xml"];
const PLACE: &str = "s3://bundles/a/web.manifest.xml";

#[test]
fn a_bundle_goes_to_s3_manifest_last_and_once_only() {
    let desk = with_bundle();
    desk.bundle(&[
        "upload",
        "--dry-run",
        "--to",
        "s3://bundles/a",
        "web.manifest.xml",
    ])
    .run()
    .expect()
    .stderr_is(&format!(
        "ami-bundle: would put 5 parts of {} bytes and the manifest to {PLACE}\n",
        desk.manifest("web.manifest.xml").image.bundled_size
    ))
    .done();
    assert!(puts(&desk).is_empty());
    desk.bundle(&UPLOAD)
        .args(["--description", "a server"])
        .run()
        .expect()
        .stdout_is(&format!("{PLACE}\n"))
        .done();
    let first = puts(&desk);
    assert_eq!(first.len(), 6);
    assert_eq!(first[5], "a/web.manifest.xml");
    for key in &first {
        let object = desk.object(key);
        assert_eq!(object.grants.len(), 2, "{key}");
        assert_eq!(
            object.bytes,
            desk.read(key.trim_start_matches("a/")),
            "{key}"
        );
    }
    assert_eq!(desk.object(&first[5]).metadata["description"], "a server");
    desk.sandbox.clear_calls();
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .stdout_is(&format!("{PLACE}\n"))
        .done();
    assert_eq!(puts(&desk), ["a/web.manifest.xml"]);
}

#[test]
fn parts_that_are_there_are_let_out_as_it_is_said() {
    let desk = with_bundle();
    desk.bundle(&UPLOAD)
        .args(["--acl", "public-read"])
        .run()
        .expect()
        .stdout_is(&format!("{PLACE}\n"))
        .done();
    let grants = || {
        let objects = desk.sandbox.objects("bundles").into_iter();
        objects.map(|object| object.grants).collect::<Vec<_>>()
    };
    let public = grants();
    desk.sandbox.clear_calls();
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .stdout_is(&format!("{PLACE}\n"))
        .done();
    assert_eq!(puts(&desk), ["a/web.manifest.xml"]);
    assert_eq!(desk.sandbox.count_calls("PutObjectAcl"), 5);
    let (last, parts) = (&grants()[0], grants());
    assert!(parts.iter().all(|grants| grants == last), "{parts:?}");
    assert_ne!(parts, public);
    desk.sandbox.deny("PutObjectAcl");
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .fails(1)
        .stderr_has("ami-bundle: s3://bundles/a/web.part.")
        .stderr_has("s3:PutObjectAcl")
        .done();
}

#[test]
fn an_upload_goes_on_where_another_was_stopped() {
    let desk = with_bundle();
    let denied = Fault::on("PutObject").skip(2).always();
    desk.sandbox
        .inject(denied.error(403, "AccessDenied", "Access Denied"));
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .fails(1)
        .stderr_has("ami-bundle: s3://bundles/a/web.part.")
        .stderr_has("s3:PutObject")
        .done();
    assert_eq!(desk.keys().len(), 2);
    desk.sandbox.clear_faults();
    desk.sandbox.clear_calls();
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .stdout_is(&format!("{PLACE}\n"))
        .done();
    assert_eq!(puts(&desk).len(), 4);
    assert_eq!(desk.keys().len(), 6);
}

#[test]
fn an_interrupted_upload_keeps_what_is_there() {
    let desk = with_bundle();
    desk.sandbox
        .inject(Fault::on("PutObject").skip(2).always().throttle());
    let mut running = desk.bundle(&UPLOAD).spawn();
    running.wait_until("two are there", |_| desk.keys().len() == 2);
    running.signal(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stdout_is("")
        .stderr_is("ami-bundle: what is in S3 stays there; the same command goes on from it\n")
        .done();
    assert_eq!(desk.keys().len(), 2);
}

#[test]
fn a_bundle_that_is_not_right_is_not_sent() {
    let desk = with_bundle();
    let mut part = desk.read("web.part.3");
    part[5] ^= 1;
    desk.write("web.part.3", &part);
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .fails(1)
        .stderr_is("ami-bundle: web.part.3: has not the digest that the manifest says\n")
        .done();
    std::fs::remove_file(desk.path("web.part.3")).expect("it is there");
    desk.sandbox.clear_calls();
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .fails(1)
        .stderr_is("ami-bundle: web.part.3: is not there, so the bundle is not whole\n")
        .done();
    assert!(desk.sandbox.calls().is_empty());
    assert!(!desk.keys().contains(&"a/web.manifest.xml".to_owned()));
}

#[test]
fn another_bundle_of_that_name_stays() {
    let desk = with_bundle();
    let put = desk
        .sandbox
        .put_object("bundles", "a/web.manifest.xml", b"another", "private");
    put.expect("an object");
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .fails(2)
        .stderr_has(&format!("{PLACE}: is there already, of another bundle"))
        .done();
    assert!(puts(&desk).is_empty());
    desk.sandbox
        .set_ownership("bundles", Ownership::BucketOwnerEnforced);
    desk.bundle(&["upload", "--to", "s3://bundles/b", "web.manifest.xml"])
        .run()
        .expect()
        .fails(1)
        .stderr_has("the bucket has its ACLs switched off")
        .done();
}
