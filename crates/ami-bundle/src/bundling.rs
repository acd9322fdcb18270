//! What all verbs that make bundles do: read the options, find out all that a bundle needs before the
//! long work begins, and make it.

use std::path::PathBuf;
use std::rc::Rc;

use ami_bundle_format::directory::BundleDirectory;
use ami_bundle_format::keys::Recipients;
use ami_bundle_format::tar::Member;
use ami_bundle_format::{
    Certificate, Compression, ContentKey, Image, PART_SIZE, PrivateKey, manifest, name,
};
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use ami_core::s3::{Look, Place, S3};

use crate::apart::{Stop, explain};
use crate::destination::{Bucket, Destination};
use crate::keys;
use crate::machine::{self, Machine, warn_of_architecture};
use crate::packing::{self, Order};
use crate::record::Record;
use crate::standing::Standing;

/// The largest disk that EC2 starts of a bundle (EC2 User Guide, "Root device type").
pub(crate) const LARGEST: u64 = 10 << 30;

/// What is asked for of any bundle.
pub(crate) struct Bundle {
    signer: Rc<PrivateKey>,
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
    /// What must not change meanwhile.
    pub(crate) standing: Option<Standing>,
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
    pub(crate) async fn read(context: &Context) -> Result<Self, Error> {
        let args = &context.args;
        let machine = Machine::read(args)?;
        let destination = Destination::read(args)?;
        let name = args.value("prefix", plain)?;
        let user = args.value("user", machine::account)?;
        let ec2 = keys::path(args, "ec2cert")?;
        let compression = args.value("compress", compression)?.unwrap_or_default();
        let (signer, certificate) = keys::pair(context).await?;
        Ok(Self {
            signer: Rc::new(signer),
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
        if let Destination::S3(bucket) = &self.destination {
            bucket.check_name(&name)?;
        }
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
                let account = context.session.account(&region).await;
                account.map_err(|error| {
                    error.adding("or say with --user which account the bundle is for")
                })?
            }
        };
        let target = match (&self.destination, directory) {
            (Destination::S3(bucket), _) => in_s3(context, bucket, &name).await?,
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

/// The bucket, and the place in it, as far as S3 tells: another run may take it meanwhile, which the
/// putting finds out.
async fn in_s3(context: &Context, bucket: &Bucket, name: &str) -> Result<Target, Error> {
    let s3 = bucket.open(context).await?;
    let place = bucket.place.below(&name::manifest_name(name));
    match check_free(context, &s3, &place).await {
        Ok(()) => Ok(Target::S3(s3, bucket.clone(), place)),
        Err(error) => {
            bucket.take_back(context, &s3).await;
            Err(error)
        }
    }
}

/// Looks whether there is a bundle already. Where that is not told, S3 refuses a second one.
pub(crate) async fn check_free(context: &Context, s3: &S3, place: &Place) -> Result<(), Error> {
    match s3.look_if_allowed(place).await? {
        Look::Nothing => Ok(()),
        Look::NotTold(error) => {
            let text = format!("{place} may be there or not: {error}");
            context.progress.trace(&text);
            Ok(())
        }
        Look::There(_) => Err(Error::usage("is there already")
            .of(place)
            .hint("delete it with 'ami-bundle delete', or choose another place")),
    }
}

impl Prepared {
    /// Undoes what was done for a bundle that is not made.
    pub(crate) async fn take_back(self, context: &Context) {
        if let Target::S3(s3, bucket, _) = self.target {
            bucket.take_back(context, &s3).await;
        }
    }

    /// The name of its image.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

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
        warn_of_architecture(context, &disk.architecture);
        if context.args.flag("dry-run") {
            self.would(context, &disk);
            return Ok(());
        }
        let place = self.place();
        let shown = disk.shown.clone();
        let order = match self.order(disk) {
            Ok(order) => order,
            Err(error) => {
                self.take_back(context).await;
                return Err(error.of(shown));
            }
        };
        let made = match self.target {
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

    fn order(&self, disk: Disk) -> Result<Order, Error> {
        let Self { bundle, name, .. } = self;
        let mut manifest = bundle
            .machine
            .manifest(&disk.architecture, name, &self.user);
        let key = ContentKey::random().map_err(explain)?;
        let recipients = Recipients {
            ec2: Some(&self.ec2),
            user: Some(&bundle.certificate),
        };
        manifest.set_key(&key, recipients).map_err(explain)?;
        Ok(Order {
            member: Member {
                name: name.clone(),
                mode: disk.mode,
                mtime: disk.mtime,
            },
            image: disk.image,
            manifest,
            key,
            signer: Rc::clone(&bundle.signer),
            compression: bundle.compression,
            stop: disk.stop,
            standing: disk.standing,
        })
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

/// Refuses a disk whose bundle could not be read again: `stored` bytes are data.
pub(crate) fn check_count(name: &str, stored: u64) -> Result<(), Error> {
    let parts = name::most_parts(stored, PART_SIZE);
    manifest::check_count(name, parts).map_err(|why| Error::new(Kind::Usage, why.to_string()))
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

/// Says what the bundle of a running system lacks to be started: it is one file system, without what a
/// boot loader needs (EC2 User Guide, "User provided kernels").
pub(crate) fn warn_of_kernel(context: &Context, machine: &Machine) {
    if machine.kernel.is_none() {
        context.progress.hint(
            "the bundle is one bare file system, which EC2 starts only as a paravirtual image: say with \
             --kernel by which aki-…; today's instances start EBS-backed images, as ami-create-image makes \
             them of a running one",
        );
    }
}

/// The name of an image: that of a file in a directory.
pub(crate) fn plain(text: &str) -> Result<String, String> {
    let read = name::image("the name of the image", text);
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
