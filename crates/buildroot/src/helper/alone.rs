//! A mount that can reach one device only.
//!
//! btrfs opens every device that it has heard of under the file system's UUID, by the path that it
//! heard of, as root: whoever writes a UUID into a superblock would have it read and write the
//! devices of others. So the mount is made with a root directory in which there is no other device
//! than its own.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, OFlags, Uid, chownat, fstat, major, makedev, minor, mknodat,
    openat,
};
use rustix::mount::MountAttrFlags;
use rustix::process::{chroot, fchdir};
use rustix::thread::UnshareFlags;

use super::disk::Device;
use crate::init::own_places::directories;
use crate::kernel;
use crate::mounting::Mount;

/// Acts with the device as the only file that there is, under the path that it has on the host: by
/// another one the kernel would look for it where it is not.
pub(crate) fn with_device_alone<T>(
    device: &Device,
    act: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let alone = root_of(device, 0)?;
    let host = root()?;
    // Nobody else's root directory changes with ours.
    kernel::unshare(UnshareFlags::FS)?;
    fchdir(&alone)?;
    chroot(".")?;
    let acted = act();
    // This fails only for want of the privilege that we have.
    fchdir(&host)?;
    chroot(".")?;
    acted
}

/// A root directory with the device in it, which belongs to that user, and nothing else.
pub(crate) fn root_of(device: &Device, owner: u32) -> io::Result<Mount> {
    let numbers = fstat(device)?.st_rdev;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let root = Mount::new("tmpfs", &[("mode", "755"), ("size", "64k")], attributes)?;
    let path = device.path();
    let inside = Path::new(path.trim_start_matches('/'));
    directories(&root, inside.parent().unwrap_or(inside), 0o755, 0)?;
    let (kind, mode) = (FileType::BlockDevice, Mode::from_raw_mode(0o600));
    let numbers = makedev(major(numbers), minor(numbers));
    mknodat(&root, inside, kind, mode, numbers)?;
    let (user, group) = (Uid::from_raw(owner), Gid::from_raw(owner));
    chownat(
        &root,
        inside,
        Some(user),
        Some(group),
        AtFlags::SYMLINK_NOFOLLOW,
    )?;
    Ok(root)
}

fn root() -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(CWD, "/", flags, Mode::empty())?)
}
