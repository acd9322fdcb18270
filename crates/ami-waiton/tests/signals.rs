//! Signals: the tool dies of them and says which command goes on waiting.

mod support;

use ami_sandbox::{ImageState, Pace, Sandbox};
use ami_testkit::{Outcome, Signal, shell};
use support::{HOME, POLL, pending, sandbox, waiton};

const GO_ON: &str = "ami-waiton: to go on waiting: ";

/// Sends a signal once the tool waits, and gives what became of it.
fn interrupt(sandbox: &Sandbox, words: &[&str], signal: Signal) -> Outcome {
    let mut running = waiton(sandbox, words).spawn();
    // By its first call it listens to signals.
    running.wait_until("a poll", |_| !sandbox.calls().is_empty());
    running.signal(signal);
    running.wait()
}

#[test]
fn each_signal_ends_it_with_the_command_that_goes_on() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let sandbox = sandbox();
        let image = pending(&sandbox, HOME, Pace::Never);
        interrupt(&sandbox, &[&image], signal)
            .expect()
            .dies_of(signal)
            .stdout_is("")
            .stderr_is(&format!("{GO_ON}ami-waiton --poll {POLL} {image}@{HOME}\n"))
            .done();
    }
}

#[test]
fn the_command_that_goes_on_can_be_run() {
    let sandbox = sandbox();
    let done = sandbox.image("eu-west-1", |_| {});
    let first = pending(&sandbox, "eu-west-1", Pace::Never);
    let second = pending(&sandbox, HOME, Pace::Never);
    let endpoint = format!("{}/?a=1&b", sandbox.endpoint());
    let words = [
        "-r",
        "eu-west-1",
        "--timeout",
        "1h 30m",
        "--exist-timeout=5m",
        "--dumb",
        "--json",
        "--endpoint-url",
        &endpoint,
        &done,
        &first,
        &format!("{second}@{HOME}"),
        "available",
    ];
    let mut running = waiton(&sandbox, &words).spawn();
    running.wait_until("the first", |running| running.stdout().contains(&done));
    running.wait_until("both regions", |_| {
        ["eu-west-1", HOME].iter().all(|region| {
            let calls = sandbox.calls();
            calls.iter().any(|call| call.region == *region)
        })
    });
    running.signal(Signal::INT);
    let outcome = running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stderr_is(&format!(
            "{GO_ON}ami-waiton -r eu-west-1 --endpoint-url '{endpoint}' --timeout '1h 30m' \
             --exist-timeout 5m --poll {POLL} --dumb --json {first}@eu-west-1 {second}@{HOME} \
             available\n"
        ))
        .done();
    for image in [&first, &second] {
        sandbox.set_image_state(image, ImageState::Available, None);
    }
    let command = outcome.stderr.strip_prefix(GO_ON).expect("a command");
    let outcome = shell(command).sandbox(&sandbox).run().expect().done();
    let mut references: Vec<String> = outcome
        .stdout
        .lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            value["reference"].as_str().expect("a text").to_owned()
        })
        .collect();
    references.sort();
    let mut expected = [format!("{first}@eu-west-1"), second];
    expected.sort();
    assert_eq!(references, expected);
}

#[test]
fn flags_and_the_state_are_in_the_command_too() {
    let sandbox = sandbox();
    let images = [
        pending(&sandbox, HOME, Pace::Never),
        pending(&sandbox, HOME, Pace::Never),
    ];
    let words = ["--any", "--nowait-exist", &images[0], &images[1], "failed"];
    interrupt(&sandbox, &words, Signal::TERM)
        .expect()
        .dies_of(Signal::TERM)
        .stderr_is(&format!(
            "{GO_ON}ami-waiton --poll {POLL} --any --nowait-exist {}@{HOME} {}@{HOME} failed\n",
            images[0], images[1]
        ))
        .done();
}

#[test]
fn what_came_on_stdin_is_in_the_command() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Never);
    let mut running = waiton(&sandbox, &["-"]).stdin_open().spawn();
    running.write(&format!("IMAGE\t{image}\n"));
    running.wait_until("a poll", |_| !sandbox.calls().is_empty());
    running.signal(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stderr_is(&format!("{GO_ON}ami-waiton --poll {POLL} {image}@{HOME}\n"))
        .done();
}

#[test]
fn quiet_keeps_the_command_to_itself() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Never);
    interrupt(&sandbox, &["-q", &image], Signal::INT)
        .expect()
        .dies_of(Signal::INT)
        .done();
}

#[test]
fn a_signal_while_an_answer_is_late_is_heeded_at_once() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Never);
    let late = std::time::Duration::from_secs(600);
    sandbox.inject(ami_sandbox::Fault::any().skip(1).always().delay(late));
    interrupt(&sandbox, &[&image], Signal::INT)
        .expect()
        .dies_of(Signal::INT)
        .stderr_has(GO_ON)
        .done();
}

#[test]
fn ctrl_c_ends_a_whole_pipeline() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Never);
    let script = format!("echo {image} | ami-waiton --poll {POLL} - | cat; echo went on >&2");
    let mut running = shell(&script).sandbox(&sandbox).spawn();
    running.wait_until("a poll", |_| !sandbox.calls().is_empty());
    running.signal_all(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stdout_is("")
        .stderr_any()
        .done();
}

#[test]
fn two_signals_that_come_together_are_one_wish() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Never);
    let mut running = waiton(&sandbox, &[&image]).spawn();
    running.wait_until("a poll", |_| !sandbox.calls().is_empty());
    // Both signals are there when it goes on, as when timeout(1) signals a program and its group.
    running.signal(Signal::STOP);
    running.wait_until("the halt", |running| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid()));
        status.is_ok_and(|status| status.contains("\nState:\tT"))
    });
    running.signal(Signal::INT);
    running.signal(Signal::TERM);
    running.signal(Signal::CONT);
    let outcome = running.wait();
    let signal = outcome.signal.expect("a signal");
    // Which of two that came together was the first nobody can tell.
    let either = [Signal::INT, Signal::TERM].map(Signal::as_raw);
    assert!(either.contains(&signal), "{outcome}");
    assert!(outcome.stderr.starts_with(GO_ON), "{outcome}");
}

#[test]
fn on_a_terminal_the_command_stands_below_what_was_drawn() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Never);
    let mut running = waiton(&sandbox, &[&image]).terminal(200).spawn();
    running.wait_until("a line of progress", |running| {
        running.stderr().contains("pending")
    });
    running.signal(Signal::INT);
    let outcome = running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stderr_any()
        .done();
    assert_eq!(
        ami_testkit::screen(&outcome.stderr),
        format!("{GO_ON}ami-waiton --poll {POLL} {image}@{HOME}")
    );
}

#[test]
fn a_signal_that_was_ignored_from_the_start_stays_ignored() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Never);
    // This is how nohup(1) starts a program.
    let script = format!("trap '' HUP; exec ami-waiton --poll {POLL} {image}");
    let mut running = shell(&script).sandbox(&sandbox).spawn();
    running.wait_until("a poll", |_| !sandbox.calls().is_empty());
    running.signal(Signal::HUP);
    let polls = sandbox.calls().len();
    running.wait_until("more polls", |_| sandbox.calls().len() > polls + 2);
    sandbox.set_image_state(&image, ImageState::Available, None);
    running
        .wait()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
}
