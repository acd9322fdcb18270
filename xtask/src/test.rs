//! `cargo xtask test`: all tests, with nothing but Rust and a C compiler.

use std::ffi::OsString;

use crate::workspace::{Workspace, status};
use crate::{Outcome, generate};

/// Builds what the tests run, and runs them.
pub fn run(workspace: &Workspace, arguments: Vec<OsString>) -> Outcome {
    // Tests start the built programs of other crates, which `cargo test` alone would not build.
    workspace.build()?;
    generate::write_wrappers(workspace)?;
    status(workspace.cargo("test").args(arguments))
}
