//! Makes the parts of a bundle, and puts them where it goes while later ones are still being made.

use std::sync::atomic::Ordering;

use ami_bundle_format::directory::{BundleDirectory, Existing};
use ami_bundle_format::tar::Member;
use ami_bundle_format::{
    Compression, ContentKey, Error as Wrong, FinishedPart, Image, Manifest, PART_SIZE, PackOptions,
    Packed, PrivateKey, name, pack,
};
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::shell_word;
use ami_core::s3::{NewObject, S3};
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::apart::{Stop, apart, explain};
use crate::destination::Bucket;
use crate::meter::Meter;

/// Parts on their way to S3 at once. Each is held in memory.
const ON_THE_WAY: usize = 4;
/// Parts that wait to be sent.
const WAITING: usize = 1;

/// A bundle to be made.
pub(crate) struct Order {
    pub(crate) image: Image,
    pub(crate) member: Member,
    /// All that is known before; the contents' key is in it.
    pub(crate) manifest: Manifest,
    pub(crate) key: ContentKey,
    pub(crate) signer: PrivateKey,
    pub(crate) compression: Compression,
    /// Ends the reading of the image.
    pub(crate) stop: Stop,
}

/// Makes it in a directory, and gives the path of the manifest. `None` when the tool was stopped, with
/// nothing left behind.
pub(crate) async fn into_directory(
    context: &Context,
    order: Order,
    mut directory: BundleDirectory,
) -> Result<Option<(Manifest, std::path::PathBuf)>, Error> {
    let options = PackOptions {
        compression: order.compression,
        ..PackOptions::default()
    };
    let Order {
        image,
        member,
        mut manifest,
        key,
        signer,
        stop,
        ..
    } = order;
    let packed = apart(context, &stop, move |stop| {
        let packed = pack(image, &member, &key, &options, stop, &mut directory)?;
        Ok((packed, directory))
    })
    .await;
    let Some((packed, directory)) = unless_stopped(context, packed)? else {
        return Ok(None);
    };
    manifest.set_packed(&packed, name::width(packed.parts.len()));
    let text = manifest.to_signed_xml(&signer).map_err(explain)?;
    let path = directory
        .finish(&manifest.image.parts, &text)
        .map_err(|error| Error::failed(error.to_string()))?;
    Ok(Some((manifest, path)))
}

/// What fails when the tool was asked to stop, fails because of that.
fn unless_stopped<T>(context: &Context, packed: Result<T, Wrong>) -> Result<Option<T>, Error> {
    match packed {
        Err(Wrong::Stopped) => Ok(None),
        Err(_) if context.interrupt.seen().is_some() => Ok(None),
        packed => packed.map(Some).map_err(explain),
    }
}

/// The directory that a bundle is made in.
pub(crate) fn directory(path: &std::path::Path, name: &str) -> Result<BundleDirectory, Error> {
    BundleDirectory::new(path, name, Existing::Refuse)
        .map_err(|error| Error::new(ami_core::error::Kind::Usage, error.to_string()))
}

/// Makes it in S3. `None` when the tool was stopped. What was put is deleted again when it does not
/// become a bundle.
pub(crate) async fn into_s3(
    context: &Context,
    order: Order,
    s3: &S3,
    bucket: &Bucket,
) -> Result<Option<Manifest>, Error> {
    let mut sent = Vec::new();
    let made = send(context, order, s3, bucket, &mut sent).await;
    if !matches!(made, Ok(Some(_))) {
        context.interrupt.begin_undoing();
        remove(context, s3, bucket, &sent).await;
    }
    made
}

