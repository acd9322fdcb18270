//! The build's `/dev`: what every program may expect, and no device of the host that holds anything.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Uid, chownat, makedev, mkdirat, mknodat, openat,
    symlinkat,
};
use rustix::mount::MountAttrFlags;

use super::plan::Plan;
use super::tree::empty;
use crate::fault::{Because, Result};
use crate::mounting::{Mount, data_only};
use crate::protocol::FaultKind;

/// Character devices with their numbers (Linux, admin-guide/devices.txt).
///
/// `console` has the numbers of `null`: what is written to it shall not appear on the host's.
const NODES: [(&str, u32, u32); 7] = [
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
    ("console", 1, 3),
];

const LINKS: [(&str, &str); 5] = [
    ("ptmx", "pts/ptmx"),
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// The group that terminals belong to, in every distribution.
const TTY_GROUP: u32 = 5;

/// Mounts it, and returns its `null`, to be put over files that should be empty.
pub(crate) fn mount(place: BorrowedFd<'_>, plan: &Plan) -> Result<OwnedFd> {
    let what = || "/dev".to_owned();
    let options = [("mode", "755"), ("nr_inodes", "256"), ("size", "64k")];
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let dev = Mount::new("tmpfs", &options, attributes).because(FaultKind::Host, what)?;
    fill(&dev, plan).because(FaultKind::Host, what)?;
    // Otherwise a node of any disk could be made here: it is the only mount on which one works.
    dev.restrict(MountAttrFlags::MOUNT_ATTR_RDONLY, None)
        .because(FaultKind::Host, what)?;
    dev.put_at(place).because(FaultKind::Host, what)?;
    let below = |name: &str| openat(&dev, name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    let pts = below("pts").because(FaultKind::Host, what)?;
    terminals(plan)?
        .put_at(pts.as_fd())
        .because(FaultKind::Host, what)?;
    let shm = below("shm").because(FaultKind::Host, what)?;
    empty("1777", plan.root_user, MountAttrFlags::MOUNT_ATTR_NOEXEC)?
        .put_at(shm.as_fd())
        .because(FaultKind::Host, what)?;
    below("null").because(FaultKind::Host, what)
}

fn fill(dev: &Mount, plan: &Plan) -> std::io::Result<()> {
    for (name, major, minor) in NODES {
        let mode = Mode::from_raw_mode(0o666);
        mknodat(
            dev,
            name,
            FileType::CharacterDevice,
            mode,
            makedev(major, minor),
        )?;
    }
    for node in &plan.nodes {
        let mode = Mode::from_raw_mode(0o660);
        let device = makedev(node.major, node.minor);
        mknodat(dev, &*node.name, FileType::BlockDevice, mode, device)?;
        let owner = (Uid::from_raw(plan.root_user), Gid::from_raw(plan.root_user));
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        chownat(dev, &*node.name, Some(owner.0), Some(owner.1), flags)?;
    }
    for (name, target) in LINKS {
        symlinkat(target, dev, name)?;
    }
    for name in ["pts", "shm"] {
        mkdirat(dev, name, Mode::from_raw_mode(0o755))?;
    }
    Ok(())
}

/// Terminals of the build's own: it cannot see, or write to, those of the host.
fn terminals(plan: &Plan) -> Result<Mount> {
    let group = (plan.root_user + TTY_GROUP).to_string();
    let options = [("gid", &*group), ("mode", "620"), ("ptmxmode", "666")];
    let attributes = data_only() - MountAttrFlags::MOUNT_ATTR_NODEV;
    Mount::new("devpts", &options, attributes).because(FaultKind::Host, || "/dev/pts".to_owned())
}
