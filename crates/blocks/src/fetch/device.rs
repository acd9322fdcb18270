//! A block device that a disk is written to.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ami_core::error::Error;
use ami_core::reference::Located;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::beside::cannot;

/// A block device that nobody else uses.
#[derive(Debug)]
pub(super) struct Device {
    file: Arc<File>,
    path: PathBuf,
}

impl Device {
    /// Opens a device that is at least as large as the volume.
    pub(super) fn open(path: &Path, snapshot: &Located, size: u32) -> Result<Self, Error> {
        // Of a block device, O_EXCL says that it must not be mounted or part of something else that
        // is in use (open(2)).
        let flags = OFlags::RDWR | OFlags::EXCL | OFlags::CLOEXEC;
        let mut file = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::BUSY) => {
                let error = Error::failed("is in use, mounted perhaps");
                return Err(error.of(path.display()));
            }
            Err(error) => return Err(cannot("open", path, &error.into())),
        };
        let length = file.seek(SeekFrom::End(0));
        let length = length.map_err(|error| cannot("measure", path, &error))?;
        if length < u64::from(size) << 30 {
            let what = format!(
                "has {length} bytes, and the volume of {} has {size} GiB",
                snapshot.id
            );
            return Err(Error::failed(what).of(path.display()));
        }
        Ok(Self {
            file: Arc::new(file),
            path: path.to_owned(),
        })
    }

    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn give_up(self, error: Error) -> Error {
        let path = self.path.display();
        error.adding(&format!("{path} holds a part of the disk only"))
    }
}
