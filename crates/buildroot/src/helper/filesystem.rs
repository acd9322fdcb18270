//! The root file system: which one it is, and how it is mounted.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_change, unmount};

use super::alone::with_device_alone;
use super::disk::Device;
use crate::fault::{Because, Result};
use crate::kernel;
use crate::mounting::{Mount, NO_DEVICES};
use crate::protocol::{Fault, FaultKind};

/// A file system that images have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filesystem {
    /// ext2, ext3 and ext4: one driver mounts them all.
    Ext4,
    Xfs,
    Btrfs,
}

impl Filesystem {
    /// The kernel's name of it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
        }
    }

    /// What it has to be told.
    ///
    /// The host's own root may have the same UUID: it may come from the same image. xfs refuses to
    /// be mounted twice unless it is told otherwise. A disk that is thrown away on failure need not
    /// be flushed at every commit of the journal: it is at the end. xfs does not offer that. What an
    /// ext4 does about errors would otherwise be its superblock's choice, which may be to panic.
    fn options(self, disposable: bool) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Xfs => &[("nouuid", "")],
            Self::Ext4 if disposable => &[("errors", "remount-ro"), ("nobarrier", "")],
            Self::Ext4 => &[("errors", "remount-ro")],
            Self::Btrfs if disposable => &[("nobarrier", "")],
            Self::Btrfs => &[],
        }
    }
}

/// Where the helper has it, in its own mount namespace, over what the host has there. Every Linux
/// has one of these directories (Filesystem Hierarchy Standard).
const PLACES: [&str; 2] = ["/mnt", "/tmp"];

/// The first of them that there is.
pub(crate) fn place() -> Result<&'static str> {
    let mut places = PLACES.into_iter();
    let found = places.find(|place| std::path::Path::new(place).is_dir());
    found.ok_or_else(|| Fault::new(FaultKind::Host, "the host has no /mnt and no /tmp"))
}

/// A mounted root file system that only we see.
#[derive(Debug)]
pub(crate) struct Mounted {
    /// Its path.
    pub place: &'static str,
}

impl Mounted {
    /// Mounts it, in a mount namespace that is ours alone.
    pub(crate) fn new(filesystem: Filesystem, device: &Device, disposable: bool) -> Result<Self> {
        // Nothing that is mounted here from now on shows anywhere else.
        mount_change(
            "/",
            MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
        )
        .because(FaultKind::Host, || "the mount namespace".to_owned())?;
        let mount = mount(filesystem, device, disposable)?;
        let place = place()?;
        mount
            .put_at_path(place)
            .because(FaultKind::Host, || format!("mount at {place}"))?;
        Ok(Self { place })
    }

    /// Its root directory.
    pub(crate) fn root(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(openat(CWD, self.place, flags, Mode::empty())?)
    }

    /// Writes everything out and unmounts it.
    pub(crate) fn unmount(self) -> io::Result<()> {
        // A write that failed later would be told to nobody, unlike here.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(CWD, self.place, flags, Mode::empty())?;
        let written = rustix::fs::syncfs(directory.as_fd());
        drop(directory);
        unmount(self.place, UnmountFlags::empty())?;
        Ok(written?)
    }
}

/// Mounts it, not in any tree of files yet.
pub(crate) fn mount(filesystem: Filesystem, device: &Device, disposable: bool) -> Result<Mount> {
    let path = device.path();
    let mut options = vec![("source", path.as_str())];
    options.extend(filesystem.options(disposable));
    let name = filesystem.name();
    let mounted = with_device_alone(device, || Mount::new(name, &options, NO_DEVICES));
    let is_twin = filesystem == Filesystem::Btrfs
        && matches!(&mounted, Err(error) if error.kind() == io::ErrorKind::AlreadyExists);
    let mount = mounted.because(FaultKind::Disk, || {
        let twin = match is_twin {
            true => " (a btrfs of the same UUID is mounted: Linux 6.7 and later can mount both)",
            false => "",
        };
        format!("the {name} in the disk cannot be mounted{twin}")
    })?;
    if filesystem == Filesystem::Btrfs {
        check_devices(&mount, device)?;
    }
    Ok(mount)
}

/// Is this device all that the btrfs is on, its seeds included? One that the host has mounted with
/// a device missing could have taken ours for that one.
fn check_devices(mount: &Mount, device: &Device) -> Result<()> {
    let what = || "the devices of the btrfs".to_owned();
    // The mount's own descriptor is one for paths.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = openat(mount, ".", flags, Mode::empty()).because(FaultKind::Disk, what)?;
    let uuid = kernel::btrfs_uuid(root.as_fd()).because(FaultKind::Disk, what)?;
    let entries = std::fs::read_dir(format!("/sys/fs/btrfs/{uuid}/devices"));
    let names: io::Result<Vec<_>> = entries
        .because(FaultKind::Host, what)?
        .map(|entry| Ok(entry?.file_name()))
        .collect();
    if names.because(FaultKind::Host, what)? == [device.name()] {
        return Ok(());
    }
    let message = "the btrfs is on other devices too: nothing can be built in a part of it";
    Err(Fault::new(FaultKind::Disk, message))
}
