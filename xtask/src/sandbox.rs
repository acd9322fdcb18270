//! Starts and ends `ami-sandbox`, a small EC2 on loopback, and points commands at it.

mod devices;
mod environment;

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Lines};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use environment::Environment;

use crate::workspace::{Workspace, shown};

/// A sandbox that runs for as long as this value lives.
///
/// The sandbox ends when its standard input does. So it ends with this process however that ends,
/// and nothing has to be cleaned up.
pub struct Sandbox {
    program: Child,
    /// Kept open: a sandbox that has more to say must not die of a closed pipe.
    _output: Lines<BufReader<ChildStdout>>,
    environment: Environment,
    no_devices: Option<&'static str>,
    path: OsString,
    target: PathBuf,
}

impl Sandbox {
    /// Starts the sandbox that was built, and waits until it answers. Volumes that are attached in it
    /// are block devices of this machine where that is possible, which [`Sandbox::no_devices`] tells.
    pub fn start(workspace: &Workspace) -> Result<Self, String> {
        let file = workspace.program("ami-sandbox");
        let no_devices = devices::missing();
        let command = match no_devices {
            Some(_) => Command::new(&file),
            None => devices::with_directory(&file),
        };
        Self::launch(workspace, command, no_devices)
    }

    /// Starts it with arguments of its own, and without block devices.
    pub fn start_with(workspace: &Workspace, arguments: &[&str]) -> Result<Self, String> {
        let mut command = Command::new(workspace.program("ami-sandbox"));
        command.args(arguments);
        Self::launch(workspace, command, Some("not asked for"))
    }

    fn launch(
        workspace: &Workspace,
        mut command: Command,
        no_devices: Option<&'static str>,
    ) -> Result<Self, String> {
        let path = search_path(workspace)?;
        let mut program = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Out of reach of the Ctrl-C that is meant for the command in the foreground.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let output = program.stdout.take().ok_or("ami-sandbox has no output")?;
        let mut lines = BufReader::new(output).lines();
        match Environment::read(&mut lines) {
            Ok(environment) => Ok(Self {
                program,
                _output: lines,
                environment,
                no_devices,
                path,
                target: workspace.target.clone(),
            }),
            Err(error) => {
                // With nobody to read it, a sandbox in the middle of a line ends as well.
                drop(lines);
                let status = end(&mut program)?;
                Err(format!("ami-sandbox: {error} (status {status})"))
            }
        }
    }

    /// A variable that the sandbox named.
    pub fn variable(&self, name: &str) -> &str {
        self.environment.get(name)
    }

    /// Why attached volumes are no block devices of this machine; nothing where they are.
    pub fn no_devices(&self) -> Option<&'static str> {
        self.no_devices
    }

    /// The images that it announced.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.environment.images()
    }

    /// Points a command at the sandbox and at the built tools, and away from all else.
    pub fn lead<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        detach(command)
            .envs(self.environment.variables())
            // For the wrappers, which are started in any directory.
            .env("CARGO_TARGET_DIR", &self.target)
            .env("PATH", &self.path)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // How it ends no longer matters to the task.
        let _ = end(&mut self.program);
    }
}

/// Keeps from a command all that would lead it to a real account.
pub fn detach(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        if environment::leads_elsewhere(&name) {
            command.env_remove(name);
        }
    }
    command
        // Profiles of the person who calls would be asked for keys, regions and endpoints.
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
}

/// Closes the sandbox's standard input and waits until it is gone.
fn end(program: &mut Child) -> Result<u8, String> {
    // `wait` closes standard input before it waits.
    let status = program.wait().map_err(|e| format!("ami-sandbox: {e}"))?;
    Ok(shown(status))
}

/// `PATH` with the wrappers first, and then the built programs: `ami-sandbox` has no wrapper.
fn search_path(workspace: &Workspace) -> Result<OsString, String> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let directories = env::split_paths(&inherited);
    let ours = [workspace.wrappers(), workspace.programs()];
    env::join_paths(ours.into_iter().chain(directories)).map_err(|error| format!("PATH: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_come_before_the_programs_that_have_none() {
        let workspace = Workspace::find().expect("a workspace");
        let path = search_path(&workspace).expect("a path");
        let ours = [workspace.wrappers(), workspace.programs()];
        assert!(env::split_paths(&path).take(2).eq(ours));
    }
}
