//! The few fields of a GUID partition table that a grown partition changes (UEFI Specification,
//! chapter 5.3).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::end_of;

/// As in every GPT (`CRC_32_ISO_HDLC`).
const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// No table is longer; the usual one has 16 KiB.
const LONGEST: u64 = 4 << 20;

// Where fields of the header are.
const HEADER_SIZE: usize = 12;
const HEADER_CRC: usize = 16;
const OWN_SECTOR: usize = 24;
const OTHER_SECTOR: usize = 32;
const LAST_USABLE: usize = 48;
const ENTRIES_SECTOR: usize = 72;
const ENTRIES_COUNT: usize = 80;
const ENTRY_SIZE: usize = 84;
const ENTRIES_CRC: usize = 88;

/// Where the last sector of an entry is.
const ENTRY_LAST: usize = 40;

/// Lets a partition reach to the end of the disk, and moves the second copy of the table there.
/// Returns where the partition then ends.
///
/// The table was read before, so that its checksums are known to be right.
pub(super) fn grow(disk: &File, size: u64, sector: u64, number: u32) -> io::Result<u64> {
    let mut header = read(disk, sector, sector)?;
    let entry_size = u64::from(get32(&header, ENTRY_SIZE)?);
    let length = entry_size
        .checked_mul(get32(&header, ENTRIES_COUNT)?.into())
        .filter(|length| *length <= LONGEST)
        .ok_or_else(damaged)?;
    let entries_at = get64(&header, ENTRIES_SECTOR)?;
    let offset = entries_at.checked_mul(sector).ok_or_else(damaged)?;
    let mut entries = read(disk, offset, length)?;

    let last_sector = (size / sector).checked_sub(1).ok_or_else(damaged)?;
    let backup_at = last_sector - length.div_ceil(sector);
    let last_usable = backup_at - 1;
    let index = u64::from(number - 1) * entry_size;
    let last = usize::try_from(index).map_err(|_| damaged())? + ENTRY_LAST;
    let end = (get64(&entries, last)? + 1) * sector;
    if (last_usable + 1) * sector < end {
        return Err(io::Error::other("the disk is shorter than its table says"));
    }
    let end = end_of((last_usable + 1) * sector, end);
    put(&mut entries, last, &(end / sector - 1).to_le_bytes())?;

    put(&mut header, LAST_USABLE, &last_usable.to_le_bytes())?;
    put(
        &mut header,
        ENTRIES_CRC,
        &CRC.checksum(&entries).to_le_bytes(),
    )?;
    // While one copy is written the other one is whole.
    let mut backup = header.clone();
    let places = (last_sector, 1, backup_at);
    seal(&mut backup, places)?;
    disk.write_all_at(&entries, backup_at * sector)?;
    disk.write_all_at(&backup, last_sector * sector)?;
    disk.sync_data()?;
    seal(&mut header, (1, last_sector, entries_at))?;
    disk.write_all_at(&entries, offset)?;
    disk.write_all_at(&header, sector)?;
    protect(disk, last_sector)?;
    disk.sync_data()?;
    Ok(end)
}

/// Writes where a copy is, where the other one, where its entries; and its checksum.
fn seal(header: &mut [u8], (own, other, entries): (u64, u64, u64)) -> io::Result<()> {
    put(header, OWN_SECTOR, &own.to_le_bytes())?;
    put(header, OTHER_SECTOR, &other.to_le_bytes())?;
    put(header, ENTRIES_SECTOR, &entries.to_le_bytes())?;
    put(header, HEADER_CRC, &[0; 4])?;
    let length = get32(header, HEADER_SIZE)?;
    let length = usize::try_from(length).map_err(|_| damaged())?;
    let sum = CRC.checksum(header.get(..length).ok_or_else(damaged)?);
    put(header, HEADER_CRC, &sum.to_le_bytes())
}

/// The MBR that keeps others off the disk covers all of it, if it did before. A hybrid one is left
/// as it is.
fn protect(disk: &File, last_sector: u64) -> io::Result<()> {
    let mut mbr = read(disk, 0, 512)?;
    if mbr[450] == 0xee && mbr[466..510].iter().all(|byte| *byte == 0) {
        let length = u32::try_from(last_sector).unwrap_or(u32::MAX);
        put(&mut mbr, 458, &length.to_le_bytes())?;
        disk.write_all_at(&mbr, 0)?;
    }
    Ok(())
}

fn read(disk: &File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| damaged())?];
    disk.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

fn get32(bytes: &[u8], at: usize) -> io::Result<u32> {
    let field = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    Ok(u32::from_le_bytes(*field.ok_or_else(damaged)?))
}

fn get64(bytes: &[u8], at: usize) -> io::Result<u64> {
    let field = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    Ok(u64::from_le_bytes(*field.ok_or_else(damaged)?))
}

fn put(bytes: &mut [u8], at: usize, field: &[u8]) -> io::Result<()> {
    let place = bytes.get_mut(at..at + field.len()).ok_or_else(damaged)?;
    place.copy_from_slice(field);
    Ok(())
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the table is damaged")
}
