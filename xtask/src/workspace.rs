//! Where the sources and the built programs are, and how cargo is called.

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

/// The program that is copied to machines that are bundled, and its package.
const NODE: &str = "ami-bundle-node";

/// This workspace on this machine.
pub struct Workspace {
    /// The directory of the sources.
    pub root: PathBuf,
    /// Where cargo puts what it builds.
    pub target: PathBuf,
    /// cargo's profile, `dev`, `release` or `dist`.
    profile: String,
}

impl Workspace {
    /// Looks around, by the rules that the wrappers have too.
    pub fn find() -> Result<Self, String> {
        // The variable is asked first: a program compiled in one checkout may be run for another
        // one that shares its target directory.
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .parent()
            .ok_or("the workspace has no directory")?
            .to_owned();
        let target = match set("CARGO_TARGET_DIR") {
            // Commands are started in other directories, where a relative path would mislead.
            Some(path) => std::path::absolute(path).map_err(|e| e.to_string())?,
            None => root.join("target"),
        };
        let profile = match set("AMI_PROFILE") {
            Some(profile) => profile.into_string().map_err(|_| "AMI_PROFILE: no text")?,
            None => "dev".to_owned(),
        };
        Ok(Self {
            root,
            target,
            profile,
        })
    }

    /// The same with programs as they are installed, unless another profile is asked for.
    pub fn for_release(mut self) -> Result<Self, String> {
        match set("AMI_PROFILE") {
            None => self.profile = "release".to_owned(),
            Some(_) if self.profile == "dev" => {
                return Err("AMI_PROFILE=dev: nobody installs that; release or dist".to_owned());
            }
            Some(_) => {}
        }
        Ok(self)
    }

    /// cargo's profile.
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// The directory of the wrappers.
    pub fn wrappers(&self) -> PathBuf {
        self.root.join("bin-wrappers")
    }

    /// The directory of the programs that were built.
    pub fn programs(&self) -> PathBuf {
        let directory = match self.profile.as_str() {
            "dev" => "debug",
            other => other,
        };
        self.target.join(directory)
    }

    /// A program that was built.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs().join(name)
    }

    /// `cargo VERB` in the chosen profile; for the whole workspace, as the root is no package.
    pub fn cargo(&self, verb: &str) -> Command {
        let mut cargo = Command::new(set("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args([verb, "--profile", &self.profile])
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target);
        cargo
    }

    /// Builds all programs. Every task builds the same selection: cargo unites the features of
    /// what it builds together, and another selection would compile the AWS SDK once more.
    pub fn build(&self) -> Result<(), String> {
        let mut cargo = self.cargo("build");
        match status(cargo.arg("--bins"))? {
            0 => {}
            status => return Err(format!("cargo build ended with status {status}")),
        }
        self.build_for_nodes()?;
        match self.profile.as_str() {
            "dev" => Ok(()),
            _ => self.link_helper(),
        }
    }

    /// Links amichroot once more, without shared libraries, as it is installed: a build starts it twice,
    /// and half of such a start is the search for libraries.
    fn link_helper(&self) -> Result<(), String> {
        let mut cargo = self.cargo("rustc");
        cargo.args(["--quiet", "-p", "ami-buildroot", "--bin", "amichroot"]);
        cargo.args(["--", "-C", "target-feature=+crt-static"]);
        match status(&mut cargo)? {
            0 => Ok(()),
            status => Err(format!(
                "amichroot cannot be linked without shared libraries (status {status}): is libc.a there?"
            )),
        }
    }

    /// Builds the program that is copied to other machines: by itself, for its features are its own,
    /// and static, for nothing is known of their libraries.
    fn build_for_nodes(&self) -> Result<(), String> {
        if cfg!(not(target_os = "linux")) {
            return Ok(());
        }
        let mut cargo = self.cargo("rustc");
        cargo.args(["-p", NODE, "--features", "program", "--bin", NODE]);
        match status(cargo.args(["--", "-C", "target-feature=+crt-static"]))? {
            0 => Ok(()),
            status => Err(format!("cargo rustc -p {NODE} ended with status {status}")),
        }
    }
}

/// A variable that is set to something.
fn set(name: &str) -> Option<std::ffi::OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Runs a command and gives its exit status as a shell shows it.
pub fn status(command: &mut Command) -> Result<u8, String> {
    let status = command
        .status()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    Ok(shown(status))
}

/// An exit status as a shell shows it: 128+N for what signal N ended.
pub fn shown(status: ExitStatus) -> u8 {
    let number = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    number
        .and_then(|number| u8::try_from(number).ok())
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::status;

    #[test]
    fn a_status_is_the_commands_own_or_its_signals() {
        let run = |script| status(Command::new("sh").args(["-c", script]));
        assert_eq!(run("exit 0"), Ok(0));
        assert_eq!(run("exit 7"), Ok(7));
        assert_eq!(run("kill -TERM $$"), Ok(143));
        let missing = status(&mut Command::new("/nonexistent/program"));
        assert!(missing.is_err_and(|error| error.starts_with("/nonexistent/program: ")));
    }
}
