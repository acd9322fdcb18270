//! What a file has besides its content: owner, mode, times, extended attributes (access control lists
//! and capabilities are such), flags.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::fs::{
    AtFlags, FileType, Gid, IFlags, Mode, Stat, Timespec, Timestamps, Uid, XattrFlags, chmodat,
    chownat, fchmod, fchown, fgetxattr, flistxattr, fsetxattr, fstatvfs, futimens, ioctl_getflags,
    ioctl_setflags, lgetxattr, llistxattr, lsetxattr, utimensat,
};
use rustix::io::Errno;

/// Attributes that describe this inode or this mount, and are not to be copied.
const LOCAL: [&[u8]; 4] = [
    b"trusted.overlay.",
    b"security.evm",
    b"system.nfs4_acl",
    b"btrfs.",
];

/// What the image's file system could not keep, and how often.
#[derive(Debug, Default)]
pub(crate) struct Lost(pub BTreeMap<String, u64>);

/// What a file has besides its content.
#[derive(Debug)]
pub(super) struct Attributes {
    stat: Stat,
    extended: Vec<(CString, Vec<u8>)>,
}

impl Attributes {
    /// Of an open file or directory.
    pub(super) fn of(file: BorrowedFd<'_>, stat: &Stat) -> io::Result<Self> {
        let list = |buffer: &mut [u8]| flistxattr(file, buffer);
        let get = |name: &CStr, buffer: &mut [u8]| fgetxattr(file, name, buffer);
        Ok(Self {
            stat: *stat,
            extended: extended(list, get)?,
        })
    }

