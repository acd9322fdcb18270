//! States: what is reached, what can never be reached, and when the time is over.

mod support;

use ami_sandbox::{ImageState, InstanceState, Pace, SnapshotState, VolumeState};
use support::{HOME, image_in, pending, sandbox, waiton};

#[test]
fn a_failed_image_ends_within_one_poll_with_ec2_s_reason() {
    let sandbox = sandbox();
    let image = image_in(&sandbox, ImageState::Pending);
    let reason = ("Client.InternalError", "no disk, no \u{85}\u{202e}luck\n.");
    sandbox.set_image_state(&image, ImageState::Failed, Some(reason));
    waiton(&sandbox, &[&image])
        .run()
        .expect()
        .fails(3)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-waiton: {image}: is failed and will never be available: \
             no disk, no \\u{{85}}\\u{{202e}}luck\\n\n"
        ))
        .done();
    assert_eq!(sandbox.calls().len(), 1);
}

#[test]
fn an_image_that_fails_while_it_is_waited_for_ends_the_wait() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Reads(2));
    sandbox.fail_image(&image, "Client.InternalError", "no disk");
    waiton(&sandbox, &[&image])
        .run()
        .expect()
        .fails(3)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-waiton: {image}: is failed and will never be available: no disk\n"
        ))
        .done();
    assert_eq!(sandbox.calls().len(), 3);
}

#[test]
fn every_dead_end_ends_at_once() {
    let sandbox = sandbox();
    for state in [
        ImageState::Invalid,
        ImageState::Error,
        ImageState::Failed,
        ImageState::Deregistered,
        ImageState::Disabled,
    ] {
        let image = image_in(&sandbox, state);
        sandbox.clear_calls();
        waiton(&sandbox, &[&image, "available"])
            .run()
            .expect()
            .fails(3)
            .stdout_is("")
            .stderr_is(&format!(
                "ami-waiton: {image}: is {} and will never be available\n",
                state.as_str()
            ))
            .done();
        assert_eq!(sandbox.calls().len(), 1, "{state:?}");
    }
}

#[test]
fn a_state_that_is_past_never_comes_back() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    for state in ["pending", "failed"] {
        waiton(&sandbox, &[&image, state])
            .run()
            .expect()
            .fails(3)
            .stderr_is(&format!(
                "ami-waiton: {image}: is available and will never be {state}\n"
            ))
            .done();
    }
}

#[test]
fn a_transient_image_can_still_get_there() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |image| {
        image.goes(ImageState::Transient, Pace::Reads(2), ImageState::Available);
    });
    waiton(&sandbox, &[&image])
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
}

#[test]
fn each_state_can_be_waited_for() {
    let sandbox = sandbox();
    for state in [
        ImageState::Pending,
        ImageState::Transient,
        ImageState::Available,
        ImageState::Disabled,
        ImageState::Failed,
        ImageState::Error,
        ImageState::Invalid,
        ImageState::Deregistered,
    ] {
        let image = image_in(&sandbox, state);
        waiton(&sandbox, &[&image, state.as_str()])
            .run()
            .expect()
            .stdout_is(&format!("{image}\n"))
            .done();
    }
}

#[test]
fn exist_and_exists_are_one_and_mean_any_state() {
    let sandbox = sandbox();
    for (word, state) in [
        ("exist", ImageState::Pending),
        ("exists", ImageState::Failed),
        ("exists", ImageState::Disabled),
        ("exist", ImageState::Available),
    ] {
        let image = image_in(&sandbox, state);
        waiton(&sandbox, &[&image, word])
            .run()
            .expect()
            .stdout_is(&format!("{image}\n"))
            .done();
    }
    let snapshot = sandbox.snapshot(HOME, |s| s.set_state(SnapshotState::Error));
    waiton(&sandbox, &[&snapshot, "exists"])
        .run()
        .expect()
        .stdout_is(&format!("{snapshot}\n"))
        .done();
}

#[test]
fn a_disabled_image_may_have_been_deregistered_before_it_is_seen_so() {
    let sandbox = sandbox();
    let image = image_in(&sandbox, ImageState::Disabled);
    sandbox.image_becomes(&image, Pace::Reads(2), ImageState::Deregistered);
    waiton(&sandbox, &[&image, "deregistered"])
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
    assert_eq!(sandbox.calls().len(), 3);
}

#[test]
fn an_image_that_is_gone_is_deregistered() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let mut running = waiton(&sandbox, &[&image, "deregistered"]).spawn();
    running.wait_until("two polls", |_| sandbox.calls().len() >= 2);
    sandbox.deregister(&image);
    running
        .wait()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
}

#[test]
fn an_image_that_is_gone_while_another_state_is_wanted_is_not_found() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Never);
    let mut running = waiton(&sandbox, &["--exist-timeout", "200ms", &image]).spawn();
    running.wait_until("a poll", |_| !sandbox.calls().is_empty());
    sandbox.deregister(&image);
    running
        .wait()
        .expect()
        .fails(5)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-waiton: {image}: does not exist in {HOME} (looked for it for 200ms)\n"
        ))
        .done();
}

#[test]
fn dumb_waits_for_what_cannot_come_until_the_time_is_over() {
    let sandbox = sandbox();
    let image = image_in(&sandbox, ImageState::Failed);
    waiton(&sandbox, &["--dumb", "--timeout", "1s", &image])
        .run()
        .expect()
        .fails(4)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-waiton: {image}: not available after 1s: it is failed\n"
        ))
        .done();
    assert!(sandbox.calls().len() > 1);
}

