//! What is taken of a tree, decided by where and what it is. What files contain is for the filter's
//! second look.

use std::collections::HashSet;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::FileType;

use crate::error::Because;
use crate::mounts::below;
use crate::pattern::{self, Pattern};
use crate::volume::Volume;
use crate::{Error, Order, Reason, filter};

/// What belongs to the running system. The directories stay.
const LIVE: [&[u8]; 8] = [
    b"proc", b"sys", b"dev", b"run", b"tmp", b"var/tmp", b"mnt", b"media",
];

/// What is taken of a tree. Paths have no slash before them; the top's is empty.
#[derive(Debug)]
pub(crate) struct Selection {
    mount_points: HashSet<Vec<u8>>,
    work: (u64, u64),
    image: (u64, u64),
    excludes: HashSet<Vec<u8>>,
    patterns: Vec<Pattern>,
    includes: Vec<Pattern>,
    filter: bool,
}

/// What becomes of an entry of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is taken; a directory with what is selected of what is in it.
    Take,
    /// A directory is taken, but nothing that is in it; a file is made empty.
    Empty(Reason),
    /// A directory, of which only what includes name is taken.
    OnlyIncluded(Reason),
    /// It is not there.
    Leave(Reason),
}

/// What an entry is, as far as that decides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// Its path.
    pub path: &'a [u8],
    /// Its type.
    pub kind: FileType,
    /// Device and inode.
    pub id: (u64, u64),
    /// What its directory said of it.
    pub inherited: Inherited,
}

/// What a directory says of all below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Inherited {
    /// The filter lets it pass.
    pub included: bool,
    /// The filter leaves it out, but for what includes name.
    pub filtered: Option<Reason>,
}

impl Selection {
    /// Reads an order.
    pub(crate) fn new(order: &Order, volume: &Volume) -> Result<Self, Error> {
        let work = order
            .work_dir
            .metadata()
            .because(|| format!("work directory {}", order.work_dir.display()))?;
        let patterns = order.exclude_from.as_deref().map(pattern::read);
        let excludes = order.excludes.iter().map(|path| exclude(volume, path));
        Ok(Self {
            mount_points: volume.mount_points.iter().cloned().collect(),
            work: id(&work),
            image: (0, 0),
            excludes: excludes.collect::<Result<_, _>>()?,
            patterns: patterns.transpose()?.unwrap_or_default(),
            includes: pattern::of_words(&order.includes)?,
            filter: order.filter,
        })
    }

    /// The image itself is never taken, wherever it is.
    pub(crate) fn without_image(&mut self, image: &Metadata) {
        self.image = id(image);
    }

    /// Decides, and says what holds below if it is a directory.
    pub(crate) fn decide(&self, known: &Known<'_>) -> (Decision, Inherited) {
        let is_directory = known.kind == FileType::Directory;
        if let Some(reason) = self.kept_out(known, is_directory) {
            let decision = match is_directory {
                true => Decision::Empty(reason),
                false => Decision::Leave(reason),
            };
            return (decision, known.inherited);
        }
        if !self.filter {
            return (Decision::Take, known.inherited);
        }
        self.filtered(known, is_directory)
    }

    /// Why it is left out whatever is included.
    fn kept_out(&self, known: &Known<'_>, is_directory: bool) -> Option<Reason> {
        let path = known.path;
        if path.is_empty() {
            return None;
        }
        let at_work = known.id == self.image || is_directory && known.id == self.work;
        let matched = || {
            let mut patterns = self.patterns.iter();
            patterns.any(|pattern| pattern.matches(path, is_directory))
        };
        if at_work {
            Some(Reason::WorkDirectory)
        } else if is_directory && LIVE.contains(&path) {
            Some(Reason::Live)
        } else if is_directory && self.mount_points.contains(path) {
            // A file that something is mounted on is seen as it is without.
            Some(Reason::MountPoint)
        } else if self.excludes.contains(path) {
            Some(Reason::Excluded)
        } else if matched() {
            Some(Reason::Pattern)
        } else if known.kind == FileType::Socket {
            Some(Reason::Socket)
        } else {
            None
        }
    }

    fn filtered(&self, known: &Known<'_>, is_directory: bool) -> (Decision, Inherited) {
        let path = known.path;
        let mut includes = self.includes.iter();
        let included =
            known.inherited.included || includes.any(|one| one.matches(path, is_directory));
        if included {
            let inherited = Inherited {
                included: true,
                filtered: None,
            };
            return (Decision::Take, inherited);
        }
        let reason = known
            .inherited
            .filtered
            .or_else(|| filter::by_name(path, known.kind));
        let Some(reason) = reason else {
            return (Decision::Take, known.inherited);
        };
        let inherited = Inherited {
            included: false,
            filtered: Some(reason),
        };
        let decision = if reason == Reason::MachineId && filter::is_emptied(path) {
            Decision::Empty(reason)
        } else if !is_directory {
            Decision::Leave(reason)
        } else if self.includes.iter().any(|one| one.leads_below(path)) {
            Decision::OnlyIncluded(reason)
        } else {
            Decision::Empty(reason)
        };
        (decision, inherited)
    }

    /// Is the content of such a file to be looked at?
    pub(crate) fn looks_into(&self, path: &[u8], included: bool) -> bool {
        self.filter && !included && !filter::is_installed(path)
    }
}

fn id(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// A path to leave out, as it is in the image.
fn exclude(volume: &Volume, path: &Path) -> Result<Vec<u8>, Error> {
    let bytes = path.as_os_str().as_bytes();
    if !path.is_absolute() {
        let text = format!("{} to exclude is not absolute", path.display());
        return Err(Error::order(text));
    }
    let top = volume.path.as_os_str().as_bytes();
    let clean = |bytes: &[u8]| {
        let parts = bytes.split(|byte| *byte == b'/');
        let parts: Vec<&[u8]> = parts
            .filter(|part| !part.is_empty() && *part != b".")
            .collect();
        parts.join(&b'/')
    };
    let full = [b"/".to_vec(), clean(bytes)].concat();
    if full.split(|byte| *byte == b'/').any(|part| part == b"..") {
        let text = format!("{} to exclude has a '..' in it", path.display());
        return Err(Error::order(text));
    }
    let rest = below(&full, top).map_or_else(|| clean(bytes), <[u8]>::to_vec);
    let rest = resolved(volume, &rest).unwrap_or(rest);
    let there = volume.path.join(std::ffi::OsStr::from_bytes(&rest));
    if rest.is_empty() || there.symlink_metadata().is_err() {
        let (path, top) = (path.display(), volume.path.display());
        let text = format!("{path} to exclude is not there, neither as it is nor below {top}");
        return Err(Error::order(text));
    }
    Ok(rest)
}

/// The same path, where links lead to its directory: `/var/run/x` can be `/run/x`.
fn resolved(volume: &Volume, rest: &[u8]) -> Option<Vec<u8>> {
    let path = volume.path.join(std::ffi::OsStr::from_bytes(rest));
    let parent = path.parent()?.canonicalize().ok()?;
    let path = parent.join(path.file_name()?);
    let top = volume.path.as_os_str().as_bytes();
    below(path.as_os_str().as_bytes(), top).map(<[u8]>::to_vec)
}