    /// Of what cannot be opened: links, devices, pipes.
    pub(super) fn of_name(directory: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> io::Result<Self> {
        let path = path_of(directory, name);
        let list = |buffer: &mut [u8]| llistxattr(&*path, buffer);
        let get = |name: &CStr, buffer: &mut [u8]| lgetxattr(&*path, name, buffer);
        Ok(Self {
            stat: *stat,
            extended: extended(list, get)?,
        })
    }

    /// Gives them to an open file or directory.
    pub(super) fn give(&self, file: BorrowedFd<'_>, lost: &mut Lost) -> io::Result<()> {
        // A new owner takes capabilities and set-user-ID away, so it comes first. An access control
        // list decides some bits of the mode, so it comes after that.
        fchown(file, Some(self.owner()), Some(self.group()))?;
        fchmod(file, Mode::from_raw_mode(self.stat.st_mode))?;
        for (name, value) in &self.extended {
            let result = fsetxattr(file, &**name, value, XattrFlags::empty());
            let full = || fstatvfs(file).map_or(true, |known| known.f_bfree == 0);
            lost.note(name, result, full)?;
        }
        futimens(file, &self.times())?;
        Ok(())
    }

    /// Gives them to what cannot be opened.
    pub(super) fn give_name(
        &self,
        directory: BorrowedFd<'_>,
        name: &CStr,
        lost: &mut Lost,
    ) -> io::Result<()> {
        let itself = AtFlags::SYMLINK_NOFOLLOW;
        let (owner, group) = (Some(self.owner()), Some(self.group()));
        chownat(directory, name, owner, group, itself)?;
        if FileType::from_raw_mode(self.stat.st_mode) != FileType::Symlink {
            let mode = Mode::from_raw_mode(self.stat.st_mode);
            chmodat(directory, name, mode, AtFlags::empty())?;
        }
        let path = path_of(directory, name);
        for (attribute, value) in &self.extended {
            let result = lsetxattr(&*path, &**attribute, value, XattrFlags::empty());
            let full = || fstatvfs(directory).map_or(true, |known| known.f_bfree == 0);
            lost.note(attribute, result, full)?;
        }
        utimensat(directory, name, &self.times(), itself)?;
        Ok(())
    }

    fn owner(&self) -> Uid {
        Uid::from_raw(self.stat.st_uid)
    }

    fn group(&self) -> Gid {
        Gid::from_raw(self.stat.st_gid)
    }

    fn times(&self) -> Timestamps {
        let time = |seconds, nanoseconds: u64| Timespec {
            tv_sec: seconds,
            tv_nsec: nanoseconds as _,
        };
        Timestamps {
            last_access: time(self.stat.st_atime as _, self.stat.st_atime_nsec as _),
            last_modification: time(self.stat.st_mtime as _, self.stat.st_mtime_nsec as _),
        }
    }
}

impl Lost {
    /// An attribute that the file system has no place for is lost, which is told at the end.
    fn note(
        &mut self,
        name: &CStr,
        result: rustix::io::Result<()>,
        full: impl Fn() -> bool,
    ) -> io::Result<()> {
        match result {
            Err(Errno::NOSPC) if full() => Err(Errno::NOSPC.into()),
            Err(Errno::OPNOTSUPP | Errno::NOSPC | Errno::TOOBIG | Errno::PERM | Errno::INVAL) => {
                let name = name.to_string_lossy().into_owned();
                *self.0.entry(name).or_default() += 1;
                Ok(())
            }
            result => Ok(result?),
        }
    }
}

/// The path of what is in an open directory, for calls that take no descriptor.
fn path_of(directory: BorrowedFd<'_>, name: &CStr) -> CString {
    let mut path = format!("/proc/self/fd/{}/", directory.as_raw_fd()).into_bytes();
    path.extend_from_slice(name.to_bytes());
    // It was cut from a C string.
    CString::new(path).unwrap_or_default()
}

fn extended(
    list: impl Fn(&mut [u8]) -> rustix::io::Result<usize>,
    get: impl Fn(&CStr, &mut [u8]) -> rustix::io::Result<usize>,
) -> io::Result<Vec<(CString, Vec<u8>)>> {
    let mut found = Vec::new();
    let names = match whole(list) {
        Ok(names) => names,
        Err(Errno::OPNOTSUPP) => return Ok(found),
        Err(error) => return Err(error.into()),
    };
    for name in names.split_inclusive(|byte| *byte == 0) {
        let Ok(name) = CStr::from_bytes_with_nul(name) else {
            continue;
        };
        if LOCAL.iter().any(|local| name.to_bytes().starts_with(local)) {
            continue;
        }
        match whole(|buffer| get(name, buffer)) {
            Ok(value) => found.push((name.to_owned(), value)),
            // It was there when names were listed.
            Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// Calls until the buffer is large enough. Most files have few attributes, or none.
fn whole(call: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> rustix::io::Result<Vec<u8>> {
    let mut small = [0; 256];
    match call(&mut small) {
        Ok(length) => return Ok(small[..length].to_vec()),
        Err(Errno::RANGE) => {}
        Err(error) => return Err(error),
    }
    // Neither lists nor values are longer (XATTR_LIST_MAX, XATTR_SIZE_MAX).
    let mut large = vec![0; 64 << 10];
    let length = call(&mut large)?;
    large.truncate(length);
    Ok(large)
}

/// Flags that files keep (ioctl_iflags(2)), as far as they can be set.
fn kept() -> IFlags {
    IFlags::APPEND
        | IFlags::COMPRESSED
        | IFlags::DIRSYNC
        | IFlags::IMMUTABLE
        | IFlags::JOURNALING
        | IFlags::NOATIME
        | IFlags::NOCOW
        | IFlags::NODUMP
        | IFlags::NOTAIL
        | IFlags::SYNC
        | IFlags::TOPDIR
}

/// The flags that a file or directory is to have at the end. Those of a directory what is made in it
/// would inherit; those that a file must get while it is empty it has now.
pub(super) fn flags(source: BorrowedFd<'_>, to: BorrowedFd<'_>, is_directory: bool) -> IFlags {
    let Ok(flags) = ioctl_getflags(source) else {
        return IFlags::empty();
    };
    let flags = flags & kept();
    if is_directory || !flags.contains(IFlags::NOCOW) {
        return flags;
    }
    // Only btrfs knows it.
    let _ = add_flags(to, IFlags::NOCOW);
    flags - IFlags::NOCOW
}

/// Adds flags; those that the file system does not know are lost.
pub(super) fn add_flags(file: BorrowedFd<'_>, flags: IFlags) -> io::Result<()> {
    let Ok(there) = ioctl_getflags(file) else {
        return Ok(());
    };
    match ioctl_setflags(file, there | flags) {
        Err(Errno::OPNOTSUPP | Errno::INVAL | Errno::NOTTY) => Ok(()),
        result => Ok(result?),
    }
}
