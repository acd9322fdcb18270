//! Lost answers, taken names, throttling, and things that are not there.

mod support;

use ami_sandbox::{Fault, InstanceState, Pace};
use ami_testkit::Signal;
use support::{HOME, create, sandbox};

#[test]
fn a_lost_answer_makes_one_image_and_prints_it() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let before = sandbox.images(HOME).len();
    sandbox.inject(Fault::on("CreateImage").times(1).reset_after());
    let outcome = create(&sandbox, &[&instance])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let images = sandbox.images(HOME);
    assert_eq!(images.len(), before + 1);
    assert!(
        images
            .iter()
            .any(|image| format!("{}\n", image.id) == outcome.stdout)
    );
    assert_eq!(
        sandbox.calls_to("CreateImage").len(),
        1,
        "it is not sent again"
    );
}

#[test]
fn an_image_that_shows_late_is_still_found_after_a_lost_answer() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.invisible = Pace::Reads(3));
    let instance = sandbox.instance(HOME, |_| {});
    let before = sandbox.images(HOME).len();
    sandbox.inject(Fault::on("CreateImage").times(1).reset_after());
    create(&sandbox, &["-n", "web", &instance])
        .env("AMI_TOOLS_GRACE", "60s")
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(sandbox.images(HOME).len(), before + 1);
    assert_eq!(sandbox.calls_to("CreateImage").len(), 1);
}

#[test]
fn an_image_that_shows_only_after_the_grace_time_is_known_by_its_name() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.invisible = Pace::Reads(6));
    let instance = sandbox.instance(HOME, |_| {});
    let before = sandbox.images(HOME).len();
    sandbox.inject(Fault::on("CreateImage").times(1).reset_after());
    let outcome = create(&sandbox, &[&instance])
        .env("AMI_TOOLS_GRACE", "2s")
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let calls = sandbox.calls_to("CreateImage");
    assert_eq!(calls.len(), 2, "sent again, under the same name");
    assert_eq!(calls[0].param("Name"), calls[1].param("Name"));
    assert_eq!(calls[1].error.as_deref(), Some("InvalidAMIName.Duplicate"));
    assert_eq!(sandbox.images(HOME).len(), before + 1);
    assert!(sandbox.find_image(outcome.stdout.trim_end()).is_some());
}

#[test]
fn a_call_that_was_never_carried_out_is_sent_again() {
    for fault in [
        Fault::on("CreateImage").times(1).reset_before(),
        Fault::on("CreateImage").times(1).error(
            500,
            "InternalError",
            "An internal error has occurred",
        ),
        Fault::on("CreateImage").times(3).throttle(),
    ] {
        let sandbox = sandbox();
        let instance = sandbox.instance(HOME, |_| {});
        let before = sandbox.images(HOME).len();
        sandbox.inject(fault);
        create(&sandbox, &[&instance])
            .run()
            .expect()
            .stdout_has("ami-")
            .done();
        assert_eq!(sandbox.images(HOME).len(), before + 1);
    }
}

#[test]
fn an_answer_cut_short_is_a_lost_answer() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let before = sandbox.images(HOME).len();
    sandbox.inject(Fault::on("CreateImage").times(1).cut());
    create(&sandbox, &[&instance])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(sandbox.images(HOME).len(), before + 1);
}

#[test]
fn an_automatic_name_that_is_taken_is_followed_by_another() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let taken = "AMI name X is already in use by AMI ami-12345678";
    sandbox.inject(
        Fault::on("CreateImage")
            .times(2)
            .error(400, "InvalidAMIName.Duplicate", taken),
    );
    create(&sandbox, &[&instance])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let calls = sandbox.calls_to("CreateImage");
    assert_eq!(calls.len(), 3);
    assert_ne!(calls[0].param("Name"), calls[1].param("Name"));
}

#[test]
fn an_explicit_name_taken_in_the_last_moment_is_an_error() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let taken = "AMI name web is already in use by AMI ami-12345678";
    sandbox.inject(
        Fault::on("CreateImage")
            .times(1)
            .error(400, "InvalidAMIName.Duplicate", taken),
    );
    create(&sandbox, &["-n", "web", &instance])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("AMI name web is already in use by AMI ami-12345678 (InvalidAMIName.Duplicate, request ")
        .done();
    assert_eq!(sandbox.calls_to("CreateImage").len(), 1);
}

