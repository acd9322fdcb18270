//! From the disk to EBS: sets up what reads and what sends.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use ami_core::error::Error;

use super::flight::{AHEAD, Flight, Found};
use super::job::Job;
use super::resume::Begun;
use super::shown::{Before, Shown};
use super::{GRACES, Known, Source};
use crate::block::{BLOCK, bytes};
use crate::buffer::Pool;
use crate::disk::Disk;
use crate::meter::Meter;
use crate::pace::Pace;
use crate::plan::{Plan, united};
use crate::reader::{Origin, Pieces};

impl Job<'_> {
    /// Sends what has to be sent.
    pub(super) async fn fly(
        &self,
        begun: &mut Begun,
        shown: &mut Shown,
    ) -> Result<(Found, u64), Error> {
        let pool = Pool::new(self.request.calls.min(16) + AHEAD);
        let (source, parent) = (&self.request.source, &self.request.parent);
        let parent_id = parent.as_ref().map(|parent| parent.snapshot.clone());
        let mut total = None;
        let mut watched = Vec::new();
        let origin = match source {
            Source::Stream(stream) => Origin::Stream(stream.clone()),
            Source::Disk(disk) => {
                let old = match parent.as_ref().map(|parent| &parent.known) {
                    Some(Known::Disk(old)) => Some(Arc::clone(old)),
                    _ => None,
                };
                let mut data = disk.data().map_err(|error| no_holes(disk, &error))?;
                let mut end = u64::from(disk.blocks());
                if let Some(old) = &old {
                    let olds = old.data().map_err(|error| no_holes(old, &error))?;
                    data = united(data, olds);
                    end = end.max(u64::from(old.blocks()));
                }
                // What an earlier run has sent of a disk that was longer is to be overwritten.
                let sent = shown.sent.last_key_value();
                end = end.max(sent.map_or(0, |(index, _)| u64::from(*index) + 1));
                end = end.max(behind(&shown.before)).min(self.room());
                let settled = match begun.is_unchanged {
                    true => shown.sent.keys().copied().collect(),
                    false => Vec::new(),
                };
                let with_zeros = !shown.needs_no_zeros();
                total = Some(match with_zeros {
                    true => end,
                    false => data.iter().map(|run| u64::from(run.end - run.start)).sum(),
                });
                if matches!(shown.before, Before::Nothing) && !shown.holes_are_zeros {
                    self.say_that_holes_are_sent(&data, end);
                }
                watched.push(Arc::clone(disk));
                watched.extend(old.clone());
                let plan = Plan::new(number(end), data, settled, with_zeros);
                Origin::Disk(Arc::clone(disk), old, plan)
            }
        };
        let label = self.request.source.name();
        let mut meter = Meter::new(&self.context.progress, &label, "sent", total);
        if begun.is_unchanged {
            meter.add(shown.sent.len() as u64, 0);
        }
        let flight = Flight {
            context: self.context,
            ebs: self.ebs,
            snapshot: &begun.snapshot.id,
            parent: parent_id.as_ref(),
            grace: self.ec2.grace() * GRACES,
            pace: Pace::new(self.request.calls, self.request.rate, Instant::now()),
            pool: pool.clone(),
            shown,
            journal: begun.journal.as_mut(),
            meter,
            room: self.room(),
            wants_digests: self.request.save_digests.is_some(),
        };
        let (mut found, put) = flight.run(Pieces::begin(origin, pool)?).await?;
        for disk in watched {
            check_unchanged(&disk)?;
        }
        if begun.is_unchanged {
            let zeros = shown.zeros;
            let sent = shown.sent.iter().filter(|(_, digest)| **digest != zeros);
            found
                .digests
                .extend(sent.map(|(index, digest)| (*index, *digest)));
        }
        match found.read {
            Some(0) => return Err(Error::failed("held nothing").of(label)),
            Some(read) if read < self.request.least => {
                let (read, least) = (bytes(read), bytes(self.request.least));
                let what = format!("ended after {read}, but its partitions need {least}");
                return Err(Error::failed(what).of(label).hint("was it cut off?"));
            }
            _ => {}
        }
        Ok((found, put))
    }

    /// Who uploads a sparse disk does not expect that all of it is sent.
    fn say_that_holes_are_sent(&self, data: &[Range<u32>], end: u64) {
        let data: u64 = data.iter().map(|run| u64::from(run.end - run.start)).sum();
        let holes = end.saturating_sub(data) * BLOCK as u64;
        if holes > 0 {
            let text = format!(
                "the snapshot is encrypted, and what is never written to it reads as noise: {} of \
                 holes are sent as zeros (--skip-holes leaves them out)",
                bytes(holes)
            );
            self.context.progress.hint(&text);
        }
    }
}

/// What was read of a file that was written to meanwhile is neither the old disk nor the new one.
pub(super) fn check_unchanged(disk: &Disk) -> Result<(), Error> {
    match disk.has_changed() {
        true => Err(Error::failed("was changed while it was read").of(disk.path().display())),
        false => Ok(()),
    }
}

pub(super) fn no_holes(disk: &Disk, error: &std::io::Error) -> Error {
    let what = format!("its holes cannot be found: {error}");
    Error::failed(what).of(disk.path().display())
}

/// The first block behind all that a parent is known to have.
fn behind(before: &Before) -> u64 {
    match before {
        Before::Nothing => 0,
        Before::Disk(blocks) => u64::from(*blocks),
        Before::Digests { list, .. } => list.len() as u64,
        Before::Blocks(blocks) => blocks
            .last_key_value()
            .map_or(0, |(index, _)| u64::from(*index) + 1),
    }
}

fn number(block: u64) -> u32 {
    u32::try_from(block).unwrap_or(u32::MAX)
}
