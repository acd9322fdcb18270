//! Files that cannot be changed because an attribute says so (chattr(1)): a build may give it to what
//! was lent to its image.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

/// The attributes that forbid to remove and to rename.
fn protective() -> IFlags {
    IFlags::IMMUTABLE | IFlags::APPEND
}

/// Takes them off a file or directory that is open. Returns those that it had, if any.
///
/// Where this cannot be done, what it is done for fails, and says why.
pub(crate) fn take_off(file: BorrowedFd<'_>) -> Option<IFlags> {
    let flags = ioctl_getflags(file).ok()?;
    if !flags.intersects(protective()) {
        return None;
    }
    ioctl_setflags(file, flags - protective()).ok()?;
    Some(flags)
}

/// Gives them back.
pub(crate) fn put_back(file: BorrowedFd<'_>, flags: Option<IFlags>) -> io::Result<()> {
    match flags {
        Some(flags) => Ok(ioctl_setflags(file, flags)?),
        None => Ok(()),
    }
}
