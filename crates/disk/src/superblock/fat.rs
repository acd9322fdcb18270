//! FAT12, FAT16 and FAT32: what the boot sector says, for the superblock and for the files.
//!
//! Source: Microsoft, FAT32 File System Specification, 1.03.

use super::{Kind, Superblock};
use crate::fields::{has, le16, le32, text};
use crate::source::up_to;
use crate::{Error, ReadAt};

/// How wide the numbers in the file allocation table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    Fat12,
    Fat16,
    Fat32,
}

/// Where things are on a FAT file system. Nothing in it is zero that could not be, and no sum of
/// its sizes exceeds 64 bits: they come from fields of 32 bits.
#[derive(Debug, Clone)]
// Most of it is for reading files.
#[cfg_attr(not(feature = "contents"), expect(dead_code))]
pub(crate) struct Geometry {
    pub(crate) width: Width,
    /// Bytes a cluster.
    pub(crate) cluster: u64,
    /// Where the first allocation table begins, in bytes.
    pub(crate) table: u64,
    /// Where the root directory begins, in bytes, and its length: of FAT12 and FAT16.
    pub(crate) root: (u64, u64),
    /// The first cluster of the root directory: of FAT32.
    pub(crate) root_cluster: u32,
    /// Where cluster 2, which is the first, begins in bytes.
    pub(crate) data: u64,
    /// How many clusters there are.
    pub(crate) clusters: u64,
    /// The whole file system, in bytes.
    pub(crate) size: u64,
}

pub(super) fn read(source: &dyn ReadAt) -> Result<Option<Superblock>, Error> {
    let first = up_to(source, 0, 512)?;
    let Some(geometry) = geometry(&first) else {
        return Ok(None);
    };
    // FAT32 has more fields before the ones that all have.
    let extended = if geometry.width == Width::Fat32 {
        64
    } else {
        36
    };
    // The signature says that serial number and label are there.
    let has_label = has(&first, extended + 2, b"\x29");
    let serial = le32(&first, extended + 3);
    Ok(Some(Superblock {
        kind: Kind::Vfat,
        size: Some(geometry.size),
        block_size: u32::try_from(geometry.cluster).ok(),
        uuid: has_label.then(|| format!("{:04X}-{:04X}", serial >> 16, serial & 0xffff)),
        label: text(&first, extended + 7, 11).filter(|label| has_label && label != "NO NAME"),
    }))
}

/// Reads the boot sector; none if it is not one of FAT. An MBR ends in the same two bytes, but has
/// code or zeros where a boot sector has sizes.
pub(crate) fn geometry(first: &[u8]) -> Option<Geometry> {
    let (sector, per_cluster) = (
        u64::from(le16(first, 11)),
        u64::from(first.get(13).copied()?),
    );
    let (reserved, tables) = (
        u64::from(le16(first, 14)),
        u64::from(first.get(16).copied()?),
    );
    let media = first.get(21).copied()?;
    let good = has(first, 510, b"\x55\xaa")
        && sector.is_power_of_two()
        && (512..=4096).contains(&sector)
        && per_cluster.is_power_of_two()
        && reserved > 0
        && (1..=2).contains(&tables)
        && (media == 0xf0 || media >= 0xf8);
    let either = |short: u16, long: u32| match short {
        0 => u64::from(long),
        short => u64::from(short),
    };
    let sectors = either(le16(first, 19), le32(first, 32));
    let table_length = either(le16(first, 22), le32(first, 36));
    if !good || table_length == 0 {
        return None;
    }
    let root_length = u64::from(le16(first, 17)) * 32;
    let root = reserved + tables * table_length;
    let data = root + root_length.div_ceil(sector);
    let clusters = sectors.checked_sub(data)? / per_cluster;
    // The number of clusters alone decides on the width ("FAT Type Determination").
    let width = match clusters {
        0..4085 => Width::Fat12,
        4085..65525 => Width::Fat16,
        _ => Width::Fat32,
    };
    Some(Geometry {
        width,
        cluster: sector * per_cluster,
        table: reserved * sector,
        root: (root * sector, root_length),
        root_cluster: le32(first, 44),
        data: data * sector,
        clusters,
        size: sectors * sector,
    })
}
