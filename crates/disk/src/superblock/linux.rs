//! The file systems that a root can be on: ext2 to ext4, xfs, btrfs.

use super::{Kind, Superblock};
use crate::fields::{be32, be64, has, le16, le32, le64, text, uuid};
use crate::source::up_to;
use crate::{Error, ReadAt};

/// Where the superblock of ext begins.
const EXT: u64 = 1024;
/// Features of ext that need a log on another device, so that this is the log.
const EXT_IS_LOG: u32 = 0x8;
/// Block numbers have 64 bits.
const EXT_64BIT: u32 = 0x80;
/// Features that ext3 knows of those without which nothing may read it: file types, an unclean log,
/// groups of groups.
const EXT3_INCOMPATIBLE: u32 = 0x2 | 0x4 | 0x10;
/// And of those without which nothing may write: few superblocks, large files.
const EXT3_READ_ONLY: u32 = 0x1 | 0x2 | 0x4;
/// There is a log.
const EXT_HAS_LOG: u32 = 0x4;

/// ext2, ext3 and ext4, told apart as libblkid does: by the features in use.
pub(super) fn ext(source: &dyn ReadAt) -> Result<Option<Superblock>, Error> {
    let bytes = up_to(source, EXT, 1024)?;
    let (log_size, incompatible) = (le32(&bytes, 24), le32(&bytes, 96));
    if le16(&bytes, 56) != 0xef53 || log_size > 6 || incompatible & EXT_IS_LOG != 0 {
        return Ok(None);
    }
    let block_size = 1024 << log_size;
    let mut blocks = u64::from(le32(&bytes, 4));
    if incompatible & EXT_64BIT != 0 {
        blocks |= u64::from(le32(&bytes, 336)) << 32;
    }
    let kind = if incompatible & !EXT3_INCOMPATIBLE != 0 || le32(&bytes, 100) & !EXT3_READ_ONLY != 0
    {
        Kind::Ext4
    } else if le32(&bytes, 92) & EXT_HAS_LOG != 0 {
        Kind::Ext3
    } else {
        Kind::Ext2
    };
    Ok(Some(Superblock {
        kind,
        size: blocks.checked_mul(u64::from(block_size)),
        block_size: Some(block_size),
        uuid: uuid(&bytes, 104),
        label: text(&bytes, 120, 16),
    }))
}

/// xfs, which counts in big-endian numbers.
pub(super) fn xfs(source: &dyn ReadAt) -> Result<Option<Superblock>, Error> {
    let bytes = up_to(source, 0, 512)?;
    let block_size = be32(&bytes, 4);
    let good = block_size.is_power_of_two() && (512..=65536).contains(&block_size);
    if !has(&bytes, 0, b"XFSB") || !good {
        return Ok(None);
    }
    Ok(Some(Superblock {
        kind: Kind::Xfs,
        size: be64(&bytes, 8).checked_mul(u64::from(block_size)),
        block_size: Some(block_size),
        uuid: uuid(&bytes, 32),
        label: text(&bytes, 108, 12),
    }))
}

/// btrfs, of whose three superblocks the first is read.
pub(super) fn btrfs(source: &dyn ReadAt) -> Result<Option<Superblock>, Error> {
    let bytes = up_to(source, 65536, 1024)?;
    if !has(&bytes, 64, b"_BHRfS_M") {
        return Ok(None);
    }
    Ok(Some(Superblock {
        kind: Kind::Btrfs,
        // The description of this device, whose second field is how much of it is used.
        size: Some(le64(&bytes, 201 + 8)),
        block_size: Some(le32(&bytes, 144)),
        uuid: uuid(&bytes, 32),
        label: text(&bytes, 299, 256),
    }))
}
