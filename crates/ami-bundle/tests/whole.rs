//! Bundles that are not whole: which parts are wrong, and how the verbs end.

mod support;

use support::{BUCKET, with_bundle};

#[test]
fn all_parts_that_are_wrong_are_named() {
    let desk = with_bundle();
    std::fs::remove_file(desk.path("web.part.1")).expect("removed");
    let mut bytes = desk.read("web.part.3");
    bytes[7] ^= 1;
    desk.write("web.part.3", &bytes);
    for words in [&["verify"][..], &["verify", "-k", "pk.pem"]] {
        desk.bundle(words)
            .args(["web.manifest.xml"])
            .run()
            .expect()
            .fails(1)
            .stderr_has(
                "2 of 5 parts are not right: web.part.1: is not there, so the bundle is not whole; \
                 web.part.3: has not the digest that the manifest says",
            )
            .done();
    }
}

#[test]
fn a_missing_part_is_a_failure_wherever_it_should_be() {
    let desk = with_bundle();
    let place = "s3://bundles/a/web.manifest.xml";
    for name in ["manifest.xml", "part.0", "part.1", "part.3", "part.4"] {
        let name = format!("web.{name}");
        let (key, bytes) = (format!("a/{name}"), desk.read(&name));
        let put = desk
            .sandbox
            .put_object(BUCKET, &key, &bytes, "aws-exec-read");
        put.expect("put");
    }
    std::fs::remove_file(desk.path("web.part.2")).expect("removed");
    for (words, part) in [
        (
            &["upload", "--to=s3://bundles/b", "web.manifest.xml"][..],
            "web.part.2",
        ),
        (&["verify", "web.manifest.xml"], "web.part.2"),
        (
            &["unbundle", "-k", "pk.pem", "web.manifest.xml"],
            "web.part.2",
        ),
        (&["verify", place], "s3://bundles/a/web.part.2"),
        (
            &["verify", "-k", "pk.pem", place],
            "s3://bundles/a/web.part.2",
        ),
        (
            &["unbundle", "-k", "pk.pem", place],
            "s3://bundles/a/web.part.2",
        ),
        (
            &["download", "-d", ".", "--overwrite", place],
            "s3://bundles/a/web.part.2",
        ),
        (
            &["convert", "-k", "pk.pem", place],
            "s3://bundles/a/web.part.2",
        ),
    ] {
        let outcome = desk.bundle(words).run().expect().fails(1);
        outcome.stderr_has(&format!("{part}: ")).done();
    }
}
