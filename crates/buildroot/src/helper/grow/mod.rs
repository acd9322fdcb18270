//! Lets the root's partition and file system fill a disk that has become larger.
//!
//! The partition grows before it is mounted, by a few fields of the table, so that all else in it
//! stays as it is; the file system grows while it is mounted, by the kernel itself.

mod gpt;
mod mbr;
mod offline;

pub(crate) use offline::offline;

use std::io;
use std::os::fd::AsFd;

use ami_disk::Table;
use ami_disk::partitions::TableKind;
use rustix::fs::{CWD, Mode, OFlags, openat};

use super::disk::{Disk, Region};
use super::filesystem::{Filesystem, Mounted};
use super::root::{Bytes, Root};
use crate::fault::{Because, Result};
use crate::kernel;
use crate::protocol::{Fault, FaultKind};

/// Partitions end on these, as the usual tools let them.
const ALIGNMENT: u64 = 1 << 20;

/// Lets the partition of the root, if it has one, reach to the end of the disk. Returns the root as
/// it then is; its file system is as long as before.
pub(crate) fn partition(disk: &Disk, root: &Root) -> Result<Root> {
    let Some(number) = root.partition else {
        return Ok(root.clone());
    };
    let bytes = Bytes::of(disk);
    let table =
        Table::read(&bytes).map_err(|error| Fault::new(FaultKind::Disk, error.to_string()))?;
    check(&table, number, root.region)?;
    let sector = u64::from(table.sector_size);
    let change = |file| match table.kind {
        TableKind::Gpt { .. } => gpt::grow(file, disk.size, sector, number),
        _ => mbr::grow(file, disk.size, sector, number),
    };
    let end = change(disk.file()).because(FaultKind::Disk, || {
        format!("partition {number} cannot be grown")
    })?;
    let region = Region {
        start: root.region.start,
        length: end.saturating_sub(root.region.start),
    };
    // Where the kernel has a device for it, that grows too; where it has none, none is needed.
    let _ = kernel::resize_partition(disk.file().as_fd(), number, region.start, region.length);
    Ok(Root {
        region,
        ..root.clone()
    })
}

fn check(table: &Table, number: u32, region: Region) -> Result<()> {
    let refuse = |message: String| Err(Fault::new(FaultKind::Disk, message));
    if let TableKind::Gpt {
        from_backup: true, ..
    } = table.kind
    {
        return refuse("its GPT is damaged: repair it first (gdisk does)".to_owned());
    }
    let behind = |start: u64| start > region.start;
    if let Some(other) = table.partitions.iter().find(|other| behind(other.start)) {
        return refuse(format!(
            "partition {number} cannot be grown: partition {} lies behind it",
            other.number
        ));
    }
    if matches!(table.kind, TableKind::Mbr) && number > 4 {
        return refuse(format!(
            "partition {number} cannot be grown: it is a logical partition"
        ));
    }
    Ok(())
}

/// The last place at which a partition may end, rounded as partitions usually are, but not so that
/// it would become shorter.
fn end_of(limit: u64, now: u64) -> u64 {
    now.max(limit - limit % ALIGNMENT)
}

/// Does a file system of that size fill its place? What is less than the largest block is none.
fn fills(length: u64, size: u64) -> bool {
    length.saturating_sub(size) < 64 << 10
}

/// Lets the mounted file system fill its part of the disk. Returns its size before and after, if
/// it has grown.
pub(crate) fn filesystem(mounted: &Mounted, root: &Root) -> Result<Option<(u64, u64)>> {
    let what = || format!("the {} cannot be grown", root.filesystem.name());
    grow(mounted, root).because(FaultKind::Disk, what)
}

fn grow(mounted: &Mounted, root: &Root) -> io::Result<Option<(u64, u64)>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = openat(CWD, mounted.place, flags, Mode::empty())?;
    let directory = directory.as_fd();
    let length = root.region.length;
    match root.filesystem {
        Filesystem::Ext4 => {
            let before = root.size.unwrap_or(0);
            if fills(length, before) {
                return Ok(None);
            }
            kernel::resize_ext4(directory, length / root.block_size)?;
            Ok(Some((before, length)))
        }
        Filesystem::Xfs => {
            let (block_size, blocks, inode_percent) = kernel::xfs_geometry(directory)?;
            let block_size = u64::from(block_size);
            if fills(length, blocks * block_size) {
                return Ok(None);
            }
            kernel::grow_xfs(directory, length / block_size, inode_percent)?;
            Ok(Some((blocks * block_size, length)))
        }
        Filesystem::Btrfs => {
            let before = root.size.unwrap_or(0);
            if fills(length, before) {
                return Ok(None);
            }
            kernel::grow_btrfs(directory)?;
            Ok(Some((before, length)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ALIGNMENT, end_of};

    #[test]
    fn ends_are_rounded_but_nothing_shrinks() {
        assert_eq!(end_of(10 * ALIGNMENT + 5, 3), 10 * ALIGNMENT);
        assert_eq!(
            end_of(10 * ALIGNMENT + 5, 10 * ALIGNMENT + 2),
            10 * ALIGNMENT + 2
        );
        assert_eq!(end_of(10, 20), 20);
    }
}
