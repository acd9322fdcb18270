//! Places in the build's own `/run` and `/tmp`: directories and files that something is put on.
//!
//! Real root makes them, so they are made one component at a time, from a descriptor of the file
//! system itself, and never through a link or into another file system.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, Gid, Mode, OFlags, ResolveFlags, Uid, fchown, mkdirat, openat2};
use rustix::io::Errno;

use crate::fault::{Because, Result};
use crate::helper::image::absolute;
use crate::mounting::Mount;
use crate::protocol::{Bind, Fault, FaultKind};

/// The file systems in memory that a build has of its own, and that binds may go to.
pub(super) struct Own {
    pub run: Mount,
    pub tmp: Mount,
}

/// Makes the places of all binds that go there. None for those that go elsewhere.
pub(super) fn make(own: &Own, binds: &[(Bind, bool)], owner: u32) -> Result<Vec<Option<OwnedFd>>> {
    let places = binds.iter().map(|(bind, is_directory)| {
        let path = absolute(&bind.destination);
        let below = |top: &str| path.strip_prefix(top).ok();
        let (filesystem, below) = match (below("/run"), below("/tmp")) {
            (Some(below), _) => (&own.run, below),
            (_, Some(below)) => (&own.tmp, below),
            (None, None) => return Ok(None),
        };
        place(filesystem, below, *is_directory, owner)
            .because(FaultKind::Refused, || format!("bind to {}", path.display()))
            .map(Some)
    });
    places.collect()
}

/// Refuses binds that would be put into one another in `/run` or `/tmp`: the place of the inner one
/// would have to be made in the caller's own files.
pub(crate) fn check_apart(binds: &[Bind]) -> Result<()> {
    let paths: Vec<_> = binds
        .iter()
        .map(|bind| absolute(&bind.destination))
        .filter(|path| path.starts_with("/run") || path.starts_with("/tmp"))
        .collect();
    for (at, path) in paths.iter().enumerate() {
        let mut others = paths[..at].iter().chain(&paths[at + 1..]);
        if let Some(outer) = others.find(|other| path.starts_with(other)) {
            let message = format!(
                "bind to {}: it would lie in the bind to {}; in /run and /tmp binds lie beside one \
                 another",
                path.display(),
                outer.display()
            );
            return Err(Fault::new(FaultKind::Refused, message));
        }
    }
    Ok(())
}

fn place(own: &Mount, path: &Path, is_directory: bool, owner: u32) -> io::Result<OwnedFd> {
    if is_directory {
        return directories(own, path, 0o755, owner);
    }
    match file(own, path, owner) {
        // The resolver's file, which was made before, may be replaced like any other.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = open(own.as_fd(), path, OFlags::PATH)?;
            let stat = rustix::fs::fstat(&file)?;
            if FileType::from_raw_mode(stat.st_mode).is_file() {
                Ok(file)
            } else {
                Err(io::ErrorKind::IsADirectory.into())
            }
        }
        made => made,
    }
}

/// Makes a directory and those above it, where there are none, and opens it.
pub(crate) fn directories(
    below: impl AsFd,
    path: &Path,
    mode: u32,
    owner: u32,
) -> io::Result<OwnedFd> {
    let mut place = below.as_fd().try_clone_to_owned()?;
    for name in path {
        let made = mkdirat(&place, name, Mode::from_raw_mode(mode));
        let next = open(place.as_fd(), name, OFlags::RDONLY | OFlags::DIRECTORY)?;
        match made {
            Ok(()) => own(next.as_fd(), owner)?,
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        place = next;
    }
    Ok(place)
}

/// Makes a file, and the directories above it, and opens it for writing.
pub(super) fn file(below: impl AsFd, path: &Path, owner: u32) -> io::Result<OwnedFd> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let above = path.parent().unwrap_or(Path::new(""));
    let above = directories(below, above, 0o755, owner)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    let file = open(above.as_fd(), name, flags)?;
    own(file.as_fd(), owner)?;
    Ok(file)
}

fn open(below: BorrowedFd<'_>, path: impl AsRef<Path>, flags: OFlags) -> io::Result<OwnedFd> {
    let creates = flags.contains(OFlags::CREATE);
    let mode = if creates { 0o644 } else { 0 };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    let (flags, mode) = (flags | OFlags::CLOEXEC, Mode::from_raw_mode(mode));
    Ok(openat2(below, path.as_ref(), flags, mode, resolve)?)
}

fn own(file: BorrowedFd<'_>, owner: u32) -> io::Result<()> {
    let (user, group) = (Uid::from_raw(owner), Gid::from_raw(owner));
    Ok(fchown(file, Some(user), Some(group))?)
}

#[cfg(test)]
mod tests {
    use super::check_apart;
    use crate::protocol::Bind;

    fn are_apart(destinations: &[&str]) -> bool {
        let bind = |destination: &&str| Bind {
            destination: (*destination).into(),
            read_only: false,
        };
        check_apart(&destinations.iter().map(bind).collect::<Vec<_>>()).is_ok()
    }

    #[test]
    fn binds_in_run_and_tmp_lie_beside_one_another() {
        assert!(are_apart(&["/run/a", "/run/ab", "/tmp/a", "/workspace"]));
        // In the image the inner place is looked for, not made.
        assert!(are_apart(&["/workspace", "/workspace/run/x"]));
        for nested in [
            ["/run/a", "/run/a/b"],
            ["/run/a/b", "/run/a"],
            ["/tmp/x", "/tmp/y/../x/z"],
            ["/run/a", "/run/a"],
        ] {
            assert!(!are_apart(&nested), "{nested:?}");
        }
    }
}
