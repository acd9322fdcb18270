//! Opens what a build is given, with the caller's own rights.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Opens a directory or file as the source of a bind: with the caller's rights, and not followed
/// further by anyone.
///
/// # Errors
/// What the kernel says.
pub fn open_source(path: &Path) -> io::Result<OwnedFd> {
    use rustix::fs::{Mode, OFlags};
    Ok(rustix::fs::open(
        path,
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
    )?)
}

/// Opens a disk file or block device for [`Order::disk`](super::Order::disk).
///
/// # Errors
/// What the kernel says.
pub fn open_disk(path: &Path) -> io::Result<OwnedFd> {
    Ok(File::options().read(true).write(true).open(path)?.into())
}
