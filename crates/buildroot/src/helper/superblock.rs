//! What a superblock may not ask of the kernel: other devices, and settings that are not for who made
//! the image to choose.

use std::io;

use ami_disk::{ReadAt, Window};

use super::disk::Disk;
use super::filesystem::Filesystem;
use super::root::{Bytes, Root};
use crate::fault::{Because, Result};
use crate::protocol::{Fault, FaultKind};

/// Where ext4 has its superblock, and fields in it (Linux, fs/ext4/ext4.h).
const EXT4: u64 = 1024;
const EXT4_JOURNAL_DEVICE: u64 = EXT4 + 0xe4;
const EXT4_MOUNT_OPTIONS: u64 = EXT4 + 0x200;

/// Where btrfs has its first superblock, and a field in it (Linux, include/uapi/linux/btrfs_tree.h).
const BTRFS: u64 = 64 << 10;
const BTRFS_DEVICES: u64 = BTRFS + 136;

/// Refuses a file system that would not be mounted from its part of the disk alone.
///
/// The bytes are the caller's, who may change them before they are read by the kernel: this is for
/// clear words. What must not happen then either is seen to where the mount is made.
pub(crate) fn check(disk: &Disk, root: &Root) -> Result<()> {
    let (region, filesystem) = (root.region, root.filesystem);
    let bytes = Bytes::of(disk);
    let part = Window::new(&bytes, region.start, region.length);
    let problem = match filesystem {
        Filesystem::Ext4 => ext4(&part),
        Filesystem::Btrfs => btrfs(&part),
        Filesystem::Xfs => Ok(None),
    };
    match problem.because(FaultKind::Disk, || "the superblock".to_owned())? {
        None => is_whole(root),
        Some(problem) => Err(Fault::new(FaultKind::Disk, problem)),
    }
}

/// The kernel says no more of such a file system than that it is invalid.
fn is_whole(root: &Root) -> Result<()> {
    let there = root.region.length;
    match root.size {
        Some(size) if size > there => {
            let message = format!(
                "the {} is {size} bytes long, and there are only {there} for it: was the disk cut off?",
                root.filesystem.name()
            );
            Err(Fault::new(FaultKind::Disk, message))
        }
        _ => Ok(()),
    }
}

fn ext4(part: &dyn ReadAt) -> io::Result<Option<String>> {
    if u32::from_le_bytes(read(part, EXT4_JOURNAL_DEVICE)?) != 0 {
        let problem = "the ext4 has its journal on another device: nothing can be built in it";
        return Ok(Some(problem.to_owned()));
    }
    if read::<64>(part, EXT4_MOUNT_OPTIONS)?[0] != 0 {
        let problem = "the ext4 asks for mount options of its own, which a build does not give it \
                       (tune2fs -E mount_opts= takes them out)";
        return Ok(Some(problem.to_owned()));
    }
    Ok(None)
}

fn btrfs(part: &dyn ReadAt) -> io::Result<Option<String>> {
    let devices = u64::from_le_bytes(read(part, BTRFS_DEVICES)?);
    Ok((devices != 1).then(|| {
        format!("the btrfs is one of {devices} devices: nothing can be built in a part of it")
    }))
}

fn read<const LENGTH: usize>(part: &dyn ReadAt, at: u64) -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    part.read_exact_at(at, &mut bytes)?;
    Ok(bytes)
}