#[test]
fn a_missing_instance_stops_no_other() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let outcome = create(&sandbox, &["i-11111111", &instance, "i-22222222"])
        .run()
        .expect()
        .fails(6)
        .stdout_has("ami-")
        .stderr_has("i-11111111: does not exist in us-east-1")
        .stderr_has("i-22222222: does not exist in us-east-1")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 1);
    create(&sandbox, &["i-11111111", "i-22222222"])
        .run()
        .expect()
        .fails(5)
        .stderr_any()
        .done();
}

#[test]
fn a_terminated_instance_is_named_as_such() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |seed| seed.state = InstanceState::Terminated);
    create(&sandbox, &[&instance])
        .run()
        .expect()
        .fails(1)
        .stderr_is(&format!(
            "ami-create-image: {instance}: is terminated, and no image can be made of it\n"
        ))
        .done();
    assert!(sandbox.calls_to("CreateImage").is_empty());
}

#[test]
fn describing_goes_on_through_throttling() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    sandbox.inject(Fault::on("DescribeInstances").times(3).throttle());
    create(&sandbox, &[&instance])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(sandbox.calls_to("DescribeInstances").len(), 4);
}

#[test]
fn a_place_that_never_answers_is_soon_given_up() {
    ami_testkit::tool("ami-create-image")
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        // The discard port: nothing listens there.
        .args([
            "-r",
            HOME,
            "--endpoint-url",
            "http://127.0.0.1:9",
            "i-12345678",
        ])
        .run()
        .expect()
        .fails(1)
        .stderr_has("i-12345678: cannot reach EC2 in us-east-1: Connection refused")
        .done();
}

#[test]
fn an_image_that_never_shows_is_not_made_again_under_another_name() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.invisible = Pace::Never);
    let instance = sandbox.instance(HOME, |_| {});
    let before = sandbox.images(HOME).len();
    sandbox.inject(Fault::on("CreateImage").times(1).reset_after());
    create(&sandbox, &[&instance])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("EC2 may have made it all the same: look for an image named 'AMI-")
        .stderr_has("with the tag ami_tools_run=")
        .done();
    assert_eq!(sandbox.images(HOME).len(), before + 1);
}

#[test]
fn a_search_that_is_not_allowed_leaves_a_lost_answer_uncertain() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    sandbox.deny("DescribeImages");
    sandbox.inject(Fault::on("CreateImage").times(1).reset_after());
    create(&sandbox, &[&instance])
        .run()
        .expect()
        .fails(1)
        .stderr_has("EC2 may have made it all the same")
        .done();
}

#[test]
fn a_refusal_after_a_lost_answer_is_looked_into() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.invisible = Pace::Reads(5));
    let instance = sandbox.instance(HOME, |_| {});
    let before = sandbox.images(HOME).len();
    sandbox.inject(Fault::on("CreateImage").times(1).reset_after());
    let full = "You have too many pending snapshots";
    sandbox.inject(Fault::on("CreateImage").skip(1).times(1).error(
        400,
        "PendingSnapshotLimitExceeded",
        full,
    ));
    create(&sandbox, &[&instance])
        .env("AMI_TOOLS_GRACE", "2s")
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(sandbox.images(HOME).len(), before + 1);
}

#[test]
fn a_stop_is_heeded_while_ec2_throttles() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let before = sandbox.images(HOME).len();
    sandbox.inject(Fault::on("CreateImage").times(4).throttle());
    let mut running = create(&sandbox, &[&instance]).spawn();
    running.wait_until("a refusal", |_| !sandbox.calls_to("CreateImage").is_empty());
    running.signal(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stderr_any()
        .done();
    assert_eq!(
        sandbox.images(HOME).len(),
        before,
        "nothing is begun after Ctrl-C"
    );
}

#[test]
fn an_instance_that_was_started_a_moment_ago_is_waited_for() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    sandbox.hide(&instance, Pace::Reads(2));
    create(&sandbox, &[&instance])
        .env("AMI_TOOLS_GRACE", "60s")
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
}
