//! The parts of a bundle that is there.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ami_bundle_format::Sha1;
use ami_bundle_format::manifest::Part;
use ami_bundle_format::unpack::MOST_PART;
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::s3::{Place, S3};
use bytes::Bytes;
use rustix::fs::OFlags;

use crate::room::{Place as Taken, Room};

/// What is said of a part that is missing. It is not what the user has named, so that it is a failure
/// and no "not found", wherever the part should be.
pub(crate) const NOT_WHOLE: &str = "is not there, so the bundle is not whole";

/// Where the parts of a bundle are.
pub(crate) enum Parts {
    /// In this directory.
    Directory(PathBuf),
    /// In S3, beside this manifest.
    S3(S3, Place),
}

impl Parts {
    /// The same parts, for who consumes them.
    pub(crate) async fn again(&self, context: &Context) -> Self {
        match self {
            Self::Directory(path) => Self::Directory(path.clone()),
            Self::S3(s3, place) => {
                let region = s3.region().clone();
                Self::S3(context.session.s3(&region).await, place.clone())
            }
        }
    }

    /// How many bytes a part has where it is.
    pub(crate) async fn size(&self, part: &Part) -> Result<u64, Error> {
        match self {
            Self::S3(s3, place) => {
                let place = place.beside(&part.file_name);
                let seen = s3.look(&place).await?;
                seen.map(|seen| seen.size)
                    .ok_or_else(|| Error::failed(NOT_WHOLE).of(&place))
            }
            Self::Directory(directory) => {
                let path = directory.join(&part.file_name);
                let about = std::fs::metadata(&path);
                about
                    .map(|about| about.len())
                    .map_err(|error| unreadable(&error).of(path.display()))
            }
        }
    }

    /// All of one part, as the manifest says it is, once there is room for it.
    pub(crate) async fn get(&self, part: &Part, room: &Room) -> Result<(Bytes, Taken), Error> {
        let most = usize::try_from(MOST_PART).unwrap_or(usize::MAX);
        let admit = async |bytes: usize| room.take(bytes as u64).await;
        let (bytes, taken, shown) = match self {
            Self::S3(s3, place) => {
                let place = place.beside(&part.file_name);
                let got = s3.get_when(&place, most, admit).await;
                let (bytes, taken) = got.map_err(|error| missing(error, &place))?;
                (bytes, taken, place.to_string())
            }
            Self::Directory(directory) => {
                let path = directory.join(&part.file_name);
                let shown = path.display().to_string();
                let taken = room.take(self.size(part).await?).await;
                let read = read(&path).map_err(|error| unreadable(&error).of(&shown))?;
                (read.into(), taken, shown)
            }
        };
        match Sha1::of(&bytes) == part.digest {
            true => Ok((bytes, taken)),
            false => {
                let what = "has not the digest that the manifest says";
                Err(Error::failed(what).of(shown))
            }
        }
    }
}

/// A part that is not in S3 makes a bundle that is not whole.
pub(crate) fn missing(error: Error, place: &Place) -> Error {
    match error.kind() {
        Kind::NotFound => Error::failed(NOT_WHOLE).of(place),
        _ => error,
    }
}

fn unreadable(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::failed(NOT_WHOLE),
        _ => Error::failed(format!("cannot be read: {error}")),
    }
}

/// So many parts in words.
pub(crate) fn count(parts: usize) -> String {
    match parts {
        1 => "1 part".to_owned(),
        many => format!("{many} parts"),
    }
}

/// Reads a file that could be a part: one that is longer is told by its first bytes too many.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A named pipe would be waited for until somebody writes to it.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    file.take(MOST_PART + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
