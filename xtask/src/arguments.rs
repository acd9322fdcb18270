//! The words after `cargo xtask`.

use std::ffi::OsString;

use crate::bench::Plan;
use crate::conformance;

/// What `cargo xtask --help` prints.
pub const HELP: &str = "\
Usage: cargo xtask TASK

Tasks:
  demo                     build the tools and show them at work on a small EC2 of their own
  sandbox [-- COMMAND...]  open a shell, or run COMMAND, with the tools on PATH and that EC2 in
                           the environment; nothing reaches a real account
  test [--slow] [ARGUMENT...]
                           build all programs and run all tests, or with --slow those that take
                           minutes; arguments go to cargo test
  bench [--peers] [--runs N] [ROW...]
                           measure the tools beside their peers, all rows or these, and print a
                           report in Markdown; --peers installs the peers under the target directory
  conformance [--peers] [--only PART]
                           drive that EC2 with the AWS CLI, boto3, packer and coldsnap, compare it
                           with moto and check its answers by the service model; PART is clients,
                           moto or model; --peers installs coldsnap under the target directory
  gen [--check]            write manual pages, completions, wrappers and README.md's table of
                           tools; with --check only say what is not as it should be

AMI_PROFILE chooses cargo's profile: dev (the default, but release for bench), release or dist.
";

/// One task.
#[derive(Debug, PartialEq)]
pub enum Task {
    /// Print the help.
    Help,
    /// Write what is made from the tables, or compare it with them.
    Gen {
        /// Compare only.
        check: bool,
    },
    /// Open a shell, or run a command, with a sandbox.
    Sandbox {
        /// The command and its arguments; none for a shell.
        command: Vec<OsString>,
    },
    /// Measure the tools beside their peers.
    Bench(Plan),
    /// Run a command and say what it took. The bench calls it for each command that it measures,
    /// so it stands in no help.
    BenchChild {
        /// The command and its arguments.
        command: Vec<OsString>,
    },
    /// Show the tools at work.
    Demo,
    /// Prove that the sandbox behaves as EC2 does.
    Conformance(conformance::Plan),
    /// Run the tests.
    Test {
        /// Run the tests that take minutes, and only these.
        slow: bool,
        /// What `cargo test` is given as well.
        arguments: Vec<OsString>,
    },
}

/// Reads the words strictly: what is not known is not passed over.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Task, String> {
    let words: Vec<OsString> = words.into_iter().collect();
    let known: Vec<&str> = words
        .iter()
        .map(|word| word.to_str().unwrap_or_default())
        .collect();
    match known.as_slice() {
        [] => Err("no task".to_owned()),
        ["-h" | "--help"] => Ok(Task::Help),
        ["bench", rest @ ..] => Plan::parse(rest).map(Task::Bench),
        ["bench-child", "--", _, ..] => Ok(Task::BenchChild {
            command: words[2..].to_vec(),
        }),
        ["conformance", rest @ ..] => conformance::Plan::parse(rest).map(Task::Conformance),
        ["demo"] => Ok(Task::Demo),
        ["gen"] => Ok(Task::Gen { check: false }),
        ["gen", "--check"] => Ok(Task::Gen { check: true }),
        ["sandbox"] => Ok(Task::Sandbox { command: vec![] }),
        ["sandbox", "--"] => Err("sandbox --: no command".to_owned()),
        ["sandbox", "--", ..] => Ok(Task::Sandbox {
            command: words[2..].to_vec(),
        }),
        ["test", "--slow", ..] => Ok(Task::Test {
            slow: true,
            arguments: words[2..].to_vec(),
        }),
        ["test", ..] => Ok(Task::Test {
            slow: false,
            arguments: words[1..].to_vec(),
        }),
        ["demo" | "gen" | "sandbox", ..] => Err(format!(
            "{}: unexpected word '{}'",
            known[0],
            words[1].display()
        )),
        _ => Err(format!("no task is called '{}'", words[0].display())),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{HELP, Task, parse};
    use crate::conformance;

    fn read(line: &str) -> Result<Task, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn every_task_is_read() {
        assert_eq!(read("--help"), Ok(Task::Help));
        assert!(matches!(read("bench"), Ok(Task::Bench(_))));
        let command = words("ls -- --help");
        let child = read("bench-child -- ls -- --help");
        assert_eq!(child, Ok(Task::BenchChild { command }));
        assert_eq!(read("demo"), Ok(Task::Demo));
        assert_eq!(read("gen"), Ok(Task::Gen { check: false }));
        assert_eq!(read("gen --check"), Ok(Task::Gen { check: true }));
        let only = Some("moto".to_owned());
        let plan = conformance::Plan::default();
        assert_eq!(read("conformance"), Ok(Task::Conformance(plan)));
        let plan = conformance::Plan { peers: true, only };
        let words = "conformance --only moto --peers";
        assert_eq!(read(words), Ok(Task::Conformance(plan)));
        let command = vec![];
        assert_eq!(read("sandbox"), Ok(Task::Sandbox { command }));
    }

    #[test]
    fn commands_and_arguments_of_tests_are_passed_on_untouched() {
        let command = words("ls -- --help");
        assert_eq!(
            read("sandbox -- ls -- --help"),
            Ok(Task::Sandbox { command })
        );
        for (line, slow) in [("test", false), ("test --slow", true)] {
            let arguments = words("-p ami-cli -- --nocapture");
            let line = format!("{line} -p ami-cli -- --nocapture");
            assert_eq!(read(&line), Ok(Task::Test { slow, arguments }));
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for (line, message) in [
            ("", "no task"),
            ("tset", "no task is called 'tset'"),
            ("--bogus", "no task is called '--bogus'"),
            ("--help gen", "no task is called '--help'"),
            ("demo now", "demo: unexpected word 'now'"),
            ("conformance now", "conformance: unexpected word 'now'"),
            (
                "conformance --only mtoo",
                "conformance --only: name one of clients, moto, model",
            ),
            ("gen --chekc", "gen: unexpected word '--chekc'"),
            ("bench --peer", "bench: unexpected word '--peer'"),
            ("sandbox ls", "sandbox: unexpected word 'ls'"),
            ("sandbox --", "sandbox --: no command"),
        ] {
            assert_eq!(read(line), Err(message.to_owned()), "{line}");
        }
    }

    #[test]
    fn words_that_are_not_text_reach_the_command() {
        use std::os::unix::ffi::OsStringExt;
        let strange = OsString::from_vec(vec![0xff]);
        let command = vec![strange.clone()];
        let line = ["sandbox".into(), "--".into(), strange];
        assert_eq!(parse(line), Ok(Task::Sandbox { command }));
    }

    #[test]
    fn the_help_names_every_task() {
        for task in ["bench", "demo", "sandbox", "conformance", "test", "gen"] {
            assert!(HELP.contains(&format!("\n  {task} ")), "{task}");
        }
    }
}
