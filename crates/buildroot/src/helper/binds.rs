//! What the caller shows to the build: mounts made from its descriptors.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{FileType, fstat};

use super::owners::Owners;
use crate::fault::{Because, Result};
use crate::init::tree::bind_attributes;
use crate::mounting::Mount;
use crate::protocol::{Bind, Fault, FaultKind};

/// A mount of a bind's source, not in any tree of files yet.
#[derive(Debug)]
pub(crate) struct Tree {
    pub mount: Mount,
    pub is_directory: bool,
}

/// Makes the mounts, while we are in the caller's mount namespace: its descriptors belong there.
///
/// What is mounted below a source is not part of it where root builds. Another caller gets it too:
/// it may have been put there to hide what lies beneath.
pub(crate) fn open(binds: &[Bind], sources: Vec<OwnedFd>, owners: &Owners) -> Result<Vec<Tree>> {
    let pairs = binds.iter().zip(sources);
    pairs
        .map(|(bind, source)| open_one(bind, &source, owners))
        .collect()
}

fn open_one(bind: &Bind, source: &OwnedFd, owners: &Owners) -> Result<Tree> {
    let what = || format!("bind to {}", bind.destination.display());
    let stat = fstat(source).because(FaultKind::Refused, what)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind.is_symlink() {
        let message = format!("{}: the source is a symbolic link", what());
        return Err(Fault::new(FaultKind::Refused, message));
    }
    let map = owners.of_binds.as_ref().map(AsFd::as_fd);
    let mount = match map {
        None => Mount::of(source.as_fd()),
        Some(_) => check_bindable().and_then(|()| Mount::of_all(source.as_fd())),
    };
    let mount = mount.because(FaultKind::Refused, what)?;
    let attributes = bind_attributes(bind.read_only);
    mount
        .restrict(attributes, map)
        .because(FaultKind::Host, || {
            let mut what = what();
            if map.is_some() {
                what.push_str(
                ": its file system, or one mounted in it, cannot show files with other owners, so \
                     only root may bind it",
            );
            }
            what
        })?;
    Ok(Tree {
        mount,
        is_directory: kind.is_dir(),
    })
}

/// A copy of all mounts leaves out those that must not be copied, and would show what they hide.
fn check_bindable() -> io::Result<()> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo")?;
    let hides = |line: &&str| {
        let before_type = line.split(" - ").next();
        before_type.is_some_and(|fields| fields.ends_with(" unbindable"))
    };
    match mounts
        .lines()
        .find(hides)
        .and_then(|line| line.split(' ').nth(4))
    {
        None => Ok(()),
        Some(place) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("{place} is an unbindable mount, beneath which only root may look"),
        )),
    }
}
