//! Signals and readers that go: what was sent is finished and printed.

mod support;

use std::time::Duration;

use ami_sandbox::Fault;
use ami_testkit::{Signal, shell};
use support::{DATE, HOME, bare_image, moment, sandbox, set, tag, tags, words};

#[test]
fn what_was_sent_is_finished_and_nothing_new_is_begun() {
    let sandbox = sandbox();
    let images: Vec<_> = (0..14)
        .map(|n| {
            let image = bare_image(&sandbox, HOME);
            // Different tags make a call for each image.
            set(&sandbox, &image, &[("create_timestamp", &n.to_string())]);
            image
        })
        .collect();
    sandbox.inject(
        Fault::on("CreateTags")
            .times(14)
            .delay(Duration::from_secs(2)),
    );
    // What would be lost otherwise stands there whatever was asked for.
    let mut args = vec!["-q", "--auto"];
    args.extend(images.iter().map(String::as_str));
    let mut running = tag(&sandbox, &args).spawn();
    running.wait_until("it is described", |_| {
        !sandbox.calls_to("DescribeImages").is_empty()
    });
    // The answers are two seconds away; a moment for the calls to be under way is plenty.
    std::thread::sleep(Duration::from_millis(500));
    running.signal(Signal::TERM);
    let outcome = running
        .wait()
        .expect()
        .dies_of(Signal::TERM)
        .stderr_has("ami-tag-image: stopped before tagging ami-")
        .done();
    let done = images
        .iter()
        .filter(|image| tags(&sandbox, image).len() > 1);
    let mut done: Vec<_> = done.map(String::as_str).collect();
    done.sort_unstable();
    let mut printed: Vec<_> = outcome.stdout.lines().collect();
    printed.sort_unstable();
    assert_eq!(printed, done, "all that was sent, and nothing else");
    assert!(!done.is_empty() && done.len() < 14, "{}", done.len());
}

#[test]
fn a_stop_while_tags_do_not_show_says_so() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    sandbox.inject(Fault::on("CreateTags").ignore());
    let mut running = tag(&sandbox, &["-q", DATE, &image])
        .env("AMI_TOOLS_GRACE", "60s")
        .spawn();
    running.wait_until("a look", |_| sandbox.calls_to("DescribeImages").len() >= 2);
    running.signal(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-tag-image: tagged, but not seen to be so yet: {image}@{HOME}\n"
        ))
        .done();
}

#[test]
fn a_stop_while_standard_input_is_open_ends_at_once() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    let mut running = tag(&sandbox, &[DATE, "-"]).stdin_open().spawn();
    running.write(&format!("{image}\n"));
    running.wait_until("the image", |running| running.stdout().contains("ami-"));
    running.signal(Signal::INT);
    // Waiting closes the input, which would be an end of its own.
    std::thread::sleep(Duration::from_millis(500));
    let outcome = running.wait().expect().dies_of(Signal::INT);
    outcome.stdout_is(&format!("{image}\n")).done();
}

#[test]
fn when_the_reader_is_gone_the_reference_goes_to_standard_error() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    shell(&format!(
        "(ami-tag-image {DATE} {image}; echo code $? >&2) | true"
    ))
    .sandbox(&sandbox)
    .run()
    .expect()
    .stderr_is(&format!("ami-tag-image: {image}\ncode 141\n"))
    .done();
    assert_eq!(words(&sandbox, &image), moment());
}

#[test]
fn where_nothing_was_changed_it_ends_at_once() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    sandbox.inject(Fault::on("DescribeImages").delay(Duration::from_secs(600)));
    let running = tag(&sandbox, &["--auto", &image]).spawn();
    // The call is logged when it is answered; until then a moment has to do.
    std::thread::sleep(Duration::from_millis(500));
    running.signal(Signal::INT);
    // The deadline of a child is far below the delay.
    running.wait().expect().dies_of(Signal::INT).done();
    assert!(sandbox.calls_to("CreateTags").is_empty());
}
