//! What is asked for, checked before anything is begun.

mod cloud;

use std::path::PathBuf;

use ami_cli::args::Args;
use ami_core::error::Error;
use ami_core::name;
use ami_core::tag::{self, Tag};

use crate::prepare::Filesystem;
use crate::size;
use crate::source::{Source, Typed, base_tag};
use crate::wishes::Wishes;

pub(crate) use cloud::{Cloud, VolumeWishes};

/// Options that say nothing to a disk file.
const OF_CLOUD: [&str; 16] = [
    "name",
    "random-name-prefix",
    "description",
    "tag",
    "block-device-mapping",
    "root-device",
    "arch",
    "boot-mode",
    "no-ena",
    "imds",
    "volume-type",
    "volume-initialization-rate",
    "encrypt",
    "kms-key",
    "wait",
    "timeout",
];
/// Options that only a disk file has a use for.
const OF_FILES: [&str; 2] = ["output", "in-place"];
/// Options that only a sweep, or the table of all tools, has a use for.
const OF_SWEEP: [&str; 12] = [
    "sweep",
    "dry-run",
    "region",
    "profile",
    "endpoint-url",
    "columns",
    "json",
    "bare",
    "quiet",
    "verbose",
    "help",
    "version",
];

/// Options that a base has a use for, beside those of all tools.
const OF_PREPARE: [&str; 11] = [
    "prepare-base",
    "output",
    "filesystem",
    "gpt",
    "size",
    "volume-type",
    "volume-initialization-rate",
    "encrypt",
    "kms-key",
    "description",
    "tag",
];
/// As large as amidala made it.
const BASE_SIZE: u64 = 10 << 30;

/// What is asked for.
pub(crate) enum Request {
    /// A build.
    Build(Box<Build>),
    /// A base for builds.
    Prepare(Box<Prepare>),
    /// That what killed builds left is removed.
    Sweep { dry_run: bool },
}

/// A command to be run in a copy of a disk.
pub(crate) struct Build {
    pub(crate) wishes: Wishes,
    pub(crate) place: Place,
    /// The disk's size in bytes, if it is to have another.
    pub(crate) size: Option<u64>,
    pub(crate) keep: bool,
    pub(crate) dry_run: bool,
}

/// A base to be made of an archive.
pub(crate) struct Prepare {
    /// The archive; `-` for standard input.
    pub(crate) archive: PathBuf,
    pub(crate) filesystem: Filesystem,
    /// Is there to be a partition table?
    pub(crate) gpt: bool,
    /// The size of the disk.
    pub(crate) bytes: u64,
    /// The disk file that is to be made; without one it is a snapshot.
    pub(crate) output: Option<PathBuf>,
    pub(crate) volume: VolumeWishes,
    pub(crate) description: Option<String>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) dry_run: bool,
}

/// Where the disk is.
pub(crate) enum Place {
    File(File),
    Cloud(Box<Cloud>),
}

/// A disk in a file.
pub(crate) struct File {
    pub(crate) source: PathBuf,
    /// The file that the copy becomes; without one the build is done in the source itself.
    pub(crate) output: Option<PathBuf>,
}

impl Request {
    pub(crate) fn read(args: &Args) -> Result<Self, Error> {
        if args.flag("sweep") {
            let options = args.spec().options().map(|option| option.long);
            refuse(
                args,
                options.filter(|long| !OF_SWEEP.contains(long)),
                "nothing to --sweep",
            )?;
            if !args.operands().is_empty() {
                return Err(Error::usage("--sweep runs no command"));
            }
            let dry_run = args.flag("dry-run");
            return Ok(Self::Sweep { dry_run });
        }
        if let Some(archive) = args.value("prepare-base", path)? {
            return Ok(Self::Prepare(Box::new(Prepare::read(args, archive)?)));
        }
        refuse(args, ["filesystem", "gpt"], "for --prepare-base")?;
        Ok(Self::Build(Box::new(Build::read(args)?)))
    }
}

