//! What all verbs that make bundles do: read the options, find out all that a bundle needs before the
//! long work begins, and make it.

use std::path::PathBuf;

use ami_bundle_format::directory::BundleDirectory;
use ami_bundle_format::keys::Recipients;
use ami_bundle_format::tar::Member;
use ami_bundle_format::{Certificate, Compression, ContentKey, Image, PrivateKey, name};
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::s3::{Place, S3};

use crate::apart::{Stop, explain};
use crate::destination::{Bucket, Destination};
use crate::keys;
use crate::machine::{self, Machine};
use crate::packing::{self, Order};
use crate::record::Record;

/// The largest disk that EC2 starts of a bundle (EC2 User Guide, "Root device type").
const LARGEST: u64 = 10 << 30;

/// What is asked for of any bundle.
pub(crate) struct Bundle {
    signer: PrivateKey,
    certificate: Certificate,
    user: Option<String>,
    ec2: Option<PathBuf>,
    pub(crate) name: Option<String>,
    compression: Compression,
    pub(crate) machine: Machine,
    pub(crate) destination: Destination,
}

/// A disk that is to be bundled.
pub(crate) struct Disk {
    pub(crate) image: Image,
    /// As people call it.
    pub(crate) shown: String,
    pub(crate) architecture: String,
    pub(crate) mode: u32,
    /// Seconds since 1970.
    pub(crate) mtime: u64,
    /// Ends the reading of it.
    pub(crate) stop: Stop,
}

/// A bundle of which nothing is missing but its disk.
pub(crate) struct Prepared {
    bundle: Bundle,
    name: String,
    user: String,
    ec2: Certificate,
    target: Target,
}

enum Target {
    Directory(BundleDirectory),
    S3(S3, Bucket, Place),
}

impl Bundle {
    /// Reads the options.
    pub(crate) fn read(context: &Context) -> Result<Self, Error> {
        let args = &context.args;
        let machine = Machine::read(args)?;
        let destination = Destination::read(args)?;
        let name = args.value("prefix", plain)?;
        let user = args.value("user", machine::account)?;
        let ec2 = keys::path(args, "ec2cert")?;
        let compression = args.value("compress", compression)?.unwrap_or_default();
        let (signer, certificate) = keys::pair(context)?;
        Ok(Self {
            signer,
            certificate,
            user,
            ec2,
            name,
            compression,
            machine,
            destination,
        })
    }

    /// Finds out what is still missing for a bundle of that name, and whether there is room for it.
    pub(crate) async fn prepare(self, context: &Context, name: String) -> Result<Prepared, Error> {
        // Found out before anything is called, where no region is needed for it.
        let directory = match &self.destination {
            Destination::Directory(path) => Some(packing::directory(path, &name)?),
            Destination::S3(_) => None,
        };
        let ec2 = match &self.ec2 {
            Some(path) => keys::ec2_certificate_at(path)?,
            None => keys::ec2_certificate_of(&context.session.region().await?)?,
        };
        let user = match &self.user {
            Some(user) => user.clone(),
            None => {
                let region = context.session.region().await.map_err(|error| {
                    error.adding("or say with --user which account the bundle is for")
                })?;
                context.session.account(&region).await?
            }
        };
        let target = match (&self.destination, directory) {
            (Destination::S3(bucket), _) => {
                let s3 = bucket.open(context).await?;
                let place = bucket.place.below(&name::manifest_name(&name));
                if s3.look(&place).await?.is_some() {
                    let error = Error::usage("is there already").of(&place);
                    return Err(
                        error.hint("delete it with 'ami-bundle delete', or choose another place")
                    );
                }
                Target::S3(s3, bucket.clone(), place)
            }
            (Destination::Directory(path), directory) => Target::Directory(match directory {
                Some(directory) => directory,
                None => packing::directory(path, &name)?,
            }),
        };
        Ok(Prepared {
            bundle: self,
            name,
            user,
            ec2,
            target,
        })
    }
}

impl Prepared {
    /// The account that it is for.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// Where its manifest will be, as people call it.
    pub(crate) fn place(&self) -> String {
        match &self.target {
            Target::Directory(directory) => directory.manifest().display().to_string(),
            Target::S3(_, _, place) => place.to_string(),
        }
    }

    /// What its manifest will say of the machine.
    pub(crate) fn machine(&mut self) -> &mut Machine {
        &mut self.bundle.machine
    }

    /// Makes the bundle, and prints where its manifest is.
    pub(crate) async fn make(self, context: &Context, disk: Disk) -> Result<(), Error> {
        if context.args.flag("dry-run") {
            self.would(context, &disk);
            return Ok(());
        }
        let place = self.place();
        let shown = disk.shown.clone();
        let (order, target) = self.order(disk)?;
        let made = match target {
            Target::S3(s3, bucket, _) => packing::into_s3(context, order, &s3, &bucket).await,
            Target::Directory(directory) => {
                let made = packing::into_directory(context, order, directory).await;
                made.map(|made| made.map(|(manifest, _)| manifest))
            }
        };
        if let Some(manifest) = made.map_err(|error| error.of(shown))? {
            let record = Record {
                at: Some(place),
                manifest: &manifest,
                file: None,
            };
            record.print(context);
        }
        Ok(())
    }

    fn order(self, disk: Disk) -> Result<(Order, Target), Error> {
        let Self {
            bundle,
            name,
            user,
            ec2,
            target,
        } = self;
        let mut manifest = bundle.machine.manifest(&disk.architecture, &name, &user);
        let key = ContentKey::random().map_err(explain)?;
        let recipients = Recipients {
            ec2: Some(&ec2),
            user: Some(&bundle.certificate),
        };
        manifest.set_key(&key, recipients).map_err(explain)?;
        let order = Order {
            member: Member {
                name,
                mode: disk.mode,
                mtime: disk.mtime,
            },
            image: disk.image,
            manifest,
            key,
            signer: bundle.signer,
            compression: bundle.compression,
            stop: disk.stop,
        };
        Ok((order, target))
    }

    fn would(&self, context: &Context, disk: &Disk) {
        context.progress.hint(&format!(
            "would bundle {} of {} bytes, {} of them data, for account {} into {}",
            escape(&disk.shown),
            disk.image.size(),
            disk.image.data(),
            self.user,
            escape(&self.place())
        ));
        context.done();
    }
}

/// Says what EC2 will not start.
pub(crate) fn warn_of_size(context: &Context, shown: &str, size: u64) {
    if size > LARGEST {
        let gib = size.div_ceil(1 << 30);
        let shown = escape(shown);
        context.progress.hint(&format!(
            "{shown} has {gib} GiB, and EC2 starts no S3-backed image of more than 10 GiB"
        ));
    }
}

/// The name of an image: that of a file in a directory.
pub(crate) fn plain(text: &str) -> Result<String, String> {
    let read = name::plain("the name of the image", text);
    read.map(|()| text.to_owned())
        .map_err(|why| why.to_string())
}

pub(crate) fn compression(text: &str) -> Result<Compression, String> {
    match text {
        "fast" => Ok(Compression::Fast),
        "default" => Ok(Compression::Default),
        "best" => Ok(Compression::Best),
        _ => Err(format!("'{}' is none of fast, default, best", escape(text))),
    }
}
