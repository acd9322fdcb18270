//! Children of all kinds, with sh in the place of the tools.

use std::time::Duration;

use ami_sandbox::{Config, Sandbox};
use ami_testkit::{Signal, assert_no_calls, screen, shell, tool};

#[test]
fn the_environment_is_clean() {
    let outcome = shell("env | sort | sed 's/=.*//'")
        .env("EXTRA", "x")
        .run()
        .expect()
        .done();
    let names: Vec<_> = outcome
        .stdout
        .lines()
        .filter(|name| !["PWD", "_", "SHLVL", "OLDPWD"].contains(name))
        .collect();
    let expected = [
        "AWS_EC2_METADATA_DISABLED",
        "COLUMNS",
        "EXTRA",
        "HOME",
        "LC_ALL",
        "PATH",
        "TMPDIR",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_sandbox_is_in_the_environment() {
    let sandbox = Sandbox::start(Config::default()).unwrap();
    let line = "echo $AWS_ENDPOINT_URL $AWS_DEFAULT_REGION ${AWS_EC2_METADATA_DISABLED-on}";
    let expected = format!("{} us-east-1 on\n", sandbox.endpoint());
    shell(line)
        .sandbox(&sandbox)
        .metadata()
        .run()
        .expect()
        .stdout_is(&expected)
        .done();
    shell("echo $AWS_ACCESS_KEY_ID")
        .sandbox_as(&sandbox, "210987654321")
        .run()
        .expect()
        .stdout_is("AKIASANDBOX000000002\n")
        .done();
    assert_no_calls(&sandbox);
}

#[test]
fn input_is_given_whole_slowly_or_by_hand() {
    shell("cat").run().expect().stdout_is("").done();
    shell("cat")
        .stdin("a\nb\n")
        .run()
        .expect()
        .stdout_is("a\nb\n")
        .done();
    let slowly = shell("cat").stdin_slowly(["a\n", "b\n"], Duration::from_millis(1));
    slowly.run().expect().stdout_is("a\nb\n").done();
    let mut running = shell("read x; echo got $x; read y; echo end")
        .stdin_open()
        .spawn();
    running.write("one\n");
    running.wait_until("the first answer", |running| {
        running.stdout() == "got one\n"
    });
    running.close_stdin();
    running.wait().expect().stdout_is("got one\nend\n").done();
}

#[test]
fn codes_and_signals_are_told_apart() {
    shell("echo no >&2; exit 3")
        .run()
        .expect()
        .fails(3)
        .stderr_is("no\n")
        .done();
    let mut running = shell("echo ready; exec sleep 100").spawn();
    running.wait_until("the start of sleep", |running| {
        running.cmdline().starts_with(&["sleep".into()])
    });
    assert_eq!(running.cmdline(), ["sleep", "100"]);
    running.signal(Signal::TERM);
    running
        .wait()
        .expect()
        .dies_of(Signal::TERM)
        .stdout_is("ready\n")
        .done();
}

#[test]
fn a_pipeline_is_signalled_as_one() {
    let mut running = shell("sh -c 'echo $$ >&2; exec sleep 100' | cat").spawn();
    running.wait_until("the first process", |running| {
        running.stderr().ends_with('\n')
    });
    running.signal_all(Signal::INT);
    running
        .wait()
        .expect()
        .dies_of(Signal::INT)
        .stderr_any()
        .done();
}

#[test]
fn stderr_can_be_a_terminal() {
    let line = "test -t 2 && ! test -t 1 && printf '10%%\\r\\033[2Kdone\\n' >&2; stty size <&2";
    let outcome = shell(line).terminal(100).run().expect().stderr_any().done();
    assert_eq!(outcome.stderr, "10%\r\x1b[2Kdone\r\n");
    assert_eq!(screen(&outcome.stderr), "done");
    assert_eq!(outcome.stdout, "24 100\n");
}

#[test]
fn files_lie_in_the_home() {
    let home = {
        let cat = shell("cat $HOME/.aws/credentials; stat -c %a .aws/credentials; touch made");
        let cat = cat.file(".aws/credentials", "secret\n", 0o600);
        let outcome = cat.run().expect().stdout_is("secret\n600\n").done();
        let home = outcome.home().unwrap().to_owned();
        assert!(home.join("made").exists());
        home
    };
    assert!(!home.exists());
}

#[test]
#[should_panic(expected = "the deadline passed while waiting for: its end")]
fn a_deadline_kills_and_fails() {
    drop(
        shell("sleep 100 | cat")
            .deadline(Duration::from_millis(50))
            .run(),
    );
}

#[test]
#[should_panic(expected = "it ended before: a miracle")]
fn an_early_end_is_noticed() {
    shell("true").spawn().wait_until("a miracle", |_| false);
}

#[test]
#[should_panic(expected = "ami-nothing is not built")]
fn a_missing_tool_is_named() {
    drop(tool("ami-nothing"));
}
