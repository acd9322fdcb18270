//! Takes the image out of a bundle, wherever its parts are.

use std::io::{self, Read};
use std::sync::atomic::Ordering;

use ami_bundle_format::directory::open_parts;
use ami_bundle_format::manifest::Part;
use ami_bundle_format::unpack::{MOST_PART, PartSource};
use ami_bundle_format::{ContentKey, Error as Wrong, ImageSink, Manifest, unpack};
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::s3::{Place, S3};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};

use crate::apart::{Stop, apart, explain};
use crate::meter::{Counter, Meter};
use crate::parts::{Parts, missing};
use crate::room::{Place as Taken, Room};

/// Parts that are got at once, as far as there is room for them.
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
            let image = &manifest.image;
            let meter = Meter::new(&context.progress, &image.name, "unpacked", Some(image.size));
            let (sink, counter) = Counted::new(sink);
            let (manifest, mut sink) = (manifest.clone(), sink);
            let work = apart(context, &stop, move |stop| {
                unpack(&manifest, &key, &mut source, stop, &mut sink)?;
                Ok(sink.sink)
            });
            settle(meter.during(Some(&counter), work).await)
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
    let (give, take) = tokio::sync::mpsc::channel(1);
    let mut source = Arriving { take, held: None };
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
    give: tokio::sync::mpsc::Sender<(Bytes, Taken)>,
    stop: &Stop,
) -> Result<(), Error> {
    let image = &manifest.image;
    let total = Some(image.bundled_size);
    let meter = Meter::new(&context.progress, &image.name, "got", total);
    let most = usize::try_from(MOST_PART).unwrap_or(usize::MAX);
    let room = Room::new();
    let get = |(index, part): (usize, &Part)| {
        let place = place.beside(&part.file_name);
        let room = &room;
        async move {
            let admit = async |bytes: usize| room.take_in_turn(index, bytes as u64).await;
            let got = s3.get_when(&place, most, admit).await;
            got.map_err(|error| missing(error, &place))
        }
    };
    let mut parts = stream::iter(image.parts.iter().enumerate().map(get)).buffered(AT_ONCE);
    loop {
        let part = tokio::select! {
            biased;
            _ = context.interrupt.arrived() => None,
            part = meter.during(None, parts.next()) => part,
        };
        let Some(part) = part else { return Ok(()) };
        let part = part?;
        meter.add(part.0.len() as u64);
        if stop.load(Ordering::Relaxed) || give.send(part).await.is_err() {
            return Ok(());
        }
    }
}

/// Parts as they come from S3. The room of one is held until the next is asked for: so long it is in
/// memory.
struct Arriving {
    take: tokio::sync::mpsc::Receiver<(Bytes, Taken)>,
    held: Option<Taken>,
}

impl PartSource for Arriving {
    fn open(&mut self, part: &Part) -> io::Result<Box<dyn Read + '_>> {
        let whole = self.whole(part)?.unwrap_or_default();
        Ok(Box::new(io::Cursor::new(whole)))
    }

    fn whole(&mut self, _: &Part) -> io::Result<Option<Vec<u8>>> {
        self.held = None;
        let part = self.take.blocking_recv();
        let (bytes, taken) = part.ok_or_else(|| io::Error::other("no more parts come"))?;
        self.held = Some(taken);
        Ok(Some(bytes.into()))
    }
}

/// A sink that counts how much of the image it has.
struct Counted<S> {
    sink: S,
    counter: Counter,
}

impl<S> Counted<S> {
    fn new(sink: S) -> (Self, Counter) {
        let counter = Counter::default();
        let its = Counter::clone(&counter);
        let counted = Self { sink, counter: its };
        (counted, counter)
    }
}

impl<S: ImageSink> ImageSink for Counted<S> {
    fn data(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.counter
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.sink.data(offset, bytes)
    }

    fn hole(&mut self, offset: u64, length: u64) -> io::Result<()> {
        self.counter.fetch_add(length, Ordering::Relaxed);
        self.sink.hole(offset, length)
    }
}

fn settle<S>(done: Result<S, Wrong>) -> Result<Option<S>, Error> {
    match done {
        Err(Wrong::Stopped) => Ok(None),
        other => other.map(Some).map_err(explain),
    }
}
