//! A bundle's files in a directory.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::Existing;
use crate::{FinishedPart, PartSink, manifest::Part, name, unpack::PartSource};

/// Writes the parts and the manifest of a bundle. What was written is removed again unless
/// [`BundleDirectory::finish`] was reached.
#[derive(Debug)]
pub struct BundleDirectory {
    directory: PathBuf,
    name: String,
    existing: Existing,
    parts: usize,
    finished: bool,
}

impl BundleDirectory {
    /// For the bundle `name` in `directory`, which exists.
    ///
    /// # Errors
    ///
    /// When a bundle of that name is there already and is not to be replaced.
    pub fn new(directory: &Path, name: &str, existing: Existing) -> io::Result<Self> {
        let new = Self {
            directory: directory.to_owned(),
            name: name.to_owned(),
            existing,
            parts: 0,
            finished: false,
        };
        new.check(&new.manifest())?;
        Ok(new)
    }

    /// Where the manifest is in the end.
    #[must_use]
    pub fn manifest(&self) -> PathBuf {
        self.directory.join(name::manifest_name(&self.name))
    }

    /// Gives the parts the names that `parts` say and writes `manifest`, the file's text, last.
    ///
    /// # Errors
    ///
    /// When a file is there already and is not to be replaced, or cannot be written. All that was
    /// written is removed then.
    pub fn finish(mut self, parts: &[Part], manifest: &str) -> io::Result<PathBuf> {
        let waiting = self.waiting("manifest");
        let last = self.manifest();
        for part in parts {
            self.check(&self.directory.join(&part.file_name))?;
        }
        self.check(&last)?;
        write_new(&waiting, manifest.as_bytes())?;
        for (index, part) in parts.iter().enumerate() {
            let named = self.directory.join(&part.file_name);
            fs::rename(self.waiting(&index.to_string()), named)?;
        }
        fs::rename(&waiting, &last)?;
        self.finished = true;
        Ok(last)
    }

    fn check(&self, path: &Path) -> io::Result<()> {
        if self.existing == Existing::Refuse && path.symlink_metadata().is_ok() {
            let text = format!("{} exists already", path.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        Ok(())
    }

    /// The name of a file that waits for its own. The process's number keeps apart two that make the
    /// same bundle; a file that is there already is never opened.
    fn waiting(&self, which: &str) -> PathBuf {
        let process = std::process::id();
        let file = format!(".ami-bundle.{process}.{which}.part");
        self.directory.join(file)
    }
}

impl PartSink for BundleDirectory {
    fn part(&mut self, part: FinishedPart) -> io::Result<()> {
        let path = self.waiting(&part.index.to_string());
        write_new(&path, &part.bytes).map_err(|cause| {
            io::Error::new(cause.kind(), format!("{}: {cause}", path.display()))
        })?;
        self.parts = part.index + 1;
        Ok(())
    }
}

impl Drop for BundleDirectory {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        // What is not there needs no removal, and nobody could be told.
        for index in 0..=self.parts {
            let _ = fs::remove_file(self.waiting(&index.to_string()));
        }
        let _ = fs::remove_file(self.waiting("manifest"));
    }
}

/// Writes a file that only its owner may read. It may not exist.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?
        .write_all(bytes)
}

/// The parts in `directory`, by the plain file names that a manifest has for them.
#[must_use]
pub fn open_parts(directory: &Path) -> impl PartSource + use<> {
    Directory(directory.to_owned())
}

struct Directory(PathBuf);

impl PartSource for Directory {
    fn open(&mut self, part: &Part) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(File::open(self.0.join(&part.file_name))?))
    }
}
