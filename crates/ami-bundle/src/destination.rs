//! Where a bundle goes: a directory, or S3.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use ami_bundle_format::Manifest;
use ami_cli::args::Args;
use ami_core::app::Context;
use ami_core::chance;
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
    /// Kept beside each object: tells what this run has put there.
    pub(crate) mark: String,
    /// Has this run made the bucket?
    is_new: Cell<bool>,
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
        if create && acl == Acl::PublicRead {
            let what =
                "--create-bucket makes a bucket as new ones are, and those block --acl public-read";
            return Err(Error::usage(what).hint(
                "make a bucket that does not block public ACLs, and leave --create-bucket out",
            ));
        }
        if let (true, Some(place)) = (create, &place) {
            check_new(&place.bucket)?;
        }
        Ok(place.map(|place| Self {
            place,
            acl,
            create,
            description,
            mark: chance::run_id(),
            is_new: Cell::new(false),
        }))
    }

    /// The gateway to S3 in the region worked in, after it was seen that the bucket is there.
    pub(crate) async fn open(&self, context: &Context) -> Result<S3, Error> {
        let region = context.session.region().await?;
        let s3 = context.session.s3(&region).await;
        let bucket = &self.place.bucket;
        match s3.region_of(bucket).await? {
            Some(its) if its == region => s3.check_acls(bucket).await?,
            Some(its) => return Err(elsewhere(bucket, &its, &region)),
            None if self.create && context.args.flag("dry-run") => {
                let text = format!("would make the bucket {bucket} in {region}");
                context.progress.hint(&text);
            }
            None if self.create => {
                self.is_new.set(s3.create_bucket(bucket).await?);
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

    /// Where the manifest of a bundle goes.
    pub(crate) fn manifest_of(&self, manifest: &Manifest) -> Place {
        self.place.below(&ami_bundle_format::name::manifest_name(
            &manifest.image.name,
        ))
    }

    /// Checks that keys of a bundle of that name are no longer than S3 takes them.
    pub(crate) fn check_name(&self, name: &str) -> Result<(), Error> {
        let place = self
            .place
            .below(&ami_bundle_format::name::manifest_name(name));
        let read = Place::object(&format!("s3://{}/{}", place.bucket, place.key));
        read.map(drop)
            .map_err(|why| Error::usage(format!("--to: {why}")))
    }

    /// Has this run made the bucket?
    pub(crate) fn is_new(&self) -> bool {
        self.is_new.get()
    }

    /// Deletes the bucket again if this run has made it and nothing is in it.
    pub(crate) async fn take_back(&self, context: &Context, s3: &S3) {
        if !self.is_new.take() {
            return;
        }
        context.interrupt.begin_undoing();
        let bucket = &self.place.bucket;
        if let Err(error) = s3.delete_bucket(bucket).await {
            context.progress.insist(&format!(
                "the new bucket {bucket} is left: {error}; delete it: aws s3 rb s3://{bucket}"
            ));
        }
    }
}

/// Checks the name of a bucket that is to be made (S3 User Guide, "General purpose bucket naming rules").
/// Buckets of before 2018 in us-east-1 have other names too, and hold just such bundles: those are read,
/// and written to.
fn check_new(bucket: &str) -> Result<(), Error> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_good = (3..=63).contains(&bucket.len())
        && bucket
            .bytes()
            .all(|byte| is_plain(byte) || b".-".contains(&byte))
        && bucket.bytes().next().is_some_and(is_plain)
        && bucket.bytes().last().is_some_and(is_plain)
        && !bucket.contains("..")
        && bucket.parse::<std::net::Ipv4Addr>().is_err();
    match is_good {
        true => Ok(()),
        false => {
            let error = Error::usage(format!(
                "--create-bucket: '{bucket}' is no name of a new bucket"
            ));
            Err(error.hint(
                "names have 3 to 63 lower-case letters, digits, dots and hyphens, and begin and end with a \
                 letter or digit",
            ))
        }
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
