//! Parts on their way to S3, several at once, by leave of the tool.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use ami_bundle_format::{FinishedPart, PartSink};

use super::link::Link;
use super::web::{Answer, Web};
use super::{Wrong, kept};
use crate::protocol::{Done, Event, Part, Presigned};

/// Parts on their way at once. Each is held in memory, as is one that waits.
const ON_THE_WAY: usize = 3;
/// How often a new leave is asked for, for one part.
const LEAVES: usize = 10;

/// Takes parts to be sent.
pub(crate) struct Sending<'l> {
    give: SyncSender<(Part, Vec<u8>)>,
    link: &'l Link,
    parts: &'l Mutex<Vec<Part>>,
}

/// What was sent, or may have been.
pub(crate) struct Sent {
    deletes: Vec<Presigned>,
    web: Web,
}

/// Sends what `make` gives, and waits until all is there.
pub(crate) fn around(
    link: &Link,
    make: impl FnOnce(&Sending<'_>) -> Result<Done, Wrong>,
) -> (Result<Done, Wrong>, Sent) {
    let web = Web::new();
    let (give, take) = sync_channel(0);
    let take = Mutex::new(take);
    let deletes = Mutex::new(BTreeMap::new());
    let parts = Mutex::new(Vec::new());
    let failed = Mutex::new(None::<Wrong>);
    let made = std::thread::scope(|scope| {
        for _ in 0..ON_THE_WAY {
            scope.spawn(|| {
                if let Err(wrong) = carry(link, &web, &take, &deletes) {
                    // The first reason counts: the others are stopped by it.
                    lock(&failed).get_or_insert(wrong);
                    link.end();
                    // Nobody must wait for ever to give one more.
                    while lock(&take).recv().is_ok() {}
                }
            });
        }
        let parts = &parts;
        let sending = Sending { give, link, parts };
        let made = make(&sending);
        if made.is_err() {
            link.end();
        }
        made
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut parts = parts.into_inner().unwrap_or_else(PoisonError::into_inner);
    let deletes = deletes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let made = match failed {
        Some(wrong) => Err(wrong),
        None => made.map(|done| {
            parts.sort_by_key(|part: &Part| part.index);
            Done { parts, ..done }
        }),
    };
    let deletes = deletes.into_values().collect();
    (made, Sent { deletes, web })
}

/// Sends one part after the other, until there are no more.
fn carry(
    link: &Link,
    web: &Web,
    take: &Mutex<Receiver<(Part, Vec<u8>)>>,
    deletes: &Mutex<BTreeMap<usize, Presigned>>,
) -> Result<(), Wrong> {
    loop {
        let taken = lock(take).recv();
        let Ok((part, bytes)) = taken else {
            return Ok(());
        };
        // Who is stopped still takes parts, so that nobody waits for ever to give one.
        if link.check().is_err() {
            continue;
        }
        let index = part.index;
        link.say(&Event::Part(part));
        let mut leaves = LEAVES;
        loop {
            let leave = link.leave(index)?;
            // It may arrive though no answer to it does.
            lock(deletes).insert(index, leave.delete);
            match web.put("a part", &leave.put, &bytes, link)? {
                Answer::Done => break,
                Answer::Expired if leaves == 0 => {
                    return Err(Wrong::new("the leave to send a part is always over"));
                }
                Answer::Expired => {
                    leaves -= 1;
                    link.say(&Event::Again(index));
                }
            }
        }
        link.say(&Event::Sent(index));
    }
}

impl Sending<'_> {
    /// Gives a part. It waits until one can be sent.
    pub(crate) fn give(&self, (part, bytes): (Part, Vec<u8>)) -> Result<(), Wrong> {
        self.link.check()?;
        lock(self.parts).push(part.clone());
        self.give
            .send((part, bytes))
            .map_err(|_| Wrong::new("parts cannot be sent"))
    }

    /// What packing gives its parts to.
    pub(crate) fn sink(&self) -> impl PartSink {
        |part: FinishedPart| {
            let described = kept::described(part.index, &part.bytes, part.sha1);
            self.give((described, part.bytes))
                .map_err(|wrong| io::Error::other(wrong.why))
        }
    }
}

impl Sent {
    /// Puts the manifest behind the parts, which makes them a bundle. It is put by whoever takes the parts
    /// back where that fails, so that nobody's end can leave the one without the other.
    pub(crate) fn finish(&mut self, link: &Link) -> Result<(), Wrong> {
        for _ in 0..=LEAVES {
            let manifest = link.manifest()?;
            // It may arrive though no answer to it does. Without it the parts are nothing: it goes first.
            self.deletes.insert(0, manifest.delete);
            let text = manifest.text.as_bytes();
            match self.web.put("the manifest", &manifest.put, text, link)? {
                Answer::Done => return Ok(()),
                Answer::Expired => link.say(&Event::ManifestAgain),
            }
        }
        Err(Wrong::new("the leave to send the manifest is always over"))
    }

    /// Deletes what may be in S3. The tool does so as well, if it is still there.
    pub(crate) fn take_back(&self) {
        for delete in &self.deletes {
            self.web.delete(delete);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
