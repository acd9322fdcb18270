//! Command lines that are wrong: one exact line, and no call.

mod support;

use ami_testkit::assert_no_calls;
use support::{ABROAD, HOME, copies, copy, sandbox};

#[test]
fn bad_input_is_one_exact_line_and_no_call() {
    let sandbox = sandbox();
    let long = "x".repeat(256);
    let image = "ami-12345678";
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (
            vec![],
            "name at least one image, or '-' to read them from standard input",
        ),
        (
            vec!["-R", ABROAD],
            "name at least one image, or '-' to read them from standard input",
        ),
        (
            vec!["i-12345678"],
            "'i-12345678' is of another kind: instance, not image",
        ),
        (
            vec!["-s", "snap-1"],
            "'snap-1' names no image: snap- takes 8 or 17 hexadecimal digits, lower case",
        ),
        (
            vec!["ami-12345678@mars"],
            "'ami-12345678@mars' names no image: 'mars' is no region code like us-east-1",
        ),
        (
            vec!["-R", "mars", image],
            "--dest-region: 'mars' is no region code like us-east-1",
        ),
        (
            vec!["-R", "eu-west-1,,eu-west-2", image],
            "--dest-region: '' is no region code like us-east-1",
        ),
        (
            vec!["-R", "", image],
            "--dest-region: '' is no region code like us-east-1",
        ),
        (
            vec!["-R", "all,eu-west-1", image],
            "--dest-region takes 'all' or regions, not both",
        ),
        (
            vec!["-R", "all", "-R", ABROAD, image],
            "--dest-region takes 'all' or regions, not both",
        ),
        (
            vec!["-n", "web", image, "ami-87654321"],
            "--name is for one image, and 2 are named; --random-name-prefix names them all",
        ),
        (
            vec!["-n", "web", image, "ami-12345678@eu-west-1"],
            "--name is for one image, and 2 are named; --random-name-prefix names them all",
        ),
        (
            vec!["-n", "ab", image],
            "--name: an image's name has 3 to 128 characters, 'ab' has 2",
        ),
        (
            vec!["-n", "web", "-N", "web", image],
            "--name and --random-name-prefix cannot stand together",
        ),
        (
            vec!["-N", "", image],
            "--random-name-prefix: a prefix has 1 to 101 characters",
        ),
        (
            vec!["-d", "", image],
            "--description: a description has 1 to 255 characters, this one has 0",
        ),
        (
            vec!["-d", &long, image],
            "--description: a description has 1 to 255 characters, this one has 256",
        ),
        (vec!["-t", "web", image], "--tag: 'web' is no KEY=VALUE"),
        (
            vec!["-t", "aws:x=1", image],
            "--tag: 'aws:x=1': keys that begin with 'aws:' are AWS's own",
        ),
        (
            vec!["-t", "ami_tools_request=1", image],
            "--tag: the tag ami_tools_request is set by this tool itself",
        ),
        (
            vec!["-t", "a=1", "-t", "a=2", image],
            "--tag: the tag 'a' is given twice",
        ),
        (
            vec!["--kms-key", "alias/x", image],
            "--kms-key is for --encrypt",
        ),
        (
            vec!["--encrypt", "--kms-key", "", image],
            "--kms-key: '' is no key: give its ID, its ARN, or alias/NAME",
        ),
        (
            vec!["--encrypt", "--kms-key", "mars=x", image],
            "--kms-key: 'mars' is no region code like us-east-1",
        ),
        (
            vec!["--encrypt", "--kms-key", "a", "--kms-key", "b", image],
            "--kms-key is given twice for one place",
        ),
        (
            vec!["--snapshot-completion", "10m", image],
            "--snapshot-completion: is a time from 15m to 48h, in steps of 15m",
        ),
        (
            vec!["--snapshot-completion", "49h", image],
            "--snapshot-completion: is a time from 15m to 48h, in steps of 15m",
        ),
        (vec!["--timeout", "1h", image], "--timeout is for --wait"),
        (
            vec!["--wait", "--timeout", "soon", image],
            "--timeout: 'soon' is no duration like 90s, 15m, 2h or 1h30m",
        ),
        (
            vec!["--share", "everybody", image],
            "--share: 'everybody' is neither an account of 12 digits, nor the ARN of an organization or of a unit, nor 'public'",
        ),
        (
            vec!["--share", "", image],
            "--share: '' is neither an account of 12 digits, nor the ARN of an organization or of a unit, nor 'public'",
        ),
        (
            vec!["--deprecate-at", "2011-09-09T23:36:00Z", image],
            "--deprecate-at: lies in the past",
        ),
        (
            vec!["--deprecate-at", "20110909T233600Z", image],
            "--deprecate-at: lies in the past",
        ),
        (
            vec!["--deprecate-at", "4000d", image],
            "--deprecate-at: lies more than ten years ahead",
        ),
        (
            vec!["--deprecate-at", "9999-01-01T00:00:00Z", image],
            "--deprecate-at: lies more than ten years ahead",
        ),
        (
            vec!["--deprecate-at", "20270131", image],
            "--deprecate-at: '20270131' is no time like 2027-01-31T00:00:00Z, and none from now like 90d",
        ),
        (
            vec!["--protekt", image],
            "unknown option '--protekt', did you mean '--protect'?",
        ),
        (
            vec!["-C", "--json", image],
            "--columns and --json cannot stand together",
        ),
        (
            vec!["-q", "-v", image],
            "--quiet and --verbose cannot stand together",
        ),
        (
            vec!["-r", "mars", image],
            "--region: 'mars' is no region code like us-east-1",
        ),
        (vec!["-"], "standard input held no reference"),
        (vec!["-n", "web", "-"], "standard input held no reference"),
    ];
    for (args, why) in cases {
        let line = format!("ami-copy-image: {why} (see 'ami-copy-image --help')\n");
        let outcome = copy(&sandbox, &args).run().expect().fails(2);
        outcome.stdout_is("").stderr_is(&line).done();
        assert_no_calls(&sandbox);
    }
}

#[test]
fn a_name_for_two_lines_of_standard_input_is_refused_before_any_call() {
    let sandbox = sandbox();
    copy(&sandbox, &["-R", ABROAD, "-n", "web", "-"])
        .stdin("ami-12345678\nami-87654321\n")
        .run()
        .expect()
        .fails(2)
        .stderr_is("ami-copy-image: --name is for one image, and 2 are named; --random-name-prefix names them all (see 'ami-copy-image --help')\n")
        .done();
    assert_no_calls(&sandbox);
    let image = sandbox.image(HOME, |_| {});
    copy(&sandbox, &["-R", ABROAD, "-n", "web", "-"])
        .stdin(&format!("{image}\n{image}@{HOME}\n"))
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(copies(&sandbox, ABROAD).remove(0).name, "web");
}
