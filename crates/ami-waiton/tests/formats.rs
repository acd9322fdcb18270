//! What is printed: references, tables, JSON lines; and what becomes of it when nobody reads.

mod support;

use ami_sandbox::{Ebs, Image, ImageState, Mapping, Pace, Sandbox};
use ami_testkit::{screen, shell};
use serde_json::Value;
use std::time::Duration;
use support::{HOME, POLL, pending, sandbox, waiton};

/// 20110909T233600Z
const CREATED: u64 = 1_315_611_360;

fn date(image: &mut Image) {
    image.created = image.created.replace_nanosecond(0).expect("a moment");
    let now = u64::try_from(image.created.unix_timestamp()).expect("a time after 1970");
    image.created -= Duration::from_secs(now - CREATED);
}

fn full_image(sandbox: &Sandbox) -> String {
    sandbox.image(HOME, |image| {
        date(image);
        image.name = "web-1".to_owned();
        image.source_image = Some("ami-0a1b2c3d4e5f60001".to_owned());
        image.source_instance = Some("i-0123456789abcdef0".to_owned());
        image.tags.insert("team".to_owned(), "blue".to_owned());
        image.tags.insert("Name".to_owned(), "web".to_owned());
    })
}

#[test]
fn json_has_the_fields_of_the_manual_in_their_order() {
    let sandbox = sandbox();
    let image = full_image(&sandbox);
    let snapshot = sandbox
        .find_image(&image)
        .and_then(|image| image.snapshots().next().map(str::to_owned))
        .expect("a snapshot");
    let line = format!(
        "{{\"reference\":\"{image}\",\"id\":\"{image}\",\"region\":\"us-east-1\",\
         \"kind\":\"image\",\"state\":\"available\",\"name\":\"web-1\",\
         \"created\":\"2011-09-09T23:36:00Z\",\"source_image\":\"ami-0a1b2c3d4e5f60001\",\
         \"source_instance\":\"i-0123456789abcdef0\",\"snapshots\":[\"{snapshot}\"],\
         \"tags\":{{\"Name\":\"web\",\"team\":\"blue\"}}}}\n"
    );
    waiton(&sandbox, &["--json", &image])
        .run()
        .expect()
        .stdout_is(&line)
        .done();
    let names = ami_waiton::spec::SPEC.json.iter().map(|field| field.name);
    let places: Vec<usize> = names
        .clone()
        .map(|name| line.find(&format!("\"{name}\":")).expect(name))
        .collect();
    assert!(places.is_sorted(), "the manual has another order");
    let value: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(value.as_object().map(|o| o.len()), Some(names.count()));
}

#[test]
fn json_of_the_other_kinds_has_the_same_fields() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot("eu-west-1", |_| {});
    waiton(&sandbox, &["--json", &format!("{snapshot}@eu-west-1")])
        .run()
        .expect()
        .stdout_is(&format!(
            "{{\"reference\":\"{snapshot}@eu-west-1\",\"id\":\"{snapshot}\",\
             \"region\":\"eu-west-1\",\"kind\":\"snapshot\",\"state\":\"completed\",\
             \"name\":null,\"created\":null,\"source_image\":null,\"source_instance\":null,\
             \"snapshots\":[],\"tags\":{{}}}}\n"
        ))
        .done();
}

#[test]
fn json_lines_of_several_come_as_they_get_there() {
    let sandbox = sandbox();
    let slow = pending(&sandbox, HOME, Pace::Reads(2));
    let fast = pending(&sandbox, HOME, Pace::Reads(1));
    let outcome = waiton(&sandbox, &["--json", &slow, &fast])
        .run()
        .expect()
        .done();
    let ids: Vec<String> = outcome
        .stdout
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).expect("a JSON object a line");
            value["reference"].as_str().expect("a text").to_owned()
        })
        .collect();
    assert_eq!(ids, [fast, slow]);
}

#[test]
fn tables_are_aligned_under_one_header() {
    let sandbox = sandbox();
    let named = |name: &str, reads| {
        sandbox.image(HOME, |image| {
            image.name = name.to_owned();
            image.goes(
                ImageState::Pending,
                Pace::Reads(reads),
                ImageState::Available,
            );
        })
    };
    let [first, second] = [named("web-1", 1), named("a b", 2)];
    waiton(&sandbox, &["-C", &first, &second])
        .run()
        .expect()
        .stdout_is(&format!(
            "REFERENCE              STATE         NAME\n\
             {first}  available     web-1\n\
             {second}  available     a b\n"
        ))
        .done();
    let volume = sandbox.volume(HOME, |_| {});
    waiton(&sandbox, &["--columns", &volume])
        .run()
        .expect()
        .stdout_is(&format!(
            "REFERENCE              STATE         NAME\n{volume}  available     -\n"
        ))
        .done();
}

