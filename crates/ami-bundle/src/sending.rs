//! Puts the objects of a bundle into S3, and takes them back where they do not become one: those that
//! this run has put there, and no others.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use ami_bundle_format::pack::S3Digests;
use ami_bundle_format::{FinishedPart, Manifest, name};
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::s3::{NewObject, Over, Place, S3, is_taken};
use futures_util::stream::{self, FuturesUnordered, StreamExt};
use tokio::sync::mpsc::Receiver;

use crate::apart::Stop;
use crate::destination::Bucket;
use crate::meter::Meter;
use crate::pattern::all_that_begin;

/// Parts on their way to S3 at once. Each has 10 MiB, which are held in memory.
const ON_THE_WAY: usize = 4;
/// Objects that are looked at at once before they are taken back.
const LOOKS: usize = 16;
/// What the key of a manifest ends with.
const MANIFEST: &str = ".manifest.xml";

/// The keys that this run has put something at, or may have: whether it surely has.
#[derive(Debug, Default)]
pub(crate) struct Sent(BTreeMap<String, bool>);

/// Where parts are sent, and what they are called.
pub(crate) struct Sending<'a> {
    pub(crate) context: &'a Context,
    pub(crate) s3: &'a S3,
    pub(crate) bucket: &'a Bucket,
    pub(crate) name: &'a str,
    /// Digits of the parts' numbers.
    pub(crate) width: usize,
    /// Ends the making of parts.
    pub(crate) stop: &'a Stop,
}

impl Sending<'_> {
    /// Sends the parts as they come, and notes them in `sent`.
    pub(crate) async fn parts(
        &self,
        mut parts: Receiver<FinishedPart>,
        sent: &mut Sent,
    ) -> Result<(), Error> {
        let context = self.context;
        let place = self.bucket.place.to_string();
        let meter = Meter::new(&context.progress, &place, "sent", None);
        let mut flying = FuturesUnordered::new();
        let mut result = Ok(());
        let mut more = true;
        while more || !flying.is_empty() {
            tokio::select! {
                part = parts.recv(), if more && flying.len() < ON_THE_WAY => match part {
                    None => more = false,
                    Some(part) => {
                        let place = self.place(part.index);
                        sent.begin(place.key.clone());
                        flying.push(self.put(part, place));
                    }
                },
                Some((put, length, place)) = flying.next() => {
                    sent.end(&place, &put);
                    match put {
                        Ok(()) => {
                            context.progress.trace(&format!("{place} is in S3"));
                            meter.add(length);
                            continue;
                        }
                        Err(error) => result = result.and(Err(error)),
                    }
                },
                _ = context.interrupt.arrived(), if more => {}
            }
            if result.is_err() || context.interrupt.seen().is_some() {
                // No more are made. Those on their way are waited for: what arrives after it was deleted
                // would stay for ever.
                self.stop.store(true, Ordering::Relaxed);
                parts.close();
                more = false;
            }
        }
        result
    }

    fn place(&self, index: usize) -> Place {
        let name = name::part_name(self.name, index, self.width);
        self.bucket.place.below(&name)
    }

    async fn put(&self, part: FinishedPart, place: Place) -> (Result<(), Error>, u64, Place) {
        let length = part.bytes.len() as u64;
        let object = NewObject {
            data: part.bytes.into(),
            sha256: part.s3.map(|digests| digests.sha256).unwrap_or_default(),
            acl: self.bucket.acl,
            description: None,
            mark: self.bucket.mark.clone(),
        };
        let put = self.s3.put(&place, &object, &Over::Nothing).await;
        (put.map_err(explain_taken), length, place)
    }
}

/// Puts the manifest, which is what makes the parts a bundle, where there is none.
pub(crate) async fn put_manifest(
    s3: &S3,
    bucket: &Bucket,
    manifest: &Manifest,
    text: Vec<u8>,
) -> Result<(), Error> {
    put_manifest_over(s3, bucket, manifest, text, &Over::Nothing).await
}

