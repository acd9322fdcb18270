//! The parts of a bundle that is there.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ami_bundle_format::Sha1;
use ami_bundle_format::manifest::Part;
use ami_bundle_format::unpack::MOST_PART;
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::s3::{Place, S3};
use bytes::Bytes;

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

    /// All of one part, as the manifest says it is.
    pub(crate) async fn get(&self, part: &Part) -> Result<Bytes, Error> {
        let most = usize::try_from(MOST_PART).unwrap_or(usize::MAX);
        let (bytes, shown) = match self {
            Self::S3(s3, place) => {
                let place = place.beside(&part.file_name);
                (s3.get(&place, most).await?, place.to_string())
            }
            Self::Directory(directory) => {
                let path = directory.join(&part.file_name);
                let shown = path.display().to_string();
                let read = read(&path).map_err(|error| {
                    Error::failed(format!("cannot be read: {error}")).of(&shown)
                })?;
                (read.into(), shown)
            }
        };
        match Sha1::of(&bytes) == part.digest {
            true => Ok(bytes),
            false => {
                let what = "has not the digest that the manifest says";
                Err(Error::failed(what).of(shown))
            }
        }
    }
}

/// Reads a file that could be a part: one that is longer is told by its first bytes too many.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    file.take(MOST_PART + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