/// What a terminal would obey, as far as XML can carry it, and what JSON has to quote.
const HOSTILE: &str = "a\nb\tc\u{9b}2J\u{202e}\u{2028}\u{feff}\"\\<&>\u{7f}東京";

#[test]
fn hostile_text_is_escaped_in_json_and_keeps_its_meaning() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |image| {
        image.name = HOSTILE.to_owned();
        image.tags.insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    });
    let outcome = waiton(&sandbox, &["--json", &image]).run().expect().done();
    let line = outcome.stdout.strip_suffix('\n').expect("a line");
    let bad = |c: char| c.is_control() || "\u{202e}\u{2028}\u{feff}".contains(c);
    assert!(!line.contains(bad), "{outcome}");
    let value: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(value["name"], HOSTILE);
    assert_eq!(value["tags"][HOSTILE], HOSTILE);
}

#[test]
fn hostile_text_is_escaped_in_tables() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |image| image.name = HOSTILE.to_owned());
    waiton(&sandbox, &["-C", &image])
        .run()
        .expect()
        .stdout_has(
            "available     a\\nb\\tc\\u{9b}2J\\u{202e}\\u{2028}\\u{feff}\"\\<&>\\u{7f}東京\n",
        )
        .done();
}

#[test]
fn escape_characters_in_names_and_tags_reach_no_terminal() {
    let sandbox = sandbox();
    let evil = "\u{1b}[2J\u{7}";
    let image = sandbox.image(HOME, |image| {
        image.name = format!("web{evil}");
        image.tags.insert("k".to_owned(), evil.to_owned());
    });
    for format in ["--json", "-C"] {
        let outcome = waiton(&sandbox, &["--timeout", "2s", format, &image])
            .run()
            .expect()
            .stdout_has("web\\u")
            .done();
        assert!(!outcome.stdout.contains(['\u{1b}', '\u{7}']), "{outcome}");
    }
}

#[test]
fn a_reader_that_takes_one_line_gets_the_first() {
    let sandbox = sandbox();
    let first = sandbox.image(HOME, |_| {});
    let second = pending(&sandbox, HOME, Pace::Never);
    let script = format!(
        "{{ ami-waiton --poll {POLL} {first} {second}; echo code $? >&2; }} | \
         {{ head -n 1; exec <&-; echo closed >&2; }}"
    );
    let mut running = shell(&script).sandbox(&sandbox).spawn();
    running.wait_until("the end of the reader", |running| {
        running.stderr() == "closed\n"
    });
    sandbox.set_image_state(&second, ImageState::Available, None);
    running
        .wait()
        .expect()
        .stdout_is(&format!("{first}\n"))
        .stderr_is(&format!("closed\nami-waiton: {second}\ncode 141\n"))
        .done();
}

/// Runs a line of shell whose descriptor 3 is a pipe that nobody reads any more.
fn without_reader(script: &str) -> String {
    format!("mkfifo pipe; : <pipe & exec 3>pipe; wait; {script}")
}

#[test]
fn references_that_nobody_reads_are_all_on_stderr() {
    let sandbox = sandbox();
    let ids: Vec<String> = (0..3).map(|_| sandbox.image(HOME, |_| {})).collect();
    let script = format!("ami-waiton --poll {POLL} {} >&3", ids.join(" "));
    let said: String = ids.iter().map(|id| format!("ami-waiton: {id}\n")).collect();
    shell(&without_reader(&script))
        .sandbox(&sandbox)
        .run()
        .expect()
        .fails(141)
        .stdout_is("")
        .stderr_is(&said)
        .done();
}

#[test]
fn what_is_still_waited_for_when_nobody_reads_is_named() {
    let sandbox = sandbox();
    let ready = sandbox.image(HOME, |_| {});
    let other = pending(&sandbox, HOME, Pace::Never);
    let script = format!("ami-waiton --poll {POLL} {ready} {other} >&3");
    shell(&without_reader(&script))
        .sandbox(&sandbox)
        .run()
        .expect()
        .fails(141)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-waiton: {ready}\n\
             ami-waiton: to go on waiting: ami-waiton --poll {POLL} {other}@{HOME}\n"
        ))
        .done();
}

