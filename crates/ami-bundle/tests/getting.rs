//! Bundles carried back from S3.

mod support;

use ami_sandbox::Fault;
use support::with_bundle;

const UPLOAD: [&str; 4] = ["upload", "--to", "s3://bundles/a", "web.manifest.xml"];
const PLACE: &str = "s3://bundles/a/web.manifest.xml";

#[test]
fn a_bundle_comes_back_as_it_was_and_goes_on_where_it_was() {
    let desk = with_bundle();
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .stdout_has("s3://")
        .done();
    let get = |more: &[&str]| {
        desk.bundle(&["download", "-d", "got", PLACE])
            .args(more)
            .run()
            .expect()
    };
    get(&[])
        .fails(2)
        .stderr_has("got: No such file or directory")
        .done();
    std::fs::create_dir(desk.path("got")).expect("a directory");
    get(&["--dry-run"])
        .stderr_is("ami-bundle: would get 5 parts and got/web.manifest.xml\n")
        .done();
    get(&[]).stdout_is("got/web.manifest.xml\n").done();
    for name in ["web.manifest.xml", "web.part.0", "web.part.4"] {
        assert!(
            desk.read(&format!("got/{name}")) == desk.read(name),
            "{name}"
        );
    }
    assert_eq!(support::names(&desk.path("got")).len(), 6);
    // A part that is missing is got, and no other.
    std::fs::remove_file(desk.path("got/web.part.2")).expect("it is there");
    desk.sandbox.clear_calls();
    get(&[]).stdout_is("got/web.manifest.xml\n").done();
    assert_eq!(desk.sandbox.count_calls("GetObject"), 2);
    // What is something else stays.
    desk.write("got/web.part.2", b"mine");
    get(&[])
        .fails(2)
        .stderr_is(
            "ami-bundle: got/web.part.2: is there already, and is something else; replace it with \
             --overwrite, or choose another directory with -d\n",
        )
        .done();
    assert_eq!(desk.read("got/web.part.2"), b"mine");
    get(&["--overwrite"]).stdout_has("got/").done();
    assert!(desk.read("got/web.part.2") == desk.read("web.part.2"));
}

#[test]
fn a_part_in_s3_that_is_damaged_is_not_taken() {
    let desk = with_bundle();
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .stdout_has("s3://")
        .done();
    let mut part = desk.read("web.part.1");
    part[77] ^= 1;
    let put = desk
        .sandbox
        .put_object("bundles", "a/web.part.1", &part, "private");
    put.expect("an object");
    std::fs::create_dir(desk.path("got")).expect("a directory");
    desk.bundle(&["download", "-d", "got", PLACE])
        .run()
        .expect()
        .fails(1)
        .stderr_is(&format!(
            "ami-bundle: {}/web.part.1: has not the digest that the manifest says\n",
            "s3://bundles/a"
        ))
        .done();
    let names = support::names(&desk.path("got"));
    assert!(
        !names
            .iter()
            .any(|name| name.contains("part.1") || name.ends_with("xml")),
        "{names:?}"
    );
    desk.bundle(&["verify", PLACE])
        .run()
        .expect()
        .fails(1)
        .stderr_is(
            "ami-bundle: s3://bundles/a/web.part.1: has not the digest that the manifest says\n",
        )
        .done();
}

#[test]
fn what_breaks_off_on_the_way_is_got_again() {
    let desk = with_bundle();
    desk.bundle(&UPLOAD)
        .run()
        .expect()
        .stdout_has("s3://")
        .done();
    desk.sandbox.inject(Fault::on("GetObject").skip(1).cut());
    desk.sandbox
        .inject(Fault::on("GetObject").skip(2).reset_before());
    desk.sandbox
        .inject(Fault::on("GetObject").skip(3).throttle());
    std::fs::create_dir(desk.path("got")).expect("a directory");
    desk.bundle(&["download", "-d", "got", PLACE])
        .run()
        .expect()
        .stdout_is("got/web.manifest.xml\n")
        .done();
    assert!(desk.read("got/web.part.0") == desk.read("web.part.0"));
}