async fn send(
    context: &Context,
    order: Order,
    s3: &S3,
    bucket: &Bucket,
    sent: &mut Vec<String>,
) -> Result<Option<Manifest>, Error> {
    let width = name::width(name::most_parts(order.image.stored(), PART_SIZE));
    let options = PackOptions {
        compression: order.compression,
        s3_digests: true,
        ..PackOptions::default()
    };
    let Order {
        image,
        member,
        mut manifest,
        key,
        signer,
        stop,
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
    let sending = send_parts(context, s3, bucket, &name, width, take, sent, &stop);
    let (packed, all_sent) = futures_util::future::join(packing, sending).await;
    let packed: Packed = match (packed, all_sent) {
        (_, Err(error)) => return Err(error),
        (packed, Ok(())) => match unless_stopped(context, packed)? {
            Some(packed) => packed,
            None => return Ok(None),
        },
    };
    manifest.set_packed(&packed, width);
    let text = manifest.to_signed_xml(&signer).map_err(explain)?;
    put_manifest(s3, bucket, &manifest, text.into_bytes()).await?;
    Ok(Some(manifest))
}

/// Puts the manifest, which is what makes the parts a bundle.
pub(crate) async fn put_manifest(
    s3: &S3,
    bucket: &Bucket,
    manifest: &Manifest,
    text: Vec<u8>,
) -> Result<(), Error> {
    let place = bucket
        .place
        .below(&name::manifest_name(&manifest.image.name));
    let sha256 = ami_bundle_format::pack::S3Digests::of(&text).sha256;
    let object = NewObject {
        data: text.into(),
        sha256,
        acl: bucket.acl,
        description: bucket.description.clone(),
    };
    s3.put(&place, &object).await
}

#[expect(
    clippy::too_many_arguments,
    reason = "they are one thing's, and nobody else calls it"
)]
async fn send_parts(
    context: &Context,
    s3: &S3,
    bucket: &Bucket,
    name: &str,
    width: usize,
    mut parts: tokio::sync::mpsc::Receiver<FinishedPart>,
    sent: &mut Vec<String>,
    stop: &Stop,
) -> Result<(), Error> {
    let mut meter = Meter::new(&context.progress, name, "sent", None);
    let mut flying = FuturesUnordered::new();
    let mut result = Ok(());
    let mut more = true;
    while more || !flying.is_empty() {
        tokio::select! {
            part = parts.recv(), if more && flying.len() < ON_THE_WAY => match part {
                None => more = false,
                Some(part) => {
                    let place = bucket.place.below(&name::part_name(name, part.index, width));
                    sent.push(place.key.clone());
                    let length = part.bytes.len() as u64;
                    let object = NewObject {
                        data: part.bytes.into(),
                        sha256: part.s3.map(|digests| digests.sha256).unwrap_or_default(),
                        acl: bucket.acl,
                        description: None,
                    };
                    flying.push(async move { (s3.put(&place, &object).await, length, place) });
                }
            },
            Some((put, length, place)) = flying.next() => match put {
                Ok(()) => {
                    context.progress.trace(&format!("{place} is in S3"));
                    meter.add(length);
                    continue;
                }
                Err(error) => result = result.and(Err(error)),
            },
            _ = context.interrupt.arrived(), if more => {}
        }
        if result.is_err() || context.interrupt.seen().is_some() {
            // No more are made. Those on their way are waited for: what arrives after it was deleted
            // would stay for ever.
            stop.store(true, Ordering::Relaxed);
            parts.close();
            more = false;
        }
    }
    result
}

/// Deletes what was put, and names it where that fails.
pub(crate) async fn remove(context: &Context, s3: &S3, bucket: &Bucket, sent: &[String]) {
    if sent.is_empty() {
        return;
    }
    if let Err(error) = s3.delete(&bucket.place.bucket, sent).await {
        let (first, count) = (&sent[0], sent.len());
        let bucket = &bucket.place.bucket;
        context.progress.insist(&format!(
            "{count} parts may still be in S3: {error}; delete them: aws s3 rm --recursive s3://{bucket}/ \
             --exclude '*' --include {}",
            shell_word(&format!("{}*", first.trim_end_matches(|c: char| c.is_ascii_digit())))
        ));
    }
}
