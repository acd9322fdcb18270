//! New file systems: made, and given the label and UUID of another.
//!
//! While one is filled it has a UUID of its own: two that are mounted at once must not have the same,
//! and udev would point the other's links in `/dev/disk` to it.

use std::fs::File;

use ami_disk::{Source, Superblock};

use crate::error::Because;
use crate::program::{STDIN, Sight, find, run_on, run_seeing};
use crate::{Error, FileSystem, Watch};

/// ext is made with an inode for this many bytes (mke2fs.conf of all distributions), and never grows
/// more.
const BYTES_PER_INODE: u64 = 16 << 10;

impl FileSystem {
    /// The programs that make it and change its UUID.
    pub(crate) fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Ext2 | Self::Ext3 | Self::Ext4 => &["mke2fs", "tune2fs", "e2fsck"],
            Self::Xfs => &["mkfs.xfs", "xfs_db"],
            Self::Btrfs => &["mkfs.btrfs", "btrfstune", "btrfs"],
        }
    }

    /// The package that has them.
    fn package(self) -> &'static str {
        match self {
            Self::Ext2 | Self::Ext3 | Self::Ext4 => "e2fsprogs",
            Self::Xfs => "xfsprogs",
            Self::Btrfs => "btrfs-progs",
        }
    }

    /// The smallest that its program makes, or that is of use (mkfs.xfs(8): 300 MB; mkfs.btrfs(8):
    /// 109 MiB, and with less than 256 MiB it fills up early).
    pub(crate) fn least_bytes(self) -> u64 {
        match self {
            Self::Ext2 | Self::Ext3 | Self::Ext4 => 8 << 20,
            Self::Xfs => 320 << 20,
            Self::Btrfs => 256 << 20,
        }
    }

    /// Can it have this label? (mke2fs(8), mkfs.xfs(8), mkfs.btrfs(8); xfs_db takes no quotes.)
    pub(crate) fn takes_label(self, label: &str) -> bool {
        let most = match self {
            Self::Ext2 | Self::Ext3 | Self::Ext4 => 16,
            Self::Xfs => 12,
            Self::Btrfs => 255,
        };
        let plain = !label.contains(['"', '\\', '/', ' ']) && !label.contains(char::is_control);
        let first = !label.starts_with(['-', '+']);
        label.len() <= most && first && (plain || self != Self::Xfs)
    }

    /// Are its programs installed?
    pub(crate) fn check_programs(self) -> Result<(), Error> {
        match self.programs().iter().find(|name| find(name).is_none()) {
            None => Ok(()),
            Some(missing) => Err(Error::failed(format!(
                "{missing} is not installed, which {self} needs (package {})",
                self.package()
            ))),
        }
    }

    /// Makes it in an empty file, with room for so many files.
    pub(crate) fn make(self, file: &File, files: u64, watch: &Watch<'_>) -> Result<(), Error> {
        match self {
            Self::Ext2 | Self::Ext3 | Self::Ext4 => {
                let bytes = file.metadata().because(|| "the image")?.len();
                let count = files.to_string();
                // The file is empty, so there is nothing to overwrite in its tables and its log.
                let lazy = "lazy_itable_init=1,lazy_journal_init=1";
                let mut words = vec!["-q", "-F", "-t", self.as_str(), "-E", lazy];
                if files > bytes / BYTES_PER_INODE {
                    words.extend(["-N", &count]);
                }
                words.push(STDIN);
                run_on(file, "mke2fs", &words, &[], watch)
            }
            Self::Xfs => run_on(file, "mkfs.xfs", &["-q", "-f", STDIN], &[], watch),
            Self::Btrfs => run_on(file, "mkfs.btrfs", &["-q", "-f", STDIN], &[], watch),
        }
    }

    /// Sets label and UUID, and says what the UUID is.
    pub(crate) fn identify(
        self,
        file: &File,
        label: Option<&str>,
        uuid: Option<&str>,
        watch: &Watch<'_>,
    ) -> Result<String, Error> {
        match self {
            Self::Ext2 | Self::Ext3 | Self::Ext4 => identify_ext(file, label, uuid, watch)?,
            Self::Xfs => identify_xfs(file, label, uuid, watch)?,
            Self::Btrfs => identify_btrfs(file, label, uuid, watch)?,
        }
        let known = read(file)?;
        let has = |wanted: Option<&str>, there: Option<&str>| wanted.is_none() || wanted == there;
        if !has(label, known.label.as_deref()) || !has(uuid, known.uuid.as_deref()) {
            return Err(Error::failed(format!(
                "label and UUID of the new {self} are not what they were set to"
            )));
        }
        known
            .uuid
            .ok_or_else(|| Error::failed(format!("the new {self} has no UUID")))
    }
}

/// What the image says of itself.
pub(crate) fn read(file: &File) -> Result<Superblock, Error> {
    let wrong = |error: ami_disk::Error| Error::failed(format!("the new file system {error}"));
    let file = file.try_clone().because(|| "the image")?;
    let source = Source::new(file).map_err(wrong)?;
    Superblock::read(&source)
        .map_err(wrong)?
        .ok_or_else(|| Error::failed("the image holds no file system"))
}

fn identify_ext(
    file: &File,
    label: Option<&str>,
    uuid: Option<&str>,
    watch: &Watch<'_>,
) -> Result<(), Error> {
    // No check by count or time at boot, which old versions would ask for.
    let mut words = vec!["-c", "0", "-i", "0"];
    if let Some(label) = label {
        words.extend(["-L", label]);
    }
    if let Some(uuid) = uuid {
        // tune2fs wants that before it rewrites all checksums. 1: something was put right.
        run_on(file, "e2fsck", &["-f", "-y", STDIN], &[1], watch)?;
        words.extend(["-U", uuid]);
    }
    words.push(STDIN);
    run_on(file, "tune2fs", &words, &[], watch)
}

/// `xfs_admin` is a script around this, whose programs would outlive it.
fn identify_xfs(
    file: &File,
    label: Option<&str>,
    uuid: Option<&str>,
    watch: &Watch<'_>,
) -> Result<(), Error> {
    let label = label.map(|label| format!("label {label}"));
    let uuid = uuid.map(|uuid| format!("uuid {uuid}"));
    let mut words = vec!["-x", "-p", "xfs_admin"];
    for command in [&label, &uuid].into_iter().flatten() {
        words.extend(["-c", command]);
    }
    if words.len() == 3 {
        return Ok(());
    }
    words.push(STDIN);
    run_on(file, "xfs_db", &words, &[], watch)
}

fn identify_btrfs(
    file: &File,
    label: Option<&str>,
    uuid: Option<&str>,
    watch: &Watch<'_>,
) -> Result<(), Error> {
    if let Some(label) = label {
        let words = ["filesystem", "label", STDIN, label];
        run_on(file, "btrfs", &words, &[], watch)?;
    }
    match uuid {
        Some(uuid) => {
            let words = ["-f", "-U", uuid, STDIN];
            run_seeing(Sight::NoDisks, file, "btrfstune", &words, &[], watch)
        }
        None => Ok(()),
    }
}
