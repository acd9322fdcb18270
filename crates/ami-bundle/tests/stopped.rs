//! Bundling into S3 that fails or is stopped: nothing is left there.

mod support;

use std::time::Duration;

use ami_sandbox::Fault;
use ami_testkit::Signal;
use support::{Desk, MIB, noise};

fn desk() -> Desk {
    let desk = Desk::with_bucket();
    desk.write("disk.raw", &noise(45 * MIB));
    desk
}

const ARGS: [&str; 3] = ["--to", "s3://bundles/a", "disk.raw"];

#[test]
fn a_part_that_is_refused_takes_the_others_with_it() {
    for skip in [0, 3, 5] {
        let desk = desk();
        desk.sandbox
            .inject(Fault::on("PutObject").skip(skip).always().error(
                403,
                "AccessDenied",
                "Access Denied",
            ));
        let outcome = desk
            .image(&ARGS)
            .run()
            .expect()
            .fails(1)
            .stdout_is("")
            .stderr_has("ami-bundle: s3://bundles/a/disk.raw.")
            .stderr_has("AccessDenied")
            .done();
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
        assert_eq!(desk.keys(), [""; 0], "after {skip}");
    }
}

#[test]
fn what_cannot_be_removed_is_named() {
    let desk = desk();
    let denied = |call| {
        Fault::on(call)
            .skip(1)
            .always()
            .error(403, "AccessDenied", "no")
    };
    desk.sandbox.inject(denied("PutObject"));
    desk.sandbox.deny("DeleteObjects");
    desk.image(&ARGS)
        .run()
        .expect()
        .fails(1)
        .stderr_has("parts may still be in S3")
        .stderr_has(
            "aws s3 rm --recursive s3://bundles/ --exclude '*' --include 'a/disk.raw.part.*'",
        )
        .done();
}

#[test]
fn a_signal_leaves_nothing() {
    for action in ["PutObject", "HeadObject"] {
        let desk = desk();
        desk.sandbox
            .configure(|settings| settings.object_delay = Duration::from_millis(300));
        let mut running = desk.image(&ARGS).spawn();
        running.wait_until("it has begun", |_| desk.sandbox.count_calls(action) > 0);
        running.signal(Signal::TERM);
        let ended = running.wait().expect().dies_of(Signal::TERM);
        ended.stdout_is("").stderr_is("").done();
        assert_eq!(desk.keys(), [""; 0], "{action}");
        assert_eq!(desk.names(), ["disk.raw"]);
    }
}

#[test]
fn a_signal_ends_the_wait_for_a_pipe() {
    let desk = Desk::with_bucket();
    for place in [&["--to", "s3://bundles/a"][..], &["-u", "111122223333"]] {
        let args = [place, &["--size", "40M", "-"]].concat();
        let mut running = desk.image(&args).stdin_open().spawn();
        running.write("the first of it");
        let begun = if place[0] == "-u" { 0 } else { 1 };
        running.wait_until("it has begun", |running| {
            desk.sandbox.count_calls("HeadObject") >= begun && is_reading(running.pid())
        });
        running.signal(Signal::TERM);
        running
            .wait()
            .expect()
            .dies_of(Signal::TERM)
            .stdout_is("")
            .done();
        assert_eq!(desk.names(), [""; 0]);
        assert_eq!(desk.keys(), [""; 0]);
    }
}

/// Has it threads? It has one before it packs.
fn is_reading(pid: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
    tasks.is_ok_and(|tasks| tasks.count() > 2)
}

#[test]
fn a_signal_leaves_nothing_in_a_directory() {
    let desk = desk();
    let line = "exec ami-bundle image \"$@\" -u 111122223333 --size 45M -";
    let mut running = desk.shell(line).args(support::MAKE).stdin_open().spawn();
    let bytes: String = noise(15 * MIB)
        .iter()
        .map(|byte| char::from(byte & 0x7f))
        .collect();
    running.write(&bytes);
    running.wait_until("a part is there", |_| desk.names().len() > 1);
    running.signal(Signal::TERM);
    running
        .wait()
        .expect()
        .dies_of(Signal::TERM)
        .stdout_is("")
        .done();
    assert_eq!(desk.names(), ["disk.raw"]);
}

#[test]
fn what_passes_is_tried_again() {
    let desk = desk();
    desk.sandbox
        .inject(Fault::on("PutObject").skip(1).throttle());
    desk.sandbox
        .inject(Fault::on("PutObject").skip(3).reset_before());
    desk.sandbox
        .inject(Fault::on("PutObject").skip(4).reset_after());
    desk.sandbox
        .inject(Fault::on("PutObject").skip(5).corrupt());
    desk.sandbox
        .inject(Fault::on("HeadBucket").error(503, "SlowDown", "slow down"));
    desk.image(&ARGS)
        .run()
        .expect()
        .stdout_is("s3://bundles/a/disk.raw.manifest.xml\n")
        .done();
    assert_eq!(desk.keys().len(), 6);
    desk.bundle(&[
        "verify",
        "-qk",
        "pk.pem",
        "s3://bundles/a/disk.raw.manifest.xml",
    ])
    .run()
    .expect()
    .stdout_has("s3://")
    .done();
}
