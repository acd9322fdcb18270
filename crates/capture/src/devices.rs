//! What a system needs in `/dev` before it has made its own: some nodes, as debootstrap makes them.

use std::os::fd::BorrowedFd;

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, Uid, chmodat, chownat, makedev, mkdirat, mknodat, symlinkat,
};

/// Group of terminals on all distributions.
const TTY: u32 = 5;

/// Names, numbers and modes (the kernel's Documentation/admin-guide/devices.txt).
const NODES: [(&str, u32, u32, u32, u32); 8] = [
    ("null", 1, 3, 0o666, 0),
    ("zero", 1, 5, 0o666, 0),
    ("full", 1, 7, 0o666, 0),
    ("random", 1, 8, 0o666, 0),
    ("urandom", 1, 9, 0o666, 0),
    ("tty", 5, 0, 0o666, TTY),
    ("console", 5, 1, 0o600, 0),
    ("ptmx", 5, 2, 0o666, TTY),
];

const LINKS: [(&str, &str); 4] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// Makes them in an empty directory, with these modes whatever the umask takes away.
pub(crate) fn make(dev: BorrowedFd<'_>) -> rustix::io::Result<()> {
    for (name, major, minor, mode, group) in NODES {
        let mode = Mode::from_raw_mode(mode);
        mknodat(
            dev,
            name,
            FileType::CharacterDevice,
            mode,
            makedev(major, minor),
        )?;
        let (root, group) = (Some(Uid::ROOT), Some(Gid::from_raw(group)));
        chownat(dev, name, root, group, AtFlags::SYMLINK_NOFOLLOW)?;
        chmodat(dev, name, mode, AtFlags::empty())?;
    }
    for (name, to) in LINKS {
        symlinkat(to, dev, name)?;
    }
    for (name, mode) in [("pts", 0o755), ("shm", 0o1777)] {
        let mode = Mode::from_raw_mode(mode);
        mkdirat(dev, name, mode)?;
        chmodat(dev, name, mode, AtFlags::empty())?;
    }
    Ok(())
}
