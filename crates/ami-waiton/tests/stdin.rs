//! References on standard input: what is read out of lines, and when it is acted on.

mod support;

use std::time::Duration;

use ami_sandbox::Pace;
use ami_testkit::{assert_no_calls, shell};
use support::{HOME, POLL, pending, sandbox, sorted, waiton};

#[test]
fn every_form_that_tools_print_is_read() {
    let sandbox = sandbox();
    let ids: Vec<String> = (0..8).map(|_| sandbox.image(HOME, |_| {})).collect();
    let there = sandbox.image("eu-west-1", |_| {});
    let lines = [
        ids[0].clone(),
        format!("IMAGE\t{}", ids[1]),
        format!("IMAGE\t{}\tme/web\t123456789012\tavailable", ids[2]),
        String::new(),
        format!("  {}  ", ids[3]),
        "# ami-00000000 is none of ours".to_owned(),
        format!(r#"{{"reference":"{there}@eu-west-1","id":"{there}"}}"#),
        format!("{}\r", ids[4]),
        format!(r#"      "ImageId": "{}","#, ids[5]),
        format!("arn:aws:ec2:{HOME}::image/{}", ids[6]),
        "   ".to_owned(),
        // The last line may lack its end.
        format!("image {} is ready", ids[7]),
    ];
    let outcome = waiton(&sandbox, &["-"])
        .stdin(&lines.join("\n"))
        .run()
        .expect()
        .done();
    let mut expected = ids;
    expected.push(format!("{there}@eu-west-1"));
    expected.sort();
    assert_eq!(sorted(&outcome.stdout), expected);
}

#[test]
fn our_own_tables_and_json_lines_are_read_again() {
    let sandbox = sandbox();
    let images = ["us-east-1", "eu-west-1"].map(|region| {
        // A name must not be taken for the reference.
        let name = "ami-12345678 REFERENCE";
        sandbox.image(region, |image| image.name = name.to_owned())
    });
    let [here, there] = &images;
    for format in ["-C", "--json"] {
        let script = format!(
            "ami-waiton --poll {POLL} {format} {here} {there}@eu-west-1 | ami-waiton --poll {POLL} -"
        );
        let outcome = shell(&script).sandbox(&sandbox).run().expect().done();
        let mut expected = [here.clone(), format!("{there}@eu-west-1")];
        expected.sort();
        assert_eq!(sorted(&outcome.stdout), expected, "{format}");
    }
}

#[test]
fn what_is_waiting_is_asked_for_in_one_call() {
    let sandbox = sandbox();
    let ids: Vec<String> = (0..30)
        .map(|_| pending(&sandbox, HOME, Pace::Never))
        .collect();
    let words: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut running = waiton(&sandbox, &["-"])
        .stdin(&format!("{}\n", ids.join("\n")))
        .spawn();
    running.wait_until("a call for all", |_| {
        let calls = sandbox.calls();
        calls
            .last()
            .is_some_and(|call| call.list("ImageId") == words)
    });
}

#[test]
fn lines_are_acted_on_as_they_arrive() {
    let sandbox = sandbox();
    let first = sandbox.image(HOME, |_| {});
    let second = pending(&sandbox, HOME, Pace::Reads(1));
    let third = sandbox.snapshot(HOME, |_| {});
    let mut running = waiton(&sandbox, &["-"]).stdin_open().spawn();
    let mut expected = String::new();
    for id in [first, second, third] {
        running.write(&format!("IMAGE\t{id}\n"));
        expected.push_str(&format!("{id}\n"));
        running.wait_until("its reference", |running| running.stdout() == expected);
    }
    running.close_stdin();
    running.wait().expect().stdout_is(&expected).done();
}

#[test]
fn a_line_in_pieces_is_one_line() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let (head, tail) = image.split_at(9);
    let pieces = [head.to_owned(), tail.to_owned(), "\n".to_owned()];
    waiton(&sandbox, &["-"])
        .stdin_slowly(pieces, Duration::from_millis(20))
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
}

#[test]
fn a_reference_that_comes_again_is_printed_once() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let other = sandbox.image(HOME, |_| {});
    let mut running = waiton(&sandbox, &["-"]).stdin_open().spawn();
    running.write(&format!("{image}\n"));
    running.wait_until("its reference", |running| !running.stdout().is_empty());
    // Whether it is still waited for by then must make no difference.
    running.write(&format!("{image}\n{other}\n"));
    running.close_stdin();
    running
        .wait()
        .expect()
        .stdout_is(&format!("{image}\n{other}\n"))
        .done();
}

