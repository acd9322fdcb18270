//! The root file system: which one it is, and how it is mounted.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_change, unmount};

use super::disk::Device;
use crate::fault::{Because, Result};
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
    /// be flushed at every commit of the journal: it is at the end. xfs does not offer that.
    fn options(self, disposable: bool) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Xfs => &[("nouuid", "")],
            Self::Ext4 | Self::Btrfs if disposable => &[("nobarrier", "")],
            Self::Ext4 | Self::Btrfs => &[],
        }
    }
}

/// Where the helper has it, in its own mount namespace, over what the host has there. Every Linux
/// has one of these directories (Filesystem Hierarchy Standard).
const PLACES: [&str; 2] = ["/mnt", "/tmp"];

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
        let path = device.path();
        let mut options = vec![("source", path.as_str())];
        options.extend(filesystem.options(disposable));
        let name = filesystem.name();
        let mount = Mount::new(name, &options, NO_DEVICES).because(FaultKind::Disk, || {
            format!("the {name} in the disk cannot be mounted")
        })?;
        let place = PLACES
            .into_iter()
            .find(|place| std::path::Path::new(place).is_dir());
        let Some(place) = place else {
            return Err(Fault::new(
                FaultKind::Host,
                "the host has no /mnt and no /tmp",
            ));
        };
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
