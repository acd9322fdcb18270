//! Signals and closed pipes: what EC2 has accepted is printed, and what was not begun is named.

use std::collections::BTreeSet;
use std::time::Duration;

use ami_sandbox::{Fault, ImageState, Pace};
use ami_testkit::{Signal, shell};

use crate::{
    ABROAD, FAR, HOME, OTHER, asked, copies, copy, image, only_copy, quick_sandbox, slow_sandbox,
    sorted,
};

#[test]
fn ctrl_c_half_way_prints_what_is_made_and_names_the_rest() {
    for signal in [Signal::INT, Signal::TERM] {
        let sandbox = slow_sandbox();
        let images: Vec<_> = (0..30).map(|_| image(&sandbox)).collect();
        let mut words = vec!["-R", "eu-west-1,ap-south-1"];
        words.extend(images.iter().map(String::as_str));
        let mut running = copy(&sandbox, &words).spawn();
        running.wait_until("both regions are full", |_| asked(&sandbox) == 40);
        running.signal(signal);
        let outcome = running
            .wait()
            .expect()
            .dies_of(signal)
            .stderr_has_not("ami-waiton")
            .done();
        assert_eq!(outcome.stdout.lines().count(), 40);
        assert_eq!(asked(&sandbox), 40, "nothing more is begun");
        for region in [ABROAD, FAR] {
            let mut known: BTreeSet<_> = copies(&sandbox, region)
                .into_iter()
                .filter_map(|copy| copy.source_image)
                .collect();
            let end = format!(" to {region}");
            let line = outcome.stderr.lines().find_map(|line| {
                let line = line.strip_prefix("ami-copy-image: ")?;
                line.strip_prefix("stopped before copying ")?
                    .strip_suffix(&*end)
            });
            let named = line.unwrap_or_else(|| panic!("{region}: {}", outcome.stderr));
            known.extend(named.split(", ").map(str::to_owned));
            assert_eq!(
                known,
                images.iter().cloned().collect(),
                "each is made or named"
            );
        }
        check_completion(&sandbox, &words, &outcome.stdout);
    }
}

/// The same command makes what is missing, and nothing twice.
fn check_completion(sandbox: &ami_sandbox::Sandbox, words: &[&str], first: &str) {
    for region in [ABROAD, FAR] {
        for copy in copies(sandbox, region) {
            sandbox.set_image_state(&copy.id, ImageState::Available, None);
        }
    }
    sandbox.configure(|settings| settings.paces.image = Pace::Now);
    let outcome = copy(sandbox, words)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let (first, second) = (sorted(first), sorted(&outcome.stdout));
    assert_eq!(second.len(), 60);
    assert!(first.iter().all(|line| second.contains(line)));
    assert_eq!(asked(sandbox), 60);
}

#[test]
fn answers_that_are_under_way_are_waited_for() {
    let sandbox = slow_sandbox();
    let images: Vec<_> = (0..12).map(|_| image(&sandbox)).collect();
    sandbox.inject(
        Fault::on("CopyImage")
            .always()
            .delay(Duration::from_secs(2)),
    );
    let mut words = vec!["-R", ABROAD];
    words.extend(images.iter().map(String::as_str));
    let mut running = copy(&sandbox, &words).spawn();
    running.wait_until("the copies are looked for", |_| {
        sandbox
            .calls_to("DescribeImages")
            .iter()
            .any(|call| call.region == ABROAD)
    });
    // The answers are two seconds away; a moment for the calls to be under way is plenty.
    std::thread::sleep(Duration::from_millis(500));
    running.signal(Signal::INT);
    let outcome = running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stderr_has("stopped before copying ami-")
        .done();
    assert!(asked(&sandbox) < 12, "{}", asked(&sandbox));
    assert_eq!(outcome.stdout.lines().count(), asked(&sandbox));
}

#[test]
fn what_is_only_described_is_named_too() {
    let sandbox = slow_sandbox();
    let image = image(&sandbox);
    let slow = Fault::on("DescribeImages").region(HOME);
    sandbox.inject(slow.delay(Duration::from_secs(2)));
    let mut running = copy(&sandbox, &["-R", ABROAD, &image]).spawn();
    running.wait_until("it is running", |_| {
        !sandbox.calls_to("DescribeRegions").is_empty()
    });
    std::thread::sleep(Duration::from_millis(300));
    running.signal(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-copy-image: stopped before copying {image} to {ABROAD}\n"
        ))
        .done();
    assert_eq!(asked(&sandbox), 0);
}

#[test]
fn what_a_region_was_not_asked_about_yet_is_named_too() {
    let sandbox = slow_sandbox();
    let images = [image(&sandbox), image(&sandbox)];
    let slow = Fault::on("DescribeImages").region(ABROAD);
    sandbox.inject(slow.delay(Duration::from_secs(3)));
    let mut running = copy(&sandbox, &["-R", ABROAD, "-"]).stdin_open().spawn();
    for (count, image) in images.iter().enumerate() {
        running.write(&format!("{image}\n"));
        running.wait_until("it is described", |_| {
            sandbox.calls_to("DescribeImages").len() == count + 1
        });
    }
    std::thread::sleep(Duration::from_millis(200));
    running.signal(Signal::INT);
    let outcome = running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stdout_is("")
        .stderr_any()
        .done();
    let named = |image: &String| outcome.stderr.contains(&**image);
    assert!(images.iter().all(named), "{}", outcome.stderr);
    assert_eq!(asked(&sandbox), 0);
}

