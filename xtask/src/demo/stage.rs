//! Commands as a person would type them, and run as they are printed.

use std::fs;
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;
use crate::workspace::shown;

/// Why the demo stops before its end.
pub enum Stop {
    /// A command failed and has said why.
    Status(u8),
    /// Something else went wrong.
    Failed(String),
}

/// Where commands are shown.
pub struct Stage<'a> {
    /// What they find.
    pub sandbox: &'a Sandbox,
    /// The directory that they run in; without one that of the person who calls.
    pub directory: Option<PathBuf>,
}

impl Stage<'_> {
    /// The same in a directory, which is made if it is not there.
    pub fn within(&self, directory: PathBuf) -> Result<Self, Stop> {
        let made = fs::create_dir_all(&directory);
        made.map_err(|error| Stop::Failed(format!("{}: {error}", directory.display())))?;
        say(&format!(
            "# What follows is done in a directory of its own.\n$ cd {}\n",
            directory.display()
        ))?;
        Ok(Self {
            sandbox: self.sandbox,
            directory: Some(directory),
        })
    }

    /// Removes files of its directory, which need not stay.
    pub fn forget(&self, names: &[&str]) {
        for name in names {
            let _ = fs::remove_file(self.path(name));
        }
    }

    /// A file that commands name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory
            .as_ref()
            .map_or_else(|| name.into(), |directory| directory.join(name))
    }

    /// Prints a command, runs it by a shell exactly as printed, prints and returns its output.
    pub fn step(&self, about: &str, command: &str) -> Result<String, Stop> {
        say(&format!("# {about}.\n$ {command}"))?;
        let mut shell = Command::new("sh");
        if let Some(directory) = &self.directory {
            shell.current_dir(directory);
        }
        let output = self
            .sandbox
            .lead(shell.args(["-c", command]))
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| Stop::Failed(format!("sh: {error}")))?;
        let written = stdout().write_all(&output.stdout);
        written.map_err(unwritable)?;
        say("")?;
        match shown(output.status) {
            0 => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            status => Err(Stop::Status(status)),
        }
    }
}

/// Prints a line.
pub fn say(line: &str) -> Result<(), Stop> {
    writeln!(stdout(), "{line}").map_err(unwritable)
}

fn unwritable(error: std::io::Error) -> Stop {
    Stop::Failed(format!("standard output: {error}"))
}

/// Fails unless a text is in an output.
pub fn has(output: &str, text: &str) -> Result<(), Stop> {
    match output.contains(text) {
        true => Ok(()),
        false => Err(Stop::Failed(format!("the last output lacks {text}"))),
    }
}

/// The one reference that was printed. It goes into further command lines, so its shape matters.
pub fn only_image(output: &str) -> Result<&str, Stop> {
    output
        .strip_suffix('\n')
        .filter(|line| {
            line.strip_prefix("ami-")
                .is_some_and(|id| !id.is_empty() && id.chars().all(|c| c.is_ascii_hexdigit()))
        })
        .ok_or_else(|| Stop::Failed(format!("'{}' is not one image", output.escape_debug())))
}

#[cfg(test)]
mod tests {
    use super::only_image;

    #[test]
    fn only_one_reference_goes_into_the_next_command() {
        assert!(only_image("ami-0123abcd\n").is_ok_and(|image| image == "ami-0123abcd"));
        for output in ["", "ami-\n", "ami-1", "ami-1\nami-2\n", "ami-1;ls\n", "x\n"] {
            assert!(only_image(output).is_err(), "{output:?}");
        }
    }
}
