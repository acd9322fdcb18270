//! The way down a tree, as directories that are open: no path is too long for it, and no link or
//! renaming leads it elsewhere. Of a deep way only the lower end is open; upwards it goes by `..`.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, fstat, openat};

/// How many directories of the way are open.
const OPEN: usize = 64;

/// How all directories are opened: no link is followed, and nothing is waited for.
pub(crate) const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// The way down.
#[derive(Debug)]
pub(crate) struct Descent {
    top: OwnedFd,
    levels: Vec<Level>,
}

#[derive(Debug)]
struct Level {
    directory: Option<OwnedFd>,
    id: (u64, u64),
}

impl Descent {
    /// Begins at a directory.
    pub(crate) fn new(top: OwnedFd) -> io::Result<Self> {
        let level = Level::new(top.try_clone()?)?;
        Ok(Self {
            top,
            levels: vec![level],
        })
    }

    /// Where it began.
    pub(crate) fn top(&self) -> BorrowedFd<'_> {
        self.top.as_fd()
    }

    /// The directory that it has come to. None after a way up that was not there any more.
    pub(crate) fn here(&self) -> Option<BorrowedFd<'_>> {
        self.levels.last()?.directory.as_ref().map(AsFd::as_fd)
    }

    /// Goes down into a directory.
    pub(crate) fn enter(&mut self, directory: OwnedFd) -> io::Result<()> {
        self.levels.push(Level::new(directory)?);
        // The top stays open: there is no way back to it by `..` out of a mount.
        let above = self.levels.len().checked_sub(OPEN + 1);
        if let Some(above) = above.filter(|above| *above > 0) {
            self.levels[above].directory = None;
        }
        Ok(())
    }

    /// Goes up. If the directory was moved, there is none [`Descent::here`] until the next way up.
    pub(crate) fn leave(&mut self) -> io::Result<()> {
        let left = self.levels.pop();
        let Some(level) = self.levels.last_mut().filter(|one| one.directory.is_none()) else {
            return Ok(());
        };
        let Some(left) = left.and_then(|level| level.directory) else {
            return Ok(());
        };
        let above = Level::new(openat(&left, "..", DIRECTORY, Mode::empty())?)?;
        if above.id == level.id {
            level.directory = above.directory;
        }
        Ok(())
    }
}

impl Level {
    fn new(directory: OwnedFd) -> io::Result<Self> {
        let known = fstat(&directory)?;
        Ok(Self {
            directory: Some(directory),
            id: (known.st_dev, known.st_ino),
        })
    }
}

/// Opens a directory below another by a path that may be longer than the kernel takes at once.
pub(crate) fn open_below(top: BorrowedFd<'_>, path: &[u8]) -> io::Result<OwnedFd> {
    /// Shorter than PATH_MAX with any name that follows.
    const PART: usize = 2048;
    let mut directory = openat(top, ".", DIRECTORY, Mode::empty())?;
    let mut rest = path;
    while !rest.is_empty() {
        let end = match rest.len() > PART {
            true => memchr::memrchr(b'/', &rest[..PART]).unwrap_or(rest.len()),
            false => rest.len(),
        };
        let (part, after) = rest.split_at(end);
        directory = openat(&directory, part, DIRECTORY, Mode::empty())?;
        rest = after.strip_prefix(b"/").unwrap_or(after);
    }
    Ok(directory)
}

/// A path as its directory and its name.
pub(crate) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b'/', path) {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}
