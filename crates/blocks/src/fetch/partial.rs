//! A disk file that is not whole yet, and the ledger of what is there of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ami_core::error::Error;
use ami_core::escape::{escape, shell_word};
use ami_core::reference::Located;
use rustix::fs::{CWD, Mode, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::beside::{beside, cannot, settle};
use crate::block::{BLOCK, BLOCKS_PER_GIB, Digest, bytes};
use crate::ledger::{Found, Head, Ledger};
use crate::located;

/// What is being fetched into which file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    #[serde(with = "located")]
    snapshot: Located,
    /// The size of the volume, in GiB.
    size: u32,
    /// The number of the partial file, by which it is known again.
    inode: u64,
}

impl Head for Header {
    const NAME: &'static str = "fetch journal";
    const BUSY: &'static str = "fetching with";

    fn snapshot(&self) -> &Located {
        &self.snapshot
    }

    fn blocks(&self) -> u64 {
        u64::from(self.size) * u64::from(BLOCKS_PER_GIB)
    }
}

/// A disk file in the making.
#[derive(Debug)]
pub(super) struct Partial {
    file: Arc<File>,
    /// Where it is as long as it is not whole.
    path: PathBuf,
    /// Where it will be.
    target: PathBuf,
    /// May something that is there be replaced?
    overwrite: bool,
    ledger: Ledger,
    known: BTreeMap<u32, Digest>,
    is_blank: bool,
    /// How many blocks are known to be there.
    blocks: u64,
}

impl Partial {
    /// Opens what an earlier run has left for the same snapshot, or begins.
    pub(super) fn open(
        target: &Path,
        overwrite: bool,
        snapshot: &Located,
        size: u32,
    ) -> Result<Self, Error> {
        let named = beside(target, "ami-fetch").zip(beside(target, "ami-fetch.partial"));
        let Some((journal, path)) = named else {
            return Err(Error::usage(format!(
                "{}: is no name for a file",
                target.display()
            )));
        };
        let (mut ledger, found) = Ledger::open::<Header>(&journal)?;
        let (file, found) = match left(&path, &journal, found, snapshot)? {
            Some((file, found)) => (file, Some(found)),
            None => (begin(&path, &mut ledger, snapshot, size)?, None),
        };
        let partial = Self {
            file: Arc::new(file),
            path,
            target: target.to_owned(),
            overwrite,
            ledger,
            is_blank: found.is_none(),
            blocks: found.as_ref().map_or(0, |found| found.done.len() as u64),
            known: found.map(|found| found.done).unwrap_or_default(),
        };
        match partial.shape(size) {
            Ok(()) => Ok(partial),
            Err(error) => Err(partial.give_up(error)),
        }
    }

    /// Gives the file its size, and the permissions of the one that it replaces.
    fn shape(&self, size: u32) -> Result<(), Error> {
        let sized = self.file.set_len(u64::from(size) << 30);
        sized.map_err(|error| cannot("write", &self.path, &error))?;
        if self.overwrite
            && let Ok(old) = fs::metadata(&self.target)
        {
            // Who had kept the old file from others means the new one, too.
            let kept = self.file.set_permissions(old.permissions());
            kept.map_err(|error| cannot("change", &self.path, &error))?;
        }
        Ok(())
    }

    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    pub(super) fn is_blank(&self) -> bool {
        self.is_blank
    }

    pub(super) fn take_known(&mut self) -> BTreeMap<u32, Digest> {
        std::mem::take(&mut self.known)
    }

    pub(super) fn done(&mut self, index: u32, digest: &Digest) -> Result<(), Error> {
        self.blocks += 1;
        self.ledger.done(index, digest)
    }

    pub(super) fn lost(&mut self) {
        self.blocks = self.blocks.saturating_sub(1);
    }

    /// Gives the file its name. The ledger goes last: where only it is left, nothing is lost.
    pub(super) fn finish(self) -> Result<(), Error> {
        let renamed = match self.overwrite {
            true => fs::rename(&self.path, &self.target),
            false => rename_new(&self.path, &self.target),
        };
        renamed
            .and_then(|()| settle(&self.target))
            .map_err(|error| {
                let error = cannot("make", &self.target, &error);
                error.adding(&format!("the disk is whole in {}", shown(&self.path)))
            })?;
        self.ledger.remove()
    }

    /// Keeps what is there, unless that is nothing.
    pub(super) fn give_up(self, error: Error) -> Error {
        if self.blocks == 0 {
            // What cannot be removed is found by the next run, and gone on with.
            let _ = fs::remove_file(&self.path);
            let _ = self.ledger.remove();
            return error;
        }
        error.adding(&format!(
            "the {} that are there are kept in {} for the same command to go on with",
            bytes(self.blocks * BLOCK as u64),
            shown(&self.path)
        ))
    }
}

/// The partial file that an earlier run has left, if it is one of this snapshot.
fn left(
    path: &Path,
    journal: &Path,
    found: Option<Found<Header>>,
    snapshot: &Located,
) -> Result<Option<(File, Found<Header>)>, Error> {
    let file = match rustix::fs::open(path, OFlags::RDWR | flags(), Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(cannot("open", path, &error.into())),
    };
    let there = file.metadata();
    let there = there.map_err(|error| cannot("look at", path, &error))?;
    let refused = |what: String| {
        let words = [journal, path].map(|path| shell_word(&path.display().to_string()));
        let error = Error::failed(what).of(path.display());
        Err(error.hint(format!("to give it up: rm -f {}", words.join(" "))))
    };
    match found {
        // A run ended before it had written down what it had begun.
        None if there.len() == 0 => {
            fs::remove_file(path).map_err(|error| cannot("remove", path, &error))?;
            Ok(None)
        }
        None => refused("nothing tells what it is a part of".to_owned()),
        Some(found) if found.head.inode != there.ino() => {
            refused("is not the file that was being fetched into".to_owned())
        }
        Some(found) if found.head.snapshot != *snapshot => {
            let other = &found.head.snapshot;
            refused(format!("is a part of {other}, not of {snapshot}"))
        }
        Some(found) => Ok(Some((file, found))),
    }
}

/// Makes an empty partial file and writes down what it is for, in this order: a file without a word
/// about it is empty.
fn begin(path: &Path, ledger: &mut Ledger, snapshot: &Located, size: u32) -> Result<File, Error> {
    let create = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | flags();
    let mode = Mode::from_raw_mode(0o666);
    let file = rustix::fs::open(path, create, mode).map(File::from);
    let file = file.map_err(|error| cannot("make", path, &error.into()))?;
    let there = file.metadata();
    let begun = there.map_err(|error| cannot("look at", path, &error));
    let begun = begun.and_then(|there| {
        ledger.begin(&Header {
            snapshot: snapshot.clone(),
            size,
            inode: there.ino(),
        })
    });
    match begun {
        Ok(()) => Ok(file),
        Err(error) => {
            // What cannot be removed is empty, and the next run removes it.
            let _ = fs::remove_file(path);
            Err(error)
        }
    }
}

fn flags() -> OFlags {
    OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY
}

/// Renames without replacing what has come there meanwhile.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system can do it in one step.
        Err(Errno::INVAL | Errno::NOSYS) if !fs::exists(to)? => fs::rename(from, to),
        done => Ok(done?),
    }
}

fn shown(path: &Path) -> String {
    escape(&path.display().to_string())
}

#[cfg(test)]
mod tests;
