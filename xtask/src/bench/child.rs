//! `cargo xtask bench-child`: runs one command and says what it took.
//!
//! The kernel adds up what all ended children of a process took. A process that has but one child
//! therefore learns what that one took, and its peak of memory, which is no sum and could not be
//! told apart otherwise. The child's peak is never less than what this process has when it starts
//! it, some two megabytes.

use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use super::figures::Figures;
use crate::Outcome;
use crate::workspace::shown;

/// Runs the command, whose output nobody reads, and prints the line of its figures.
pub fn run(command: Vec<OsString>) -> Outcome {
    let mut words = command.into_iter();
    let program = words.next().ok_or("bench-child: no command")?;
    let failed = |error| format!("{}: {error}", program.display());
    let begin = Instant::now();
    let status = Command::new(&program)
        .args(words)
        .stdout(Stdio::null())
        .status()
        .map_err(failed)?;
    let wall = begin.elapsed();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| failed(error.into()))?;
    let micros = (usage.user_time() + usage.system_time()).num_microseconds();
    let figures = Figures {
        wall: wall.as_secs_f64(),
        cpu: micros as f64 / 1e6,
        peak: usage.max_rss() as f64 * UNIT,
    };
    let line = figures.line(shown(status));
    writeln!(std::io::stdout(), "{line}").map_err(|e| format!("standard output: {e}"))?;
    Ok(0)
}

/// In what the kernel counts memory here, in bytes.
const UNIT: f64 = if cfg!(target_os = "macos") {
    1.0
} else {
    1024.0
};
