//! What is asked about: on the command line and on standard input, known and unknown.

use ami_testkit::{Tool, assert_no_calls, shell};

use crate::families::{self, plant, tag};
use crate::{ABROAD, ancestors, children, lines, sandbox};

const UNKNOWN: &str = "ami-0000dead";

#[test]
fn an_image_that_nobody_knows_is_an_error_of_its_own() {
    let sandbox = sandbox();
    ancestors(&sandbox, &[UNKNOWN])
        .run()
        .expect()
        .fails(5)
        .stdout_is("")
        .stderr_is("ami-describe-ancestors: ami-0000dead: does not exist in us-east-1\n")
        .done();
    children(&sandbox, &[UNKNOWN])
        .run()
        .expect()
        .fails(5)
        .stdout_is("")
        .stderr_is(
            "ami-describe-children: ami-0000dead: does not exist in us-east-1, and nothing \
             descends from it\n",
        )
        .done();
}

#[test]
fn unknown_images_do_not_keep_the_others_from_being_shown() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    let other = "ami-0000dead@eu-west-1";
    ancestors(&sandbox, &[UNKNOWN, third, other])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[third, second, first]))
        .stderr_is(
            "ami-describe-ancestors: ami-0000dead: does not exist in us-east-1\n\
             ami-describe-ancestors: ami-0000dead: does not exist in eu-west-1\n",
        )
        .done();
    children(&sandbox, &[UNKNOWN, first, other])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[second, third]))
        .stderr_has("ami-0000dead: does not exist in us-east-1, and")
        .stderr_has("ami-0000dead: does not exist in eu-west-1, and")
        .done();
}

#[test]
fn an_image_without_relatives_is_a_line_of_one_and_has_no_children() {
    let sandbox = sandbox();
    let image = plant(&sandbox, "ami-00000001", "alone", 1, |_| {});
    ancestors(&sandbox, &[image])
        .run()
        .expect()
        .stdout_is(&lines(&[image]))
        .done();
    for format in ["-C", "--json"] {
        children(&sandbox, &[format, image])
            .run()
            .expect()
            .stdout_is("")
            .done();
    }
    // What uses it was asked for, and nothing does.
    children(&sandbox, &["--used-by", image])
        .run()
        .expect()
        .stdout_is(&lines(&[image]))
        .done();
}

#[test]
fn words_that_are_wrong_are_refused_before_the_first_call() {
    let sandbox = sandbox();
    for words in [
        &[][..],
        &["ami-123"],
        &["i-00000001"],
        &["ami-00000001@mars"],
        &["ami-00000001", "web"],
        &["arn:aws:ec2:us-east-1:123456789012:instance/i-00000001"],
        &["--json", "-C", "ami-00000001"],
        &["-q", "-v", "ami-00000001"],
    ] {
        for tool in [ancestors, children] {
            refused(tool(&sandbox, words));
        }
    }
    for words in [
        &["--depth", "0"][..],
        &["--depth", "x"],
        &["--depth", "-1"],
        &["--depth", "99999999999999999999999"],
        &["--regions", ""],
        &["--regions", "mars"],
        &["--regions", "us-east-1,,eu-west-1"],
        &["--regions", "us-east-1", "--regions", "all"],
        &["--regions", "all,eu-west-1"],
    ] {
        refused(children(&sandbox, words).args(["ami-00000001"]));
    }
    assert_no_calls(&sandbox);
}

/// Exit code 2 and one line.
#[track_caller]
fn refused(tool: Tool<'_>) {
    let outcome = tool
        .run()
        .expect()
        .fails(2)
        .stdout_is("")
        .stderr_any()
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
}

#[test]
fn every_form_that_tools_print_is_read_from_standard_input() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    let abroad = plant(&sandbox, "ami-00000001@eu-west-1", "abroad", 4, |image| {
        tag(image, first);
    });
    let text = format!(
        "IMAGE_ID      CREATE_DATE  SOURCE_INSTANCE\n\
         {second}  -            i-00000c02\n\
         \n\
         # ami-00000009 is none of ours\n\
         {{\"reference\":\"ami-00000001\",\"id\":\"ami-00000001\",\"region\":\"{ABROAD}\"}}\n\
         arn:aws:ec2:us-east-1::image/{third}\r\n  {first}"
    );
    ancestors(&sandbox, &["-"])
        .stdin(&text)
        .run()
        .expect()
        .stdout_is(&lines(&[
            second, first, abroad, first, third, second, first, first,
        ]))
        .done();
    children(&sandbox, &["-"])
        .stdin(&text)
        .run()
        .expect()
        .stdout_is(&lines(&[second, third, abroad]))
        .done();
}

