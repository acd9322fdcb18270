//! The tool with Intel's igzip in it, which is no part of what is built otherwise.

use std::fs;
use std::path::PathBuf;

use super::Plan;
use crate::host;
use crate::workspace::{Workspace, status};

/// Why it cannot be built here; nothing where it can.
pub fn missing() -> Option<&'static str> {
    let has_all = ["make", "autoreconf", "libtoolize"]
        .into_iter()
        .all(host::has);
    match (has_all, cfg!(target_arch = "x86_64") && !host::has("nasm")) {
        (false, _) => Some("needs make, autoconf, automake and libtool"),
        (true, true) => Some("needs nasm"),
        (true, false) => None,
    }
}

/// Where it is kept.
pub fn program(workspace: &Workspace) -> PathBuf {
    workspace.target.join("bench-igzip").join("ami-bundle")
}

/// Builds it where a row wants it. All programs are built, as always, or the AWS SDK would be compiled
/// once more; so cargo puts them in place of those without igzip, which have to be built after these.
pub fn build(workspace: &Workspace, plan: &Plan) -> Result<(), String> {
    let mut rows = plan.rows.iter();
    if !rows.any(|row| row.tool.igzip && row.missing().is_none()) {
        return Ok(());
    }
    let program = program(workspace);
    // An older one would be measured if this build fails.
    let _ = fs::remove_file(&program);
    let mut cargo = workspace.cargo("build");
    match status(cargo.args(["--bins", "--features", "ami-bundle/isal"]))? {
        0 => {}
        status => return Err(format!("cargo build with igzip ended with status {status}")),
    }
    let directory = program.parent().unwrap_or(&workspace.target);
    fs::create_dir_all(directory)
        .and_then(|()| fs::copy(workspace.program("ami-bundle"), &program))
        .map_err(|error| format!("{}: {error}", program.display()))?;
    Ok(())
}