impl Prepare {
    fn read(args: &Args, archive: PathBuf) -> Result<Self, Error> {
        if !args.operands().is_empty() {
            return Err(Error::usage("--prepare-base runs no command"));
        }
        let output = args.value("output", output)?;
        if output.is_some() {
            refuse(args, OF_CLOUD, "for snapshots, and -o makes a disk file")?;
        }
        let filesystem = args.value("filesystem", str::parse)?;
        let bytes = args.value("size", size::parse)?.unwrap_or(BASE_SIZE);
        let size = size::gibibytes(bytes).map_err(Error::usage)?;
        let mut tags = tags(args)?;
        if tags.is_empty() {
            tags.push(base_tag());
        }
        let prepare = Self {
            archive,
            filesystem: filesystem.unwrap_or_default(),
            gpt: args.flag("gpt"),
            bytes: match output {
                Some(_) => bytes,
                None => u64::from(size.unsigned_abs()) << 30,
            },
            output,
            volume: VolumeWishes::read(args, Some(size))?,
            description: args.value("description", name::parse_description)?,
            tags,
            dry_run: args.flag("dry-run"),
        };
        let all = args.spec().options().map(|option| option.long);
        let others = all.filter(|long| !OF_PREPARE.contains(long) && !OF_SWEEP.contains(long));
        refuse(args, others, "nothing to --prepare-base")?;
        Ok(prepare)
    }
}

impl Build {
    fn read(args: &Args) -> Result<Self, Error> {
        let typed = Typed::read(args)?;
        let size = args.value("size", size::parse)?;
        let keep = args.flag("keep-on-failure");
        let place = match typed.source {
            Source::File(source) => {
                refuse(args, OF_CLOUD, "for snapshots, volumes and images")?;
                Place::File(File::read(args, source)?)
            }
            source => {
                refuse(args, OF_FILES, "for disk files").map_err(|error| {
                    // Whoever wrote 'ami-chroot -o FILE -- SOURCE COMMAND' meant that SOURCE.
                    match args.separator() {
                        Some(0) => error.hint("SOURCE stands before the --"),
                        _ => error,
                    }
                })?;
                Place::Cloud(Box::new(Cloud::read(args, source, size)?))
            }
        };
        Ok(Self {
            wishes: Wishes::read(args, typed.command)?,
            place,
            size,
            keep,
            dry_run: args.flag("dry-run"),
        })
    }
}

impl File {
    fn read(args: &Args, source: PathBuf) -> Result<Self, Error> {
        let (output, in_place) = (args.value("output", output)?, args.flag("in-place"));
        if output.is_none() && !in_place {
            let what = "say where the result goes: -o FILE, or --in-place";
            let error = Error::usage(what);
            // Whoever forgot the '--' of 'ami-chroot -- COMMAND' has typed no disk at all.
            return Err(match source.exists() {
                true => error,
                false => error.hint("to build in the newest base: ami-chroot -- COMMAND"),
            });
        }
        Ok(Self { source, output })
    }
}

/// The user's own tags.
pub(crate) fn tags(args: &Args) -> Result<Vec<Tag>, Error> {
    let tags = args.values("tag", tag::parse)?;
    tag::check_own(&tags).map_err(|why| Error::usage(format!("--tag: {why}")))?;
    Ok(tags)
}

/// Refuses options that were typed and say nothing here, and has them read.
pub(crate) fn refuse<'a>(
    args: &Args,
    options: impl IntoIterator<Item = &'a str>,
    what: &str,
) -> Result<(), Error> {
    let mut typed = options.into_iter().filter(|option| args.flag(option));
    let first = typed.next();
    // Each is asked for, so that none counts as forgotten.
    typed.for_each(drop);
    match first {
        None => Ok(()),
        Some(option) => Err(Error::usage(format!("--{option} is {what}"))),
    }
}

/// Where a disk file goes. Standard output would be the `-` of other tools.
fn output(text: &str) -> Result<PathBuf, &'static str> {
    match text {
        "-" => Err("a disk is not written to standard output; for a file of that name write ./-"),
        _ => path(text),
    }
}

pub(crate) fn path(text: &str) -> Result<PathBuf, &'static str> {
    match text {
        "" => Err("a file has a name"),
        _ => Ok(text.into()),
    }
}
