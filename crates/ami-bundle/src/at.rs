//! Where a bundle that is there lies: its manifest, and its parts beside it or elsewhere.

use std::path::{Path, PathBuf};

use ami_bundle_format::Manifest;
use ami_bundle_format::manifest::MOST_BYTES;
use ami_core::app::Context;
use ami_core::error::{Error, Fault, Kind};
use ami_core::s3::{Place, S3};
use bytes::Bytes;

use crate::apart::explain;
use crate::keys::path;
use crate::parts::Parts;

/// What the name of a manifest ends with.
pub(crate) const ENDING: &str = ".manifest.xml";

/// Where a manifest is.
#[derive(Debug, Clone)]
pub(crate) enum At {
    /// In this file.
    File(PathBuf),
    /// In S3.
    S3(Place),
}

/// A bundle whose manifest was read.
pub(crate) struct Found {
    /// The manifest's own bytes, which are what was signed.
    pub(crate) bytes: Bytes,
    pub(crate) manifest: Manifest,
    pub(crate) parts: Parts,
}

impl At {
    /// As people call it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::S3(place) => place.to_string(),
        }
    }
}

/// Reads the manifest. Its parts are beside it, or where `--source` says.
pub(crate) async fn find(
    context: &Context,
    at: &At,
    source: Option<PathBuf>,
) -> Result<Found, Error> {
    let (bytes, parts) = match at {
        At::File(path) => {
            let bytes = read(path)?;
            let beside = path.parent().unwrap_or(Path::new(""));
            (bytes, Parts::Directory(beside.to_owned()))
        }
        At::S3(place) => {
            let s3 = open(context, place).await?;
            let bytes = s3.get(place, MOST_BYTES).await?;
            (bytes, Parts::S3(s3, place.clone()))
        }
    };
    let manifest = Manifest::parse(&bytes).map_err(|why| explain(why).of(at.shown()))?;
    Ok(Found {
        bytes,
        manifest,
        parts: source.map_or(parts, Parts::Directory),
    })
}

/// The option that says where parts are, checked.
pub(crate) fn source(args: &ami_cli::args::Args) -> Result<Option<PathBuf>, Error> {
    let directory = path(args, "source")?;
    match &directory {
        Some(directory) if !directory.is_dir() => {
            Err(Error::new(Kind::Usage, "is no directory").of(directory.display()))
        }
        _ => Ok(directory),
    }
}

/// The gateway to S3 in the region of a bucket, which for what is only read need not be the one worked
/// in.
pub(crate) async fn open(context: &Context, place: &Place) -> Result<S3, Error> {
    let region = context.session.region().await?;
    let s3 = context.session.s3(&region).await;
    let told = match s3.region_of(&place.bucket).await {
        // Who may read the bundle need not be allowed to ask for its bucket, and S3 says of an object
        // what it does not of a bucket: why it refuses.
        Err(error) if error.fault() == Fault::Final => {
            let text = format!("the region of the bucket is not known: {error}");
            context.progress.trace(&text);
            return Ok(s3);
        }
        told => told?,
    };
    match told {
        Some(its) if its != region => Ok(context.session.s3(&its).await),
        Some(_) => Ok(s3),
        None => {
            let error = Error::new(Kind::NotFound, "there is no such bucket");
            Err(error.of(&place.bucket))
        }
    }
}

fn read(path: &Path) -> Result<Bytes, Error> {
    use std::io::Read;
    let cannot = |error: std::io::Error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => Kind::NotFound,
            _ => Kind::Usage,
        };
        Error::new(kind, format!("cannot be read: {error}")).of(path.display())
    };
    let file = std::fs::File::open(path).map_err(cannot)?;
    let mut bytes = Vec::new();
    // A byte more than a manifest may have is enough to see that it is none.
    let most = MOST_BYTES as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(cannot)?;
    Ok(bytes.into())
}
