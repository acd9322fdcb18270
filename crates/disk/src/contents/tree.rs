//! File systems that a root can be on, each behind the same few questions. The answers come from
//! crates that do nothing else; what any of them cannot read is none here.

use ext4_view::Ext4;
use lambutter::Btrfs;
use lamxfs::Xfs;

use super::budget::{BUDGET, Budgeted};
use crate::fields::le32;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    File,
    Directory,
    Link,
    Other,
}

/// A tree of files. Paths begin with `/`, and no part of them is a link, `.` or `..`.
pub(super) trait Tree {
    /// What is there; none for nothing.
    fn what(&mut self, path: &str) -> Option<What>;
    /// Where a link points.
    fn target(&mut self, path: &str) -> Option<Vec<u8>>;
    /// Fills `buffer` from the start of a file, and says how far.
    fn read(&mut self, path: &str, buffer: &mut [u8]) -> Option<usize>;
    /// The names in a directory.
    fn names(&mut self, path: &str) -> Option<Vec<Vec<u8>>>;
}

/// The longest target that a link may have: Linux' PATH_MAX. Only what is not longer is read, because
/// the readers make room for all that a link says it has.
const LONGEST_TARGET: u64 = 4096;

/// Opens ext2, ext3 or ext4. Its reader makes room for as many groups as the superblock says that
/// there are, so more than there can be are refused before.
pub(super) fn ext(mut source: Budgeted) -> Option<Box<dyn Tree>> {
    let mut superblock = [0; 1024];
    source.read_exact_at(1024, &mut superblock).ok()?;
    let (blocks, a_group) = (le32(&superblock, 4), le32(&superblock, 32));
    let blocks = u64::from(le32(&superblock, 336)) << 32 | u64::from(blocks);
    // Each has a descriptor of 32 bytes at the least.
    if blocks / u64::from(a_group.max(1)) > BUDGET / 32 {
        return None;
    }
    let tree = Ext4::load(Box::new(source)).ok()?;
    Some(Box::new(tree))
}

/// Opens xfs.
pub(super) fn xfs(source: Budgeted) -> Option<Box<dyn Tree>> {
    let size = source.size();
    let tree = Xfs::open(source, size).ok()?;
    Some(Box::new(tree))
}

/// Opens btrfs, at the subvolume that is mounted unless another is named.
pub(super) fn btrfs(source: Budgeted) -> Option<Box<dyn Tree>> {
    let size = source.size();
    let tree = Btrfs::open(source, size).ok()?;
    Some(Box::new(tree))
}

impl Tree for Ext4 {
    fn what(&mut self, path: &str) -> Option<What> {
        let kind = self.symlink_metadata(path).ok()?.file_type();
        Some(match kind {
            ext4_view::FileType::Regular => What::File,
            ext4_view::FileType::Directory => What::Directory,
            ext4_view::FileType::Symlink => What::Link,
            _ => What::Other,
        })
    }

    fn target(&mut self, path: &str) -> Option<Vec<u8>> {
        if self.symlink_metadata(path).ok()?.len() > LONGEST_TARGET {
            return None;
        }
        let target = self.read_link(path).ok()?;
        Some(target.as_ref().to_vec())
    }

    fn read(&mut self, path: &str, buffer: &mut [u8]) -> Option<usize> {
        let mut file = self.open(path).ok()?;
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read_bytes(&mut buffer[filled..]).ok()? {
                0 => break,
                read => filled += read,
            }
        }
        Some(filled)
    }

    fn names(&mut self, path: &str) -> Option<Vec<Vec<u8>>> {
        let entries = self.read_dir(path).ok()?;
        let names = entries.map_while(Result::ok);
        Some(
            names
                .map(|entry| entry.file_name().as_ref().to_vec())
                .collect(),
        )
    }
}

impl Tree for Xfs<Budgeted> {
    fn what(&mut self, path: &str) -> Option<What> {
        let inode = self.resolve(lamxfs::Path::new(path.as_bytes())).ok()?;
        let metadata = self.metadata(&inode).ok()?;
        let is = (metadata.is_file(), metadata.is_dir(), metadata.is_symlink());
        Some(what(is))
    }

    fn target(&mut self, path: &str) -> Option<Vec<u8>> {
        let path = lamxfs::Path::new(path.as_bytes());
        let inode = self.resolve(path).ok()?;
        if self.metadata(&inode).ok()?.size() > LONGEST_TARGET {
            return None;
        }
        self.read_link(path).ok()
    }

    fn read(&mut self, path: &str, buffer: &mut [u8]) -> Option<usize> {
        let inode = self.resolve(lamxfs::Path::new(path.as_bytes())).ok()?;
        self.read_file_at(&inode, 0, buffer).ok()
    }

    fn names(&mut self, path: &str) -> Option<Vec<Vec<u8>>> {
        let entries = self.read_dir(lamxfs::Path::new(path.as_bytes())).ok()?;
        Some(entries.into_iter().map(|entry| entry.name).collect())
    }
}

impl Tree for Btrfs<Budgeted> {
    fn what(&mut self, path: &str) -> Option<What> {
        let inode = self.resolve(lambutter::Path::new(path.as_bytes())?).ok()?;
        let metadata = self.metadata(&inode).ok()?;
        let is = (metadata.is_file(), metadata.is_dir(), metadata.is_symlink());
        Some(what(is))
    }

    fn target(&mut self, path: &str) -> Option<Vec<u8>> {
        let path = lambutter::Path::new(path.as_bytes())?;
        let inode = self.resolve(path).ok()?;
        if self.metadata(&inode).ok()?.size > LONGEST_TARGET {
            return None;
        }
        self.read_link(path).ok()
    }

    fn read(&mut self, path: &str, buffer: &mut [u8]) -> Option<usize> {
        let inode = self.resolve(lambutter::Path::new(path.as_bytes())?).ok()?;
        self.read_file_at(&inode, 0, buffer).ok()
    }

    fn names(&mut self, path: &str) -> Option<Vec<Vec<u8>>> {
        let entries = self.read_dir(lambutter::Path::new(path.as_bytes())?).ok()?;
        Some(entries.into_iter().map(|entry| entry.name).collect())
    }
}

fn what((is_file, is_directory, is_link): (bool, bool, bool)) -> What {
    match (is_file, is_directory, is_link) {
        (true, _, _) => What::File,
        (_, true, _) => What::Directory,
        (_, _, true) => What::Link,
        _ => What::Other,
    }
}
