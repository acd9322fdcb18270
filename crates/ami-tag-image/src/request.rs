//! What is asked for: the heritage that is given, and where the rest comes from.

use std::ffi::OsString;

use ami_cli::args::Args;
use ami_core::created;
use ami_core::error::Error;
use ami_core::id::{Id, Kind};
use ami_core::reference::Reference;
use ami_core::region::Region;
use ami_core::time::Moment;

/// The options, checked.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) given: Given,
    pub(crate) auto: bool,
    pub(crate) with_snapshots: bool,
    pub(crate) dry_run: bool,
}

/// What the command line says of where images come from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    pub(crate) source_image: Option<Id>,
    pub(crate) source_region: Option<Region>,
    pub(crate) source_instance: Option<Id>,
    /// Always there without `--auto`.
    pub(crate) created: Option<Moment>,
}

impl Request {
    pub(crate) fn read(args: &Args) -> Result<Self, Error> {
        let given = Given::read(args)?;
        let auto = args.flag("auto");
        if given.created.is_none() && !auto {
            return Err(Error::usage(
                "give --create-date or --create-timestamp, or --auto to take EC2's word for it",
            ));
        }
        Ok(Self {
            given,
            auto,
            with_snapshots: args.flag("with-snapshots"),
            dry_run: args.flag("dry-run"),
        })
    }

    /// Refuses an image on the command line that is named as its own source.
    pub(crate) fn check(&self, operands: &[OsString]) -> Result<(), Error> {
        let images = operands.iter().filter_map(|word| {
            let reference: Reference = word.to_string_lossy().parse().ok()?;
            Some(reference.id)
        });
        match images.into_iter().find(|image| self.is_source(image)) {
            Some(image) => Err(Error::usage(format!("{image} cannot be its own source"))),
            None => Ok(()),
        }
    }

    /// Is an image given as the source? IDs are unique, whatever region they are named with.
    pub(crate) fn is_source(&self, image: &Id) -> bool {
        self.given.source_image.as_ref() == Some(image)
    }
}

impl Given {
    fn read(args: &Args) -> Result<Self, Error> {
        let source = args.value("source-image", |text| {
            Reference::parse(text, &[Kind::Image])
        })?;
        let (source_image, said) = match source {
            Some(source) => (Some(source.id), source.region),
            None => (None, None),
        };
        let region: Option<Region> = args.value("source-region", str::parse)?;
        if let (Some(said), Some(region)) = (&said, &region)
            && said != region
        {
            return Err(Error::usage(format!(
                "--source-image says {said}, and --source-region says {region}"
            )));
        }
        let date = args.value("create-date", created::parse_date)?;
        let timestamp = args.value("create-timestamp", created::parse_timestamp)?;
        Ok(Self {
            source_image,
            source_region: said.or(region),
            source_instance: args.value("source-instance", instance)?,
            created: date.or(timestamp),
        })
    }
}

/// An instance is named by its ID alone: its region would be no tag.
fn instance(text: &str) -> Result<Id, String> {
    let reference = Reference::parse(text, &[Kind::Instance])?;
    match reference.region {
        None => Ok(reference.id),
        Some(_) => Err(format!(
            "name the instance by its ID alone: {}",
            reference.id
        )),
    }
}
