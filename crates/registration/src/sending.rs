//! How a disk is sent: encryption, what it is compared with, and what is kept beside it.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use ami_blocks::digests::DigestList;
use ami_blocks::disk::Disk;
use ami_blocks::upload::{CALLS, Known, Parent, RATE};
use ami_cli::args::Args;
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use ami_core::reference::{Located, Reference};
use ami_core::region::Region;

use crate::options::{flag, value};
use crate::source;

/// The most calls at once: beyond that memory is wasted on what EBS throttles.
const MOST_CALLS: usize = 1024;
/// The most blocks a second: more than any link carries.
const MOST_BLOCKS: u32 = 100_000;

/// How a disk is sent.
#[derive(Debug)]
pub struct Sending {
    pub(crate) encrypt: bool,
    kms_key: Option<Key>,
    pub(crate) skip_holes: bool,
    pub(crate) calls: usize,
    pub(crate) rate: u32,
    pub(crate) convert: bool,
    pub(crate) work_dir: Option<PathBuf>,
    base: Option<Base>,
    pub(crate) save_digests: Option<PathBuf>,
    pub(crate) journal: Journal,
}

/// A KMS key.
#[derive(Debug)]
struct Key {
    arn: String,
    region: Region,
}

/// What a disk is compared with.
#[derive(Debug)]
enum Base {
    /// A snapshot, whose blocks are read, or the disk that it was made of.
    Snapshot(Reference, Option<PathBuf>),
    /// The digests that were kept of a snapshot.
    Digests(Box<DigestList>),
}

/// Whether it is kept what was sent already.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Journal {
    /// Beside the disk, where that is possible.
    Beside,
    /// There.
    At(PathBuf),
    /// No.
    Nowhere,
}

impl Default for Sending {
    /// As EBS takes it, and so that nothing is kept.
    fn default() -> Self {
        Self {
            encrypt: false,
            kms_key: None,
            skip_holes: false,
            calls: CALLS,
            rate: RATE,
            convert: false,
            work_dir: None,
            base: None,
            save_digests: None,
            journal: Journal::Nowhere,
        }
    }
}

impl Sending {
    /// Reads the options that the tool has, and the digests of a parent.
    ///
    /// # Errors
    /// What does not go together, and files that cannot be read or made.
    pub fn read(args: &Args) -> Result<Self, Error> {
        let encrypt = flag(args, "encrypt");
        let kms_key = value(args, "kms-key", key)?;
        if kms_key.is_some() && !encrypt {
            return Err(Error::usage("--kms-key is for --encrypt"));
        }
        let convert = flag(args, "convert");
        let work_dir = path(args, "work-dir")?;
        if work_dir.is_some() && !convert {
            return Err(Error::usage("--work-dir is for --convert"));
        }
        let journal = match (path(args, "journal")?, flag(args, "no-journal")) {
            (Some(path), _) => {
                ami_blocks::journal::Journal::check_place(&path)?;
                Journal::At(path)
            }
            (None, true) => Journal::Nowhere,
            (None, false) => Journal::Beside,
        };
        Ok(Self {
            encrypt,
            kms_key,
            skip_holes: flag(args, "skip-holes"),
            calls: calls(args, CALLS)?,
            rate: rate(args)?,
            convert,
            work_dir,
            base: base(args)?,
            save_digests: save_digests(args)?,
            journal,
        })
    }

    /// The ARN of the key.
    pub(crate) fn kms_key(&self) -> Option<String> {
        self.kms_key.as_ref().map(|key| key.arn.clone())
    }

    /// Refuses a key or a parent of another region than that where the snapshot will be: EBS would,
    /// in words that do not say so.
    pub(crate) fn check_region(&self, region: &Region) -> Result<(), Error> {
        let of_key = self.kms_key.as_ref().map(|key| ("--kms-key", &key.region));
        let of_base = match &self.base {
            Some(Base::Snapshot(snapshot, _)) => snapshot.region.as_ref(),
            Some(Base::Digests(list)) => Some(&list.snapshot.region),
            None => None,
        };
        let of_base = of_base.map(|region| ("the parent", region));
        match of_key
            .into_iter()
            .chain(of_base)
            .find(|(_, its)| *its != region)
        {
            None => Ok(()),
            Some((what, its)) => Err(Error::usage(format!(
                "{what} lies in {its}, and the snapshot would lie in {region}"
            ))
            .hint(format!("work there with -r {its}"))),
        }
    }

