//! Makes the parts of a bundle, and puts them where it goes while later ones are still being made.

use std::rc::Rc;

use ami_bundle_format::directory::{BundleDirectory, Existing};
use ami_bundle_format::tar::Member;
use ami_bundle_format::{
    Compression, ContentKey, Error as Wrong, FinishedPart, Image, Manifest, PART_SIZE, PackOptions,
    Packed, PrivateKey, name, pack,
};
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::s3::S3;

use crate::apart::{Stop, apart, explain};
use crate::destination::Bucket;
use crate::meter::{Counter, Meter};
use crate::sending::{Sending, Sent, put_manifest};
use crate::standing::Standing;

/// Parts that wait to be sent.
const WAITING: usize = 1;

/// A bundle to be made.
pub(crate) struct Order {
    pub(crate) image: Image,
    pub(crate) member: Member,
    /// All that is known before; the contents' key is in it.
    pub(crate) manifest: Manifest,
    pub(crate) key: ContentKey,
    pub(crate) signer: Rc<PrivateKey>,
    pub(crate) compression: Compression,
    /// Ends the reading of the image.
    pub(crate) stop: Stop,
    /// What must not have changed meanwhile, or there is no bundle.
    pub(crate) standing: Option<Standing>,
}

/// Makes it in a directory, and gives the path of the manifest. `None` when the tool was stopped, with
/// nothing left behind.
pub(crate) async fn into_directory(
    context: &Context,
    order: Order,
    mut directory: BundleDirectory,
) -> Result<Option<(Manifest, std::path::PathBuf)>, Error> {
    let counter = Counter::default();
    let meter = reading(context, &order);
    let options = PackOptions {
        compression: order.compression,
        read: Some(Counter::clone(&counter)),
        ..PackOptions::default()
    };
    let Order {
        image,
        member,
        mut manifest,
        key,
        signer,
        stop,
        standing,
        ..
    } = order;
    let packed = apart(context, &stop, move |stop| {
        let packed = pack(image, &member, &key, &options, stop, &mut directory)?;
        Ok((packed, directory))
    });
    let packed = meter.during(Some(&counter), packed).await;
    let Some((packed, directory)) = unless_stopped(context, packed)? else {
        return Ok(None);
    };
    check(standing)?;
    manifest.set_packed(&packed, name::width(packed.parts.len()));
    let text = manifest.to_signed_xml(&signer).map_err(explain)?;
    let path = directory
        .finish(&manifest.image.parts, &text)
        .map_err(|error| taken(&error))?;
    Ok(Some((manifest, path)))
}

/// Shows how much of the image was read, which is where the time goes: parts come seldom where much is
/// compressed away.
fn reading(context: &Context, order: &Order) -> Meter {
    let data = order.image.data();
    Meter::new(&context.progress, &order.member.name, "read", Some(data))
}

/// What fails when the tool was asked to stop, fails because of that.
fn unless_stopped<T>(context: &Context, packed: Result<T, Wrong>) -> Result<Option<T>, Error> {
    match packed {
        Err(Wrong::Stopped) => Ok(None),
        Err(_) if context.interrupt.seen().is_some() => Ok(None),
        packed => packed.map(Some).map_err(explain),
    }
}

fn check(standing: Option<Standing>) -> Result<(), Error> {
    standing.map_or(Ok(()), |standing| standing.check())
}

/// The directory that a bundle is made in.
pub(crate) fn directory(path: &std::path::Path, name: &str) -> Result<BundleDirectory, Error> {
    let directory =
        BundleDirectory::new(path, name, Existing::Refuse).map_err(|error| taken(&error))?;
    match directory.part_that_is_there() {
        Ok(None) => Ok(directory),
        Ok(Some(part)) => Err(Error::new(Kind::Usage, "exists already")
            .of(part.display())
            .hint(WAY_OUT)),
        Err(error) => Err(Error::new(Kind::Usage, error.to_string()).of(path.display())),
    }
}

/// What to do where a bundle cannot have its name.
const WAY_OUT: &str = "remove it, or choose another --prefix or --destination";

fn taken(error: &std::io::Error) -> Error {
    let text = error.to_string();
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::new(Kind::Usage, text).hint(WAY_OUT),
        _ => Error::failed(text),
    }
}

/// Makes it in S3. `None` when the tool was stopped. What was put is deleted again when it does not
/// become a bundle.
pub(crate) async fn into_s3(
    context: &Context,
    order: Order,
    s3: &S3,
    bucket: &Bucket,
) -> Result<Option<Manifest>, Error> {
    let mut sent = Sent::default();
    let made = send(context, order, s3, bucket, &mut sent).await;
    if !matches!(made, Ok(Some(_))) {
        sent.take_back(context, s3, bucket).await;
    }
    made
}

async fn send(
    context: &Context,
    order: Order,
    s3: &S3,
    bucket: &Bucket,
    sent: &mut Sent,
) -> Result<Option<Manifest>, Error> {
    let width = name::width(name::most_parts(order.image.stored(), PART_SIZE));
    let counter = Counter::default();
    let meter = reading(context, &order);
    let options = PackOptions {
        compression: order.compression,
        s3_digests: true,
        read: Some(Counter::clone(&counter)),
        ..PackOptions::default()
    };
    let Order {
        image,
        member,
        mut manifest,
        key,
        signer,
        stop,
        standing,
        ..
    } = order;
    let (give, take) = tokio::sync::mpsc::channel::<FinishedPart>(WAITING);
    let packing = apart(context, &stop, move |stop| {
        let mut sink = |part: FinishedPart| {
            give.blocking_send(part)
                .map_err(|_| std::io::Error::other("the parts cannot be sent"))
        };
        pack(image, &member, &key, &options, stop, &mut sink)
    });
    let name = manifest.image.name.clone();
    let sending = Sending {
        context,
        s3,
        bucket,
        name: &name,
        width,
        stop: &stop,
    };
    let sending = sending.parts(take, sent);
    let both = futures_util::future::join(packing, sending);
    let (packed, all_sent) = meter.during(Some(&counter), both).await;
    let packed: Packed = match (packed, all_sent) {
        (_, Err(error)) => return Err(error),
        (packed, Ok(())) => match unless_stopped(context, packed)? {
            Some(packed) => packed,
            None => return Ok(None),
        },
    };
    check(standing)?;
    manifest.set_packed(&packed, width);
    let text = manifest.to_signed_xml(&signer).map_err(explain)?;
    sent.begin(bucket.manifest_of(&manifest).key);
    put_manifest(s3, bucket, &manifest, text.into_bytes()).await?;
    Ok(Some(manifest))
}
