//! Runs built tools as child processes in a clean environment against a sandbox.
//!
//! ```no_run
//! use ami_sandbox::{Config, Sandbox};
//!
//! let sandbox = Sandbox::start(Config::default())?;
//! let image = sandbox.image("us-east-1", |_| {});
//! let outcome = ami_testkit::tool("ami-waiton").args([&image]).sandbox(&sandbox).run();
//! outcome.expect().stdout_is(&format!("{image}\n")).done();
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A test expects exit code 0 and nothing on standard error until it says otherwise, and fails with the
//! command, what it printed and every call that the sandbox saw. The environment of a child is empty
//! but for PATH, HOME, TMPDIR, LC_ALL and COLUMNS, and for what leads AWS clients to the sandbox.
//!
//! The tools are those beside the test binary; `AMI_TEST_INSTALLED=/usr/bin` points the suite at an
//! installed build instead.

mod built;
mod command;
pub mod front;
mod home;
mod outcome;
mod running;
mod screen;
mod terminal;

use ami_sandbox::Sandbox;

pub use command::Tool;
pub use outcome::{Expectation, Outcome};
pub use running::Running;
pub use rustix::process::Signal;
pub use screen::screen;

/// A built tool, ready to be given arguments.
///
/// # Panics
/// When the tool is not built.
pub fn tool(name: &str) -> Tool<'static> {
    Tool::new(built::path_of(name), name)
}

/// A line for plain `sh`, with the built tools first on PATH.
pub fn shell(script: &str) -> Tool<'static> {
    Tool::new("/bin/sh".into(), "sh").args(["-c", script])
}

/// Fails when the sandbox was called at all.
///
/// # Panics
/// When it was.
pub fn assert_no_calls(sandbox: &Sandbox) {
    let calls = sandbox.calls();
    assert!(
        calls.is_empty(),
        "the sandbox was called:\n{}",
        outcome::list_calls(&calls)
    );
}