    /// What the disk is compared with.
    pub(crate) fn parent(&mut self, region: &Region) -> Result<Option<Parent>, Error> {
        let parent = match self.base.take() {
            None => return Ok(None),
            Some(Base::Digests(list)) => Parent {
                snapshot: list.snapshot.id.clone(),
                known: Known::Digests(*list),
            },
            Some(Base::Snapshot(snapshot, disk)) => {
                let Located { id, .. } = snapshot.locate(|| region.clone());
                let known = match disk {
                    Some(path) => Known::Disk(Arc::new(Disk::open(&path)?)),
                    None => Known::Blocks,
                };
                Parent {
                    snapshot: id,
                    known,
                }
            }
        };
        Ok(Some(parent))
    }
}

/// How many calls may be under way at once, by `--calls`.
///
/// # Errors
/// No number, or one too large.
pub fn calls(args: &Args, usual: usize) -> Result<usize, Error> {
    let number = |text: &str| number(text, 1..=MOST_CALLS);
    Ok(value(args, "calls", number)?.unwrap_or(usual))
}

/// How many blocks may go to or come from EBS in a second, by `--rate`.
///
/// # Errors
/// No number, or one too large.
pub fn rate(args: &Args) -> Result<u32, Error> {
    let number = |text: &str| number(text, 1..=MOST_BLOCKS);
    Ok(value(args, "rate", number)?.unwrap_or(RATE))
}

fn number<T>(text: &str, range: RangeInclusive<T>) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (least, most) = (range.start(), range.end());
        format!("'{}' is no number from {least} to {most}", escape(text))
    })
}

/// The path that an option says.
///
/// # Errors
/// An empty one.
pub fn path(args: &Args, option: &str) -> Result<Option<PathBuf>, Error> {
    let path = |text: &str| match text {
        "" => Err("a path is not empty"),
        text => Ok(PathBuf::from(text)),
    };
    Ok(value(args, option, path)?)
}

/// Where the digests of all blocks are kept. When the snapshot is complete it would be too late to
/// find that they cannot be.
fn save_digests(args: &Args) -> Result<Option<PathBuf>, Error> {
    let path = path(args, "save-digests")?;
    if let Some(path) = &path {
        DigestList::check_place(path)?;
    }
    Ok(path)
}

fn base(args: &Args) -> Result<Option<Base>, Error> {
    let parent = value(args, "parent", source::snapshot)?;
    let disk = path(args, "parent-disk")?;
    let digests = path(args, "parent-digests")?;
    if let Some(path) = digests {
        // It belongs to the command line, and nothing was called yet.
        let list =
            DigestList::read(&path).map_err(|error| Error::new(Kind::Usage, error.to_string()))?;
        if let Some(parent) = parent {
            check_same(&parent, &list.snapshot)?;
        }
        return Ok(Some(Base::Digests(Box::new(list))));
    }
    match (parent, disk) {
        (None, Some(_)) => Err(Error::usage("--parent-disk is for --parent")
            .hint("name the snapshot that was made of it")),
        (None, None) => Ok(None),
        (Some(parent), disk) => Ok(Some(Base::Snapshot(parent, disk))),
    }
}

/// A list that is not of the parent would leave blocks out that the parent does not have.
fn check_same(parent: &Reference, listed: &Located) -> Result<(), Error> {
    let is_same_region = parent
        .region
        .as_ref()
        .is_none_or(|its| *its == listed.region);
    if parent.id == listed.id && is_same_region {
        return Ok(());
    }
    let what = format!(
        "--parent-digests is of {listed}, not of --parent {}",
        parent.id
    );
    Err(Error::usage(what))
}

/// `arn:PARTITION:kms:REGION:ACCOUNT:key/ID` (EBS direct API reference, StartSnapshot, KmsKeyArn).
fn key(text: &str) -> Result<Key, String> {
    let parts: Vec<_> = text.split(':').collect();
    let region = match *parts.as_slice() {
        ["arn", partition, "kms", region, account, key]
            if partition.starts_with("aws")
                && account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && key.strip_prefix("key/").is_some_and(|id| !id.is_empty()) =>
        {
            region.parse().ok()
        }
        _ => None,
    };
    let arn = text.to_owned();
    region.map(|region| Key { arn, region }).ok_or_else(|| {
        let shown = escape(text);
        let word = ami_core::escape::shell_word(text);
        format!(
            "'{shown}' is not the ARN of a key, and EBS takes nothing else; \
             'aws kms describe-key --key-id {word} --query KeyMetadata.Arn --output text' tells it"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn a_key_is_named_by_its_arn() {
        let arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        assert_eq!(key(arn).expect("a key").region.as_str(), "eu-west-1");
        assert!(key("arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1").is_ok());
        for bad in [
            "alias/web",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:123456789012:alias/web",
            "arn:aws:kms:mars:123456789012:key/1",
            "arn:aws:kms:eu-west-1:12:key/1",
            "arn:aws:s3:eu-west-1:123456789012:key/1",
        ] {
            let error = key(bad).expect_err(bad);
            assert!(error.contains("aws kms describe-key"), "{bad}: {error}");
        }
    }
}
