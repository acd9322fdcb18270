//! Partition tables: GPT, MBR with logical partitions, or none.
//!
//! What counts is what Linux will see, so its rules are followed where tables are odd
//! (`block/partitions/efi.c` and `msdos.c`).

mod gpt;
mod mbr;
mod purpose;

pub use purpose::Purpose;
pub use uguid::Guid;

use crate::fields::has;
use crate::source::up_to;
use crate::superblock::Kind;
use crate::{Error, ReadAt, Superblock};

/// A partition table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Which one.
    pub kind: TableKind,
    /// The unit that it counts in, in bytes: 512 or 4096. EBS volumes have sectors of 512 bytes, so
    /// no table that counts in others is found on one.
    pub sector_size: u32,
    /// What a BIOS would start.
    pub boot_code: BootCode,
    /// What is described, in the order of their numbers.
    pub partitions: Vec<Partition>,
}

/// Which partition table there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// None: the disk is empty, or one file system from its first byte on.
    None,
    /// The one of the PC BIOS, "msdos" or "dos" to some tools.
    Mbr,
    /// The one of UEFI.
    Gpt {
        /// Was the first copy damaged, so that the one at the end of the disk was taken?
        from_backup: bool,
    },
}

/// The program in the first sector of a disk with a partition table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootCode {
    /// None.
    None,
    /// GRUB's or LILO's, which knows where the rest of it is.
    Loader,
    /// Another, of which most start the partition that is marked as bootable.
    Other,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number, as Linux counts: what stands behind `nvme0n1p`. Logical partitions begin at 5.
    pub number: u32,
    /// Where it begins, in bytes from the start of the disk.
    pub start: u64,
    /// Its length in bytes.
    pub length: u64,
    /// Its type, as the table has it.
    pub type_id: TypeId,
    /// What that type means.
    pub purpose: Purpose,
    /// Its name, of a GPT only and rarely given. Control characters are as they were written.
    pub name: Option<String>,
    /// What `PARTUUID=` names: of a GPT its unique GUID, of an MBR the disk's signature and the
    /// number (`89abcdef-01`), if the disk has one.
    pub part_uuid: Option<String>,
    /// Is it marked to be started by a BIOS: the active flag of an MBR, attribute 2 of a GPT?
    pub bootable: bool,
}

/// A partition's type, as the table has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeId {
    /// Of a GPT.
    Gpt(Guid),
    /// Of an MBR.
    Mbr(u8),
}

impl Table {
    /// Reads the table. Of a GPT the first copy is taken, else the one at the end; checksums must
    /// be right. An MBR beside a GPT (protective or hybrid) does not count. Extended partitions
    /// are left out, the logical ones in them are there.
    ///
    /// # Errors
    /// What cannot be read; a table with a partition that ends outside of the disk or overlaps
    /// another; a protective MBR without a whole copy of its GPT; a chain of logical partitions
    /// that has no end.
    pub fn read(source: &dyn ReadAt) -> Result<Self, Error> {
        let first = up_to(source, 0, mbr::SECTOR)?;
        let Some(entries) = mbr::entries(&first) else {
            return Ok(Self::none());
        };
        let (kind, sector_size, partitions) = if entries.iter().any(mbr::Entry::is_protective) {
            let gpt = gpt::read(source)?.ok_or_else(|| {
                Error::Table("its MBR announces a GPT, but no copy of that is whole".to_owned())
            })?;
            check(&gpt.partitions, source.size())?;
            let from_backup = gpt.from_backup;
            (
                TableKind::Gpt { from_backup },
                gpt.sector_size,
                gpt.partitions,
            )
        } else {
            match mbr_partitions(source, &first, &entries) {
                Ok(partitions) => (TableKind::Mbr, mbr::SECTOR as u32, partitions),
                Err(_) if is_boot_sector(source)? => return Ok(Self::none()),
                Err(error) => return Err(error),
            }
        };
        Ok(Self {
            kind,
            sector_size,
            boot_code: boot_code(&first),
            partitions,
        })
    }

    /// What is read of a disk without a table.
    pub(crate) fn none() -> Self {
        Self {
            kind: TableKind::None,
            sector_size: mbr::SECTOR as u32,
            boot_code: BootCode::None,
            partitions: Vec::new(),
        }
    }
}

fn mbr_partitions(
    source: &dyn ReadAt,
    first: &[u8],
    entries: &[mbr::Entry; 4],
) -> Result<Vec<Partition>, Error> {
    let partitions = mbr::partitions(source, first, entries)?;
    check(&partitions, source.size())?;
    Ok(partitions)
}

/// Is it the boot sector of a file system, with code that looked like a table?
fn is_boot_sector(source: &dyn ReadAt) -> Result<bool, Error> {
    let found = Superblock::read(source)?.map(|superblock| superblock.kind);
    Ok(matches!(found, Some(Kind::Vfat | Kind::Exfat | Kind::Ntfs)))
}

/// Code ends before the disk's signature. That of GRUB and LILO holds their names.
fn boot_code(first: &[u8]) -> BootCode {
    let code = first.get(..mbr::SIGNATURE).unwrap_or_default();
    let names = |name: &[u8]| (0..code.len()).any(|at| has(code, at, name));
    if code.iter().all(|byte| *byte == 0) {
        BootCode::None
    } else if names(b"GRUB") || names(b"LILO") {
        BootCode::Loader
    } else {
        BootCode::Other
    }
}

/// Refuses what lies outside of the disk, and what lies on something else.
fn check(partitions: &[Partition], size: u64) -> Result<(), Error> {
    let mut in_order: Vec<&Partition> = partitions.iter().collect();
    in_order.sort_by_key(|partition| (partition.start, partition.number));
    let mut before: Option<&Partition> = None;
    for partition in in_order {
        let number = partition.number;
        if partition.start == 0 {
            return Err(Error::Table(format!(
                "partition {number} begins at the start of the disk, where the partition table is"
            )));
        }
        if partition.end().is_none_or(|end| end > size) {
            return Err(Error::Table(format!(
                "partition {number} ends beyond the disk, which has {size} bytes; was it cut off?"
            )));
        }
        if let Some(other) = before
            && other.end().is_some_and(|end| end > partition.start)
        {
            return Err(Error::Table(format!(
                "partitions {} and {number} overlap",
                other.number
            )));
        }
        before = Some(partition);
    }
    Ok(())
}

impl Partition {
    /// The first byte after it, if there can be one.
    pub fn end(&self) -> Option<u64> {
        self.start.checked_add(self.length)
    }
}
