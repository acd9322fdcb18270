//! What no root is made of that is written to, told by its magic; with its size where that is simple.

use super::{Kind, Superblock};
use crate::fields::{has, le16, le32, le64, text, uuid};
use crate::source::up_to;
use crate::{Error, ReadAt};

/// Swap space ends its first page with its magic; pages have 4 KiB, or 64 KiB on some ARM kernels.
const PAGES: [u64; 2] = [4096, 65536];

pub(super) fn read(source: &dyn ReadAt) -> Result<Option<Superblock>, Error> {
    let first = up_to(source, 0, 512)?;
    if let Some(found) = at_start(&first) {
        return Ok(Some(found));
    }
    let second = up_to(source, 1024, 512)?;
    if let Some(found) = at_1024(&second) {
        return Ok(Some(found));
    }
    if let Some(found) = swap(source, &second)? {
        return Ok(Some(found));
    }
    iso(source)
}

fn at_start(first: &[u8]) -> Option<Superblock> {
    if has(first, 3, b"NTFS    ") {
        let sectors = le64(first, 40);
        let serial = le64(first, 72);
        return Some(Superblock {
            size: sectors.checked_mul(u64::from(le16(first, 11))),
            uuid: Some(format!("{serial:016X}")),
            ..Superblock::of_kind(Kind::Ntfs)
        });
    }
    if has(first, 3, b"EXFAT   ") {
        let serial = le32(first, 100);
        return Some(Superblock {
            uuid: Some(format!("{:04X}-{:04X}", serial >> 16, serial & 0xffff)),
            ..Superblock::of_kind(Kind::Exfat)
        });
    }
    has(first, 0, b"hsqs").then(|| Superblock {
        size: Some(le64(first, 40)),
        block_size: Some(le32(first, 12)),
        ..Superblock::of_kind(Kind::Squashfs)
    })
}

fn at_1024(bytes: &[u8]) -> Option<Superblock> {
    match le32(bytes, 0) {
        0xe0f5_e1e2 => {
            let block_size = 1_u32.checked_shl(u32::from(*bytes.get(12)?));
            Some(Superblock {
                size: block_size.map(|size| u64::from(le32(bytes, 36)) * u64::from(size)),
                block_size,
                uuid: uuid(bytes, 48),
                label: text(bytes, 64, 16),
                ..Superblock::of_kind(Kind::Erofs)
            })
        }
        0xf2f5_2010 => Some(Superblock {
            uuid: uuid(bytes, 108),
            ..Superblock::of_kind(Kind::F2fs)
        }),
        _ => None,
    }
}

fn swap(source: &dyn ReadAt, second: &[u8]) -> Result<Option<Superblock>, Error> {
    for page in PAGES {
        let magic = up_to(source, page - 10, 10)?;
        if magic == b"SWAPSPACE2" || magic == b"SWAP-SPACE" {
            return Ok(Some(Superblock {
                block_size: u32::try_from(page).ok(),
                uuid: uuid(second, 12),
                label: text(second, 28, 16),
                ..Superblock::of_kind(Kind::Swap)
            }));
        }
    }
    Ok(None)
}

/// ECMA-119, 8.4: a primary volume descriptor in sector 16.
fn iso(source: &dyn ReadAt) -> Result<Option<Superblock>, Error> {
    let bytes = up_to(source, 16 * 2048, 256)?;
    Ok(has(&bytes, 0, b"\x01CD001\x01").then(|| {
        let block_size = le16(&bytes, 128);
        Superblock {
            size: Some(u64::from(le32(&bytes, 80)) * u64::from(block_size)),
            block_size: Some(u32::from(block_size)),
            label: text(&bytes, 40, 32),
            ..Superblock::of_kind(Kind::Iso9660)
        }
    }))
}
