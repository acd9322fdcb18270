//! Where an XFS file system has its log. mkfs.xfs makes most of it by a hole, but the kernel looks in all
//! of it for the newest record, and does not mount a file system where it finds rubbish.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// As much of the superblock as tells it (xfsprogs, "XFS Algorithms & Data Structures", Superblocks).
/// Numbers are big-endian.
const SUPERBLOCK: usize = 128;
const MAGIC: &[u8] = b"XFSB";
const BLOCK_SIZE: usize = 4;
const LOG_START: usize = 48;
const GROUP_BLOCKS: usize = 84;
const LOG_BLOCKS: usize = 96;
const GROUP_SHIFT: usize = 124;

/// The bytes of the log.
pub(super) fn place(filesystem: &File) -> io::Result<Range<u64>> {
    let mut superblock = [0; SUPERBLOCK];
    filesystem.read_exact_at(&mut superblock, 0)?;
    read(&superblock).ok_or_else(|| io::Error::other("mkfs.xfs has made a superblock unknown here"))
}

fn read(superblock: &[u8]) -> Option<Range<u64>> {
    let half = |at: usize| {
        let bytes = superblock.get(at..at + 4)?.try_into().ok()?;
        Some(u64::from(u32::from_be_bytes(bytes)))
    };
    let whole = superblock.get(LOG_START..LOG_START + 8)?.try_into().ok()?;
    let (start, shift) = (u64::from_be_bytes(whole), *superblock.get(GROUP_SHIFT)?);
    // A block's number is that of its group, and behind it that within the group.
    let group = start.checked_shr(shift.into())?;
    let within = start.checked_sub(group.checked_shl(shift.into())?)?;
    let block = group
        .checked_mul(half(GROUP_BLOCKS)?)?
        .checked_add(within)?;
    let size = half(BLOCK_SIZE)?;
    let begin = block.checked_mul(size)?;
    let end = begin.checked_add(half(LOG_BLOCKS)?.checked_mul(size)?)?;
    (superblock.starts_with(MAGIC) && begin > 0).then_some(begin..end)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_log_in_the_middle_group() {
        let mut superblock = vec![0; super::SUPERBLOCK];
        let mut put =
            |at: usize, bytes: &[u8]| superblock[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, b"XFSB");
        put(4, &4096_u32.to_be_bytes());
        put(48, &((2_u64 << 15) + 7).to_be_bytes());
        put(84, &25_600_u32.to_be_bytes());
        put(96, &16_384_u32.to_be_bytes());
        put(124, &[15]);
        let begin = (2 * 25_600 + 7) * 4096;
        assert_eq!(read(&superblock), Some(begin..begin + (64 << 20)));
        for length in [0, 3, 50, 90, 124] {
            assert_eq!(read(&superblock[..length]), None, "{length}");
        }
        superblock[0] = 0;
        assert_eq!(read(&superblock), None);
    }
}
