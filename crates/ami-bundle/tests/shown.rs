//! What is printed, and what never is.

mod support;

use ami_bundle::spec::SPEC;
use ami_bundle_format::{Manifest, PrivateKey};
use support::{Desk, hex, noise};

#[test]
fn json_has_the_fields_of_the_manual_in_their_order() {
    let desk = Desk::new().with_fixture();
    let outcome = desk
        .bundle(&["unbundle", "--json", "-k", "pk.pem", "-o", "new", "disk.img.manifest.xml"])
        .run()
        .expect()
        .stdout_is(
            "{\"image\":null,\"region\":null,\"manifest\":\"disk.img.manifest.xml\",\"name\":null,\"bundle_name\":\"disk.img\",\"architecture\":\"x86_64\",\
             \"size\":4194304,\"bundled_size\":79424,\"parts\":1,\
             \"digest\":\"7714f33e45f8d686a8b4a1523315654d17acaa07\",\"file\":\"new\"}\n",
        )
        .done();
    let mut at = 0;
    for field in SPEC.json {
        let key = format!("\"{}\":", field.name);
        at += outcome.stdout[at..]
            .find(&key)
            .unwrap_or_else(|| panic!("{key} after {at}"));
    }
}

#[test]
fn a_table_has_a_heading() {
    let desk = Desk::new().with_fixture();
    desk.bundle(&["verify", "-qC", "disk.img.manifest.xml"])
        .run()
        .expect()
        .stdout_is(
            "MANIFEST               ARCHITECTURE            SIZE    BUNDLED_SIZE   PARTS\n\
             disk.img.manifest.xml  x86_64               4194304           79424       1\n",
        )
        .done();
    desk.bundle(&["unbundle", "-C", "-k", "pk.pem", "-o", "new"])
        .args(["disk.img.manifest.xml"])
        .run()
        .expect()
        .stdout_is(
            "FILE  ARCHITECTURE            SIZE    BUNDLED_SIZE   PARTS\n\
             new   x86_64               4194304           79424       1\n",
        )
        .done();
}

#[test]
fn no_key_is_ever_shown() {
    let desk = Desk::with_bucket();
    desk.write("disk.raw", &noise(100_000));
    let made = desk
        .image(&["-v", "--to", "s3://bundles/a", "disk.raw"])
        .run();
    let made = made
        .expect()
        .stdout_has("s3")
        .stderr_has("PutObject")
        .done();
    let place = "s3://bundles/a/disk.raw.manifest.xml";
    let opened = desk
        .bundle(&["unbundle", "-v", "-k", "pk.pem", "-o", "back", place])
        .run();
    let opened = opened
        .expect()
        .stdout_is("back\n")
        .stderr_has("GetObject")
        .done();
    let manifest =
        Manifest::parse(&desk.object("a/disk.raw.manifest.xml").bytes).expect("a manifest");
    let pem = String::from_utf8(desk.read("pk.pem")).expect("text");
    let key = PrivateKey::from_pem(&pem, None).expect("a key");
    let secret = manifest
        .content_key(&key)
        .expect("it is for us")
        .secret_bytes();
    let environment = desk.sandbox.environment();
    let aws = environment
        .iter()
        .find(|(name, _)| *name == "AWS_SECRET_ACCESS_KEY");
    let aws = aws.expect("there are keys").1.clone();
    let inner: Vec<&str> = pem.lines().filter(|line| !line.starts_with('-')).collect();
    for said in [&made.stdout, &made.stderr, &opened.stdout, &opened.stderr] {
        let low = said.to_lowercase();
        for half in [&secret[..16], &secret[16..]] {
            assert!(!low.contains(&hex(half)));
        }
        assert!(!said.contains(&aws));
        assert!(!inner.iter().any(|line| said.contains(line)));
    }
}

#[test]
fn a_closed_output_ends_it_and_what_was_made_is_told() {
    let desk = Desk::new().with_fixture();
    let line = |command: &str| format!("{{ {command}; echo $? >&2; }} | true");
    // Nobody reads what is larger than a pipe holds.
    let outcome = desk
        .shell(&line(
            "ami-bundle unbundle -k pk.pem -o - disk.img.manifest.xml",
        ))
        .run();
    outcome.expect().stderr_is("141\n").done();
    desk.shell("ami-bundle unbundle -k pk.pem -o - disk.img.manifest.xml > /dev/full")
        .run()
        .expect()
        .fails(1)
        .stderr_has("cannot write standard output: No space left on device")
        .done();
    desk.shell("ami-bundle unbundle -k pk.pem -o new disk.img.manifest.xml > /dev/full")
        .run()
        .expect()
        .fails(1)
        .stderr_has("ami-bundle: new\n")
        .stderr_has("cannot write standard output: No space left on device")
        .done();
    assert_eq!(desk.read("new").len(), 4 << 20);
    desk.shell("ami-bundle unbundle -k pk.pem -o - disk.img.manifest.xml >&-")
        .run()
        .expect()
        .fails(1)
        .stderr_has("standard output is closed")
        .done();
}

#[test]
fn a_reader_that_takes_nothing_is_not_waited_for() {
    let desk = Desk::new().with_fixture();
    let line = "{ ami-bundle unbundle -k pk.pem -o - disk.img.manifest.xml & echo $! > pid; wait $!; echo $? >&2; } | \
                { while [ ! -s pid ]; do sleep 0.01; done; head -c 1 > /dev/null; kill -TERM $(cat pid); cat pid > /dev/null; sleep 5; }";
    // 128 and the number of SIGTERM.
    desk.shell(line).run().expect().stderr_has("143\n").done();
}

#[test]
fn each_verb_has_its_help() {
    let desk = Desk::new();
    for verb in SPEC.verbs {
        let help = desk.bundle(&[verb.name, "--help"]).run();
        help.expect().stdout_has(verb.summary).done();
        for line in [["help", verb.name], ["-h", verb.name]] {
            let help = desk.bundle(&line).run();
            let help = help.expect().stdout_has(verb.summary).done();
            let usage = format!("Usage: ami-bundle {} ", verb.name);
            assert!(help.stdout.starts_with(&usage), "{}", help.stdout);
        }
    }
}
