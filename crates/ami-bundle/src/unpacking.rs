//! Takes the image out of a bundle, wherever its parts are.

use std::io::{self, Read};
use std::sync::atomic::Ordering;

use ami_bundle_format::directory::open_parts;
use ami_bundle_format::manifest::Part;
use ami_bundle_format::unpack::MOST_PART;
use ami_bundle_format::{ContentKey, Error as Wrong, ImageSink, Manifest, unpack};
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::s3::{Place, S3};
use bytes::{Buf, Bytes};
use futures_util::stream::{self, StreamExt};

use crate::apart::{Stop, apart, explain};
use crate::meter::Meter;
use crate::parts::Parts;

/// Parts that are got at once. Each is held in memory.
const AT_ONCE: usize = 4;

/// Unpacks into `sink`, and gives it back. `None` when the tool was stopped; what `sink` has then is
/// not the image.
pub(crate) async fn unpack_into<S: ImageSink + Send + 'static>(
    context: &Context,
    manifest: &Manifest,
    key: ContentKey,
    parts: Parts,
    sink: S,
) -> Result<Option<S>, Error> {
    let stop = Stop::default();
    match parts {
        Parts::Directory(directory) => {
            let mut source = open_parts(&directory);
            let (manifest, mut sink) = (manifest.clone(), sink);
            let done = apart(context, &stop, move |stop| {
                unpack(&manifest, &key, &mut source, stop, &mut sink)?;
                Ok(sink)
            });
            settle(done.await)
        }
        Parts::S3(s3, place) => from_s3(context, manifest, key, &s3, &place, sink, &stop).await,
    }
}

async fn from_s3<S: ImageSink + Send + 'static>(
    context: &Context,
    manifest: &Manifest,
    key: ContentKey,
    s3: &S3,
    place: &Place,
    mut sink: S,
    stop: &Stop,
) -> Result<Option<S>, Error> {
    let (give, mut take) = tokio::sync::mpsc::channel::<Bytes>(1);
    let mut source = move |_: &Part| -> io::Result<Box<dyn Read>> {
        let part = take.blocking_recv();
        let part = part.ok_or_else(|| io::Error::other("no more parts come"))?;
        Ok(Box::new(part.reader()))
    };
    let whole = manifest.clone();
    let unpacking = apart(context, stop, move |stop| {
        unpack(&whole, &key, &mut source, stop, &mut sink)?;
        Ok(sink)
    });
    let feeding = feed(context, manifest, s3, place, give, stop);
    let (unpacked, fed) = futures_util::future::join(unpacking, feeding).await;
    match (unpacked, fed) {
        // The cause is that a part did not come, and not that it was missed.
        (Err(Wrong::PartRead { .. }), Err(error)) => Err(error),
        (unpacked, _) => settle(unpacked),
    }
}

/// Gets the parts in their order, some at once.
async fn feed(
    context: &Context,
    manifest: &Manifest,
    s3: &S3,
    place: &Place,
    give: tokio::sync::mpsc::Sender<Bytes>,
    stop: &Stop,
) -> Result<(), Error> {
    let image = &manifest.image;
    let total = Some(image.bundled_size);
    let mut meter = Meter::new(&context.progress, &image.name, "got", total);
    let most = usize::try_from(MOST_PART).unwrap_or(usize::MAX);
    let get = |part: &Part| {
        let place = place.beside(&part.file_name);
        async move { s3.get(&place, most).await }
    };
    let mut parts = stream::iter(image.parts.iter().map(get)).buffered(AT_ONCE);
    loop {
        let part = tokio::select! {
            biased;
            _ = context.interrupt.arrived() => None,
            part = parts.next() => part,
        };
        let Some(part) = part else { return Ok(()) };
        let part = part?;
        meter.add(part.len() as u64);
        if stop.load(Ordering::Relaxed) || give.send(part).await.is_err() {
            return Ok(());
        }
    }
}

fn settle<S>(done: Result<S, Wrong>) -> Result<Option<S>, Error> {
    match done {
        Err(Wrong::Stopped) => Ok(None),
        other => other.map(Some).map_err(explain),
    }
}