#[test]
fn a_copy_that_ec2_throttles_is_named_and_not_made() {
    let sandbox = slow_sandbox();
    let image = image(&sandbox);
    sandbox.inject(Fault::on("CopyImage").always().throttle());
    let mut running = copy(&sandbox, &["-R", ABROAD, &image]).spawn();
    running.wait_until("a refusal", |_| asked(&sandbox) > 0);
    running.signal(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-copy-image: stopped before copying {image} to {ABROAD}\n"
        ))
        .done();
    assert!(copies(&sandbox, ABROAD).is_empty());
}

#[test]
fn a_copy_that_waits_for_room_is_named() {
    let sandbox = slow_sandbox();
    sandbox.configure(|settings| settings.limits.snapshot_copies = 1);
    let others = image(&sandbox);
    copy(&sandbox, &["-R", ABROAD, &others])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let image = image(&sandbox);
    let mut running = copy(&sandbox, &["-R", ABROAD, &image]).spawn();
    running.wait_until("a refusal", |running| {
        running.stderr().contains("waiting for room")
    });
    running.signal(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stdout_is("")
        .stderr_has(&format!("stopped before copying {image} to {ABROAD}\n"))
        .done();
}

#[test]
fn ctrl_c_while_waiting_prints_the_copies() {
    let sandbox = slow_sandbox();
    let image = image(&sandbox);
    let mut running = copy(
        &sandbox,
        &["--wait", "--share", OTHER, "-R", ABROAD, &image],
    )
    .spawn();
    running.wait_until("it waits", |_| {
        let mut calls = sandbox.calls_to("DescribeImages").into_iter();
        asked(&sandbox) == 1
            && calls.any(|call| call.region == ABROAD && call.param("Owner.1").is_none())
    });
    running.signal(Signal::INT);
    let outcome = running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stderr_any()
        .done();
    let reference = format!("{}@{ABROAD}", only_copy(&sandbox, ABROAD).id);
    assert_eq!(outcome.stdout, format!("{reference}\n"));
    assert_eq!(
        outcome.stderr,
        format!(
            "ami-copy-image: {reference} is not shared or protected yet; the same command, run again, goes on with it\nami-copy-image: to go on waiting: ami-waiton {reference}\n"
        )
    );
}

#[test]
fn ctrl_c_while_standard_input_is_open_ends_the_tool() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    // The input stays open for longer than the tool may take.
    let mut pieces = vec![format!("{image}\n")];
    pieces.extend((0..40).map(|_| String::new()));
    let mut running = copy(&sandbox, &["-R", ABROAD, "-"])
        .stdin_slowly(pieces, Duration::from_secs(1))
        .deadline(Duration::from_secs(30))
        .spawn();
    running.wait_until("the copy", |running| running.stdout().contains("ami-"));
    running.signal(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stdout_has("ami-")
        .done();
}

#[test]
fn when_the_reader_is_gone_the_references_go_to_standard_error() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    let script = format!("(ami-copy-image -R eu-west-1 {image}; echo code $? >&2) | true");
    let outcome = shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stderr_has("code 141")
        .done();
    let copy = only_copy(&sandbox, ABROAD).id;
    assert!(
        outcome.stderr.contains(&format!("{copy}@{ABROAD}")),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_reader_that_has_enough_ends_the_tool_while_its_input_is_open() {
    let sandbox = quick_sandbox();
    let images = [image(&sandbox), image(&sandbox)];
    // The writer never ends by itself; the tool must, when its output is gone.
    let script = format!(
        "mkfifo in; (exec 3>in; echo {} >&3; sleep 1; echo {} >&3; exec sleep 60) & \
         (ami-copy-image -R eu-west-1 - <in; echo code $? >&2) | head -1; kill $!",
        images[0], images[1]
    );
    shell(&script)
        .sandbox(&sandbox)
        .deadline(Duration::from_secs(30))
        .run()
        .expect()
        .stdout_has("@eu-west-1\n")
        .stderr_has("code 141")
        .done();
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    let outcome = shell(&format!("ami-copy-image -R eu-west-1 {image} >/dev/full"))
        .sandbox(&sandbox)
        .run()
        .expect()
        .fails(1)
        .stderr_has("cannot write standard output: No space left on device")
        .done();
    assert!(
        outcome.stderr.contains(&only_copy(&sandbox, ABROAD).id),
        "{}",
        outcome.stderr
    );
}

#[test]
fn with_an_output_that_was_closed_from_the_start_nothing_is_begun() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    shell(&format!("ami-copy-image -R eu-west-1 {image} >&-"))
        .sandbox(&sandbox)
        .run()
        .expect()
        .fails(1)
        .stderr_has("ami-copy-image: standard output is closed\n")
        .done();
    assert_eq!(asked(&sandbox), 0, "nothing is begun");
}
