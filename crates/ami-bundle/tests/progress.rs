//! What somebody sees on a terminal while a bundle is made and opened.

mod support;

use std::process::Command;

use support::{Desk, MAKE, MIB, noise, say};

/// Runs a command line on a terminal of that kind, and gives all that it shows.
fn shown(desk: &Desk, terminal: &str, line: &str) -> Option<String> {
    let is_there = Command::new("script").arg("--version").output();
    if !is_there.is_ok_and(|output| output.status.success()) {
        say("skipped: there is no script(1)");
        return None;
    }
    let line = format!("script -qec '{line}' /dev/null < /dev/null");
    let outcome = desk.shell(&line).env("TERM", terminal).run();
    Some(outcome.expect().stdout_has("").done().stdout)
}

#[test]
fn long_work_shows_how_far_it_is() {
    let desk = Desk::with_bucket();
    desk.write("disk.raw", &noise(12 * MIB));
    let make = MAKE.join(" ");
    for (line, words) in [
        (
            format!("ami-bundle image {make} -u 111122223333 disk.raw"),
            &["disk.raw", "MiB read", "%"][..],
        ),
        (
            format!("ami-bundle image {make} --to s3://bundles/a disk.raw"),
            &["MiB read", "MiB sent"],
        ),
        (
            "ami-bundle verify disk.raw.manifest.xml".to_owned(),
            &["MiB read"],
        ),
        (
            "ami-bundle unbundle -k pk.pem -o new disk.raw.manifest.xml".to_owned(),
            &["MiB unpacked", "%"],
        ),
        (
            "ami-bundle unbundle -k pk.pem -o new2 s3://bundles/a/disk.raw.manifest.xml".to_owned(),
            &["MiB got", "%"],
        ),
        (
            "ami-bundle convert -k pk.pem s3://bundles/a/disk.raw.manifest.xml".to_owned(),
            &["MiB got", "sent"],
        ),
    ] {
        let Some(shown) = shown(&desk, "xterm", &line) else {
            return;
        };
        for word in words {
            assert!(shown.contains(word), "{line}: no {word} in {shown:?}");
        }
        assert!(shown.contains("\u{1b}["), "{line}: not drawn");
    }
}

#[test]
fn a_terminal_that_draws_nothing_anew_gets_lines() {
    let desk = Desk::new();
    desk.write("disk.raw", &noise(MIB));
    let make = MAKE.join(" ");
    let line = format!("ami-bundle image {make} -u 111122223333 disk.raw");
    let Some(shown) = shown(&desk, "dumb", &line) else {
        return;
    };
    assert!(shown.contains("ami-bundle: disk.raw: "), "{shown:?}");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}
