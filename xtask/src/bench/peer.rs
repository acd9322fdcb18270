//! The program that the tools are compared with.

use std::path::PathBuf;
use std::process::Command;

use crate::python::Python;
use crate::workspace::Workspace;

/// In a version that is named, so that figures of different days can be compared.
const REQUIREMENTS: &[&str] = &["awscli==1.46.2"];

/// The AWS CLI.
pub struct Peer(Python);

impl Peer {
    /// It need not be installed.
    pub fn new(workspace: &Workspace) -> Self {
        Self(Python::new(workspace, "bench", REQUIREMENTS))
    }

    /// Installs it unless it is there.
    pub fn install(&self) -> Result<(), String> {
        self.0.install()
    }

    /// One of its programs, when it is installed.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        self.0.is_installed().then(|| self.0.program(name))
    }

    /// A command that prints its version and Python's.
    pub fn version(&self) -> Option<Command> {
        let mut command = Command::new(self.program("aws")?);
        command.arg("--version");
        Some(command)
    }
}
