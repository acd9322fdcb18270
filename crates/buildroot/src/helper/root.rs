//! Which part of a disk is the root file system, and which file system it is.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use ami_disk::layout::Volume;
use ami_disk::superblock::Kind;
use ami_disk::{Layout, ReadAt, Superblock, Window};

use super::disk::{Disk, Region};
use super::filesystem::Filesystem;
use crate::fault::Result;
use crate::protocol::{self, Fault, FaultKind};

/// The root file system of a disk, not mounted yet.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    /// Its part of the disk.
    pub region: Region,
    /// The number of its partition, if a table told it.
    pub partition: Option<u32>,
    /// Which it is.
    pub filesystem: Filesystem,
    /// Its block size.
    pub block_size: u64,
    /// Its size, if it says so.
    pub size: Option<u64>,
}

/// The bytes of a disk, for those who read.
pub(crate) struct Bytes<'a> {
    file: &'a File,
    size: u64,
}

impl<'a> Bytes<'a> {
    /// Those of this disk.
    pub(crate) fn of(disk: &'a Disk) -> Self {
        Self {
            file: disk.file(),
            size: disk.size,
        }
    }
}

impl ReadAt for Bytes<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        FileExt::read_exact_at(self.file, buffer, offset)
    }
}

impl Root {
    /// Finds what the caller means.
    pub(crate) fn find(disk: &Disk, wanted: protocol::Root) -> Result<Self> {
        let bytes = Bytes::of(disk);
        if let protocol::Root::Region { start, length } = wanted {
            let region = Region { start, length };
            let window = Window::new(&bytes, start, length);
            let superblock = Superblock::read(&window).map_err(|error| fault(&error))?;
            return Self::new(region, None, superblock.as_ref());
        }
        let layout = Layout::read(&bytes).map_err(|error| fault(&error))?;
        let volume: &Volume = match wanted {
            protocol::Root::Partition(number) => layout.partition(number),
            _ => layout.root().map(|decision| decision.value),
        }
        .map_err(|error| fault(&error))?;
        let region = Region {
            start: volume.start,
            length: volume.length,
        };
        Self::new(region, volume.number(), volume.superblock.as_ref())
    }

    fn new(
        region: Region,
        partition: Option<u32>,
        superblock: Option<&Superblock>,
    ) -> Result<Self> {
        let filesystem = match superblock.map(|superblock| superblock.kind) {
            Some(Kind::Ext2 | Kind::Ext3 | Kind::Ext4) => Filesystem::Ext4,
            Some(Kind::Xfs) => Filesystem::Xfs,
            Some(Kind::Btrfs) => Filesystem::Btrfs,
            other => {
                let found = other.map_or("nothing that is known", Kind::as_str);
                let message = format!("the root must be ext4, xfs or btrfs, but there is {found}");
                return Err(Fault::new(FaultKind::Disk, message));
            }
        };
        let block_size = superblock.and_then(|superblock| superblock.block_size);
        Ok(Self {
            region,
            partition,
            filesystem,
            block_size: block_size.filter(|size| *size > 0).unwrap_or(4096).into(),
            size: superblock.and_then(|superblock| superblock.size),
        })
    }
}

fn fault(error: &ami_disk::Error) -> Fault {
    Fault::new(FaultKind::Disk, error.to_string())
}
