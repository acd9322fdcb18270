//! A file that gets its name when it is finished. Until then it has none, where the file system can
//! do that, so that a tool that is killed leaves nothing behind.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat, statvfs};
use rustix::io::Errno;

use ami_core::chance;
use ami_core::error::Error;

/// Read and write for all, of which the user's mask takes away what it does.
pub(crate) const MODE: u32 = 0o666;

/// A file system with less room than this is full: some is kept for its own tables, or for root.
const LEAST_ROOM: u64 = 1 << 20;

/// A file that is being made.
#[derive(Debug)]
pub(crate) struct OutputFile {
    file: File,
    /// The name that it is to get.
    path: PathBuf,
    /// The name that it has meanwhile, if it needs one.
    name: Option<PathBuf>,
}

impl OutputFile {
    /// Makes one that is to get this name. It gets the mode of what it replaces, else this one without
    /// what the user's mask takes away: what is secret is at no moment less so.
    pub(crate) fn new(path: &Path, mode: u32) -> io::Result<Self> {
        let path = &destination(path)?;
        let replaced = path.metadata().ok();
        let replaced = replaced.map(|replaced| replaced.permissions().mode() & 0o777);
        let mode = replaced.unwrap_or(mode);
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let (file, name) = match openat(CWD, directory(path), flags, Mode::from_raw_mode(mode)) {
            Ok(file) => (file.into(), None),
            // Not all file systems have files without a name.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {
                let name = beside(path);
                let mut options = OpenOptions::new();
                let options = options.read(true).write(true).create_new(true).mode(mode);
                (options.open(&name)?, Some(name))
            }
            Err(error) => return Err(error.into()),
        };
        let made = Self {
            file,
            path: path.to_owned(),
            name,
        };
        if let Some(mode) = replaced {
            made.file.set_permissions(Permissions::from_mode(mode))?;
        }
        Ok(made)
    }

    /// Its bytes.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Gives it its name, instead of any file that had it, when all of it is on the disk.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        let name = self.named()?;
        std::fs::rename(&name, &self.path)?;
        self.name = None;
        File::open(directory(&self.path))?.sync_all()
    }

    /// Leaves it under a name beside the one that it was to get.
    pub(crate) fn keep(mut self) -> io::Result<PathBuf> {
        let name = self.named()?;
        self.name = None;
        Ok(name)
    }

    fn named(&mut self) -> io::Result<PathBuf> {
        if let Some(name) = &self.name {
            return Ok(name.clone());
        }
        let name = beside(&self.path);
        let own = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        linkat(CWD, own, CWD, &name, AtFlags::SYMLINK_FOLLOW)?;
        self.name = Some(name.clone());
        Ok(name)
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // Nobody is left to be told.
            let _ = std::fs::remove_file(name);
        }
    }
}

/// Where a file is to be: behind a link it is the file that the link names. What is no file, a disk or
/// a terminal, is never replaced by one.
pub(crate) fn destination(path: &Path) -> io::Result<PathBuf> {
    let kind = match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => return destination(&path.canonicalize()?),
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(error) => return Err(error),
    };
    match kind.is_file() {
        true => Ok(path.to_owned()),
        false if kind.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        false => Err(io::Error::other("is there, and is no regular file")),
    }
}

/// Says of an error that came while there was no room for a file that there was none.
pub(crate) fn explain(error: Error, path: &Path) -> Error {
    let path = destination(path).unwrap_or_else(|_| path.to_owned());
    let room = statvfs(directory(&path)).map(|room| room.f_bavail.saturating_mul(room.f_frsize));
    match room {
        Ok(room) if room < LEAST_ROOM => {
            let error = error.to_string();
            let none = Error::failed("No space left on device").of(path.display());
            none.hint(format!("what failed for that: {error}"))
        }
        _ => error,
    }
}

fn directory(path: &Path) -> &Path {
    let parent = path.parent().unwrap_or(Path::new("/"));
    match parent.as_os_str().is_empty() {
        true => Path::new("."),
        false => parent,
    }
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let chance = chance::number() & 0xffff_ffff;
    directory(path).join(format!(".{name}.{chance:08x}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{MODE, OutputFile};

    #[test]
    fn nothing_is_seen_before_it_is_finished() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("out");
        let files = || std::fs::read_dir(place.path()).expect("read").count();
        for old in [None, Some("old")] {
            if let Some(old) = old {
                std::fs::write(&path, old).expect("written");
            }
            let before = files();
            let output = OutputFile::new(&path, MODE).expect("made");
            write!(&mut output.file(), "new").expect("written");
            drop(output);
            assert_eq!(files(), before);
            let output = OutputFile::new(&path, MODE).expect("made");
            write!(&mut output.file(), "new").expect("written");
            output.finish().expect("finished");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), "new");
            assert_eq!(files(), 1);
        }
        let kept = OutputFile::new(&path, MODE)
            .expect("made")
            .keep()
            .expect("kept");
        assert!(kept.exists() && files() == 2);
        assert!(OutputFile::new(place.path(), MODE).is_err());
    }

    #[test]
    fn only_files_are_replaced() {
        let place = tempfile::tempdir().expect("a directory");
        let in_place = |name: &str| place.path().join(name);
        let _socket = std::os::unix::net::UnixListener::bind(in_place("socket")).expect("bound");
        symlink("socket", in_place("to-socket")).expect("a link");
        symlink("nowhere", in_place("to-nowhere")).expect("a link");
        symlink("/dev/null", in_place("to-device")).expect("a link");
        for name in ["socket", "to-socket", "to-nowhere", "to-device"] {
            assert!(OutputFile::new(&in_place(name), MODE).is_err(), "{name}");
        }
        std::fs::write(in_place("file"), "old").expect("written");
        symlink("file", in_place("to-file")).expect("a link");
        let output = OutputFile::new(&in_place("to-file"), MODE).expect("made");
        write!(&mut output.file(), "new").expect("written");
        output.finish().expect("finished");
        let read = |name: &str| std::fs::read_to_string(in_place(name)).expect("read");
        assert_eq!(
            (read("file"), read("to-file")),
            ("new".into(), "new".into())
        );
        assert!(in_place("to-file").is_symlink());
    }

    #[test]
    fn a_secret_stays_one() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("out");
        let mode = || path.metadata().expect("there").permissions().mode() & 0o777;
        let make = |mode| OutputFile::new(&path, mode).expect("made").finish();
        make(0o600).expect("finished");
        assert_eq!(mode(), 0o600, "of its source");
        make(0o666).expect("finished");
        assert_eq!(mode(), 0o600, "of what it replaces");
    }
}
