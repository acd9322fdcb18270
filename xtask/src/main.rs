//! The tasks of this workspace: `cargo xtask --help` lists them.
//!
//! Invariant: this crate compiles without the AWS SDK, so that a task begins within seconds on a
//! machine that has built nothing yet.

mod arguments;
mod bench;
mod conformance;
mod demo;
mod generate;
mod host;
mod peers;
mod python;
mod sandbox;
mod shell;
mod tables;
mod test;
mod workspace;

use std::io::Write;
use std::process::ExitCode;

use arguments::Task;
use workspace::Workspace;

/// The status to end with, or why the task itself failed.
type Outcome = Result<u8, String>;

fn main() -> ExitCode {
    let status = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(task) => run(task).unwrap_or_else(|message| {
            tell(&message);
            1
        }),
        Err(message) => {
            tell(&format!("{message}; see cargo xtask --help"));
            2
        }
    };
    ExitCode::from(status)
}

fn run(task: Task) -> Outcome {
    let workspace = Workspace::find()?;
    match task {
        Task::Help => {
            let written = std::io::stdout().write_all(arguments::HELP.as_bytes());
            written.map_err(|error| format!("standard output: {error}"))?;
            Ok(0)
        }
        Task::Gen { check: false } => generate::write_all(&workspace),
        Task::Gen { check: true } => generate::check(&workspace),
        Task::Sandbox { command } => shell::run(&workspace, command),
        Task::Bench(plan) => bench::run(workspace, &plan),
        Task::BenchChild { command } => bench::child(command),
        Task::Conformance(plan) => conformance::run(&workspace, &plan),
        Task::Demo => demo::run(&workspace),
        Task::Test { slow, arguments } => test::run(&workspace, slow, arguments),
    }
}

/// Says something to the person who called.
fn tell(message: &str) {
    // When standard error is gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "xtask: {message}");
}
