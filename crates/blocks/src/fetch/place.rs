//! Where a disk is to be: what is there now, and what may be done about it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ami_core::error::Error;
use ami_core::reference::Located;

use super::device::Device;
use super::partial::Partial;
use crate::beside::{check_directory, refused};
use crate::block::Digest;

/// A place that a disk may be written to.
#[derive(Debug)]
pub(super) struct Place {
    /// Without symbolic links where something is there.
    path: PathBuf,
    is_device: bool,
    overwrite: bool,
}

impl Place {
    /// Looks at a place, and changes nothing.
    ///
    /// # Errors
    /// A usage error about a file that may not be replaced, or what no disk can be written to.
    pub(super) fn look(path: &Path, overwrite: bool) -> Result<Self, Error> {
        let unknown = |error: &io::Error| refused(path, &format!("cannot be looked at: {error}"));
        if path == Path::new("-") {
            let what = "is no file: a disk is not written from its start to its end";
            return Err(refused(path, what).hint("a file of that name is ./-"));
        }
        let there = match fs::metadata(path) {
            Ok(there) => there,
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unknown(&error)),
            Err(_) if fs::symlink_metadata(path).is_ok() => {
                return Err(refused(path, "is a symbolic link that leads nowhere"));
            }
            Err(_) => {
                check_directory(path)?;
                return Ok(Self {
                    path: path.to_owned(),
                    is_device: false,
                    overwrite,
                });
            }
        };
        let is_device = there.file_type().is_block_device();
        if !is_device && !there.is_file() {
            return Err(refused(path, "is neither a file nor a block device"));
        }
        if !overwrite {
            return Err(match is_device {
                true => refused(path, "is a device, and what is on it would be lost")
                    .hint("--overwrite writes to it all the same"),
                false => refused(path, "is there already")
                    .hint("name another file, or replace it with --overwrite"),
            });
        }
        // The disk grows beside the file that a link leads to.
        let path = fs::canonicalize(path).map_err(|error| unknown(&error))?;
        if !is_device {
            check_directory(&path)?;
        }
        Ok(Self {
            path,
            is_device,
            overwrite,
        })
    }

    /// Makes it ready for the blocks of a snapshot of a volume of `size` GiB.
    ///
    /// # Errors
    /// What cannot be opened or made, a device that is too small or in use, another run that is
    /// fetching into it, and what an earlier run has left for another snapshot.
    pub(super) fn open(self, snapshot: &Located, size: u32) -> Result<Target, Error> {
        Ok(match self.is_device {
            true => Target::Device(Device::open(&self.path, snapshot, size)?),
            false => Target::File(Partial::open(&self.path, self.overwrite, snapshot, size)?),
        })
    }
}

/// What is written to.
#[derive(Debug)]
pub(super) enum Target {
    File(Partial),
    Device(Device),
}

impl Target {
    pub(super) fn file(&self) -> Arc<File> {
        match self {
            Self::File(partial) => partial.file(),
            Self::Device(device) => device.file(),
        }
    }

    /// What messages call it.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::File(partial) => partial.target(),
            Self::Device(device) => device.path(),
        }
    }

    /// Does it read as zeros where this run has not written?
    pub(super) fn is_blank(&self) -> bool {
        matches!(self, Self::File(partial) if partial.is_blank())
    }

    /// Must blocks be zeroed that the snapshot does not have?
    pub(super) fn needs_zeros(&self) -> bool {
        matches!(self, Self::Device(_))
    }

    /// The blocks that an earlier run says to have written.
    pub(super) fn take_known(&mut self) -> BTreeMap<u32, Digest> {
        match self {
            Self::File(partial) => partial.take_known(),
            Self::Device(_) => BTreeMap::new(),
        }
    }

    /// Notes that a block is there.
    ///
    /// # Errors
    /// What cannot be written.
    pub(super) fn done(&mut self, index: u32, digest: &Digest) -> Result<(), Error> {
        match self {
            Self::File(partial) => partial.done(index, digest),
            Self::Device(_) => Ok(()),
        }
    }

    /// A block that was known is not there after all.
    pub(super) fn lost(&mut self) {
        if let Self::File(partial) = self {
            partial.lost();
        }
    }

    /// All is there and on the disk: it gets its name.
    ///
    /// # Errors
    /// What cannot be renamed or removed.
    pub(super) fn finish(self) -> Result<(), Error> {
        match self {
            Self::File(partial) => partial.finish(),
            Self::Device(_) => Ok(()),
        }
    }

    /// Says what is left after an error, and how to go on.
    pub(super) fn give_up(self, error: Error) -> Error {
        match self {
            Self::File(partial) => partial.give_up(error),
            Self::Device(device) => device.give_up(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;
    use std::path::Path;

    #[test]
    fn what_is_there_decides() {
        let home = tempfile::tempdir().expect("a directory");
        let said = |name: &str, overwrite| {
            let path = home.path().join(name);
            let error = Place::look(&path, overwrite).err()?;
            let home = home.path().display().to_string();
            Some(error.to_string().replace(&home, "DIR"))
        };
        std::fs::write(home.path().join("old"), "").expect("a file");
        let link = |target, name| {
            std::os::unix::fs::symlink(target, home.path().join(name)).expect("a link");
        };
        link("old", "link");
        link("nowhere", "lost");
        assert_eq!(said("new", false), None);
        assert_eq!(said("old", true), None);
        for name in ["old", "link"] {
            let expected = format!(
                "DIR/{name}: is there already; name another file, or replace it with --overwrite"
            );
            assert_eq!(said(name, false), Some(expected));
        }
        assert_eq!(
            said("lost", true).as_deref(),
            Some("DIR/lost: is a symbolic link that leads nowhere")
        );
        assert_eq!(
            said(".", true).as_deref(),
            Some("DIR/.: is neither a file nor a block device")
        );
        let error = Place::look(Path::new("/dev/null"), true).expect_err("a device");
        assert_eq!(error.kind().code(), 2);
        let place = Place::look(&home.path().join("link"), true).expect("a file");
        assert!(place.path.ends_with("old"), "the link stays");
    }
}
