//! How large a file system must be for a tree.

use std::collections::HashSet;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{StatVfs, fstatvfs};

use crate::select::Selection;
use crate::walk::{Entry, Visitor, Walk};
use crate::{Error, FileSystem, Reason, Report, Watch};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// What ec2-bundle-vol took for a volume, and the most that the root of an S3-backed image can have.
pub(crate) const USUAL: u64 = 10 * GIB;

/// What a tree takes.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Need {
    /// Bytes of files and directories, in whole blocks.
    pub bytes: u64,
    /// Files, directories and whatever else.
    pub files: u64,
}

impl Need {
    /// All that is used on a file system: more than any selection of it needs.
    pub(crate) fn of_file_system(any: BorrowedFd<'_>) -> rustix::io::Result<Self> {
        let known: StatVfs = fstatvfs(any)?;
        Ok(Self {
            bytes: known.f_blocks.saturating_sub(known.f_bfree) * known.f_frsize,
            files: known.f_files.saturating_sub(known.f_ffree),
        })
    }

    /// What is selected of a tree.
    pub(crate) fn of_tree(
        top: BorrowedFd<'_>,
        selection: &Selection,
        watch: &Watch<'_>,
    ) -> Result<Self, Error> {
        let top: OwnedFd = crate::descent::open_below(top, b"")
            .map_err(|error| crate::walk::failed(b"", error))?;
        let mut walk = Walk {
            selection,
            watch,
            visitor: Count::default(),
            report: Report::default(),
        };
        walk.run(top)?;
        Ok(walk.visitor.need)
    }

    /// The size of a file system that holds it, in bytes. It is on the safe side: tables, logs, and
    /// blocks that are not filled differ from version to version.
    pub(crate) fn size(self, kind: FileSystem) -> u64 {
        let Self { bytes, files } = self;
        let size = match kind {
            FileSystem::Ext2 | FileSystem::Ext3 | FileSystem::Ext4 => {
                let content = bytes + bytes / 12 + files * 512;
                let log = (content / 8).clamp(8 * MIB, 160 * MIB);
                // An inode for 16 KiB is made.
                (content + log + content / 32 + 8 * MIB).max(files * (17 << 10))
            }
            FileSystem::Xfs => bytes + bytes / 10 + files * 768 + 160 * MIB,
            // Small files are in its tables, and these are there twice.
            FileSystem::Btrfs => bytes + bytes / 8 + files * 4096 + 320 * MIB,
        };
        size.max(kind.least_bytes()).next_multiple_of(16 * MIB)
    }

    /// The size when nothing is said about it.
    pub(crate) fn usual_size(self, kind: FileSystem) -> u64 {
        let size = self.size(kind);
        match size <= USUAL {
            true => USUAL,
            false => (size + size / 8).next_multiple_of(GIB),
        }
    }
}

/// A size as people type them.
pub(crate) fn words(bytes: u64) -> String {
    match bytes.is_multiple_of(GIB) {
        true => format!("{} GiB", bytes / GIB),
        false => format!("{} MiB", bytes.div_ceil(MIB)),
    }
}

/// Counts what is met.
#[derive(Debug, Default)]
struct Count {
    need: Need,
    links: HashSet<(u64, u64)>,
}

impl Count {
    fn count(&mut self, entry: &Entry<'_>) {
        self.need.files += 1;
        let blocks = u64::try_from(entry.stat.st_blocks).unwrap_or_default();
        self.need.bytes += (blocks * 512).next_multiple_of(4096);
    }
}

impl Visitor for Count {
    fn enter(&mut self, entry: &Entry<'_>, _opened: BorrowedFd<'_>) -> Result<(), Error> {
        self.count(entry);
        Ok(())
    }

    fn leave(&mut self, _path: &[u8], _only_way: bool) -> Result<(), Error> {
        Ok(())
    }

    fn other(&mut self, entry: &Entry<'_>) -> Result<Option<Reason>, Error> {
        let id = (entry.stat.st_dev, entry.stat.st_ino);
        if entry.stat.st_nlink < 2 || self.links.insert(id) {
            self.count(entry);
        }
        Ok(None)
    }
}
