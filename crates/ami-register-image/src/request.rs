//! What is asked for: an image, a snapshot, or the way back; and that it makes sense together.

use std::path::PathBuf;

use ami_blocks::fetch;
use ami_cli::args::Args;
use ami_core::error::Error;
use ami_core::id::Kind;
use ami_core::reference::Reference;
use ami_registration::{Register, Source, sending};

use crate::source;

/// Options that are for disks only.
const OF_DISKS: [&str; 14] = [
    "snapshot-only",
    "encrypt",
    "kms-key",
    "skip-holes",
    "calls",
    "rate",
    "convert",
    "work-dir",
    "parent",
    "parent-disk",
    "parent-digests",
    "save-digests",
    "journal",
    "no-journal",
];
/// Options that a bundle has no use for: it has no snapshot, and the machines that start it know
/// neither UEFI nor the Elastic Network Adapter.
const NOT_OF_BUNDLES: [&str; 7] = [
    "size",
    "volume-type",
    "root-device",
    "boot-mode",
    "no-ena",
    "tpm",
    "uefi-data",
];
/// Options that only a bundle has a use for.
const OF_BUNDLES: [&str; 3] = ["virtualization", "kernel", "ramdisk"];
/// Options that only the way back has a use for.
const OF_FETCHING: [&str; 3] = ["output", "overwrite", "device"];

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Request {
    /// An image, or a snapshot that could become one.
    Register(Source, Box<Register>),
    /// A disk file.
    Fetch(Fetch),
}

/// A disk file to be made.
#[derive(Debug)]
pub(crate) struct Fetch {
    /// Of this snapshot, or of one of this image.
    pub(crate) of: Reference,
    /// The device of the image that is meant, if it is not the root.
    pub(crate) device: Option<String>,
    pub(crate) file: PathBuf,
    pub(crate) overwrite: bool,
    pub(crate) calls: usize,
    pub(crate) rate: u32,
}

impl Request {
    pub(crate) fn read(args: &Args) -> Result<Self, Error> {
        let output = sending::path(args, "output")?;
        let device = args.value("device", |text: &str| Ok::<_, String>(text.to_owned()))?;
        if args.flag("fetch") {
            return Fetch::read(args, output, device).map(Self::Fetch);
        }
        if let Some(option) = OF_FETCHING.iter().find(|option| args.flag(option)) {
            return Err(Error::usage(format!("--{option} is for --fetch")));
        }
        let source = source::read(args.operands())?;
        check_kind(args, &source)?;
        Ok(Self::Register(source, Box::new(Register::read(args)?)))
    }
}

impl Fetch {
    fn read(args: &Args, file: Option<PathBuf>, device: Option<String>) -> Result<Self, Error> {
        let of = source::to_fetch(args.operands())?;
        if device.is_some() && of.id.kind() == Kind::Snapshot {
            return Err(Error::usage(
                "--device is for images, and a snapshot has one disk",
            ));
        }
        let file = file.ok_or_else(|| Error::usage("--fetch needs --output FILE"))?;
        let overwrite = args.flag("overwrite");
        fetch::check_place(&file, overwrite)?;
        // The table lets none of the others stand beside --fetch, so that they are read by looking.
        for option in args.spec().options() {
            let _ = args.flag(option.long);
        }
        Ok(Self {
            of,
            device,
            file,
            overwrite,
            calls: sending::calls(args, fetch::CALLS)?,
            rate: sending::rate(args)?,
        })
    }
}

/// Refuses options that say nothing to a source of that kind.
fn check_kind(args: &Args, source: &Source) -> Result<(), Error> {
    let refuse = |options: &[&str], what: &str| match options.iter().find(|one| args.flag(one)) {
        None => Ok(()),
        Some(option) => Err(Error::usage(format!("--{option} is {what}"))),
    };
    match source {
        Source::Bundle(_) => {
            refuse(&OF_DISKS, "for disks, and SOURCE is a bundle")?;
            refuse(&NOT_OF_BUNDLES, "not for bundles")
        }
        Source::Snapshot(_) => {
            refuse(&OF_DISKS, "for disks, and SOURCE is a snapshot")?;
            refuse(&OF_BUNDLES, "for bundles, and SOURCE is a snapshot")
        }
        Source::Input | Source::Path(_) | Source::Given(_) => {
            refuse(&OF_BUNDLES, "for bundles, and SOURCE is a disk")
        }
    }
}
