//! Which file system, or what else, begins here.
//!
//! Places and magics are those of the formats' own headers, as `libblkid/src/superblocks` of
//! util-linux collects them. What holds other things (LUKS, LVM, RAID) is looked for first: a member
//! of a RAID-1 array begins with the file system that is on the array.

mod container;
pub(crate) mod fat;
mod linux;
mod other;

use std::fmt;

use crate::{Error, ReadAt};

/// What a file system says of itself. What is not known is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superblock {
    /// Which it is.
    pub kind: Kind,
    /// Its size in bytes, which may be less than its partition's; of btrfs what it uses of this device.
    pub size: Option<u64>,
    /// Its block size in bytes; of FAT the size of a cluster.
    pub block_size: Option<u32>,
    /// Its UUID as `blkid` shows it; of FAT its serial number, `1A2B-3C4D`.
    pub uuid: Option<String>,
    /// Its label, if it has one. Control characters are as they were written.
    pub label: Option<String>,
}

/// What kinds are told apart, named as `blkid` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `ext2`
    Ext2,
    /// `ext3`
    Ext3,
    /// `ext4`
    Ext4,
    /// `xfs`
    Xfs,
    /// `btrfs`
    Btrfs,
    /// `vfat`, be it FAT12, FAT16 or FAT32
    Vfat,
    /// `exfat`
    Exfat,
    /// `ntfs`
    Ntfs,
    /// `iso9660`
    Iso9660,
    /// `squashfs`
    Squashfs,
    /// `erofs`
    Erofs,
    /// `f2fs`
    F2fs,
    /// `swap`
    Swap,
    /// `crypto_LUKS`
    Luks,
    /// `LVM2_member`
    Lvm,
    /// `linux_raid_member`
    Raid,
    /// `zfs_member`
    Zfs,
}

impl Superblock {
    /// One of which nothing but the kind is known.
    pub(crate) fn of_kind(kind: Kind) -> Self {
        Self {
            kind,
            size: None,
            block_size: None,
            uuid: None,
            label: None,
        }
    }

    /// Reads it; none if nothing known begins here.
    ///
    /// # Errors
    /// What cannot be read. A superblock that is damaged is none, or lacks what is impossible.
    pub fn read(source: &dyn ReadAt) -> Result<Option<Self>, Error> {
        let readers = [
            container::read,
            linux::xfs,
            linux::ext,
            linux::btrfs,
            other::read,
            fat::read,
        ];
        for read in readers {
            if let Some(found) = read(source)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

impl Kind {
    /// As `blkid` names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ext2 => "ext2",
            Self::Ext3 => "ext3",
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
            Self::Vfat => "vfat",
            Self::Exfat => "exfat",
            Self::Ntfs => "ntfs",
            Self::Iso9660 => "iso9660",
            Self::Squashfs => "squashfs",
            Self::Erofs => "erofs",
            Self::F2fs => "f2fs",
            Self::Swap => "swap",
            Self::Luks => "crypto_LUKS",
            Self::Lvm => "LVM2_member",
            Self::Raid => "linux_raid_member",
            Self::Zfs => "zfs_member",
        }
    }

    /// Can a Linux root be made of it that is written to: ext2 to ext4, xfs, btrfs?
    pub fn can_be_root(self) -> bool {
        matches!(
            self,
            Self::Ext2 | Self::Ext3 | Self::Ext4 | Self::Xfs | Self::Btrfs
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
