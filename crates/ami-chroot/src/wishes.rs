//! How the command is to be run, as the helper is told it.

use std::ffi::OsString;

use ami_buildroot::client::{Order, open_source};
use ami_buildroot::protocol::{self, Limits, Network, Programs, Root};
use ami_cli::args::Args;
use ami_core::error::Error;
use ami_core::escape::escape;

use crate::bind::{self, Bind, WORKSPACE};
use crate::{helper, size};

/// Variables that hold credentials, or say where some are. No command gets them from here: what it
/// prints, leaves in the image or sends anywhere may hold its whole environment.
const SECRETS: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_CREDENTIAL_FILE",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
];

/// What the user says of the command's surroundings.
#[derive(Debug)]
pub(crate) struct Wishes {
    build: protocol::Build,
    binds: Vec<Bind>,
}

impl Wishes {
    pub(crate) fn read(args: &Args, command: Vec<OsString>) -> Result<Self, Error> {
        let workspace = args.value("workspace", bind::workspace)?;
        let usual = || Some(Bind::new(".", WORKSPACE, false));
        let mut binds: Vec<Bind> = workspace.unwrap_or_else(usual).into_iter().collect();
        binds.extend(args.values("bind", str::parse)?);
        bind::check_all(&binds).map_err(|why| Error::usage(format!("--bind: {why}")))?;
        let partition = args.value("partition", number::<u32>)?;
        let network = args.value("network", network)?;
        let variables = args.values("env", variable)?;
        Ok(Self {
            build: protocol::Build {
                root: partition.map_or(Root::Find, Root::Partition),
                grow: args.flag("grow"),
                // A copy is thrown away when the build fails, as a volume is.
                disposable: !args.flag("in-place") && !args.flag("keep-on-failure"),
                programs: Programs::Image,
                bootable: args.flag("bootable"),
                network: network.unwrap_or(Network::Host),
                binds: binds.iter().map(Bind::for_helper).collect(),
                limits: Limits {
                    memory: args.value("memory", size::parse)?,
                    pids: args.value("pids", number::<u64>)?,
                },
                environment: variables.into_iter().flatten().collect(),
                user: args.value("user", user)?,
                terminal: None,
                directory: None,
                command,
            },
            binds,
        })
    }

    /// The command, for people.
    pub(crate) fn command(&self) -> String {
        let words = self.build.command.iter();
        let words: Vec<_> = words.map(|word| escape(&word.to_string_lossy())).collect();
        words.join(" ")
    }

    /// The sources of the binds, opened with the caller's rights, and all else that the helper is to
    /// be given. What the command prints goes to standard error.
    pub(crate) fn order(&self, disk: std::os::fd::OwnedFd) -> Result<Order, Error> {
        let mut sources = Vec::with_capacity(self.binds.len());
        for bind in &self.binds {
            let opened = open_source(&bind.source);
            sources.push(opened.map_err(|error| helper::io_error(&bind.source, &error))?);
        }
        Ok(Order {
            build: self.build.clone(),
            disk,
            stdio: helper::streams()?,
            sources,
        })
    }

    /// Are the sources of the binds there? So that nothing is made before they are missed.
    pub(crate) fn check(&self) -> Result<(), Error> {
        for bind in &self.binds {
            open_source(&bind.source).map_err(|error| helper::io_error(&bind.source, &error))?;
        }
        Ok(())
    }
}

fn network(text: &str) -> Result<Network, String> {
    match text {
        "host" => Ok(Network::Host),
        "none" => Ok(Network::None),
        other => Err(format!("'{}' is neither host nor none", escape(other))),
    }
}

fn number<T: std::str::FromStr + PartialOrd + From<u8>>(text: &str) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| *number >= T::from(1));
    number.ok_or_else(|| format!("'{}' is no number from 1 on", escape(text)))
}

fn user(text: &str) -> Result<String, &'static str> {
    match text {
        "" => Err("a user has a name or a number"),
        _ => Ok(text.to_owned()),
    }
}

/// `NAME=VALUE`, or `NAME` for the value that it has here; none if it has none.
fn variable(text: &str) -> Result<Option<(OsString, OsString)>, String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.into())),
        None => (text, std::env::var_os(text)),
    };
    if name.is_empty() || name.contains('\0') {
        return Err(format!("'{}' has no name", escape(text)));
    }
    if SECRETS.contains(&name) {
        return Err(format!(
            "{name} is not given to builds: it would be known to all that runs there"
        ));
    }
    Ok(value.map(|value| (name.into(), value)))
}

#[cfg(test)]
mod tests {
    use super::variable;

    #[test]
    fn variables_are_set_or_passed_on() {
        let set = |name: &str, value: &str| Ok(Some((name.into(), value.into())));
        assert_eq!(variable("A=b=c"), set("A", "b=c"));
        assert_eq!(variable("A="), set("A", ""));
        assert_eq!(variable("NO_SUCH_VARIABLE_HERE"), Ok(None));
        assert!(variable("PATH").is_ok_and(|pair| pair.is_some()));
        for secret in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN=x", "=x", ""] {
            assert!(variable(secret).is_err(), "{secret}");
        }
    }
}
