//! Hard links: files with several names, copied once.

use std::collections::HashMap;
use std::ffi::CStr;
use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, Stat, linkat};
use rustix::io::Errno;

use crate::descent::{open_below, split};
use crate::walk::Entry;

/// Where files that have several names were copied to first.
#[derive(Debug, Default)]
pub(super) struct Links {
    first: HashMap<(u64, u64), (Vec<u8>, Version)>,
}

/// An inode's number may be another file's meanwhile.
type Version = (i64, u64, i64);

impl Links {
    /// The path of the copy of a file that has come under another name before.
    pub(super) fn first(&self, entry: &Entry<'_>) -> Option<Vec<u8>> {
        if entry.stat.st_nlink < 2 || entry.emptied {
            return None;
        }
        let (path, seen) = self.first.get(&id(entry.stat))?;
        (*seen == version(entry.stat)).then(|| path.clone())
    }

    /// A file was copied.
    pub(super) fn remember(&mut self, entry: &Entry<'_>) {
        if entry.stat.st_nlink > 1 && !entry.emptied {
            let value = (entry.path.to_vec(), version(entry.stat));
            self.first.insert(id(entry.stat), value);
        }
    }
}

/// Gives a file of the image a further name. False if it has as many as it can have.
pub(super) fn link(
    top: BorrowedFd<'_>,
    first: &[u8],
    here: BorrowedFd<'_>,
    name: &CStr,
) -> std::io::Result<bool> {
    let (directory, first) = split(first);
    let directory = open_below(top, directory)?;
    match linkat(&directory, first, here, name, AtFlags::empty()) {
        Err(Errno::MLINK) => Ok(false),
        result => {
            result?;
            Ok(true)
        }
    }
}

fn id(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

fn version(stat: &Stat) -> Version {
    (
        stat.st_mtime as _,
        stat.st_mtime_nsec as _,
        stat.st_size as _,
    )
}
