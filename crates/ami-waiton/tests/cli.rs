//! The command line and the set-up it stands on: what is wrong is said before anything is called.

mod support;

use ami_sandbox::{Pace, Sandbox};
use ami_testkit::{Outcome, Tool, assert_no_calls, shell};
use support::{HOME, pending, sandbox, waiton};

const IMAGE: &str = "ami-0123456789abcdef0";

/// Exit code 2, one line, no call.
#[track_caller]
fn refused(sandbox: &Sandbox, tool: Tool<'_>, expected: &str) -> Outcome {
    let outcome = tool
        .run()
        .expect()
        .fails(2)
        .stdout_is("")
        .stderr_has(&format!("ami-waiton: {expected}"))
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    assert_no_calls(sandbox);
    outcome
}

#[test]
fn words_that_are_wrong_are_refused_before_the_first_call() {
    let sandbox = sandbox();
    let cases: &[(&[&str], &str)] = &[
        (&[], "name at least one image"),
        (&["available"], "name at least one image"),
        (&["ami-123"], "'ami-123' names no image, instance"),
        (
            &["ami-0123456789ABCDEF0"],
            "'ami-0123456789ABCDEF0' names no",
        ),
        (&["i-1234567g"], "'i-1234567g' names no"),
        (&["snap-"], "'snap-' names no"),
        (
            &["vol-12345678901234567890"],
            "'vol-12345678901234567890' names",
        ),
        (&[IMAGE, "ami-123", "available"], "'ami-123' names no"),
        (&["web", IMAGE], "'web' names no image"),
        (
            &["available", IMAGE],
            "'available' is a state; one can be named",
        ),
        (
            &[IMAGE, "availble"],
            "'availble' is neither a reference nor a state, did you mean 'available'?",
        ),
        (
            &[IMAGE, "gone"],
            "'gone' is neither a reference nor a state (see",
        ),
        (
            &[IMAGE, "pending", "available"],
            "'pending' is a state; one can be named",
        ),
        (
            &["snap-0123456789abcdef0", "available"],
            "a snapshot is never available; it can be pending",
        ),
        (
            &["vol-0123456789abcdef0", "running"],
            "a volume is never running",
        ),
        (
            &["i-0123456789abcdef0", "completed"],
            "an instance is never completed",
        ),
        (
            &[IMAGE, "snap-0123456789abcdef0", "completed"],
            "an image is never completed",
        ),
        (&["ami-12345678@mars"], "'ami-12345678@mars' names no"),
        (&["ami-12345678@"], "'ami-12345678@' names no"),
        (&["arn:aws:s3:::bucket"], "'arn:aws:s3:::bucket' names no"),
        (
            &["arn:aws:ec2:us-east-1::image/snap-12345678"],
            "'arn:aws:ec2:us-east-1::image/snap-12345678' names no",
        ),
        (
            &["--timout", "1h", IMAGE],
            "unknown option '--timout', did you mean '--timeout'?",
        ),
        (&["--colour", IMAGE], "unknown option '--colour' (see"),
        (&["-x", IMAGE], "unknown option '-x'"),
        (
            &["-json", IMAGE],
            "unknown option '-j', did you mean '--json'?",
        ),
        (&["--timeout"], "--timeout needs a value: --timeout TIME"),
        (&[IMAGE, "-r"], "-r needs a value: -r REGION"),
        (
            &["--timeout", "--dumb", IMAGE],
            "--timeout needs a value, and '--dumb' is an option",
        ),
        (&["--dumb=yes", IMAGE], "--dumb takes no value"),
        (
            &["--timeout", "soon", IMAGE],
            "--timeout: 'soon' is no duration like 90s",
        ),
        (&["--timeout=-5", IMAGE], "--timeout: '-5' is no duration"),
        (
            &["--exist-timeout", "1 fortnight", IMAGE],
            "--exist-timeout: '1 fortnight' is no duration",
        ),
        (
            &["--timeout", "99999h", IMAGE],
            "--timeout: '99999h' is longer than a year",
        ),
        (
            &["--timeout", "1h", "--timeout", "2h", IMAGE],
            "--timeout is given twice",
        ),
        (
            &["-r", "mars", IMAGE],
            "--region: 'mars' is no region code like us-east-1",
        ),
        (
            &["-r", "us-east-1a", IMAGE],
            "--region: 'us-east-1a' is no region code",
        ),
        (
            &["--endpoint-url", "localhost:4566", IMAGE],
            "--endpoint-url: 'localhost:4566' is no URL",
        ),
        (&["--profile=", IMAGE], "--profile: a profile has a name"),
        (
            &["-q", "-v", IMAGE],
            "--quiet and --verbose cannot stand together",
        ),
        (
            &["-C", "--json", IMAGE],
            "--columns and --json cannot stand together",
        ),
        (
            &["--nowait-exist", "--exist-timeout", "1m", IMAGE],
            "--nowait-exist and --exist-timeout cannot stand together",
        ),
        (
            &["--nowait-exist", IMAGE, "exists"],
            "--nowait-exist and the state 'exists' contradict",
        ),
        (
            &["--nowait-exists", IMAGE, "exist"],
            "--nowait-exist and the state 'exists' contradict",
        ),
        (&["--dry-run", IMAGE], "unknown option '--dry-run'"),
        (&["a\u{1b}[2J\n", IMAGE], r"'a\u{1b}[2J\n' names no"),
        (&[IMAGE, "a\u{1b}[2J\n"], r"'a\u{1b}[2J\n' is neither"),
        (&["--\u{1b}[2J", IMAGE], r"unknown option '--\u{1b}[2J'"),
    ];
    for (words, expected) in cases {
        let outcome = refused(&sandbox, waiton(&sandbox, words), expected);
        assert!(
            outcome.stderr.ends_with(" (see 'ami-waiton --help')\n"),
            "{outcome}"
        );
    }
}

