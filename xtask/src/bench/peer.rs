//! The programs that the tools are compared with.

use std::path::PathBuf;
use std::process::Command;

use crate::peers;
use crate::python::Python;
use crate::workspace::Workspace;

/// In a version that is named, so that figures of different days can be compared.
const REQUIREMENTS: &[&str] = &["awscli==1.46.2"];

/// The AWS CLI, and coldsnap for disks.
pub struct Peer {
    aws: Python,
    coldsnap: Option<PathBuf>,
}

impl Peer {
    /// They need not be installed.
    pub fn new(workspace: &Workspace) -> Self {
        Self {
            aws: Python::new(workspace, "bench", REQUIREMENTS),
            coldsnap: peers::coldsnap(workspace),
        }
    }

    /// Installs them unless they are there.
    pub fn install(&mut self, workspace: &Workspace) -> Result<(), String> {
        self.aws.install()?;
        peers::install_coldsnap(workspace)?;
        self.coldsnap = peers::coldsnap(workspace);
        Ok(())
    }

    /// One of the programs, when it is installed.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        match name {
            "coldsnap" => self.coldsnap.clone(),
            // The system's own, on PATH.
            "mount" | "tar" => Some(name.into()),
            _ => self.aws.is_installed().then(|| self.aws.program(name)),
        }
    }

    /// A command that prints the version of the AWS CLI and Python's.
    pub fn version(&self) -> Option<Command> {
        let mut command = Command::new(self.program("aws")?);
        command.arg("--version");
        Some(command)
    }
}
