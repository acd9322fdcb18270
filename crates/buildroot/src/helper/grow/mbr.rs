//! The one field of an MBR that a grown partition changes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::end_of;

/// Where the four entries begin, and how long each is.
const ENTRIES: u64 = 446;
const ENTRY: u64 = 16;

/// Lets a primary partition reach to the end of the disk, or as far as 32 bits can count. Returns
/// where it then ends.
pub(super) fn grow(disk: &File, size: u64, sector: u64, number: u32) -> io::Result<u64> {
    let offset = ENTRIES + ENTRY * u64::from(number - 1);
    let mut entry = [0; ENTRY as usize];
    disk.read_exact_at(&mut entry, offset)?;
    let field =
        |at: usize| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
    let start = u64::from(field(8));
    let now = start + u64::from(field(12));
    let limit = (size / sector).min(start + u64::from(u32::MAX));
    let end = end_of(limit * sector, now * sector);
    let length = u32::try_from(end / sector - start).unwrap_or(u32::MAX);
    // Cylinder, head and sector cannot count so far: this is what stands for that.
    entry[5..8].copy_from_slice(&[0xfe, 0xff, 0xff]);
    entry[12..].copy_from_slice(&length.to_le_bytes());
    disk.write_all_at(&entry, offset)?;
    disk.sync_data()?;
    Ok(end)
}
