//! A disk as a whole: what is on it, how it boots, and which part of it is the root.

mod boot;
mod root;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::superblock::Kind;
use crate::{Error, Partition, ReadAt, Superblock, Table, Window};

/// What is on a disk. The decisions below only look at this, so they can be made and tested without
/// a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The disk's size in bytes.
    pub size: u64,
    /// Its partition table.
    pub table: Table,
    /// What is in each partition, in their order; the whole disk as the only one without a table.
    pub volumes: Vec<Volume>,
}

/// A part of a disk that can hold a file system: a partition, or the whole disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The partition; none for the whole disk.
    pub partition: Option<Partition>,
    /// Where it begins, in bytes from the start of the disk.
    pub start: u64,
    /// Its length in bytes.
    pub length: u64,
    /// What begins there, if it is known.
    pub superblock: Option<Superblock>,
    /// Does it look like a root? None until somebody looked (`contents::look_for_roots`), or if
    /// its file system cannot be looked into.
    pub looks_like_root: Option<bool>,
}

/// How instances of an image boot, in EC2's words (EC2 API Reference, RegisterImage, BootMode).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BootMode {
    /// `uefi`
    Uefi,
    /// `legacy-bios`
    LegacyBios,
    /// `uefi-preferred`
    UefiPreferred,
}

/// A decision, and the reason for it: a clause that can follow "because", like `partition 15 is an
/// EFI system partition`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<T> {
    /// What was decided.
    pub value: T,
    /// Why.
    pub reason: String,
}

impl Layout {
    /// Reads the partition table and every superblock; no file system's tree.
    ///
    /// # Errors
    /// Those of [`Table::read`] and [`Superblock::read`].
    pub fn read(source: &dyn ReadAt) -> Result<Self, Error> {
        let table = Table::read(source)?;
        let size = source.size();
        let places: Vec<_> = if table.partitions.is_empty() {
            vec![(None, 0, size)]
        } else {
            let place = |partition: &Partition| {
                (Some(partition.clone()), partition.start, partition.length)
            };
            table.partitions.iter().map(place).collect()
        };
        let mut volumes = Vec::with_capacity(places.len());
        for (partition, start, length) in places {
            volumes.push(Volume {
                partition,
                start,
                length,
                superblock: Superblock::read(&Window::new(source, start, length))?,
                looks_like_root: None,
            });
        }
        Ok(Self {
            size,
            table,
            volumes,
        })
    }

    /// How it boots. An EFI system partition means UEFI. Boot code in the first sector means a BIOS,
    /// if something tells where the rest of it is: a BIOS boot partition, a partition marked as
    /// bootable, or the code's own kind. Both mean UEFI where there is a choice. None if nothing
    /// on it would boot by itself, which leaves the choice to EC2.
    pub fn boot_mode(&self) -> Option<Decision<BootMode>> {
        boot::mode(self)
    }

    /// Which volume is the root. In this order: the whole disk, if it has no partitions; the one
    /// whose type says so, for one of EC2's architectures; the only ext, xfs or btrfs; the only one
    /// of several that looks like a root; the largest of several that nobody could look into.
    ///
    /// # Errors
    /// Nothing that may be a root; several that might be; one that may be in LVM, LUKS, RAID or
    /// ZFS. The words say whether choosing a partition helps.
    pub fn root(&self) -> Result<Decision<&Volume>, Error> {
        root::root(self)
    }

    /// The partition of that number, to be taken as the root.
    ///
    /// # Errors
    /// None of that number; one that no root can be made of.
    pub fn partition(&self, number: u32) -> Result<&Volume, Error> {
        root::partition(self, number)
    }
}

impl Volume {
    /// Its number as a partition; none for the whole disk.
    pub fn number(&self) -> Option<u32> {
        self.partition.as_ref().map(|partition| partition.number)
    }

    /// Could it be the root, by its file system and unless its type says that it is something else?
    pub fn may_be_root(&self) -> bool {
        root::may_be_root(self)
    }

    /// What begins there, if it is known.
    pub fn kind(&self) -> Option<Kind> {
        self.superblock.as_ref().map(|superblock| superblock.kind)
    }

    /// Its part of the disk.
    pub fn window<'a>(&self, disk: &'a dyn ReadAt) -> Window<'a> {
        Window::new(disk, self.start, self.length)
    }
}

impl fmt::Display for Volume {
    /// `partition 1` or `the whole disk`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.partition {
            Some(partition) => write!(f, "partition {}", partition.number),
            None => f.write_str("the whole disk"),
        }
    }
}

impl BootMode {
    /// As EC2 writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uefi => "uefi",
            Self::LegacyBios => "legacy-bios",
            Self::UefiPreferred => "uefi-preferred",
        }
    }
}

impl fmt::Display for BootMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
