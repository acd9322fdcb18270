//! Whether a disk stays as it is while it is bundled. One that is written to meanwhile would become a
//! mixture of two states, which nobody asked for and no file system check puts right.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

use ami_core::error::Error;

/// A file that is to stay as it is.
pub(crate) struct Standing {
    file: File,
    seen: Version,
}

/// Size, and when it was written to last, in seconds and nanoseconds.
type Version = (u64, i64, i64);

impl Standing {
    /// As it is now. None of what is no file: devices do not tell when they were written to.
    pub(crate) fn of(file: &File) -> io::Result<Option<Self>> {
        if !file.metadata()?.is_file() {
            return Ok(None);
        }
        Ok(Some(Self {
            seen: version(file)?,
            file: file.try_clone()?,
        }))
    }

    /// Is it still so?
    ///
    /// # Errors
    /// It was written to.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match version(&self.file) {
            Ok(now) if now == self.seen => Ok(()),
            Ok(_) => Err(Error::failed("was written to while it was bundled")
                .hint("bundle it when nothing uses it, or a copy of it")),
            Err(error) => Err(Error::failed(format!("cannot be looked at: {error}"))),
        }
    }
}

fn version(file: &File) -> io::Result<Version> {
    let about = file.metadata()?;
    Ok((about.size(), about.mtime(), about.mtime_nsec()))
}
