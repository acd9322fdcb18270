//! Resources that EC2 does not know yet, or not at all.

mod support;

use std::time::Duration;

use ami_sandbox::{Fault, Pace};
use support::{HOME, filtered, pending, sandbox, waiton};

const UNKNOWN: &str = "ami-0123456789abcdef0";

#[test]
fn a_fresh_image_is_waited_for_until_ec2_knows_it() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Reads(1));
    sandbox.hide(&image, Pace::Reads(3));
    waiton(&sandbox, &[&image])
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
    let calls = sandbox.calls();
    assert_eq!(calls.len(), 5);
    assert_eq!(calls[0].error.as_deref(), Some("InvalidAMIID.NotFound"));
    assert_eq!(calls[0].list("ImageId"), [&*image]);
    for call in &calls[1..4] {
        assert_eq!(call.error, None);
        assert_eq!(filtered(call, "image-id"), [&*image]);
        assert_eq!(call.list("Owner"), ["self"]);
        assert_eq!(call.list("ImageId"), [""; 0]);
        assert_eq!(call.param("IncludeDeprecated"), Some("true"));
        assert_eq!(call.param("IncludeDisabled"), Some("true"));
    }
    assert_eq!(calls[4].list("ImageId"), [&*image], "known by now");
}

#[test]
fn a_fresh_snapshot_is_waited_for_too() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |_| {});
    sandbox.hide(&snapshot, Pace::Reads(2));
    waiton(&sandbox, &[&snapshot])
        .run()
        .expect()
        .stdout_is(&format!("{snapshot}\n"))
        .done();
    let calls = sandbox.calls_to("DescribeSnapshots");
    assert_eq!(calls[0].error.as_deref(), Some("InvalidSnapshot.NotFound"));
    assert_eq!(filtered(&calls[1], "snapshot-id"), [&*snapshot]);
    assert_eq!(calls[1].list("Owner"), ["self"]);
}

#[test]
fn an_image_may_be_unknown_again_for_a_moment() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Never);
    let mut running = waiton(&sandbox, &[&image]).spawn();
    running.wait_until("a poll", |_| !sandbox.calls().is_empty());
    sandbox.hide(&image, Pace::Reads(2));
    sandbox.edit_image(&image, |image| {
        image.set_state(ami_sandbox::ImageState::Available);
    });
    running
        .wait()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
}

#[test]
fn one_that_is_unknown_holds_up_no_other() {
    let sandbox = sandbox();
    let fresh = sandbox.image(HOME, |_| {});
    sandbox.hide(&fresh, Pace::Never);
    let known = pending(&sandbox, HOME, Pace::Reads(2));
    let mut running = waiton(&sandbox, &[&fresh, &known]).spawn();
    running.wait_until("the known one", |running| {
        running.stdout() == format!("{known}\n")
    });
    sandbox.hide(&fresh, Pace::Now);
    running
        .wait()
        .expect()
        .stdout_is(&format!("{known}\n{fresh}\n"))
        .done();
    let calls = sandbox.calls();
    assert_eq!(calls[0].list("ImageId"), [&*fresh, &*known]);
    assert_eq!(calls[1].list("ImageId"), [&*known], "asked again at once");
    assert_eq!(calls[2].list("ImageId"), [&*known]);
    assert_eq!(filtered(&calls[3], "image-id"), [&*fresh]);
}

#[test]
fn an_image_that_never_shows_is_not_found() {
    let sandbox = sandbox();
    waiton(&sandbox, &["--exist-timeout", "500ms", UNKNOWN])
        .run()
        .expect()
        .fails(5)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-waiton: {UNKNOWN}: does not exist in {HOME} (looked for it for 500ms)\n"
        ))
        .done();
    assert!(sandbox.calls().len() > 1);
}

#[test]
fn nowait_exist_asks_once() {
    let sandbox = sandbox();
    for option in ["--nowait-exist", "--nowait-exists"] {
        sandbox.clear_calls();
        waiton(&sandbox, &[option, UNKNOWN])
            .run()
            .expect()
            .fails(5)
            .stdout_is("")
            .stderr_is(&format!(
                "ami-waiton: {UNKNOWN}: does not exist in {HOME}\n"
            ))
            .done();
        assert_eq!(sandbox.calls().len(), 1);
    }
}

#[test]
fn nowait_exist_still_waits_for_what_ec2_knows() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Reads(2));
    waiton(&sandbox, &["--nowait-exist", UNKNOWN, &image])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&format!("{image}\n"))
        .stderr_is(&format!(
            "ami-waiton: {UNKNOWN}: does not exist in {HOME}\n"
        ))
        .done();
}

#[test]
fn an_unknown_one_that_is_to_exist_is_waited_for() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Never);
    sandbox.hide(&image, Pace::Reads(2));
    waiton(&sandbox, &[&image, "exist"])
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
}

#[test]
fn what_was_never_seen_is_not_taken_for_deregistered() {
    let sandbox = sandbox();
    waiton(&sandbox, &["--nowait-exist", UNKNOWN, "deregistered"])
        .run()
        .expect()
        .fails(5)
        .stdout_is("")
        .stderr_has("does not exist")
        .done();
}

#[test]
fn the_whole_time_ends_the_search_as_well() {
    let sandbox = sandbox();
    waiton(&sandbox, &["--timeout", "300ms", UNKNOWN])
        .run()
        .expect()
        .fails(4)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-waiton: {UNKNOWN}: not available after 300ms: it has not been seen\n"
        ))
        .done();
}

#[test]
fn unknown_volumes_and_instances_are_not_found() {
    let sandbox = sandbox();
    for id in ["vol-0123456789abcdef0", "i-0123456789abcdef0"] {
        waiton(&sandbox, &["--exist-timeout", "300ms", id])
            .run()
            .expect()
            .fails(5)
            .stderr_has(&format!("ami-waiton: {id}: does not exist in {HOME}"))
            .done();
    }
}

#[test]
fn an_image_that_another_account_shares_in_the_meantime_is_found() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |image| image.owner = "210987654321".to_owned());
    let mut running = waiton(&sandbox, &[&image]).spawn();
    running.wait_until("it is looked for", |_| sandbox.calls().len() > 2);
    assert_eq!(running.stdout(), "");
    sandbox.edit_image(&image, |image| {
        image.shared_with.insert(sandbox.account().to_owned());
    });
    running
        .wait()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
}

#[test]
fn a_reference_that_comes_during_a_poll_is_not_judged_by_its_answer() {
    let sandbox = sandbox();
    let images: Vec<_> = (0..2).map(|_| sandbox.image(HOME, |_| {})).collect();
    let slow = Fault::on("DescribeImages")
        .times(1)
        .delay(Duration::from_millis(500));
    sandbox.inject(slow);
    let mut running = waiton(&sandbox, &["--nowait-exist", "-"])
        .stdin_open()
        .spawn();
    running.write(&format!("{}\n", images[0]));
    // The call is noted when it ends, so that it has begun can only be known by the time.
    std::thread::sleep(Duration::from_millis(250));
    running.write(&format!("{}\n", images[1]));
    running.close_stdin();
    let outcome = running.wait().expect().stdout_has(&images[0]).done();
    assert_eq!(outcome.stdout.lines().count(), 2);
}
