//! Python programs of others, installed in an environment of their own under the target directory.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::tell;
use crate::workspace::{Workspace, status};

/// An environment and what it has to hold.
pub struct Python {
    directory: PathBuf,
    cache: PathBuf,
    requirements: Vec<String>,
}

impl Python {
    /// The environment of that name, which need not be there yet. Requirements name versions, so
    /// that figures of different days can be compared.
    pub fn new(workspace: &Workspace, name: &str, requirements: &[&str]) -> Self {
        let place = workspace.target.join("python");
        Self {
            directory: place.join(name),
            cache: place.join("cache"),
            requirements: requirements.iter().map(ToString::to_string).collect(),
        }
    }

    /// Does it hold what is required?
    pub fn is_installed(&self) -> bool {
        fs::read_to_string(self.stamp()).is_ok_and(|there| there == self.requirements.join("\n"))
    }

    /// Installs what is required, unless it is there. What was fetched is kept for the next time.
    pub fn install(&self) -> Result<(), String> {
        if self.is_installed() {
            return Ok(());
        }
        tell(&format!("installing {}", self.requirements.join(", ")));
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&self.directory);
        succeed(&mut venv, "python3 -m venv (on Debian: python3-venv)")?;
        let mut pip = Command::new(self.program("python"));
        pip.args(["-m", "pip", "install", "--quiet"])
            .arg("--disable-pip-version-check")
            .args(&self.requirements)
            .env("PIP_CACHE_DIR", &self.cache);
        succeed(&mut pip, "pip install")?;
        let stamp = self.stamp();
        fs::write(&stamp, self.requirements.join("\n"))
            .map_err(|error| format!("{}: {error}", stamp.display()))
    }

    /// A program that was installed.
    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join("bin").join(name)
    }

    /// Written last: an installation that was broken off has none.
    fn stamp(&self) -> PathBuf {
        self.directory.join("installed")
    }
}

fn succeed(command: &mut Command, what: &str) -> Result<(), String> {
    // Standard output is the report's.
    match status(command.stdin(Stdio::null()).stdout(Stdio::null()))? {
        0 => Ok(()),
        status => Err(format!("{what} ended with status {status}")),
    }
}
