//! `--wait`, closed pipes and signals: an image that EC2 accepted is always printed.

mod support;

use ami_sandbox::{Fault, ImageState, Pace};
use ami_testkit::{Signal, shell};
use std::time::Duration;
use support::{HOME, create, sandbox};

#[test]
fn with_wait_an_image_is_printed_when_it_is_available() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let outcome = create(&sandbox, &["--wait", "--json", &instance])
        .run()
        .expect()
        .stdout_has(r#""state":"available""#)
        .done();
    assert_eq!(outcome.stdout.lines().count(), 1);
    assert!(!sandbox.calls_to("DescribeImages").is_empty());
}

#[test]
fn an_image_that_fails_is_printed_all_the_same() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    sandbox.next_image_ends_in(
        ImageState::Failed,
        Some(("Client.InternalError", "no disk")),
    );
    create(&sandbox, &["--wait", &instance])
        .run()
        .expect()
        .fails(3)
        .stdout_has("ami-")
        .stderr_has("is failed and will never be available: ")
        .stderr_has("no disk")
        .done();
}

#[test]
fn when_the_time_is_over_the_image_and_the_command_to_go_on_are_printed() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    sandbox.configure(|settings| settings.paces.image = Pace::Never);
    let outcome = create(&sandbox, &["--wait", "--timeout", "1s", &instance])
        .run()
        .expect()
        .fails(4)
        .stdout_has("ami-")
        .stderr_has("not available after 1s: it is pending")
        .done();
    let image = outcome.stdout.trim_end();
    let hint = format!("to go on waiting: ami-waiton {image}@{HOME}");
    assert!(outcome.stderr.contains(&hint), "{}", outcome.stderr);
}

#[test]
fn ctrl_c_while_waiting_prints_the_image() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    sandbox.configure(|settings| settings.paces.image = Pace::Never);
    let mut running = create(&sandbox, &["--wait", &instance]).spawn();
    running.wait_until("it waits", |_| {
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

#[test]
fn ctrl_c_while_ec2_is_asked_waits_for_the_answer_and_begins_nothing_more() {
    let sandbox = sandbox();
    let instances: Vec<_> = (0..12).map(|_| sandbox.instance(HOME, |_| {})).collect();
    sandbox.inject(
        Fault::on("CreateImage")
            .times(12)
            .delay(Duration::from_secs(2)),
    );
    let args: Vec<&str> = instances.iter().map(String::as_str).collect();
    let mut running = create(&sandbox, &args).spawn();
    running.wait_until("it is described", |_| {
        !sandbox.calls_to("DescribeInstances").is_empty()
    });
    // The answers are two seconds away; a moment for the calls to be under way is plenty.
    std::thread::sleep(Duration::from_millis(500));
    running.signal(Signal::TERM);
    let outcome = running
        .wait()
        .expect()
        .dies_of(Signal::TERM)
        .stderr_has("stopped before making an image of i-")
        .done();
    let made = sandbox.calls_to("CreateImage").len();
    assert_eq!(
        outcome.stdout.lines().count(),
        made,
        "all that was begun is printed"
    );
    assert!(made < 12, "{made}");
}

#[test]
fn when_the_reader_is_gone_the_reference_goes_to_standard_error() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let script = format!("(ami-create-image {instance}; echo code $? >&2) | true");
    let outcome = shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stderr_has("code 141")
        .done();
    let images = sandbox.images(HOME);
    let image = images
        .iter()
        .find(|image| image.source_instance.as_deref() == Some(&*instance));
    let image = image.expect("it was made");
    assert!(outcome.stderr.contains(&image.id), "{}", outcome.stderr);
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let script = format!("ami-create-image {instance} >/dev/full");
    shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .fails(1)
        .stderr_has("ami-create-image: ami-")
        .stderr_has("cannot write standard output: No space left on device")
        .done();
}

#[test]
fn with_an_output_that_was_closed_from_the_start_nothing_is_begun() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    shell(&format!("ami-create-image {instance} >&-"))
        .sandbox(&sandbox)
        .run()
        .expect()
        .fails(1)
        .stderr_is("ami-create-image: standard output is closed\n")
        .done();
    assert!(
        sandbox.calls_to("CreateImage").is_empty(),
        "nothing is begun"
    );
}

#[test]
fn what_is_accepted_is_printed_before_a_second_signal_can_lose_it() {
    let sandbox = sandbox();
    let instances: Vec<_> = (0..2).map(|_| sandbox.instance(HOME, |_| {})).collect();
    sandbox.configure(|settings| settings.paces.image = Pace::Never);
    // The second answer does not come for a minute.
    let slow = Duration::from_secs(60);
    sandbox.inject(Fault::on("CreateImage").skip(1).times(1).delay(slow));
    let mut running = create(&sandbox, &["--wait", &instances[0], &instances[1]]).spawn();
    running.wait_until("it waits", |_| {
        !sandbox.calls_to("DescribeImages").is_empty()
    });
    running.signal(Signal::INT);
    running.wait_until("the first image", |running| {
        running.stdout().contains("ami-")
    });
    running.wait_until("the advice", |running| {
        running.stderr().contains("ami_tools_run=")
    });
    // Signals closer together than this are taken for one.
    std::thread::sleep(Duration::from_millis(400));
    running.signal(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stdout_has("ami-")
        .stderr_has("stopped at once by signal 2")
        .done();
}
