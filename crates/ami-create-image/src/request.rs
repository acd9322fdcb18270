//! What is asked for: names, tags, mappings, and whether to wait.

use ami_cli::args::Args;
use ami_core::error::Error;
use ami_core::mapping::{self, Mapping};
use ami_core::name;
use ami_core::naming::Naming;
use ami_core::tag::{self, Tag};
use ami_core::wait::{Asked, Rules};

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

impl Request {
    pub(crate) fn read(args: &Args) -> Result<Self, Error> {
        let tags = args.values("tag", tag::parse)?;
        tag::check_own(&tags).map_err(|why| Error::usage(format!("--tag: {why}")))?;
        let mappings = args.values("block-device-mapping", str::parse)?;
        mapping::check_all(&mappings)
            .map_err(|why| Error::usage(format!("--block-device-mapping: {why}")))?;
        let Asked { rules, typed } = Asked::read(args)?;
        Ok(Self {
            typed,
            name: Naming::read(args)?,
            description: args.value("description", name::parse_description)?,
            tags,
            mappings,
            no_reboot: args.flag("no-reboot"),
            wait: rules,
            dry_run: args.flag("dry-run"),
        })
    }
}
