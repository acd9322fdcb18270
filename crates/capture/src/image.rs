//! The file that becomes the image: without a name as long as it is not done.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat};
use tempfile::NamedTempFile;

use crate::Error;
use crate::error::Because;

/// An image that is being made.
#[derive(Debug)]
pub(crate) enum Image {
    /// It has no name, and may be given one.
    Nameless(File),
    /// The file system knows no such files, and a name is wanted: it has a temporary one.
    Named(NamedTempFile),
}

impl Image {
    /// Makes an empty, sparse file.
    pub(crate) fn new(place: &Path, bytes: u64, wants_name: bool) -> Result<Self, Error> {
        let what = || format!("a file in {}", place.display());
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let image = match openat(CWD, place, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => Self::Nameless(file.into()),
            Err(_) if wants_name => {
                let mut builder = tempfile::Builder::new();
                let builder = builder.prefix(".ami-capture-");
                let builder = builder.permissions(Permissions::from_mode(0o600));
                Self::Named(builder.tempfile_in(place).because(what)?)
            }
            Err(_) => Self::Nameless(tempfile::tempfile_in(place).because(what)?),
        };
        image.file().set_len(bytes).because(what)?;
        Ok(image)
    }

    /// The file.
    pub(crate) fn file(&self) -> &File {
        match self {
            Self::Nameless(file) => file,
            Self::Named(file) => file.as_file(),
        }
    }

    /// Gives it its name, if it is to have one. A file of this name is not replaced.
    pub(crate) fn finish(
        self,
        place: &Path,
        name: Option<&OsStr>,
    ) -> Result<(File, Option<PathBuf>), Error> {
        let Some(name) = name else {
            return Ok(match self {
                Self::Nameless(file) => (file, None),
                Self::Named(file) => (file.into_file(), None),
            });
        };
        let path = place.join(name);
        let what = || path.display().to_string();
        self.file().sync_all().because(what)?;
        let file = match self {
            Self::Nameless(file) => {
                let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
                linkat(CWD, unnamed, CWD, &path, AtFlags::SYMLINK_FOLLOW).because(what)?;
                file
            }
            Self::Named(file) => file
                .persist_noclobber(&path)
                .map_err(|error| error.error)
                .because(what)?,
        };
        Ok((file, Some(path)))
    }
}
