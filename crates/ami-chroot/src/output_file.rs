//! A file that gets its name when it is finished. Until then it has none, where the file system can
//! do that, so that a tool that is killed leaves nothing behind.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat};
use rustix::io::Errno;

use ami_core::chance;

/// Read and write for all, of which the user's mask takes away what it does.
const MODE: u32 = 0o666;

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
    /// Makes one that is to get this name.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let (file, name) = match openat(CWD, directory(path), flags, Mode::from_raw_mode(MODE)) {
            Ok(file) => (file.into(), None),
            // Not all file systems have files without a name.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {
                let name = beside(path);
                let mut options = OpenOptions::new();
                let options = options.read(true).write(true).create_new(true);
                (options.open(&name)?, Some(name))
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            file,
            path: path.to_owned(),
            name,
        })
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

    use super::OutputFile;

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
            let output = OutputFile::new(&path).expect("made");
            write!(&mut output.file(), "new").expect("written");
            drop(output);
            assert_eq!(files(), before);
            let output = OutputFile::new(&path).expect("made");
            write!(&mut output.file(), "new").expect("written");
            output.finish().expect("finished");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), "new");
            assert_eq!(files(), 1);
        }
        let kept = OutputFile::new(&path).expect("made").keep().expect("kept");
        assert!(kept.exists() && files() == 2);
        assert!(OutputFile::new(place.path()).is_err());
    }
}
