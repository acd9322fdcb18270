//! What is asked for: names, tags, mappings, and whether to wait.

use ami_cli::args::Args;
use ami_core::error::Error;
use ami_core::mapping::{self, Mapping};
use ami_core::name;
use ami_core::tag::{self, Tag};
use ami_core::wait::{Asked, Rules};

const PREFIX: &str = "AMI";

/// The options, checked.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) name: Naming,
    pub(crate) description: Option<String>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) mappings: Vec<Mapping>,
    pub(crate) no_reboot: bool,
    pub(crate) wait: Option<Rules>,
    /// The options that a command which goes on waiting needs to do it alike.
    pub(crate) typed: Vec<String>,
    pub(crate) dry_run: bool,
}

/// How images get their names.
#[derive(Debug)]
pub(crate) enum Naming {
    /// By the user.
    Explicit(String),
    /// Made up, with this prefix.
    Automatic(String),
}

impl Request {
    pub(crate) fn read(args: &Args) -> Result<Self, Error> {
        let explicit = args.value("name", name::parse)?;
        let prefix = args.value("random-name-prefix", name::parse_prefix)?;
        let tags = args.values("tag", tag::parse)?;
        tag::check_own(&tags).map_err(|why| Error::usage(format!("--tag: {why}")))?;
        let mappings = args.values("block-device-mapping", str::parse)?;
        mapping::check_all(&mappings)
            .map_err(|why| Error::usage(format!("--block-device-mapping: {why}")))?;
        let Asked { rules, typed } = Asked::read(args)?;
        Ok(Self {
            typed,
            name: match explicit {
                Some(name) => Naming::Explicit(name),
                None => Naming::Automatic(prefix.unwrap_or_else(|| PREFIX.to_owned())),
            },
            description: args.value("description", name::parse_description)?,
            tags,
            mappings,
            no_reboot: args.flag("no-reboot"),
            wait: rules,
            dry_run: args.flag("dry-run"),
        })
    }
}
