//! A bundle's files in a directory.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, OFlags, RenameFlags, renameat_with},
    io::Errno,
    process::{Resource, getrlimit},
};

use super::{
    Existing,
    image::{link, unnamed},
};
use crate::{FinishedPart, PartSink, manifest::Part, name, unpack::PartSource};

/// Descriptors that are left to all else in the process.
const OTHERS: u64 = 256;

/// Writes the parts and the manifest of a bundle. What was written is removed again unless
/// [`BundleDirectory::finish`] was reached.
#[derive(Debug)]
pub struct BundleDirectory {
    directory: PathBuf,
    name: String,
    existing: Existing,
    parts: usize,
    /// What has its name already.
    named: Vec<PathBuf>,
    /// The first of them, by index: files without a name as long as the bundle is not whole, so that
    /// nothing is left of a process that is killed.
    unnamed: Vec<File>,
    /// How many may be such: each keeps a descriptor open.
    most_unnamed: usize,
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
            named: Vec::new(),
            unnamed: Vec::new(),
            most_unnamed: most_unnamed(),
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

    /// A file that has the name of a part of this bundle already, of whatever number of digits.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub fn part_that_is_there(&self) -> io::Result<Option<PathBuf>> {
        let begin = format!("{}.part.", self.name);
        for entry in fs::read_dir(self.here())? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(&begin));
            if number.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit())) {
                return Ok(Some(self.directory.join(name)));
            }
        }
        Ok(None)
    }

    /// A path without a directory is in the current one.
    fn here(&self) -> &Path {
        match self.directory.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.directory,
        }
    }

    /// Gives the parts the names that `parts` say and writes `manifest`, the file's text, last.
    ///
    /// # Errors
    ///
    /// When a file is there already and is not to be replaced, or cannot be written. All that was
    /// written is removed then, under whatever name; what it has replaced is lost.
    pub fn finish(mut self, parts: &[Part], manifest: &str) -> io::Result<PathBuf> {
        let waiting = self.waiting("manifest");
        let last = self.manifest();
        for part in parts {
            self.check(&self.directory.join(&part.file_name))?;
        }
        self.check(&last)?;
        write_new(&waiting, manifest.as_bytes())?;
        for (index, file) in self.unnamed.iter().enumerate() {
            link(file, &self.waiting(&index.to_string()))?;
        }
        for (index, part) in parts.iter().enumerate() {
            let named = self.directory.join(&part.file_name);
            self.rename(&self.waiting(&index.to_string()), &named)?;
            self.named.push(named);
        }
        self.rename(&waiting, &last)?;
        self.finished = true;
        Ok(last)
    }

    /// Writes a part into a file without a name, or into one of that name where there are none.
    fn write(&mut self, index: usize, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let is_next = self.unnamed.len() == index && index < self.most_unnamed;
        match is_next.then(|| unnamed(&self.directory)) {
            Some(Ok(mut file)) => {
                file.write_all(bytes)?;
                self.unnamed.push(file);
                Ok(())
            }
            _ => write_new(path, bytes),
        }
    }

    fn check(&self, path: &Path) -> io::Result<()> {
        match self.existing == Existing::Refuse && path.symlink_metadata().is_ok() {
            true => Err(exists(path)),
            false => Ok(()),
        }
    }

    /// Gives a file its name. Somebody else may have taken it since it was checked.
    fn rename(&self, waiting: &Path, named: &Path) -> io::Result<()> {
        if self.existing == Existing::Replace {
            return fs::rename(waiting, named);
        }
        match renameat_with(CWD, waiting, CWD, named, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => Err(exists(named)),
            // Not every file system can promise that.
            Err(Errno::INVAL | Errno::NOSYS) => {
                self.check(named)?;
                fs::rename(waiting, named)
            }
            done => Ok(done?),
        }
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
        self.write(part.index, &path, &part.bytes)
            .map_err(|cause| {
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
        for named in &self.named {
            let _ = fs::remove_file(named);
        }
    }
}

fn exists(path: &Path) -> io::Error {
    let text = format!("{} exists already", path.display());
    io::Error::new(io::ErrorKind::AlreadyExists, text)
}

fn most_unnamed() -> usize {
    let open = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(open.saturating_sub(OTHERS)).unwrap_or(usize::MAX)
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
        // A named pipe would be waited for until somebody writes to it.
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
        let path = self.0.join(&part.file_name);
        let file = File::options().read(true).custom_flags(flags).open(path)?;
        match file.metadata()?.is_file() {
            true => Ok(Box::new(file)),
            false => Err(io::Error::other("it is no file")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::BundleDirectory;
    use crate::directory::Existing;
    use crate::{FinishedPart, PartSink, Sha1, manifest::Part};

    #[test]
    fn names_that_cannot_all_be_given_are_taken_back() {
        for existing in [Existing::Refuse, Existing::Replace] {
            let place = tempfile::tempdir().expect("a directory");
            let mut directory =
                BundleDirectory::new(place.path(), "x", existing).expect("it is free");
            let mut parts = Vec::new();
            for index in 0..2 {
                let bytes = vec![0; 16];
                let sha1 = Sha1::of(&bytes);
                let s3 = None;
                let part = FinishedPart {
                    index,
                    bytes,
                    sha1,
                    s3,
                };
                directory.part(part).expect("it is written");
                let file_name = format!("x.part.{index}");
                parts.push(Part {
                    file_name,
                    digest: sha1,
                });
            }
            // Nothing replaces a directory.
            fs::create_dir(place.path().join("x.part.1")).expect("a directory");
            assert!(directory.finish(&parts, "<manifest/>").is_err());
            let left: Vec<_> = fs::read_dir(place.path())
                .expect("a directory")
                .map(|entry| entry.expect("an entry").file_name())
                .collect();
            assert_eq!(left, ["x.part.1"], "{existing:?}");
        }
    }
}
