//! `cargo xtask gen`: everything that is made from the tables, written or compared.

mod check;
mod date;
mod files;
mod markup;
mod readme;

use std::fs;
use std::io::Write;

pub use check::check;

use crate::Outcome;
use crate::workspace::Workspace;

/// Writes what is not yet as it should be, and names it on standard output.
pub fn write_all(workspace: &Workspace) -> Outcome {
    let mut written = Vec::new();
    for file in files::all(workspace)? {
        if file.write()? {
            written.push(file.path);
        }
    }
    let path = workspace.root.join("README.md");
    let readme = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let wanted = readme::splice(&readme)?;
    if readme != wanted {
        fs::write(&path, wanted).map_err(|e| format!("{}: {e}", path.display()))?;
        written.push(path);
    }
    let mut out = std::io::stdout().lock();
    for path in written {
        writeln!(out, "{}", path.display()).map_err(|e| format!("standard output: {e}"))?;
    }
    Ok(0)
}

/// Writes the wrappers alone: what other tasks need to start tools by their names.
pub fn write_wrappers(workspace: &Workspace) -> Result<(), String> {
    for wrapper in files::wrappers(workspace)? {
        wrapper.write()?;
    }
    Ok(())
}
