//! Which bundle is meant: on standard input, and as AWS writes it.

mod support;

use support::{BUCKET, Desk, MAKE, MIB, noise};

const PLACE: &str = "s3://bundles/a/web.manifest.xml";

/// A desk whose bucket has a bundle of noise.
fn desk() -> Desk {
    let desk = Desk::with_bucket();
    desk.write("disk.raw", &noise(MIB));
    let made = desk.image(&["-p", "web", "--to", "s3://bundles/a", "disk.raw"]);
    made.run().expect().stdout_is(&format!("{PLACE}\n")).done();
    desk
}

#[test]
fn every_verb_reads_what_the_one_before_prints() {
    let desk = desk();
    let make = MAKE.join(" ");
    for (words, printed) in [
        ("verify -k pk.pem -", "s3://bundles/b/"),
        ("unbundle -k pk.pem -o new -", "new\n"),
        ("unbundle -k pk.pem -o - - | wc -c", "1048576\n"),
        ("download -", ".manifest.xml\n"),
        ("register -q -", "ami-"),
        ("convert -q -k pk.pem -", "ami-"),
        ("delete --force -", "s3://bundles/b/"),
    ] {
        let name = words.replace(|letter: char| !letter.is_ascii_alphanumeric(), "");
        let line = format!(
            "ami-bundle image {make} -p {name} --to s3://bundles/b disk.raw | ami-bundle {words}"
        );
        let run = desk.shell(&line).run().expect().stderr_any();
        let outcome = run.stdout_has(printed).done();
        assert_eq!(outcome.stdout.lines().count(), 1, "{words}");
    }
    let line = format!(
        "ami-bundle image {make} -p local disk.raw | ami-bundle upload --to s3://bundles/c -"
    );
    let uploaded = "s3://bundles/c/local.manifest.xml\n";
    desk.shell(&line).run().expect().stdout_is(uploaded).done();
}

#[test]
fn a_line_may_be_a_table_an_object_or_a_path() {
    let desk = desk();
    for text in [
        format!("MANIFEST  PARTS\n{PLACE}  1\n"),
        format!("\n# a bundle\n{{\"image\":null,\"manifest\":\"{PLACE}\"}}\n"),
    ] {
        desk.bundle(&["verify", "-"])
            .stdin(&text)
            .run()
            .expect()
            .stdout_is(&format!("{PLACE}\n"))
            .stderr_has("not checked: who signed it")
            .done();
    }
    for (text, why) in [
        ("nothing\n", "standard input held no address of a manifest"),
        (
            "a.manifest.xml\nb.manifest.xml\n",
            "one bundle is read at a time",
        ),
    ] {
        desk.bundle(&["verify", "-"])
            .stdin(text)
            .run()
            .expect()
            .fails(2)
            .stderr_has(why)
            .done();
    }
}

#[test]
fn the_address_that_aws_prints_is_understood() {
    let desk = desk();
    let location = PLACE.trim_start_matches("s3://");
    for words in [
        &["convert", "-q", "-k", "pk.pem"][..],
        &["register", "-q"],
        &["download"],
        &["delete", "--force"],
    ] {
        let outcome = desk.bundle(words).args([location]).run().expect();
        outcome.stdout_has("").done();
    }
    assert!(desk.keys().is_empty(), "{:?}", desk.keys());
    for words in [&["verify"][..], &["unbundle", "-k", "pk.pem"]] {
        let outcome = desk.bundle(words).args([location]).run().expect().fails(2);
        let why = format!("there is no file '{location}'; did you mean {PLACE}?");
        outcome.stderr_has(&why).done();
    }
    // Below a directory that is there, a file is meant.
    std::fs::create_dir(desk.path(BUCKET)).expect("a directory");
    let outcome = desk.bundle(&["verify", location]).run().expect().fails(5);
    outcome.stderr_has("cannot be read: No such file").done();
}