#[test]
fn a_full_disk_is_a_failure_and_the_reference_is_not_lost() {
    let sandbox = sandbox();
    let ids: Vec<String> = (0..2).map(|_| sandbox.image(HOME, |_| {})).collect();
    let said: String = ids.iter().map(|id| format!("ami-waiton: {id}\n")).collect();
    let script = format!("ami-waiton --poll {POLL} {} >/dev/full", ids.join(" "));
    shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .fails(1)
        .stderr_is(&format!(
            "{said}ami-waiton: cannot write standard output: \
             No space left on device (os error 28)\n"
        ))
        .done();
}

#[test]
fn help_that_cannot_be_written_is_a_failure_too() {
    shell("ami-waiton --help >/dev/full")
        .run()
        .expect()
        .fails(1)
        .stderr_is(
            "ami-waiton: cannot write standard output: No space left on device (os error 28)\n",
        )
        .done();
    shell(&without_reader("ami-waiton --version >&3"))
        .run()
        .expect()
        .fails(141)
        .done();
}

#[test]
fn a_closed_stdout_is_not_mistaken_for_another_file() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    // Rust opens /dev/null in its place, so that no other file gets its number.
    let script = format!("ami-waiton --poll {POLL} {image} >&-");
    shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .fails(1)
        .stderr_is(&format!(
            "ami-waiton: {image}\nami-waiton: standard output is closed\n"
        ))
        .done();
}

/// A pending image with a snapshot for each of the paces.
fn pending_with_snapshots(sandbox: &Sandbox, paces: &[Pace]) -> String {
    use ami_sandbox::SnapshotState::{Completed, Pending};
    let mappings: Vec<Mapping> = paces
        .iter()
        .enumerate()
        .map(|(number, pace)| {
            let snapshot = sandbox.snapshot(HOME, |snapshot| {
                snapshot.goes(Pending, *pace, Completed);
            });
            let ebs = Ebs {
                snapshot: Some(snapshot),
                ..Ebs::default()
            };
            Mapping::ebs(&format!("/dev/sd{number}"), ebs)
        })
        .collect();
    sandbox.image(HOME, |image| {
        image.goes(ImageState::Pending, Pace::Never, ImageState::Available);
        image.mappings = mappings;
    })
}

#[test]
fn a_terminal_shows_the_mean_of_an_image_s_snapshots_while_it_is_pending() {
    let sandbox = sandbox();
    let image = pending_with_snapshots(&sandbox, &[Pace::Never, Pace::Now]);
    let mut running = waiton(&sandbox, &[&image]).terminal(100).spawn();
    running.wait_until("a line of progress", |running| {
        screen(&running.stderr()).starts_with(&format!("{image}@{HOME}  pending 50%  "))
    });
    sandbox.set_image_state(&image, ImageState::Available, None);
    let outcome = running
        .wait()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .stderr_any()
        .done();
    assert_eq!(screen(&outcome.stderr), "", "{outcome}");
    assert_eq!(
        sandbox.calls_to("DescribeImages").len(),
        sandbox.calls_to("DescribeSnapshots").len() + 1,
        "one call a poll for the eye, and none when nothing is pending"
    );
}

#[test]
fn a_terminal_shows_a_line_for_each() {
    let sandbox = sandbox();
    let first = pending_with_snapshots(&sandbox, &[Pace::Never]);
    let second = sandbox.volume(HOME, |volume| {
        use ami_sandbox::VolumeState::{Available, Creating};
        volume.goes(Creating, Pace::Never, Available);
    });
    let mut running = waiton(&sandbox, &[&first, &second]).terminal(100).spawn();
    running.wait_until("a line for each", |running| {
        let drawn = running.stderr();
        drawn.contains(&format!("{first}@{HOME}  pending 0%  "))
            && drawn.contains(&format!("{second}@{HOME}  creating  "))
    });
}

#[test]
fn a_wait_on_a_terminal_does_not_need_the_permission_for_snapshots() {
    let sandbox = sandbox();
    sandbox.deny("DescribeSnapshots");
    let image = pending(&sandbox, HOME, Pace::Reads(3));
    waiton(&sandbox, &[&image])
        .terminal(100)
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .stderr_has_not("not authorized")
        .done();
}

#[test]
fn a_pipe_shows_no_progress_and_costs_no_call_for_it() {
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Reads(3));
    waiton(&sandbox, &[&image])
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
    assert_eq!(
        sandbox.calls().len(),
        sandbox.calls_to("DescribeImages").len()
    );
}
