//! The journal of an upload: what EBS has of a pending snapshot, so that a second run can go on.
//!
//! It is a ledger, a file with a line of JSON that is the [`Header`] and then a line for each block
//! that EBS has acknowledged, `INDEX DIGEST`; `crate::ledger` says what it outlasts. It has to be
//! removed when the snapshot has an owner that will not forget it: see [`Journal::forget`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use ami_core::error::Error;
use ami_core::reference::Located;
use rustix::fs::{Access, access};
use serde::{Deserialize, Serialize};

use crate::beside::{beside, check_file, directory};
use crate::block::{BLOCKS_PER_GIB, Digest};
use crate::ledger::{Head, Ledger};
use crate::located;

/// What an upload is of, and of which disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The pending snapshot.
    #[serde(with = "located")]
    pub snapshot: Located,
    /// The UUID of the run that started it.
    pub run: String,
    /// The size of the volume, in GiB.
    pub size: u32,
    /// Does EBS encrypt it?
    pub is_encrypted: bool,
    /// A digest of the options that two runs must agree on; whoever uploads decides which.
    pub asked: String,
    /// The disk.
    pub disk: Identity,
}

impl Head for Header {
    const NAME: &'static str = "upload journal";
    const BUSY: &'static str = "uploading with";

    fn snapshot(&self) -> &Located {
        &self.snapshot
    }

    fn blocks(&self) -> u64 {
        u64::from(self.size) * u64::from(BLOCKS_PER_GIB)
    }
}

/// By what a disk that was not written to since is known again. When all of it is the same, nobody
/// has written to the file or changed its times: the time of the last change cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The number of the device that the file lies on; for a block device, its own. A restart of the
    /// machine may give another number to the same device.
    pub device: u64,
    /// The number of the file on it.
    pub inode: u64,
    /// Its size in bytes.
    pub size: u64,
    /// When it was written to, in nanoseconds since 1970.
    pub modified: i64,
    /// When anything about it changed (`ctime`), in nanoseconds since 1970.
    pub changed: i64,
}

impl Identity {
    /// That of an open file or block device of `size` bytes.
    ///
    /// # Errors
    /// What fstat(2) says.
    pub fn of(file: &File, size: u64) -> io::Result<Self> {
        let file = file.metadata()?;
        // 64 bits hold the nanoseconds up to the year 2262.
        let nanoseconds = |seconds: i64, rest: i64| {
            let seconds = seconds.saturating_mul(1_000_000_000);
            seconds.saturating_add(rest)
        };
        Ok(Self {
            device: match file.file_type().is_block_device() {
                true => file.rdev(),
                false => file.dev(),
            },
            inode: file.ino(),
            size,
            modified: nanoseconds(file.mtime(), file.mtime_nsec()),
            changed: nanoseconds(file.ctime(), file.ctime_nsec()),
        })
    }
}

/// What a journal held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What the upload is of.
    pub header: Header,
    /// The digests of the blocks that EBS has. Of a block that was sent again, the last one.
    pub sent: BTreeMap<u32, Digest>,
    /// Has EBS accepted that all blocks are sent?
    pub is_complete: bool,
}

/// A journal that was opened.
#[derive(Debug)]
pub enum Opened {
    /// There was none. It is gone again when it is dropped before it is begun.
    New(Journal),
    /// An earlier run has left it.
    Found(Journal, Box<Record>),
}

/// A journal that no other run can open as long as this one holds it.
#[derive(Debug)]
pub struct Journal(Ledger);

impl Journal {
    /// Where the journal of a disk is kept unless somebody says another place: `DIR/.NAME.ami-upload`
    /// for `DIR/NAME`. None where nobody may write: in a directory that is read-only.
    pub fn beside(disk: &Path) -> Option<PathBuf> {
        let wanted = Access::WRITE_OK | Access::EXEC_OK;
        access(directory(disk), wanted).ok()?;
        beside(disk, "ami-upload")
    }

    /// Checks whether a journal can be kept there.
    ///
    /// # Errors
    /// A usage error, for those who ask before anything is called.
    pub fn check_place(path: &Path) -> Result<(), Error> {
        check_file(path)
    }

    /// Opens a journal, or makes one with mode 0600; a symbolic link is not followed.
    ///
    /// # Errors
    /// What cannot be opened or locked, another run that is uploading with it, and a file that is no
    /// journal or is damaged, with what to do. Such a file is never changed.
    pub fn open(path: &Path) -> Result<Opened, Error> {
        let (ledger, found) = Ledger::open::<Header>(path)?;
        let journal = Self(ledger);
        Ok(match found {
            None => Opened::New(journal),
            Some(found) => Opened::Found(
                journal,
                Box::new(Record {
                    header: found.head,
                    sent: found.done,
                    is_complete: found.is_complete,
                }),
            ),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Begins it, or begins it anew for another snapshot; what was noted before is dropped. The header
    /// is on the disk when this returns, so that no block is sent to a snapshot that nobody would find
    /// again.
    ///
    /// # Errors
    /// What cannot be written.
    pub fn begin(&mut self, header: &Header) -> Result<(), Error> {
        self.0.begin(header)
    }

    /// Notes that EBS has acknowledged a block: one write(2), which is not waited for to reach the
    /// disk.
    ///
    /// # Errors
    /// What cannot be written. The journal stays good; the block would be sent again.
    pub fn sent(&mut self, index: u32, digest: &Digest) -> Result<(), Error> {
        self.0.done(index, digest)
    }

    /// Notes that EBS has accepted that all blocks are sent.
    ///
    /// # Errors
    /// What cannot be written.
    pub fn complete(&mut self) -> Result<(), Error> {
        self.0.complete()
    }

    /// Removes it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget(self) -> Result<(), Error> {
        self.0.remove()
    }
}

#[cfg(test)]
mod tests;