/// Puts the manifest over what may be there.
pub(crate) async fn put_manifest_over(
    s3: &S3,
    bucket: &Bucket,
    manifest: &Manifest,
    text: Vec<u8>,
    over: &Over,
) -> Result<(), Error> {
    let object = NewObject {
        sha256: S3Digests::of(&text).sha256,
        data: text.into(),
        acl: bucket.acl,
        description: bucket.description.clone(),
        mark: bucket.mark.clone(),
    };
    let put = s3.put(&bucket.manifest_of(manifest), &object, over).await;
    put.map_err(explain_taken)
}

fn explain_taken(error: Error) -> Error {
    match is_taken(&error) {
        true => error.hint(
            "another run has put it there, or an earlier one left it; 'ami-bundle delete' deletes a \
             bundle, or choose another place",
        ),
        false => error,
    }
}

/// Deletes what was put, as far as this run has put it, and names what stays.
pub(crate) async fn remove(context: &Context, s3: &S3, bucket: &Bucket, keys: &[String]) {
    let mut sent = Sent::default();
    keys.iter().for_each(|key| sent.begin(key.clone()));
    sent.take_back(context, s3, bucket).await;
}

impl Sent {
    /// From now on something of this run may be at that key.
    pub(crate) fn begin(&mut self, key: String) {
        self.0.insert(key, false);
    }

    fn end(&mut self, place: &Place, put: &Result<(), Error>) {
        match put {
            Ok(()) => drop(self.0.insert(place.key.clone(), true)),
            Err(error) if is_taken(error) => drop(self.0.remove(&place.key)),
            // It may have arrived, and the answer been lost.
            Err(_) => {}
        }
    }

    /// Deletes what is this run's: the manifest first, so that what stays is no bundle; then the bucket
    /// if that is new. What stays is named.
    pub(crate) async fn take_back(self, context: &Context, s3: &S3, bucket: &Bucket) {
        context.interrupt.begin_undoing();
        let (ours, unknown) = self.ours(s3, bucket).await;
        let (manifest, parts): (Vec<_>, Vec<_>) =
            ours.into_iter().partition(|key| key.ends_with(MANIFEST));
        let name = &bucket.place.bucket;
        if let Err(error) = s3.delete(name, &manifest).await {
            context.progress.insist(&format!(
                "the bundle may still be in S3, whole: {error}; delete it with 'ami-bundle delete'"
            ));
            return;
        }
        if let Err(error) = s3.delete(name, &parts).await {
            insist(context, bucket, &parts, &error);
        }
        if let Some(error) = unknown.first().map(|(_, error)| error) {
            let keys: Vec<_> = unknown.iter().map(|(key, _)| key.clone()).collect();
            insist(context, bucket, &keys, error);
        }
        bucket.take_back(context, s3).await;
    }

    /// What is this run's, and what may be.
    async fn ours(self, s3: &S3, bucket: &Bucket) -> (Vec<String>, Vec<(String, Error)>) {
        let look = |(key, is_ours): (String, bool)| async move {
            if is_ours {
                return (key, Ok(true));
            }
            let place = Place {
                bucket: bucket.place.bucket.clone(),
                key,
            };
            let seen = s3.look(&place).await;
            let is_ours = |seen: ami_core::s3::Seen| seen.mark.as_ref() == Some(&bucket.mark);
            (place.key, seen.map(|seen| seen.is_some_and(is_ours)))
        };
        let mut looks = stream::iter(self.0.into_iter().map(look)).buffer_unordered(LOOKS);
        let (mut ours, mut unknown) = (Vec::new(), Vec::new());
        while let Some((key, is_ours)) = looks.next().await {
            match is_ours {
                Ok(true) => ours.push(key),
                Ok(false) => {}
                Err(error) => unknown.push((key, error)),
            }
        }
        (ours, unknown)
    }
}

/// Says what may be left, and how to delete it.
fn insist(context: &Context, bucket: &Bucket, keys: &[String], error: &Error) {
    let Some(first) = keys.first() else { return };
    let (count, bucket) = (keys.len(), &bucket.place.bucket);
    let beginning = first
        .trim_end_matches(MANIFEST)
        .trim_end_matches(|letter: char| letter.is_ascii_digit());
    context.progress.insist(&format!(
        "{count} parts may still be in S3: {error}; delete them: aws s3 rm --recursive s3://{bucket}/ \
         --exclude '*' --include {}",
        all_that_begin(beginning)
    ));
}
