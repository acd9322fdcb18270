//! The GUID Partition Table (UEFI Specification, 5.3).

use uguid::Guid;

use super::{Partition, Purpose, TypeId};
use crate::fields::{has, le32, le64};
use crate::source::up_to;
use crate::{Error, ReadAt};

/// Sizes of sectors to look for; Linux looks for the one that the device has.
const SECTOR_SIZES: [u32; 2] = [512, 4096];
/// The size of a header without what future versions may add.
const HEADER: usize = 92;
/// More than any program writes; the usual table has 128 entries of 128 bytes.
const LARGEST_ARRAY: u64 = 1 << 20;
/// Linux shows no more (`DISK_MAX_PARTS` of its `block/genhd.c`, which counts the disk itself).
const MOST: u32 = 255;
/// Attribute 2, "Legacy BIOS Bootable".
const BOOTABLE: u64 = 1 << 2;

const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// One copy of the table, checked.
pub(super) struct Gpt {
    pub(super) from_backup: bool,
    pub(super) sector_size: u32,
    pub(super) partitions: Vec<Partition>,
}

/// Reads the first copy that is whole.
pub(super) fn read(source: &dyn ReadAt) -> Result<Option<Gpt>, Error> {
    for from_backup in [false, true] {
        for sector_size in SECTOR_SIZES {
            let last = (source.size() / u64::from(sector_size)).checked_sub(1);
            let lba = if from_backup { last } else { Some(1) };
            if let Some(lba) = lba
                && let Some(partitions) = copy(source, sector_size, lba)?
            {
                return Ok(Some(Gpt {
                    from_backup,
                    sector_size,
                    partitions,
                }));
            }
        }
    }
    Ok(None)
}

/// Reads the copy whose header is in sector `lba`; none if it is not whole.
fn copy(source: &dyn ReadAt, sector_size: u32, lba: u64) -> Result<Option<Vec<Partition>>, Error> {
    let sector = u64::from(sector_size);
    let Some(offset) = lba.checked_mul(sector) else {
        return Ok(None);
    };
    let header = up_to(source, offset, sector_size as usize)?;
    if !is_header(&header, lba) {
        return Ok(None);
    }
    let (count, size) = (le32(&header, 80), le32(&header, 84));
    let bytes = u64::from(count) * u64::from(size);
    // The specification wants 128 times a power of two.
    let good_size = size >= 128 && (size / 128).is_power_of_two() && size.is_multiple_of(128);
    let offset = le64(&header, 72).checked_mul(sector);
    let (Some(offset), true, 1..=LARGEST_ARRAY) = (offset, good_size, bytes) else {
        return Ok(None);
    };
    let array = up_to(source, offset, bytes as usize)?;
    if array.len() as u64 != bytes || CRC.checksum(&array) != le32(&header, 88) {
        return Ok(None);
    }
    array
        .chunks_exact(size as usize)
        .zip(1..=MOST)
        .filter(|(entry, _)| guid(entry, 0) != Guid::ZERO)
        .map(|(entry, number)| partition(entry, number, sector))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Signature, size, checksum, and that it stands where it says that it does.
fn is_header(header: &[u8], lba: u64) -> bool {
    let size = le32(header, 12) as usize;
    if !has(header, 0, b"EFI PART") || size < HEADER || le64(header, 24) != lba {
        return false;
    }
    let Some(covered) = header.get(..size) else {
        return false;
    };
    let mut digest = CRC.digest();
    digest.update(&covered[..16]);
    // The checksum itself counts as zeros.
    digest.update(&[0; 4]);
    digest.update(&covered[20..]);
    digest.finalize() == le32(header, 16)
}

fn partition(entry: &[u8], number: u32, sector: u64) -> Result<Partition, Error> {
    let (first, last) = (le64(entry, 32), le64(entry, 40));
    let bytes = |sectors: u64| {
        sectors.checked_mul(sector).ok_or_else(|| {
            Error::Table(format!("partition {number} is where no disk can have any"))
        })
    };
    let sectors = last.checked_sub(first).and_then(|n| n.checked_add(1));
    let sectors =
        sectors.ok_or_else(|| Error::Table(format!("partition {number} ends before it begins")))?;
    let type_id = TypeId::Gpt(guid(entry, 0));
    Ok(Partition {
        number,
        start: bytes(first)?,
        length: bytes(sectors)?,
        type_id,
        purpose: Purpose::of(type_id),
        name: name(entry),
        part_uuid: Some(guid(entry, 16).to_string()),
        bootable: le64(entry, 48) & BOOTABLE != 0,
    })
}

fn guid(entry: &[u8], at: usize) -> Guid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&entry[at..at + 16]);
    Guid::from_bytes(bytes)
}

/// 36 units of UTF-16, or as many as there are before a NUL.
fn name(entry: &[u8]) -> Option<String> {
    let units: Vec<u16> = entry[56..128]
        .chunks_exact(2)
        .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
        .take_while(|unit| *unit != 0)
        .collect();
    (!units.is_empty()).then(|| String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    use super::{CRC, read};

    /// A disk of 8 sectors with one partition in the last two, and one copy of the table.
    fn disk(sector: usize, count: u32, size: u32) -> Vec<u8> {
        let mut disk = vec![0; 8 * sector];
        let entry = 2 * sector;
        disk[entry..entry + 32].fill(7);
        disk[entry + 32] = 6;
        disk[entry + 40] = 7;
        let array = &disk[entry..entry + (count * size) as usize];
        let array = CRC.checksum(array).to_le_bytes();
        let header = &mut disk[sector..sector + 92];
        header[..8].copy_from_slice(b"EFI PART");
        header[12] = 92;
        header[24] = 1;
        header[72] = 2;
        header[80..84].copy_from_slice(&count.to_le_bytes());
        header[84..88].copy_from_slice(&size.to_le_bytes());
        header[88..92].copy_from_slice(&array);
        let sum = CRC.checksum(header).to_le_bytes();
        header[16..20].copy_from_slice(&sum);
        disk
    }

    #[test]
    fn sectors_of_either_size() {
        for sector in [512, 4096] {
            let gpt = read(&disk(sector, 2, 128)).expect("bytes").expect("a GPT");
            assert_eq!(gpt.sector_size as usize, sector);
            let [partition] = &gpt.partitions[..] else {
                panic!("{:?}", gpt.partitions);
            };
            let place = (partition.start, partition.length);
            assert_eq!(place, (6 * sector as u64, 2 * sector as u64));
        }
    }

    #[test]
    fn impossible_sizes() {
        for (count, size) in [(1, 64), (1, 384), (0, 128)] {
            assert!(read(&disk(512, count, size)).expect("bytes").is_none());
        }
    }
}
