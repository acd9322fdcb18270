//! `cargo xtask test`: all tests, with nothing but Rust and a C compiler.
//!
//! What takes minutes, or fetches packages, is `#[ignore]`d with the reason, and run by `--slow`.

use std::ffi::OsString;

use crate::workspace::{Workspace, status};
use crate::{Outcome, generate};

/// Builds what the tests run, and runs them: those that are slow, or all others.
pub fn run(workspace: &Workspace, slow: bool, mut arguments: Vec<OsString>) -> Outcome {
    // Tests start the built programs of other crates, which `cargo test` alone would not build.
    workspace.build()?;
    generate::write_wrappers(workspace)?;
    if slow {
        only_ignored(&mut arguments);
    }
    status(workspace.cargo("test").args(arguments))
}

/// Asks for ignored tests.
fn only_ignored(arguments: &mut Vec<OsString>) {
    let dashes = arguments.iter().position(|argument| argument == "--");
    let end = dashes.unwrap_or_else(|| {
        arguments.push("--".into());
        arguments.len() - 1
    });
    arguments.insert(end + 1, "--ignored".into());
}

#[cfg(test)]
mod tests {
    use super::only_ignored;

    #[test]
    fn slow_tests_are_the_ignored_ones() {
        for (given, wanted) in [
            ("", "-- --ignored"),
            ("-p x", "-p x -- --ignored"),
            ("-p x -- --nocapture", "-p x -- --ignored --nocapture"),
        ] {
            let mut words = given.split_whitespace().map(Into::into).collect();
            only_ignored(&mut words);
            assert_eq!(words.join(" ".as_ref()), wanted);
        }
    }
}
