//! A ledger: which blocks of a snapshot are done, so that a second run need not do them again.
//!
//! A line of JSON says what it is about; then comes a line for each block, `INDEX DIGEST`, appended
//! when the block is done, and `complete` when nothing is left to do:
//!
//! ```text
//! {"ami_tools":"upload journal","version":1,"snapshot":"snap-0123456789abcdef0@us-east-1",…}
//! 0 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//! complete
//! ```
//!
//! The header is on the disk before the first block is done. The other lines are not waited for: one
//! that a loss of power takes costs a block that is done twice. What such an end leaves, a last line
//! that is torn, is cut off when the ledger is opened again; anything else that is not as it was
//! written is refused and left alone.

mod read;

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use ami_core::error::Error;
use ami_core::escape::shell_word;
use ami_core::reference::Located;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::beside::{cannot, settle};
use crate::block::Digest;
use crate::line::block_line;

pub(crate) use read::Found;

/// The version that is written and read.
const VERSION: u64 = 1;
/// The last line, when nothing is left to do.
const COMPLETE: &str = "complete";
/// How often a ledger is opened again that was removed while this run waited for its lock.
const RACES: u32 = 10;

/// What a ledger is about.
pub(crate) trait Head: Serialize + DeserializeOwned {
    /// What such a ledger is called, in its file and in messages.
    const NAME: &'static str;
    /// What another run does that holds it.
    const BUSY: &'static str;

    /// The snapshot whose blocks it tells of.
    fn snapshot(&self) -> &Located;

    /// How many blocks there can be.
    fn blocks(&self) -> u64;
}

/// The first line, in the order in which it is written.
#[derive(Serialize)]
struct FirstLine<'a, H> {
    ami_tools: &'a str,
    version: u64,
    #[serde(flatten)]
    head: &'a H,
}

/// A ledger that no other run can open as long as this one holds it.
#[derive(Debug)]
pub(crate) struct Ledger {
    file: File,
    path: PathBuf,
    /// Where the next line goes. Nothing is begun while it is zero.
    end: u64,
}

impl Ledger {
    /// Opens a ledger, or makes an empty one, which is gone again unless it is begun.
    ///
    /// # Errors
    /// What cannot be opened, another run that holds it, and a file that is no ledger of that kind
    /// or is damaged; such a file is not touched.
    pub(crate) fn open<H: Head>(path: &Path) -> Result<(Self, Option<Found<H>>), Error> {
        let file = open_locked(path, H::BUSY)?;
        let read = read::read::<H>(&file).map_err(|wrong| wrong.of::<H>(path))?;
        let mut ledger = Self {
            file,
            path: path.to_owned(),
            end: 0,
        };
        if let Some((found, end)) = read {
            ledger.end = end;
            ledger
                .cut()
                .map_err(|error| cannot("write", path, &error))?;
            return Ok((ledger, Some(found)));
        }
        Ok((ledger, None))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Begins it, or begins it anew: what it held is dropped. The header outlasts a loss of power
    /// when this returns.
    pub(crate) fn begin<H: Head>(&mut self, head: &H) -> Result<(), Error> {
        let line = serde_json::to_string(&FirstLine {
            ami_tools: H::NAME,
            version: VERSION,
            head,
        });
        let begin = |line: String| {
            self.end = 0;
            self.cut()?;
            self.append(&format!("{line}\n"))?;
            self.file.sync_all()?;
            settle(&self.path)
        };
        let begun = line.map_err(io::Error::from).and_then(begin);
        begun.map_err(|error| cannot("write", &self.path, &error))
    }

    /// Notes that a block is done.
    pub(crate) fn done(&mut self, index: u32, digest: &Digest) -> Result<(), Error> {
        self.append(&block_line(index, digest))
            .map_err(|error| cannot("write", &self.path, &error))
    }

    /// Notes that nothing is left to do.
    pub(crate) fn complete(&mut self) -> Result<(), Error> {
        self.append(&format!("{COMPLETE}\n"))
            .and_then(|()| self.file.sync_all())
            .map_err(|error| cannot("write", &self.path, &error))
    }

    /// Removes it: nobody will have to go on.
    pub(crate) fn remove(self) -> Result<(), Error> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(cannot("remove", &self.path, &error))
            }
            _ => Ok(()),
        }
    }

    /// Writes at a place instead of at the end of the file: what a full disk has left of a line is
    /// written over by the next one, and never stands in front of it.
    fn append(&mut self, line: &str) -> io::Result<()> {
        self.file.write_all_at(line.as_bytes(), self.end)?;
        self.end += line.len() as u64;
        Ok(())
    }

    fn cut(&self) -> io::Result<()> {
        self.file.set_len(self.end)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        if self.end == 0 && is_there(&self.file, &self.path) {
            // It tells of nothing; where it stays, the next run finds it empty.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Opens a file of that name, and no other run's: symbolic links are not followed, so that nobody
/// who may write into the directory chooses what is written to.
fn open_locked(path: &Path, busy: &str) -> Result<File, Error> {
    for _ in 0..RACES {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // A FIFO or a device is told apart below, and must not be waited for here.
        let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = match rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => File::from(file),
            Err(Errno::LOOP) => {
                let error = Error::failed("is a symbolic link").of(path.display());
                return Err(error.hint("name the file that it leads to"));
            }
            Err(error) => return Err(cannot("open", path, &error.into())),
        };
        if !file.metadata().is_ok_and(|file| file.is_file()) {
            return Err(Error::failed("is no regular file").of(path.display()));
        }
        match file.try_lock() {
            Ok(()) if is_there(&file, path) => return Ok(file),
            // The run that held it has removed it, and the name stands for another file now.
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let what = format!("another run is {busy} it");
                let error = Error::failed(what).of(path.display());
                return Err(error.hint("wait for its end"));
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(cannot("lock", path, &error)),
        }
    }
    let error = Error::failed("other runs make and remove it all the time");
    Err(error.of(path.display()))
}

/// Does the path still lead to the open file?
fn is_there(file: &File, path: &Path) -> bool {
    let place = |file: std::fs::Metadata| (file.dev(), file.ino());
    let there = std::fs::symlink_metadata(path).map(place).ok();
    there.is_some() && there == file.metadata().map(place).ok()
}

/// How to begin anew where a file is in the way.
fn removal(path: &Path) -> String {
    let path = shell_word(&path.display().to_string());
    format!("to begin anew: rm {path}")
}