#[test]
fn dumb_believes_in_wonders() {
    let sandbox = sandbox();
    let image = image_in(&sandbox, ImageState::Failed);
    sandbox.image_becomes(&image, Pace::Reads(2), ImageState::Available);
    waiton(&sandbox, &["--dumb", &image])
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
}

#[test]
fn when_the_time_is_over_the_last_state_is_named() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Never);
    waiton(&sandbox, &["--timeout", "1s", &image])
        .run()
        .expect()
        .fails(4)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-waiton: {image}: not available after 1s: it is pending\n"
        ))
        .done();
}

#[test]
fn no_time_at_all_is_one_look() {
    let sandbox = sandbox();
    let ready = sandbox.image(HOME, |_| {});
    let image = pending(&sandbox, HOME, Pace::Never);
    waiton(&sandbox, &["--timeout", "0", &ready, &image])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&format!("{ready}\n"))
        .stderr_is(&format!(
            "ami-waiton: {image}: not available after 0s: it is pending\n"
        ))
        .done();
    assert_eq!(sandbox.calls().len(), 1);
}

#[test]
fn some_that_fail_make_6_and_the_rest_is_printed() {
    let sandbox = sandbox();
    let failed = image_in(&sandbox, ImageState::Failed);
    let good = pending(&sandbox, HOME, Pace::Reads(2));
    waiton(&sandbox, &[&failed, &good])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&format!("{good}\n"))
        .stderr_is(&format!(
            "ami-waiton: {failed}: is failed and will never be available\n"
        ))
        .done();
}

#[test]
fn all_that_fail_alike_have_their_own_code_and_unlike_ones_make_6() {
    let sandbox = sandbox();
    let failed = image_in(&sandbox, ImageState::Failed);
    let invalid = image_in(&sandbox, ImageState::Invalid);
    waiton(&sandbox, &[&failed, &invalid])
        .run()
        .expect()
        .fails(3)
        .stderr_is(&format!(
            "ami-waiton: {failed}: is failed and will never be available\n\
             ami-waiton: {invalid}: is invalid and will never be available\n"
        ))
        .done();
    let unknown = "ami-0123456789abcdef0";
    waiton(&sandbox, &["--nowait-exist", &failed, unknown])
        .run()
        .expect()
        .fails(6)
        .stdout_is("")
        .stderr_has("will never be available")
        .stderr_has("does not exist")
        .done();
}

#[test]
fn with_any_one_that_gets_there_is_success_whatever_became_of_the_others() {
    let sandbox = sandbox();
    let failed = image_in(&sandbox, ImageState::Failed);
    let good = pending(&sandbox, HOME, Pace::Reads(2));
    waiton(&sandbox, &["--any", &failed, &good])
        .run()
        .expect()
        .stdout_is(&format!("{good}\n"))
        .stderr_is(&format!(
            "ami-waiton: {failed}: is failed and will never be available\n"
        ))
        .done();
    waiton(&sandbox, &["--any", &failed])
        .run()
        .expect()
        .fails(3)
        .stderr_is(&format!(
            "ami-waiton: {failed}: is failed and will never be available\n"
        ))
        .done();
}

#[test]
fn the_other_kinds_have_dead_ends_too() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |snapshot| {
        snapshot.set_state(SnapshotState::Error);
        snapshot.status_message = Some("the key \u{1b}[2Jis gone".to_owned());
    });
    let volume = sandbox.volume(HOME, |volume| volume.set_state(VolumeState::Error));
    let instance = sandbox.instance(HOME, |seed| seed.state = InstanceState::Terminated);
    for (id, expected) in [
        (&volume, "is error and will never be available\n"),
        (&instance, "is terminated and will never be running\n"),
    ] {
        waiton(&sandbox, &[id])
            .run()
            .expect()
            .fails(3)
            .stderr_is(&format!("ami-waiton: {id}: {expected}"))
            .done();
    }
    let outcome = waiton(&sandbox, &["--timeout", "2s", &snapshot])
        .run()
        .expect()
        .fails(3)
        .stderr_has("is error and will never be completed")
        .done();
    assert!(!outcome.stderr.contains('\u{1b}'), "{outcome}");
}

#[test]
fn the_other_kinds_can_be_waited_for_on_their_way_out() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    sandbox.edit_instance(&instance, |instance| {
        instance.goes(
            InstanceState::ShuttingDown,
            Pace::Reads(2),
            InstanceState::Terminated,
        );
    });
    let volume = sandbox.volume(HOME, |volume| {
        volume.goes(VolumeState::Available, Pace::Reads(2), VolumeState::InUse);
    });
    for (id, state) in [(&instance, "terminated"), (&volume, "in-use")] {
        waiton(&sandbox, &[id, state])
            .run()
            .expect()
            .stdout_is(&format!("{id}\n"))
            .done();
    }
}

#[test]
fn one_state_serves_all_kinds_that_have_it() {
    let sandbox = sandbox();
    let image = image_in(&sandbox, ImageState::Available);
    let volume = sandbox.volume(HOME, |_| {});
    let outcome = waiton(&sandbox, &[&image, &volume, "available"])
        .run()
        .expect()
        .done();
    assert_eq!(support::sorted(&outcome.stdout), [image, volume]);
}
