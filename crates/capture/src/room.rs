//! Where the work is done: a mount namespace of this thread's own, in which the volume is seen without
//! what is mounted on it, and the image is mounted. All of it goes when the thread ends.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat, syncfs};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change,
    mount_remount, unmount,
};
use rustix::thread::UnshareFlags;

use crate::error::Because;
use crate::loops::Loop;
use crate::mounts::{self, below};
use crate::volume::Volume;
use crate::{Error, FileSystem, kernel};

/// Directories of every Linux (Filesystem Hierarchy Standard) one of which is covered by our own,
/// where only we and the script see it; those first that scripts have the least to do with.
const PLACES: [&str; 4] = ["/media", "/srv", "/mnt", "/tmp"];

/// Our mounts.
#[derive(Debug)]
pub(crate) struct Room {
    /// The volume's top, seen without what is mounted on it, but with what is taken.
    pub source: OwnedFd,
    image: PathBuf,
}

impl Room {
    /// Leaves the host's mounts, and shows the volume. What is needed later is not covered.
    ///
    /// To be called on a thread that ends afterwards.
    pub(crate) fn enter(volume: &Volume, needed: &[&Path]) -> Result<Self, Error> {
        kernel::unshare(UnshareFlags::NEWNS).map_err(|error| {
            let cause = crate::error::words(&error);
            Error::failed(format!("a mount namespace: {cause}; it needs root"))
        })?;
        // Ours do not show outside; what the host unmounts is not kept alive by us.
        let propagation = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
        mount_change("/", propagation).because(|| "the mount namespace")?;
        // What the image gets has its modes set. What a script makes in it has those of any system.
        rustix::process::umask(Mode::WGRP | Mode::WOTH);
        let top = directory(&volume.path)?;
        let mut taken = Vec::new();
        for rest in &volume.taken {
            let place = std::ffi::OsStr::from_bytes(rest);
            // A file system that went away in the meantime is left out.
            if let Ok(place) = open_path(&volume.path.join(place)) {
                taken.push((rest, place));
            }
        }
        let place = covered(needed)?;
        make_room(place)?;
        let (source, image) = (place.join("volume"), place.join("image"));
        bind(&top, &source)?;
        for (rest, other) in &taken {
            let place = source.join(std::ffi::OsStr::from_bytes(rest));
            // It is below something that is not taken.
            let _ = bind(other, &place);
        }
        Ok(Self {
            source: directory(&source)?,
            image,
        })
    }

    /// Mounts the image.
    pub(crate) fn mount(&self, device: &Loop, kind: FileSystem) -> Result<OwnedFd, Error> {
        let flags = MountFlags::NOATIME;
        let mut result = Err(Errno::INVAL);
        // An older driver may not know the quicker ways.
        for options in options(kind) {
            result = mount(device.path(), &self.image, kind.as_str(), flags, *options);
            if result != Err(Errno::INVAL) {
                break;
            }
        }
        result.because(|| format!("the new {kind} cannot be mounted"))?;
        directory(&self.image)
    }

    /// Where the image is mounted.
    pub(crate) fn image(&self) -> &Path {
        &self.image
    }

    /// Writes everything out and unmounts the image, with all that a script mounted on it.
    pub(crate) fn unmount(self, root: OwnedFd) -> Result<(), Error> {
        syncfs(root.as_fd()).because(|| "writing the image")?;
        drop(root);
        let top = self.image.as_os_str().as_bytes();
        let mounts = mounts::read().because(|| "what is mounted")?;
        for mount in mounts.iter().rev() {
            if below(&mount.place, top).is_some() {
                let place = std::ffi::OsStr::from_bytes(&mount.place);
                unmount_patiently(place).because(|| "unmounting the image")?;
            }
        }
        Ok(())
    }
}

/// A process that another thread starts has our open files for a moment, until it is a program.
fn unmount_patiently(place: &std::ffi::OsStr) -> rustix::io::Result<()> {
    const ATTEMPTS: u32 = 500;
    for _ in 0..ATTEMPTS {
        match unmount(place, UnmountFlags::empty()) {
            Err(Errno::BUSY) => std::thread::sleep(Duration::from_millis(10)),
            result => return result,
        }
    }
    Err(Errno::BUSY)
}

/// Mount options for a file system that is thrown away unless it is unmounted well: it need not be
/// safe in between. Tables that the first start fills by itself are left as they are: holes.
fn options(kind: FileSystem) -> &'static [Option<&'static std::ffi::CStr>] {
    match kind {
        FileSystem::Ext2 => &[None],
        FileSystem::Ext3 | FileSystem::Ext4 => {
            &[Some(c"noinit_itable,nobarrier"), Some(c"barrier=0"), None]
        }
        // The volume may have this UUID's original mounted.
        FileSystem::Xfs => &[Some(c"nouuid")],
        FileSystem::Btrfs => &[Some(c"nobarrier"), None],
    }
}

fn covered(needed: &[&Path]) -> Result<&'static Path, Error> {
    let needed: Vec<PathBuf> = needed
        .iter()
        .filter_map(|path| path.canonicalize().ok())
        .collect();
    PLACES
        .iter()
        .map(Path::new)
        .find(|place| {
            let known = place.symlink_metadata();
            let hides = needed.iter().any(|path| path.starts_with(place));
            known.is_ok_and(|known| known.is_dir()) && !hides
        })
        .ok_or_else(|| Error::failed("there is no /media, /srv, /mnt or /tmp to mount at"))
}

/// A small directory tree in memory for the two mounts.
fn make_room(place: &Path) -> Result<(), Error> {
    let options = Some(c"size=64k,mode=700");
    mount("tmpfs", place, "tmpfs", MountFlags::NOSUID, options)
        .because(|| format!("mount at {}", place.display()))?;
    for name in ["volume", "image"] {
        mkdirat(CWD, place.join(name), Mode::RWXU).because(|| "mount points")?;
    }
    Ok(())
}

/// Shows what is at a descriptor, and nothing of what is mounted below it, to be read only.
fn bind(from: &OwnedFd, place: &Path) -> Result<(), Error> {
    let what = || format!("mount at {}", place.display());
    mount_bind(format!("/proc/self/fd/{}", from.as_raw_fd()), place).because(what)?;
    // What the host mounts from now on does not show here.
    mount_change(place, MountPropagationFlags::PRIVATE).because(what)?;
    let flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOATIME | MountFlags::NODEV;
    // It is a protection against our own mistakes, without which all works as well.
    let _ = mount_remount(place, flags, "");
    Ok(())
}

fn open_path(path: &Path) -> rustix::io::Result<OwnedFd> {
    openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
}

fn directory(path: &Path) -> Result<OwnedFd, Error> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty()).because(|| path.display().to_string())
}