#[test]
fn a_pause_of_nothing_is_refused() {
    let sandbox = sandbox();
    for poll in ["0", "0s", "soon"] {
        let tool = ami_testkit::tool("ami-waiton").sandbox(&sandbox);
        refused(&sandbox, tool.args(["--poll", poll, IMAGE]), "--poll: ");
    }
}

#[test]
fn a_set_up_that_is_wrong_is_refused_before_the_first_call() {
    let sandbox = sandbox();
    for (name, value, expected) in [
        (
            "AWS_REGION",
            "mars",
            "AWS_REGION in the environment: 'mars' is no region code",
        ),
        (
            "AWS_DEFAULT_REGION",
            "us east 1",
            "AWS_DEFAULT_REGION in the environment: ",
        ),
        (
            "AWS_ENDPOINT_URL",
            "localhost",
            "AWS_ENDPOINT_URL in the environment: ",
        ),
        (
            "AWS_ENDPOINT_URL_EC2",
            "localhost",
            "AWS_ENDPOINT_URL_EC2 in the environment: ",
        ),
        (
            "AMI_TOOLS_GRACE",
            "soon",
            "AMI_TOOLS_GRACE in the environment: 'soon' is no duration",
        ),
        (
            "AWS_CA_BUNDLE",
            "/nowhere",
            "AWS_CA_BUNDLE: /nowhere: cannot read it",
        ),
        (
            "AWS_CREDENTIAL_FILE",
            "/nowhere",
            "/nowhere: cannot read it",
        ),
        (
            "AWS_CREDENTIAL_FILE",
            "/dev/null",
            "/dev/null: it is no regular file",
        ),
    ] {
        refused(
            &sandbox,
            waiton(&sandbox, &[IMAGE]).env(name, value),
            expected,
        );
    }
}

#[test]
fn without_a_region_nothing_is_called() {
    let sandbox = sandbox();
    let tool = waiton(&sandbox, &[IMAGE]).env_remove("AWS_DEFAULT_REGION");
    let expected =
        &format!("{IMAGE}: no region is set; give -r REGION or set AWS_DEFAULT_REGION\n");
    refused(&sandbox, tool, expected);
}

#[test]
fn keys_that_others_can_read_are_refused_with_the_command_that_helps() {
    let sandbox = sandbox();
    let text = "aws_access_key_id=AKIASANDBOX000000001\naws_secret_access_key=RECOGNISABLE\n";
    for mode in [0o644, 0o640, 0o604, 0o620] {
        let tool = waiton(&sandbox, &[IMAGE]).file("my keys", text, mode);
        let path = tool.home().join("my keys");
        let expected = format!("{}: others can read the keys in it", path.display());
        let outcome = refused(&sandbox, tool.env("AWS_CREDENTIAL_FILE", &path), &expected);
        let command = format!("run: chmod 600 '{}'", path.display());
        assert!(outcome.stderr.contains(&command), "{outcome}");
        assert!(!outcome.stderr.contains("RECOGNISABLE"), "{outcome}");
    }
}

#[test]
fn a_classic_file_that_is_wrong_is_named_by_its_line_and_keeps_its_secret() {
    let sandbox = sandbox();
    for (text, expected) in [
        (
            "aws_access_key_id=AKIA1\nRECOGNISABLE\n",
            "line 2 is no KEY=VALUE",
        ),
        (
            "aws_secret_access_key=RECOGNISABLE\n",
            "it has no aws_access_key_id",
        ),
        (
            "aws_access_key_id=AKIA1\naws_secret_access_kye=RECOGNISABLE\n",
            "line 2 has another key",
        ),
        (
            "aws_access_key_id=AKIA1\naws_secret_access_key=RECOGNISABLE\nregion=mars\n",
            "'mars' is no region code",
        ),
    ] {
        let tool = waiton(&sandbox, &[IMAGE]).file("keys", text, 0o600);
        let path = tool.home().join("keys");
        let expected = format!("{}: {expected}", path.display());
        let outcome = refused(&sandbox, tool.env("AWS_CREDENTIAL_FILE", &path), &expected);
        assert!(!outcome.stderr.contains("RECOGNISABLE"), "{outcome}");
    }
}

