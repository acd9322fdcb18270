//! The mounted image: its paths, resolved inside of it whatever its symbolic links say.
//!
//! What is done to the image before the command runs is a [`Change`](super::change::Change), undone
//! in reverse order afterwards. While the helper works on it no process of the build runs, so the
//! image cannot change between looking and acting.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, Stat, mkdirat, openat2, statat};

use super::protection;

/// The root directory of the image, mounted where only the helper sees it.
#[derive(Debug)]
pub(crate) struct Image {
    root: OwnedFd,
}

/// Links lead nowhere but into the image; those of `/proc` lead nowhere at all.
fn inside() -> ResolveFlags {
    ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS
}

/// Opens a path below a root directory, and never anything that is not below it.
///
/// # Errors
/// What the kernel says. `EXDEV` and `ELOOP` speak of links that lead out or in circles.
pub(crate) fn open_inside(
    root: BorrowedFd<'_>,
    path: impl AsRef<Path>,
    flags: OFlags,
) -> rustix::io::Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC;
    openat2(root, path.as_ref(), flags, Mode::empty(), inside())
}

/// A path as it is meant in the image: from its root, without `.` and `..`.
pub(crate) fn absolute(path: &OsStr) -> PathBuf {
    let mut whole = PathBuf::from("/");
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => whole.push(name),
            Component::ParentDir => {
                whole.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    whole
}

impl Image {
    /// Takes the root of a mount.
    pub(crate) fn new(root: OwnedFd) -> Self {
        Self { root }
    }

    /// A directory of the image, to be used as the first part of paths and to be written to.
    pub(crate) fn directory(&self, path: impl AsRef<Path>) -> io::Result<Directory> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        Ok(Directory(open_inside(self.root.as_fd(), path, flags)?))
    }

    /// Is there something at this path, after following links inside the image?
    pub(crate) fn has(&self, path: &str) -> bool {
        open_inside(self.root.as_fd(), path, OFlags::PATH).is_ok()
    }
}

impl AsFd for Image {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }
}

/// A directory of the image. Names in it are one component long, and never followed.
#[derive(Debug)]
pub(crate) struct Directory(OwnedFd);

impl Directory {
    /// What is under that name, if anything.
    pub(crate) fn look(&self, name: impl AsRef<OsStr>) -> io::Result<Option<Stat>> {
        match statat(&self.0, one(name)?, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a directory.
    pub(crate) fn make_directory(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        Ok(mkdirat(&self.0, one(name)?, Mode::from_raw_mode(0o755))?)
    }

    /// Makes a file of these bytes, where nothing is yet.
    pub(crate) fn make_file(
        &self,
        name: impl AsRef<OsStr>,
        bytes: &[u8],
        mode: u32,
    ) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let mode = Mode::from_raw_mode(mode);
        let file = rustix::fs::openat(&self.0, one(name)?, flags | OFlags::CLOEXEC, mode)?;
        // The mask of whoever started us must not show in the image.
        rustix::fs::fchmod(&file, mode)?;
        io::Write::write_all(&mut std::fs::File::from(file), bytes)
    }

    /// Is it a regular file of exactly these bytes?
    pub(crate) fn is_file_of(&self, name: impl AsRef<OsStr>, bytes: &[u8]) -> bool {
        // A FIFO would make us wait and a device do something, if they were opened otherwise.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let regular = self.look(name.as_ref()).is_ok_and(|stat| {
            stat.is_some_and(|stat| {
                rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file()
                    && stat.st_size == bytes.len() as i64
            })
        });
        let Some(name) = regular.then(|| one(name).ok()).flatten() else {
            return false;
        };
        let file = rustix::fs::openat(&self.0, name, flags | OFlags::CLOEXEC, Mode::empty());
        let Ok(file) = file else { return false };
        let mut there = vec![0; bytes.len()];
        let mut file = std::fs::File::from(file);
        io::Read::read_exact(&mut file, &mut there).is_ok() && there == bytes
    }

    /// Removes a file or an empty directory.
    pub(crate) fn remove(&self, name: impl AsRef<OsStr>, what: AtFlags) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, one(name)?, what)?)
    }

    /// Removes a file even if it is protected from that.
    pub(crate) fn remove_ours(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        if let Some(file) = self.open_file(name.as_ref()) {
            protection::take_off(file.as_fd());
        }
        self.remove(name, AtFlags::empty())
    }

    /// Gives a file another name even if it is protected from that, which it then is again.
    pub(crate) fn rename_protected(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        let file = self.open_file(from);
        let flags = file
            .as_ref()
            .and_then(|file| protection::take_off(file.as_fd()));
        self.rename(from, to)?;
        file.map_or(Ok(()), |file| protection::put_back(file.as_fd(), flags))
    }

    /// Opens a regular file or directory, which alone have attributes.
    fn open_file(&self, name: &OsStr) -> Option<OwnedFd> {
        let stat = self.look(name).ok()??;
        let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
        if !kind.is_file() && !kind.is_dir() {
            return None;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::openat(&self.0, one(name).ok()?, flags, Mode::empty()).ok()
    }

    /// Gives what is under a name another one, which must be free.
    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        let (from, to) = (one(from)?, one(to)?);
        Ok(rustix::fs::renameat_with(
            &self.0, from, &self.0, to, flags,
        )?)
    }

    /// Where a symbolic link leads.
    pub(crate) fn read_link(&self, name: impl AsRef<OsStr>) -> io::Result<PathBuf> {
        let target = rustix::fs::readlinkat(&self.0, one(name)?, Vec::new())?;
        Ok(PathBuf::from(OsStr::from_bytes(target.as_bytes())))
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A name that is one component, so that looking it up goes through no link and no `..`.
fn one(name: impl AsRef<OsStr>) -> io::Result<OsString> {
    let name = name.as_ref();
    let mut components = Path::new(name).components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(only)), None) if only == name => Ok(name.to_owned()),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;

    use super::{absolute, one};

    #[test]
    fn paths_stay_inside() {
        for (given, meant) in [
            ("/a/b", "/a/b"),
            ("a//b/.", "/a/b"),
            ("/a/../../../b", "/b"),
            ("..", "/"),
            ("", "/"),
        ] {
            assert_eq!(absolute(OsStr::new(given)), Path::new(meant), "{given}");
        }
    }

    #[test]
    fn a_name_is_one_component() {
        assert!(one("name").is_ok());
        for name in ["", ".", "..", "/", "a/b", "/a", "a/"] {
            assert!(one(name).is_err(), "{name}");
        }
    }
}
