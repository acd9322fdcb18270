//! How the command is to be run, as the helper is told it.

use std::ffi::OsString;

use ami_buildroot::client::{Order, open_source};
use ami_buildroot::protocol::{self, Limits, Network, Programs, Root};
use ami_cli::args::Args;
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::escape;

use crate::bind::{self, Bind, WORKSPACE};
use crate::{helper, size};

/// Variables that hold credentials, or say where some are: those of the AWS SDKs, and those of older
/// tools. No command gets them from here: what it prints, leaves in the image or sends anywhere may
/// hold its whole environment.
const SECRETS: [&str; 18] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CREDENTIAL_FILE",
    "AWS_DELEGATION_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "EC2_ACCESS_KEY",
    "EC2_PRIVATE_KEY",
    "EC2_SECRET_KEY",
];
/// How the names of tokens for single services begin.
const BEARER: &str = "AWS_BEARER_TOKEN_";

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

    /// Are the sources of the binds there? So that nothing is made before they are missed. Warns of
    /// those that show credentials.
    pub(crate) fn check(&self, context: &Context) -> Result<(), Error> {
        for bind in &self.binds {
            open_source(&bind.source).map_err(|error| helper::io_error(&bind.source, &error))?;
            bind.check()?;
        }
        self.check_lengths()?;
        let home = std::env::home_dir();
        let warnings = self
            .binds
            .iter()
            .filter_map(|bind| bind.warning(home.as_deref()));
        warnings.for_each(|text| context.progress.hint(&text));
        Ok(())
    }
}

/// The longest word that the kernel gives a program, and all of them together with the usual limit of
/// the stack (execve(2)).
const LONGEST_WORD: usize = (128 << 10) - 1;
const LONGEST: usize = 2 << 20;

impl Wishes {
    /// Would the kernel take the command?
    fn check_lengths(&self) -> Result<(), Error> {
        let variables = self.build.environment.iter();
        let variables = variables.map(|(name, value)| name.len() + 1 + value.len());
        let words = self.build.command.iter().map(|word| word.len());
        let lengths: Vec<usize> = words.chain(variables).collect();
        if lengths.iter().any(|length| *length > LONGEST_WORD) {
            let what = "a word of the command, or a variable, has 128 KiB or more";
            return Err(Error::usage(what));
        }
        match lengths.iter().map(|length| length + 1).sum::<usize>() > LONGEST {
            true => Err(Error::usage(
                "the command and its variables have more than 2 MiB",
            )),
            false => Ok(()),
        }
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

/// `NAME`, `UID` or `UID:GID`. The highest number stands for nobody (setreuid(2)).
fn user(text: &str) -> Result<String, String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = |text: &str| text.parse::<u32>().is_ok_and(|id| id < u32::MAX) && is_number(text);
    let is_good = match text.split_once(':') {
        Some((user, group)) => is_id(user) && is_id(group),
        None if is_number(text) => is_id(text),
        None => !text.is_empty() && !text.contains(|letter: char| letter.is_control()),
    };
    match is_good {
        true => Ok(text.to_owned()),
        false => Err(format!("'{}' is no NAME, UID or UID:GID", escape(text))),
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
    if SECRETS.contains(&name) || name.starts_with(BEARER) {
        return Err(format!(
            "{name} is not given to builds: it would be known to all that runs there"
        ));
    }
    Ok(value.map(|value| (name.into(), value)))
}

#[cfg(test)]
mod tests {
    use super::{user, variable};

    #[test]
    fn users_have_a_name_or_numbers() {
        for text in ["root", "0", "1000:4", "4294967294", "web-data", "münchen"] {
            assert_eq!(user(text).as_deref(), Ok(text));
        }
        for text in [
            "",
            "a:b",
            "1:",
            ":1",
            "1:2:3",
            "99999999999",
            "4294967295",
            "a\nb",
        ] {
            assert!(user(text).is_err(), "{text}");
        }
    }

    #[test]
    fn variables_are_set_or_passed_on() {
        let set = |name: &str, value: &str| Ok(Some((name.into(), value.into())));
        assert_eq!(variable("A=b=c"), set("A", "b=c"));
        assert_eq!(variable("A="), set("A", ""));
        assert_eq!(variable("NO_SUCH_VARIABLE_HERE"), Ok(None));
        assert!(variable("PATH").is_ok_and(|pair| pair.is_some()));
        for secret in [
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN=x",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN=x",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=x",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x",
            "AWS_WEB_IDENTITY_TOKEN_FILE=x",
            "AWS_CREDENTIAL_FILE=x",
            "AWS_BEARER_TOKEN_BEDROCK=x",
            "=x",
            "",
        ] {
            assert!(variable(secret).is_err(), "{secret}");
        }
    }
}