#[test]
fn options_may_stand_anywhere_and_take_their_value_either_way() {
    let sandbox = sandbox();
    let image = sandbox.image("eu-west-1", |_| {});
    for words in [
        &["-reu-west-1", "--bare", &image, "available"],
        &[&*image, "available", "--bare", "--region=eu-west-1"],
        &["--region", "eu-west-1", "-q", &image],
        &["-qr", "eu-west-1", "--", &image],
    ] {
        waiton(&sandbox, words)
            .run()
            .expect()
            .stdout_has(&image)
            .done();
    }
}

#[test]
fn help_and_version_need_no_environment_and_do_nothing() {
    let script = "tool=$(command -v ami-waiton); cd /; \
                  env -i \"$tool\" --help && env -i \"$tool\" -h && env -i \"$tool\" --version \
                  && env -i \"$tool\" -V";
    let outcome = shell(script).run().expect().done();
    let (first, rest) = outcome
        .stdout
        .split_at(outcome.stdout.rfind("Usage: ").expect("two helps"));
    assert!(first.starts_with("Usage: ami-waiton [OPTION]... REFERENCE... [STATE]\n"));
    assert!(rest.starts_with(first), "-h and --help are one");
    let version = format!("ami-waiton (ami-tools) {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(rest[first.len()..], version.repeat(2));
}

#[test]
fn help_looks_at_nothing_that_may_be_wrong() {
    let sandbox = sandbox();
    for option in ["--help", "--version"] {
        waiton(&sandbox, &[IMAGE, option, "--unknown", "ami-123"])
            .env("AWS_REGION", "mars")
            .env("AWS_CREDENTIAL_FILE", "/nowhere")
            .env("AWS_CA_BUNDLE", "/nowhere")
            .env("AMI_TOOLS_GRACE", "soon")
            .run()
            .expect()
            .stdout_has("ami-waiton")
            .done();
    }
    assert_no_calls(&sandbox);
}

#[test]
fn help_names_every_option_and_exit_code() {
    let outcome = shell("ami-waiton --help").run().expect().done();
    for word in [
        "--timeout TIME",
        "--exist-timeout TIME",
        "--poll TIME",
        "--any",
        "--dumb",
        "--nowait-exist",
        "-r, --region REGION",
        "--profile NAME",
        "--endpoint-url URL",
        "-C, --columns",
        "--json",
        "--bare",
        "-q, --quiet",
        "-v, --verbose",
        "-h, --help",
        "-V, --version",
        "Exit status:",
        "\n  3 ",
        "\n  4 ",
        "\n  5 ",
        "\n  6 ",
        "\n  128+N ",
    ] {
        assert!(outcome.stdout.contains(word), "{word}\n{outcome}");
    }
    let widest = outcome
        .stdout
        .lines()
        .map(|line| line.chars().count())
        .max();
    assert!(widest <= Some(80), "{outcome}");
}

#[test]
fn secrets_stand_nowhere() {
    const SECRET: &str = "RECOGNISABLE/secret+key";
    const TOKEN: &str = "RECOGNISABLE/session/token";
    let sandbox = sandbox();
    let image = pending(&sandbox, HOME, Pace::Never);
    let bystander = sandbox.image(HOME, |_| {});
    let words = ["-v", "--json", "--timeout", "1h", &bystander, &image];
    let mut running = waiton(&sandbox, &words)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_SESSION_TOKEN", TOKEN)
        .spawn();
    running.wait_until("a poll", |_| sandbox.calls().len() > 1);
    let cmdline = running.cmdline().join(" ");
    assert!(cmdline.contains(&image) && !cmdline.contains("RECOGNISABLE"));
    // The ways in which a call goes wrong have words of their own.
    for fault in [
        ami_sandbox::Fault::any().reset_after(),
        ami_sandbox::Fault::any().cut(),
        ami_sandbox::Fault::any().throttle(),
        ami_sandbox::Fault::any().error(
            403,
            "SignatureDoesNotMatch",
            "The signature does not match.\nx-amz-security-token:RECOGNISABLE/session/token",
        ),
    ] {
        sandbox.inject(fault);
    }
    let outcome = running
        .wait()
        .expect()
        .fails(6)
        .stdout_has(&bystander)
        .stderr_has("SignatureDoesNotMatch")
        .stderr_has("RequestLimitExceeded")
        .done();
    assert!(!outcome.stdout.contains("RECOGNISABLE"), "{outcome}");
    assert!(!outcome.stderr.contains("RECOGNISABLE"), "{outcome}");
}
