//! What is asked for: an image, or a snapshot that could become one.

use ami_cli::args::Args;
use ami_core::error::Error;
use ami_core::name;
use ami_core::naming::Naming;
use ami_core::reference::Reference;
use ami_core::tag::{self, Tag};
use ami_core::wait::Asked;

use crate::machine::Wishes;
use crate::options::flag;
use crate::sending::Sending;
use crate::source;
use crate::volumes::Volumes;

/// An image to be made, of whatever source.
#[derive(Debug)]
pub struct Register {
    /// How it gets its name.
    pub name: Naming,
    /// Its description.
    pub description: Option<String>,
    /// Its tags, beside those that say where it comes from.
    pub tags: Vec<Tag>,
    /// The image that it comes from, which must exist.
    pub source_image: Option<Reference>,
    /// Its block device mappings.
    pub volumes: Volumes,
    /// What it starts on.
    pub machine: Wishes,
    /// How a disk is sent.
    pub sending: Sending,
    /// A disk is to become a snapshot, and no image.
    pub snapshot_only: bool,
    /// Whether it is waited for.
    pub wait: Asked,
    /// Say only what would be done.
    pub dry_run: bool,
}

impl Register {
    /// Reads what the options say; options that the tool's table does not have count as not typed. A
    /// tool must have those for the image's name, `--description`, `--tag`, `--source-image`,
    /// `--wait`, `--timeout` and `--dry-run`.
    ///
    /// # Errors
    /// What EC2 or EBS would refuse, and what does not go together.
    pub fn read(args: &Args) -> Result<Self, Error> {
        let volumes = Volumes::read(args)?;
        let machine = Wishes::read(args)?;
        Self::with(args, volumes, machine, Sending::read(args)?)
    }

    /// The same for a bundle that is still to be made: devices and what it starts on are its manifest's,
    /// and no disk is sent from here. Options for these, such as `--size`, are the bundle's.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_bundle(args: &Args) -> Result<Self, Error> {
        let machine = Wishes::of_bundle(args)?;
        Self::with(args, Volumes::default(), machine, Sending::default())
    }

    fn with(
        args: &Args,
        volumes: Volumes,
        machine: Wishes,
        sending: Sending,
    ) -> Result<Self, Error> {
        let tags = args.values("tag", tag::parse)?;
        tag::check_own(&tags).map_err(|why| Error::usage(format!("--tag: {why}")))?;
        Ok(Self {
            name: Naming::read(args)?,
            description: args.value("description", name::parse_description)?,
            tags,
            source_image: args.value("source-image", source::image)?,
            volumes,
            machine,
            sending,
            snapshot_only: flag(args, "snapshot-only"),
            wait: Asked::read(args)?,
            dry_run: args.flag("dry-run"),
        })
    }
}
