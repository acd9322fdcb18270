//! An image as a file that keeps its holes.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, linkat, openat},
    io::Errno,
};

use super::Existing;
use crate::ImageSink;

/// Takes an image into a file. It has its name only after [`ImageFile::finish`]; without it nothing is
/// left.
#[derive(Debug)]
pub struct ImageFile {
    file: File,
    path: PathBuf,
    existing: Existing,
    /// The name that it has for now, where the file system has no files without one.
    waiting: Option<PathBuf>,
}

impl ImageFile {
    /// For a file at `path`, that only its owner may read.
    ///
    /// # Errors
    ///
    /// When there is a file already that is not to be replaced, or none can be made there.
    pub fn create(path: &Path, existing: Existing) -> io::Result<Self> {
        let there = path.symlink_metadata();
        let replaceable = there.as_ref().map_or(true, |there| there.is_file());
        if there.is_ok() && (existing == Existing::Refuse || !replaceable) {
            return Err(exists());
        }
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let (file, waiting) = match unnamed(directory) {
            Ok(file) => (file, None),
            Err(_) => named(path)?,
        };
        Ok(Self {
            file,
            path: path.to_owned(),
            existing,
            waiting,
        })
    }

    /// Gives the file its name.
    ///
    /// # Errors
    ///
    /// When there is one of that name by now, or it cannot be given. Nothing is left then.
    pub fn finish(mut self) -> io::Result<()> {
        if self.waiting.is_none() && self.existing == Existing::Refuse {
            return match link(&self.file, &self.path) {
                Err(Errno::EXIST) => Err(exists()),
                other => Ok(other?),
            };
        }
        if self.waiting.is_none() {
            let waiting = waiting(&self.path);
            link(&self.file, &waiting)?;
            self.waiting = Some(waiting);
        }
        if self.existing == Existing::Refuse && self.path.symlink_metadata().is_ok() {
            return Err(exists());
        }
        if let Some(waiting) = &self.waiting {
            fs::rename(waiting, &self.path)?;
            self.waiting = None;
        }
        Ok(())
    }
}

impl ImageSink for ImageFile {
    fn data(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn hole(&mut self, offset: u64, length: u64) -> io::Result<()> {
        // A new file has nothing there, and a longer one has a hole.
        self.file.set_len(offset + length)
    }
}

impl Drop for ImageFile {
    fn drop(&mut self) {
        if let Some(waiting) = &self.waiting {
            let _ = fs::remove_file(waiting);
        }
    }
}

/// A file that is gone with its last descriptor, whatever ends the process.
pub(super) fn unnamed(directory: &Path) -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    Ok(openat(CWD, directory, flags, mode)?.into())
}

/// Names an unnamed file by the way that needs no privilege.
pub(super) fn link(file: &File, path: &Path) -> Result<(), Errno> {
    use std::os::fd::AsRawFd;
    let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(CWD, descriptor, CWD, path, AtFlags::SYMLINK_FOLLOW)
}

fn named(path: &Path) -> io::Result<(File, Option<PathBuf>)> {
    let waiting = waiting(path);
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&waiting)?;
    Ok((file, Some(waiting)))
}

/// A name beside `path` that no other process takes.
fn waiting(path: &Path) -> PathBuf {
    path.with_file_name(format!(".ami-bundle.{}.image.part", std::process::id()))
}

fn exists() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "it exists already")
}
