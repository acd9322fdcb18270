//! Where a bundle goes: a directory, or S3.

use std::path::{Path, PathBuf};

use ami_cli::args::Args;
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::name;
use ami_core::region::Region;
use ami_core::s3::{Acl, Place, S3};

use crate::keys::path;

/// Where a bundle goes.
#[derive(Debug)]
pub(crate) enum Destination {
    /// Into this directory.
    Directory(PathBuf),
    /// Into S3.
    S3(Bucket),
}

/// A place in S3, and what its objects are to be.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    /// What the keys begin with.
    pub(crate) place: Place,
    pub(crate) acl: Acl,
    /// Is the bucket to be made if there is none?
    pub(crate) create: bool,
    /// Kept beside the manifest.
    pub(crate) description: Option<String>,
}

impl Destination {
    /// Reads the options of a verb that makes bundles.
    pub(crate) fn read(args: &Args) -> Result<Self, Error> {
        let directory = path(args, "destination")?;
        if let Some(bucket) = Bucket::read(args)? {
            return Ok(Self::S3(bucket));
        }
        for option in ["acl", "create-bucket", "description"] {
            if args.flag(option) {
                return Err(Error::usage(format!("--{option} is for --to")));
            }
        }
        let directory = directory.unwrap_or_default();
        check_directory(&directory)?;
        Ok(Self::Directory(directory))
    }
}

impl Bucket {
    /// Reads the options; none without `--to`.
    pub(crate) fn read(args: &Args) -> Result<Option<Self>, Error> {
        let acl = args.value("acl", acl)?.unwrap_or(Acl::AwsExecRead);
        let create = args.flag("create-bucket");
        let description = args.value("description", name::parse_description)?;
        let place = args.value("to", Place::prefix)?;
        Ok(place.map(|place| Self {
            place,
            acl,
            create,
            description,
        }))
    }

    /// The gateway to S3 in the region worked in, after it was seen that the bucket is there.
    pub(crate) async fn open(&self, context: &Context) -> Result<S3, Error> {
        let region = context.session.region().await?;
        let s3 = context.session.s3(&region).await;
        let bucket = &self.place.bucket;
        match s3.region_of(bucket).await? {
            Some(its) if its == region => {}
            Some(its) => return Err(elsewhere(bucket, &its, &region)),
            None if self.create && context.args.flag("dry-run") => {
                let text = format!("would make the bucket {bucket} in {region}");
                context.progress.hint(&text);
            }
            None if self.create => {
                s3.create_bucket(bucket).await?;
                let text = format!("the bucket {bucket} is new, in {region}");
                context.progress.hint(&text);
            }
            None => {
                let error = Error::new(Kind::NotFound, "there is no such bucket").of(bucket);
                return Err(error.hint("make it first, or let --create-bucket do that"));
            }
        }
        Ok(s3)
    }
}

/// A bundle is read by EC2 of the bucket's own region only.
fn elsewhere(bucket: &str, its: &Region, region: &Region) -> Error {
    Error::usage(format!(
        "{bucket} is a bucket in {its}, and this is {region}"
    ))
    .hint(format!(
        "work there with -r {its}: EC2 reads bundles in its own region"
    ))
}

/// Checks that files can be made in a directory.
pub(crate) fn check_directory(directory: &Path) -> Result<(), Error> {
    // A path without a directory is in the current one.
    let directory = match directory.as_os_str().is_empty() {
        true => Path::new("."),
        false => directory,
    };
    use rustix::fs::{Access, access};
    let wrong = |what: String| Error::new(Kind::Usage, what).of(directory.display());
    match std::fs::metadata(directory) {
        Ok(about) if !about.is_dir() => return Err(wrong("is no directory".to_owned())),
        Ok(_) => {}
        Err(error) => return Err(wrong(error.to_string())),
    }
    access(directory, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| wrong(format!("no file can be made there: {error}")))
}

fn acl(text: &str) -> Result<Acl, String> {
    match text {
        "aws-exec-read" => Ok(Acl::AwsExecRead),
        "public-read" => Ok(Acl::PublicRead),
        _ => Err("it is neither aws-exec-read nor public-read".to_owned()),
    }
}