#[test]
fn a_line_without_a_reference_is_named_and_the_rest_goes_on() {
    let sandbox = sandbox();
    let [first, second, _] = families::created(&sandbox);
    let text = format!("\n{second}\nno \u{1b}image\n{first}\n");
    let said = "line 3 of standard input names no image: 'no \\u{1b}image'\n";
    ancestors(&sandbox, &["-"])
        .stdin(&text)
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[second, first, first]))
        .stderr_is(&format!("ami-describe-ancestors: {said}"))
        .done();
    children(&sandbox, &["-"])
        .stdin(&text)
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&["ami-00000c02", "ami-00000c03"]))
        .stderr_is(&format!("ami-describe-children: {said}"))
        .done();
}

#[test]
fn input_without_a_reference_is_an_error() {
    let sandbox = sandbox();
    for (name, tool) in [
        ("ami-describe-ancestors", ancestors(&sandbox, &["-"])),
        ("ami-describe-children", children(&sandbox, &["-"])),
    ] {
        tool.stdin("# nothing\n\n")
            .run()
            .expect()
            .fails(2)
            .stdout_is("")
            .stderr_is(&format!(
                "{name}: standard input held no reference (see '{name} --help')\n"
            ))
            .done();
    }
    assert_no_calls(&sandbox);
}

#[test]
fn lines_are_answered_as_they_arrive() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    let mut up = ancestors(&sandbox, &["-"]).stdin_open().spawn();
    let mut expected = String::new();
    for (word, line) in [
        (first, [first].as_slice()),
        (third, &[third, second, first]),
        (second, &[second, first]),
    ] {
        up.write(&format!("{word}\n"));
        expected.push_str(&lines(line));
        up.wait_until("its line", |up| up.stdout() == expected);
    }
    up.close_stdin();
    up.wait().expect().stdout_is(&expected).done();
    let mut down = children(&sandbox, &["-"]).stdin_open().spawn();
    down.write(&format!("{second}\n"));
    down.wait_until("its child", |down| down.stdout() == lines(&[third]));
    // What was printed for another is not printed again.
    down.write(&format!("{first}\n{second}\n"));
    down.close_stdin();
    down.wait()
        .expect()
        .stdout_is(&lines(&[third, second]))
        .done();
}

#[test]
fn what_is_said_of_an_image_does_not_depend_on_when_others_arrive() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    for format in ["--json", "-C"] {
        let at_once = children(&sandbox, &[format, first, second]);
        let at_once = at_once.run().expect().done().stdout;
        let mut slowly = children(&sandbox, &[format, "-"]).stdin_open().spawn();
        slowly.write(&format!("{first}\n"));
        // The first line is read, and its family listed, before the second comes.
        slowly.wait_until("lists", |_| sandbox.calls().len() >= 8);
        slowly.write(&format!("{second}\n"));
        slowly.close_stdin();
        let slowly = slowly.wait().expect().stdout_is(&at_once).done();
        assert!(slowly.stdout.contains(third), "{slowly}");
        sandbox.clear_calls();
    }
}

#[test]
fn what_one_tool_prints_the_other_reads_in_every_format() {
    let sandbox = sandbox();
    let [first, second, third] = families::copied(&sandbox);
    for format in ["", "-C", "--json", "--json --bare"] {
        let script =
            format!("ami-describe-children {format} {first} | ami-describe-ancestors - | sort -u");
        shell(&script)
            .sandbox(&sandbox)
            .env("AMI_TOOLS_GRACE", "0s")
            .run()
            .expect()
            .stdout_is(&lines(&[first, second, third]))
            .done();
    }
}

#[test]
fn depth_counts_generations_below_each_image() {
    let sandbox = sandbox();
    let [root, left, right, below] = families::forked(&sandbox);
    for (depth, expected) in [
        ("1", vec![left, right]),
        ("2", vec![left, right, below]),
        ("9", vec![left, right, below]),
    ] {
        children(&sandbox, &["--depth", depth, root])
            .run()
            .expect()
            .stdout_is(&lines(&expected))
            .done();
    }
    children(&sandbox, &["--depth", "1", root, right])
        .run()
        .expect()
        .stdout_is(&lines(&[left, right, below]))
        .done();
}

#[test]
fn a_reader_that_has_enough_ends_the_tools_without_a_word_of_complaint() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    for (command, left) in [
        (format!("ami-describe-ancestors {third}"), third),
        (format!("ami-describe-children {first}"), second),
    ] {
        // Descriptor 3 is a pipe that nobody reads any more.
        let script = format!(
            "mkfifo pipe; : <pipe & exec 3>pipe; wait; {command} >&3; code=$?; rm pipe; exit $code"
        );
        shell(&script)
            .sandbox(&sandbox)
            .run()
            .expect()
            .fails(141)
            .stdout_is("")
            .stderr_is("")
            .done();
        shell(&format!("{command} | head -n 1"))
            .sandbox(&sandbox)
            .run()
            .expect()
            .stdout_is(&lines(&[left]))
            .stderr_is("")
            .done();
    }
}
