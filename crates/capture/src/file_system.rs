//! The file systems that images can have.

use std::fmt;
use std::str::FromStr;

/// A file system that an image can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileSystem {
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
}

impl FileSystem {
    const ALL: [Self; 5] = [Self::Ext2, Self::Ext3, Self::Ext4, Self::Xfs, Self::Btrfs];

    /// As the kernel and `blkid` name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ext2 => "ext2",
            Self::Ext3 => "ext3",
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
        }
    }
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for FileSystem {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == word)
            .ok_or_else(|| format!("{word:?} is none of ext2, ext3, ext4, xfs, btrfs"))
    }
}
