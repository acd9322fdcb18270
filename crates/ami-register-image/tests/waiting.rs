//! Snapshots and images that are waited for.

mod support;

use ami_sandbox::{Pace, SnapshotState};
use ami_testkit::Signal;
use support::{HOME, register, sandbox};

#[test]
fn a_snapshot_that_is_pending_is_waited_for() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |snapshot| {
        snapshot.goes(
            SnapshotState::Pending,
            Pace::Reads(2),
            SnapshotState::Completed,
        );
    });
    register(&sandbox, &["--arch=x86_64", &snapshot])
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_has("is pending, and is registered when it is completed")
        .done();
    let failed = sandbox.snapshot(HOME, |snapshot| {
        snapshot.goes(SnapshotState::Error, Pace::Never, SnapshotState::Error);
    });
    register(&sandbox, &["--arch=x86_64", &failed])
        .run()
        .expect()
        .fails(3)
        .stderr_has("will never be completed")
        .done();
}

#[test]
fn a_wait_ends_when_the_image_is_available() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |_| {});
    let outcome = register(&sandbox, &["--wait", "--json", "--arch=x86_64", &snapshot])
        .run()
        .expect()
        .stdout_has("\"state\":\"available\"")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 1);
    sandbox.configure(|settings| settings.paces.image = Pace::Never);
    register(
        &sandbox,
        &["--wait", "--timeout=1s", "--arch=x86_64", &snapshot],
    )
    .run()
    .expect()
    .fails(4)
    .stdout_has("ami-")
    .stderr_has("to go on waiting: ami-waiton ami-")
    .done();
}

#[test]
fn an_image_that_ec2_accepted_is_printed_whatever_happens() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |_| {});
    sandbox.configure(|settings| settings.paces.image = Pace::Never);
    let mut running = register(&sandbox, &["--wait", "--arch=x86_64", &snapshot]).spawn();
    running.wait_until("an image is waited for", |_| {
        !sandbox.calls_to("DescribeImages").is_empty()
    });
    running.signal(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stdout_has("ami-")
        .stderr_has("to go on waiting: ami-waiton ami-")
        .done();
}
