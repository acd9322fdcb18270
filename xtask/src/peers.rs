//! Programs of others that the tools are compared with and that try the sandbox, built from their sources.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::tell;
use crate::workspace::{Workspace, status};

/// In a version that is named, so that figures of different days can be compared.
const COLDSNAP: (&str, &str) = ("coldsnap", "0.12.0");

/// Nobody needs the SDK optimised, and building it takes hours otherwise: most of it is thrown away.
const QUICKLY: [&str; 2] = [
    "profile.release.package.aws-sdk-ec2.opt-level=0",
    "profile.release.package.aws-sdk-ec2.codegen-units=256",
];

/// The program coldsnap: from the directory that AMI_TOOLS_PEERS names, else below the target directory,
/// else on PATH.
pub fn coldsnap(workspace: &Workspace) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = ours(workspace).chain(env::split_paths(&path));
    places.find_map(|place| Some(place.join(COLDSNAP.0)).filter(|program| program.is_file()))
}

/// Builds coldsnap below the target directory unless it is there already, or in a directory that
/// AMI_TOOLS_PEERS names. It takes minutes, once.
pub fn install_coldsnap(workspace: &Workspace) -> Result<(), String> {
    let (name, version) = COLDSNAP;
    if ours(workspace).any(|place| place.join(name).is_file()) {
        return Ok(());
    }
    let root = root(workspace);
    tell(&format!(
        "installing {name} {version} (once, about ten minutes)"
    ));
    let build = root.join("build");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["install", name, "--quiet", "--locked", "--version", version])
        .arg("--root")
        .arg(&root)
        .args(QUICKLY.iter().flat_map(|setting| ["--config", setting]))
        // In a place of its own: its dependencies are not ours, and would only be built again.
        .env("CARGO_TARGET_DIR", &build)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    match status(&mut cargo)? {
        0 => {
            // A gigabyte that nobody reads again; that it stays is no failure.
            let _ = fs::remove_dir_all(build);
            Ok(())
        }
        status => Err(format!("cargo install {name} ended with status {status}")),
    }
}

/// The directories of programs that are for us alone.
fn ours(workspace: &Workspace) -> impl Iterator<Item = PathBuf> {
    let named = env::var_os("AMI_TOOLS_PEERS").filter(|value| !value.is_empty());
    let places = named
        .map(PathBuf::from)
        .into_iter()
        .chain([root(workspace)]);
    places.map(|place| place.join("bin"))
}

fn root(workspace: &Workspace) -> PathBuf {
    workspace.target.join("peers")
}

#[cfg(test)]
mod tests {
    use super::ours;
    use crate::workspace::Workspace;

    #[test]
    fn peers_are_kept_with_what_is_built() {
        let workspace = Workspace::find().expect("a workspace");
        let last = ours(&workspace).last().expect("a place");
        assert!(last.starts_with(&workspace.target));
    }
}
