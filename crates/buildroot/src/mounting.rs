//! Mounts as descriptors: made apart from any tree of files, and put in their place afterwards.
//!
//! A place is a descriptor as well, so nothing is resolved twice, and no path can be turned into
//! another one between looking and mounting.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::CWD;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create,
    fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};

use crate::kernel;

/// A mount that is not in any tree yet, or was put there.
#[derive(Debug)]
pub(crate) struct Mount {
    root: OwnedFd,
}

/// What every mount of a build has: no device file on it does anything.
pub(crate) const NO_DEVICES: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NODEV;

/// What a mount has that holds no programs of the image.
pub(crate) fn data_only() -> MountAttrFlags {
    MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NOEXEC
}

impl Mount {
    /// A new file system of that type.
    ///
    /// An option without a value is a flag.
    pub(crate) fn new(
        kind: &str,
        options: &[(&str, &str)],
        attributes: MountAttrFlags,
    ) -> io::Result<Self> {
        let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
        for (key, value) in options {
            if value.is_empty() {
                fsconfig_set_flag(&context, *key)?;
            } else {
                fsconfig_set_string(&context, *key, *value)?;
            }
        }
        fsconfig_create(&context).map_err(|error| with_messages(&context, error))?;
        let root = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)?;
        Ok(Self { root })
    }

    /// A second mount of what is mounted at, or lies below, a descriptor, without what is mounted on
    /// it.
    pub(crate) fn of(place: BorrowedFd<'_>) -> io::Result<Self> {
        Self::clone_of(place, OpenTreeFlags::empty())
    }

    /// The same with all that is mounted on it, so that nothing shows that this hides.
    pub(crate) fn of_all(place: BorrowedFd<'_>) -> io::Result<Self> {
        Self::clone_of(place, OpenTreeFlags::AT_RECURSIVE)
    }

    fn clone_of(place: BorrowedFd<'_>, more: OpenTreeFlags) -> io::Result<Self> {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_EMPTY_PATH;
        let root = open_tree(place, "", flags | more)?;
        Ok(Self { root })
    }

    /// Takes a mount that another process made.
    pub(crate) fn from_root(root: OwnedFd) -> Self {
        Self { root }
    }

    /// The descriptor of its root, to be given away.
    pub(crate) fn into_root(self) -> OwnedFd {
        self.root
    }

    /// Adds attributes, and lets it show owners as a user namespace maps them. It stands apart from
    /// the mount that it was made from thereafter.
    pub(crate) fn restrict(
        &self,
        attributes: MountAttrFlags,
        map: Option<BorrowedFd<'_>>,
    ) -> io::Result<()> {
        kernel::set_mount_attributes(self.root.as_fd(), attributes.bits(), map)
    }

    /// Puts it over the file or directory at the descriptor.
    pub(crate) fn put_at(&self, place: BorrowedFd<'_>) -> io::Result<()> {
        move_mount(
            &self.root,
            "",
            place,
            "",
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH,
        )?;
        Ok(())
    }

    /// Puts it over a path of this process.
    pub(crate) fn put_at_path(&self, path: &str) -> io::Result<()> {
        move_mount(
            &self.root,
            "",
            CWD,
            path,
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
        )?;
        Ok(())
    }
}

impl AsFd for Mount {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }
}

/// The kernel keeps what a file system has to say about a mount that failed: it is in the log too,
/// which nobody reads.
fn with_messages(context: &OwnedFd, error: rustix::io::Errno) -> io::Error {
    let mut said = Vec::new();
    let mut line = [0; 512];
    // Ends with ENODATA when all was read.
    while let Ok(length @ 1..) = rustix::io::read(context, &mut line) {
        let text = String::from_utf8_lossy(&line[..length]);
        // Each begins with `e `, `w ` or `i `: error, warning, information.
        if let Some(text) = text.strip_prefix("e ") {
            said.push(text.trim().to_owned());
        }
    }
    let error = io::Error::from(error);
    if said.is_empty() {
        return error;
    }
    let words = crate::fault::words(&error);
    io::Error::new(error.kind(), format!("{words} ({})", said.join("; ")))
}