#[test]
fn a_bad_line_is_named_by_its_number_and_the_rest_goes_on() {
    let sandbox = sandbox();
    let first = sandbox.image(HOME, |_| {});
    let last = sandbox.image(HOME, |_| {});
    let outcome = waiton(&sandbox, &["-"])
        .stdin(&format!(
            "{first}\n\nno \u{1b}[31mimage here\nami-123\n{last}\n"
        ))
        .run()
        .expect()
        .fails(6)
        .stdout_is(&format!("{first}\n{last}\n"))
        .stderr_has("ami-waiton: line 3 of standard input names no image")
        .stderr_has(r"'no \u{1b}[31mimage here'")
        .stderr_has("ami-waiton: line 4 of standard input names no image")
        .stderr_has("'ami-123'")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 2, "{outcome}");
}

#[test]
fn bytes_that_are_no_text_are_a_bad_line_too() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let script = format!(r"printf '\377\376\n{image}\n' | ami-waiton --poll {POLL} -");
    let outcome = shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .fails(6)
        .stdout_is(&format!("{image}\n"))
        .stderr_has("line 1 of standard input")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
}

#[test]
fn a_line_of_a_kind_without_the_state_is_refused_and_the_rest_goes_on() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    waiton(&sandbox, &["-", "available"])
        .stdin(&format!("snap-0123456789abcdef0\n{image}\n"))
        .run()
        .expect()
        .fails(6)
        .stdout_is(&format!("{image}\n"))
        .stderr_has("a snapshot is never available")
        .done();
    assert!(sandbox.calls_to("DescribeSnapshots").is_empty());
}

#[test]
fn input_without_a_reference_is_an_error() {
    let sandbox = sandbox();
    for text in ["", "\n\n", "# nothing\n", "REFERENCE  STATE  NAME\n"] {
        waiton(&sandbox, &["-"])
            .stdin(text)
            .run()
            .expect()
            .fails(2)
            .stdout_is("")
            .stderr_is("ami-waiton: standard input held no reference (see 'ami-waiton --help')\n")
            .done();
    }
    waiton(&sandbox, &["-"])
        .stdin("nothing\nat all\n")
        .run()
        .expect()
        .fails(2)
        .stdout_is("")
        .stderr_has("line 1 of standard input")
        .stderr_has("line 2 of standard input")
        .done();
    assert_no_calls(&sandbox);
}

#[test]
fn operands_and_input_go_together() {
    let sandbox = sandbox();
    let given = sandbox.image(HOME, |_| {});
    let read = sandbox.image(HOME, |_| {});
    let outcome = waiton(&sandbox, &[&given, "-", "exists"])
        .stdin(&format!("{read}\n"))
        .run()
        .expect()
        .done();
    let mut expected = [given.clone(), read];
    expected.sort();
    assert_eq!(sorted(&outcome.stdout), expected);
    // Nothing on the input is no error when something was named.
    waiton(&sandbox, &[&given, "-"])
        .run()
        .expect()
        .stdout_is(&format!("{given}\n"))
        .done();
}

#[test]
fn with_any_the_input_need_not_end() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let mut running = waiton(&sandbox, &["--any", "-"]).stdin_open().spawn();
    running.write(&format!("{image}\n"));
    // Waiting closes the input, so the end is looked for while it is still open.
    let status = format!("/proc/{}/status", running.pid());
    running.wait_until("the end", |_| {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        status.is_empty() || status.contains("\nState:\tZ")
    });
    running
        .wait()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
}
