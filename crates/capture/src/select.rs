//! What is taken of a tree, decided by where and what it is. What files contain is for the filter's
//! second look.

use std::collections::HashSet;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::FileType;

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
    image: (u64, u64),
    excludes: HashSet<Vec<u8>>,
    own: HashSet<Vec<u8>>,
    patterns: Vec<Pattern>,
    includes: Vec<Include>,
    filter: bool,
}

/// A pattern of what the filter must let pass.
#[derive(Debug)]
struct Include {
    pattern: Pattern,
    /// As it was written.
    text: String,
    /// Something that it fits was met.
    met: AtomicBool,
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
        let patterns = order.exclude_from.as_deref().map(pattern::read);
        let excludes = order.excludes.iter().map(|path| exclude(volume, path));
        let own = order.own.iter().map(|path| exclude(volume, path));
        Ok(Self {
            mount_points: volume.mount_points.iter().cloned().collect(),
            image: (0, 0),
            excludes: excludes.collect::<Result<_, _>>()?,
            own: own.collect::<Result<_, _>>()?,
            patterns: patterns.transpose()?.unwrap_or_default(),
            includes: includes(&order.includes)?,
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
            let stays = is_directory && reason != Reason::OwnFile;
            let decision = match stays && known.inherited.filtered.is_none() {
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

    /// Is it left out by its path, whatever it is?
    pub(crate) fn excludes(&self, path: &[u8]) -> bool {
        self.excludes.contains(path)
    }

    /// Why it is left out whatever is included.
    fn kept_out(&self, known: &Known<'_>, is_directory: bool) -> Option<Reason> {
        let path = known.path;
        if path.is_empty() {
            return None;
        }
        let matched = || {
            let mut patterns = self.patterns.iter();
            patterns.any(|pattern| pattern.matches(path, is_directory))
        };
        if known.id == self.image || self.own.contains(path) {
            Some(Reason::OwnFile)
        } else if is_directory && LIVE.contains(&path) {
            Some(Reason::Live)
        } else if is_directory && self.mount_points.contains(path) {
            // A file that something is mounted on is seen as it is without.
            Some(Reason::MountPoint)
        } else if self.excludes(path) {
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
        if self.fits_include(path, is_directory) || known.inherited.included {
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
        } else if self.leads_below(path) {
            Decision::OnlyIncluded(reason)
        } else if known.inherited.filtered.is_some() {
            // Of what is in a directory that is left out not even the names are of use.
            Decision::Leave(reason)
        } else {
            Decision::Empty(reason)
        };
        (decision, inherited)
    }

    /// Is it one that an include names? Each of them is asked, to know which meet anything.
    fn fits_include(&self, path: &[u8], is_directory: bool) -> bool {
        let mut any = false;
        for one in &self.includes {
            if one.pattern.matches(path, is_directory) {
                one.met.store(true, Ordering::Relaxed);
                any = true;
            }
        }
        any
    }

    fn leads_below(&self, path: &[u8]) -> bool {
        self.includes
            .iter()
            .any(|one| one.pattern.leads_below(path))
    }

    /// The includes, as they were written, that nothing was met for.
    pub(crate) fn idle_includes(&self) -> impl Iterator<Item = &str> {
        let idle = |one: &&Include| !one.met.load(Ordering::Relaxed);
        self.includes.iter().filter(idle).map(|one| &*one.text)
    }

    /// Is the content of such a file to be looked at?
    pub(crate) fn looks_into(&self, path: &[u8], included: bool) -> bool {
        self.filter && !included && !filter::is_installed(path)
    }
}

fn includes(words: &[String]) -> Result<Vec<Include>, Error> {
    let patterns = pattern::of_words(words)?;
    let pairs = patterns.into_iter().zip(words);
    Ok(pairs
        .map(|(pattern, text)| Include {
            pattern,
            text: text.clone(),
            met: AtomicBool::new(false),
        })
        .collect())
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
    // What a broken file system says of a file may be another error, and be why it is left out.
    let is_missing = match there.symlink_metadata() {
        Ok(_) => false,
        Err(error) => matches!(
            error.kind(),
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
        ),
    };
    if rest.is_empty() || is_missing {
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
