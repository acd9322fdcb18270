//! The partition table of the PC BIOS, and the chains of logical partitions that it can begin.

use super::{Partition, Purpose, TypeId};
use crate::fields::{has, le32};
use crate::source::up_to;
use crate::{Error, ReadAt};

/// The unit that it counts in.
pub(super) const SECTOR: usize = 512;
/// Where the disk's signature stands, after the code that a BIOS starts.
pub(super) const SIGNATURE: usize = 440;
/// Where the four entries stand.
const ENTRIES: usize = 446;
/// The number of the first logical partition.
const FIRST_LOGICAL: u32 = 5;
/// More logical partitions than any program makes (sfdisk: 60), so a chain that is longer goes in
/// circles.
const LONGEST_CHAIN: usize = 128;

/// An entry, counted in sectors.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    flag: u8,
    kind: u8,
    start: u32,
    sectors: u32,
}

impl Entry {
    fn is_used(&self) -> bool {
        self.sectors != 0 && self.kind != 0
    }

    /// Of the DOS, the Windows or the Linux kind.
    fn is_extended(&self) -> bool {
        self.is_used() && matches!(self.kind, 0x05 | 0x0f | 0x85)
    }

    /// Does it announce a GPT? Linux asks for no more, so a hybrid MBR counts as well.
    pub(super) fn is_protective(&self) -> bool {
        self.kind == 0xee && self.start == 1
    }
}

/// The entries of a first sector; none if it holds no table. A boot sector of a file system has the
/// same last bytes, but code where the flags would be, or no entry in use; Linux tells it by the
/// flags too.
pub(super) fn entries(first: &[u8]) -> Option<[Entry; 4]> {
    let entries = read_entries(first)?;
    let flags = entries.iter().all(|entry| matches!(entry.flag, 0 | 0x80));
    let protective = entries.iter().any(Entry::is_protective);
    let used = entries.iter().any(Entry::is_used);
    (protective || (flags && used)).then_some(entries)
}

fn read_entries(sector: &[u8]) -> Option<[Entry; 4]> {
    has(sector, 510, b"\x55\xaa").then(|| {
        std::array::from_fn(|slot| {
            let at = ENTRIES + 16 * slot;
            Entry {
                flag: sector[at],
                kind: sector[at + 4],
                start: le32(sector, at + 8),
                sectors: le32(sector, at + 12),
            }
        })
    })
}

/// The primary and the logical partitions.
pub(super) fn partitions(
    source: &dyn ReadAt,
    first: &[u8],
    entries: &[Entry; 4],
) -> Result<Vec<Partition>, Error> {
    let disk = le32(first, SIGNATURE);
    let mut partitions: Vec<Partition> = entries
        .iter()
        .zip(1..)
        .filter(|(entry, _)| entry.is_used() && !entry.is_extended())
        .map(|(entry, number)| partition(entry, 0, number, disk))
        .collect();
    let mut number = FIRST_LOGICAL;
    for extended in entries.iter().filter(|entry| entry.is_extended()) {
        for (entry, base) in chain(source, extended)? {
            partitions.push(partition(&entry, base, number, disk));
            number += 1;
        }
    }
    Ok(partitions)
}

/// The logical partitions of an extended one, each with the sector that its start counts from: a
/// linked list, each link a sector like the first one of the disk, whose links count from the start
/// of the extended partition.
fn chain(source: &dyn ReadAt, extended: &Entry) -> Result<Vec<(Entry, u64)>, Error> {
    let start = u64::from(extended.start);
    let sectors = u64::from(extended.sectors);
    let mut found = Vec::new();
    let mut link = Some(0);
    for _ in 0..LONGEST_CHAIN {
        let Some(offset) = link else {
            return Ok(found);
        };
        if offset >= sectors {
            return Err(Error::Table(
                "its logical partitions are described outside of the extended one".to_owned(),
            ));
        }
        let base = start + offset;
        let sector = up_to(source, base * SECTOR as u64, SECTOR)?;
        // Linux takes a link that is not written yet, or no more, for the end of the list.
        let Some(entries) = read_entries(&sector) else {
            return Ok(found);
        };
        let data = |entry: &&Entry| entry.is_used() && !entry.is_extended();
        found.extend(entries[..2].iter().filter(data).map(|entry| (*entry, base)));
        let next = entries.iter().find(|entry| entry.is_extended());
        link = next.map(|entry| u64::from(entry.start));
    }
    Err(Error::Table(
        "its list of logical partitions has no end".to_owned(),
    ))
}

fn partition(entry: &Entry, base: u64, number: u32, disk: u32) -> Partition {
    let bytes = |sectors: u64| sectors * SECTOR as u64;
    let type_id = TypeId::Mbr(entry.kind);
    Partition {
        number,
        // Sums of few numbers of 32 bits: nothing here overflows.
        start: bytes(base + u64::from(entry.start)),
        length: bytes(u64::from(entry.sectors)),
        type_id,
        purpose: Purpose::of(type_id),
        name: None,
        part_uuid: (disk != 0).then(|| format!("{disk:08x}-{number:02x}")),
        bootable: entry.flag == 0x80,
    }
}
