//! What holds other things, or a part of them: LUKS, LVM, RAID and ZFS.

use super::{Kind, Superblock};
use crate::fields::{has, le32, le64, text, uuid};
use crate::source::up_to;
use crate::{Error, ReadAt};

const SECTOR: u64 = 512;
/// The magic of Linux' RAID.
const RAID: u32 = 0xa92b_4efc;
/// The magic of ZFS's uberblocks, and where the first ones may stand: a label of 256 KiB has an
/// array of them in its second half, each at a multiple of its own size.
const ZFS: u64 = 0x00ba_b10c;
const ZFS_UBERBLOCKS: u64 = 128 << 10;

pub(super) fn read(source: &dyn ReadAt) -> Result<Option<Superblock>, Error> {
    for read in [luks, lvm, raid, zfs] {
        if let Some(found) = read(source)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// LUKS 1 and 2, which keep their UUID as text in the same place.
fn luks(source: &dyn ReadAt) -> Result<Option<Superblock>, Error> {
    let bytes = up_to(source, 0, 512)?;
    Ok(has(&bytes, 0, b"LUKS\xba\xbe").then(|| Superblock {
        uuid: text(&bytes, 168, 40),
        ..Superblock::of_kind(Kind::Luks)
    }))
}

/// The label of LVM2 stands in one of the first four sectors.
fn lvm(source: &dyn ReadAt) -> Result<Option<Superblock>, Error> {
    let bytes = up_to(source, 0, 4 * SECTOR as usize)?;
    let found = bytes
        .chunks(SECTOR as usize)
        .any(|sector| has(sector, 0, b"LABELONE") && has(sector, 24, b"LVM2 001"));
    Ok(found.then(|| Superblock::of_kind(Kind::Lvm)))
}

/// Linux' RAID: versions 1.1 and 1.2 describe themselves at the start, 1.0 and 0.90 near the end.
fn raid(source: &dyn ReadAt) -> Result<Option<Superblock>, Error> {
    let size = source.size();
    let near_end = (size / SECTOR)
        .checked_sub(16)
        .map(|sectors| (sectors & !7) * SECTOR);
    for at in [Some(0), Some(4096), near_end].into_iter().flatten() {
        let bytes = up_to(source, at, 256)?;
        // It says itself where it stands, in sectors.
        let version_1 = le32(&bytes, 4) == 1 && le64(&bytes, 144) == at / SECTOR;
        if le32(&bytes, 0) == RAID && version_1 {
            return Ok(Some(Superblock {
                uuid: uuid(&bytes, 16),
                label: text(&bytes, 32, 32),
                ..Superblock::of_kind(Kind::Raid)
            }));
        }
    }
    let old = (size / 65536).checked_sub(1).map(|units| units * 65536);
    let bytes = old.map_or(Ok(Vec::new()), |at| up_to(source, at, 64))?;
    let is_old = le32(&bytes, 0) == RAID && le32(&bytes, 4) == 0 && le32(&bytes, 8) == 90;
    Ok(is_old.then(|| Superblock::of_kind(Kind::Raid)))
}

/// Uberblocks are a KiB or more each and written in turn, so a new pool has few of them.
fn zfs(source: &dyn ReadAt) -> Result<Option<Superblock>, Error> {
    let bytes = up_to(source, ZFS_UBERBLOCKS, ZFS_UBERBLOCKS as usize)?;
    let found = bytes.chunks(1024).filter(|uberblock| {
        let magic = le64(uberblock, 0);
        magic == ZFS || magic.swap_bytes() == ZFS
    });
    // One may be what a file holds; libblkid asks for four of all labels.
    Ok((found.count() >= 4).then(|| Superblock::of_kind(Kind::Zfs)))
}
