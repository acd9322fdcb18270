//! The blocks on their way from EBS.

mod bits;
mod queue;

use std::collections::BTreeMap;
use std::ops::Range;
use std::pin::Pin;
use std::time::{Duration, Instant};

use ami_core::app::Context;
use ami_core::ebs::Ebs;
use ami_core::error::Error;
use ami_core::id::Id;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use super::Request;
use super::listing::{Listing, STALE};
use super::place::Target;
use super::writers::{Task, Writers};
use crate::beside::cannot;
use crate::block::Digest;
use crate::meter::{Meter, TICK};
use crate::pace::Pace;
use queue::{Queue, Work};

/// How often a block is got whose data does not match its digest.
const TRIES: u32 = 5;

/// Everything that a download needs.
pub(super) struct Flight<'a> {
    context: &'a Context,
    ebs: &'a Ebs,
    snapshot: &'a Id,
    listing: Listing<'a>,
    writers: &'a Writers,
    target: &'a mut Target,
    pace: Pace,
    meter: Meter,
    queue: Queue,
    /// What an earlier run says to have written and nobody has checked yet.
    known: BTreeMap<u32, Digest>,
    /// How many blocks this run has got.
    got: u64,
}

/// How a step ended.
enum Outcome {
    /// The block was got, in that time, and is there.
    Got(Work, Digest, Duration),
    /// The block was there already.
    Kept(Work),
    /// What was there is not what was written.
    Lost(Work),
    /// The data is not what the digest says.
    Wrong(Work),
    Zeroed(Range<u32>),
    Failed(Work, Error),
    /// The disk is at fault.
    Broken(std::io::Error),
}

type Step<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

impl<'a> Flight<'a> {
    pub(super) fn new(
        context: &'a Context,
        ebs: &'a Ebs,
        request: &'a Request,
        listing: Listing<'a>,
        writers: &'a Writers,
        target: &'a mut Target,
    ) -> Self {
        let blocks = listing.blocks();
        let label = target.path().display().to_string();
        Self {
            context,
            ebs,
            snapshot: &request.snapshot,
            writers,
            pace: Pace::new(request.calls, request.rate, Instant::now()),
            meter: Meter::new(&context.progress, &label, "fetched", Some(blocks.into())),
            queue: Queue::new(blocks, target.needs_zeros()),
            known: target.take_known(),
            listing,
            target,
            got: 0,
        }
    }

    /// Gets all blocks. Tells how many there are, and how many of them this run has got.
    ///
    /// # Errors
    /// What cannot be written, the first refusal, too long a failure, and being asked to stop. What
    /// is under way then is given up.
    pub(super) async fn run(mut self) -> Result<(u32, u64), Error> {
        let (ebs, snapshot, writers) = (self.ebs, self.snapshot, self.writers);
        let interrupt = &self.context.interrupt;
        let mut under_way: FuturesUnordered<Step<'_>> = FuturesUnordered::new();
        let mut ticker = interval(TICK);
        ticker.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            if self.queue.is_stale() && under_way.is_empty() {
                self.queue.renew();
                self.listing.restart();
            }
            if self.queue.is_low() {
                self.listing.ask();
            }
            let window = self.pace.window();
            let has_room = under_way.len() < window;
            let mut wake = self.queue.wake();
            if has_room && let Some(range) = self.queue.gap() {
                under_way.push(Box::pin(zero(writers, range)));
                continue;
            }
            if has_room && let Some(work) = self.queue.pop(Instant::now(), window) {
                if let Some(digest) = self.known.remove(&work.index) {
                    under_way.push(Box::pin(check(writers, work, digest)));
                    continue;
                }
                match self.pace.take(Instant::now()) {
                    Ok(()) => {
                        under_way.push(Box::pin(get(ebs, snapshot, writers, work)));
                        continue;
                    }
                    Err(wait) => {
                        self.queue.push_back_in(work);
                        wake = Some(Instant::now() + wait);
                    }
                }
            }
            if under_way.is_empty() && self.listing.is_over() && self.queue.is_empty() {
                break;
            }
            let waits = wake.is_some() && has_room;
            let wake = wake.unwrap_or_else(Instant::now);
            let lists = self.listing.is_under_way();
            tokio::select! {
                biased;
                signal = interrupt.arrived() => return Err(Error::stopped(signal)),
                Some(outcome) = under_way.next(), if !under_way.is_empty() => {
                    self.settle(outcome, under_way.len() + 1)?;
                }
                page = self.listing.page(), if lists => self.take(page)?,
                () = sleep_until(wake.into()), if waits => {}
                _ = ticker.tick() => self.meter.show(),
            }
        }
        Ok((self.queue.done(), self.got))
    }

    /// Takes in a page of the listing.
    fn take(&mut self, page: Result<Vec<(u32, String)>, Error>) -> Result<(), Error> {
        match page {
            Ok(blocks) => {
                let passed = self.queue.add(blocks, self.listing.is_over());
                self.meter.add(passed.into(), 0);
                Ok(())
            }
            // The page's token has become too old; those of blocks are replaced along with it.
            Err(error) if error.code() == Some(STALE) => self.queue.expire(error),
            Err(error) => Err(error),
        }
    }

    fn settle(&mut self, outcome: Outcome, under_way: usize) -> Result<(), Error> {
        match outcome {
            Outcome::Got(work, digest, time) => {
                self.pace.answered(time, under_way);
                self.queue.retries.succeeded();
                self.target.done(work.index, &digest)?;
                self.got += 1;
                self.finish(work, 1);
            }
            Outcome::Kept(work) => self.finish(work, 0),
            Outcome::Lost(work) => {
                self.target.lost();
                self.queue.push_back_in(work);
            }
            Outcome::Zeroed(range) => self.meter.add((range.end - range.start).into(), 0),
            Outcome::Wrong(work) => self.wrong(work)?,
            Outcome::Failed(work, error) => self.failed(work, error)?,
            Outcome::Broken(error) => return Err(cannot("write", self.target.path(), &error)),
        }
        Ok(())
    }

    fn finish(&mut self, work: Work, moved: u64) {
        self.queue.finish(work);
        self.meter.add(1, moved);
    }

    /// Gets a block again whose data was damaged on its way, unless it always is.
    fn wrong(&mut self, mut work: Work) -> Result<(), Error> {
        work.mismatches += 1;
        let index = work.index;
        if work.mismatches >= TRIES {
            let what = format!(
                "block {index} never matched the SHA-256 that EBS keeps of it, in {TRIES} tries"
            );
            return Err(Error::failed(what).of(self.snapshot));
        }
        let text = format!("block {index} does not match its SHA-256; getting it again");
        self.context.progress.trace(&text);
        self.queue.retries.put_off(work, Instant::now());
        Ok(())
    }

    /// Puts off what can still succeed.
    fn failed(&mut self, work: Work, error: Error) -> Result<(), Error> {
        let error = error.of(self.snapshot);
        if error.code() == Some(STALE) {
            return self.queue.refused(work, error);
        }
        if !self.ebs.may_ask_again(&error, work.tries.count()) {
            return Err(error);
        }
        let (retries, progress) = (&mut self.queue.retries, &self.context.progress);
        retries.failed(work, error, &mut self.pace, progress, Instant::now())
    }
}

async fn get(ebs: &Ebs, snapshot: &Id, writers: &Writers, work: Work) -> Outcome {
    let start = Instant::now();
    let block = match ebs.get_block(snapshot, work.index, &work.token).await {
        Ok(block) => block,
        Err(error) => return Outcome::Failed(work, error),
    };
    let (time, digest) = (start.elapsed(), Digest(block.digest));
    let write = Task::Write(work.index, block.data, digest);
    match writers.run(write).await {
        Ok(true) => Outcome::Got(work, digest, time),
        Ok(false) => Outcome::Wrong(work),
        Err(error) => Outcome::Broken(error),
    }
}

async fn check(writers: &Writers, work: Work, digest: Digest) -> Outcome {
    match writers.run(Task::Check(work.index, digest)).await {
        Ok(true) => Outcome::Kept(work),
        Ok(false) => Outcome::Lost(work),
        Err(error) => Outcome::Broken(error),
    }
}

async fn zero(writers: &Writers, range: Range<u32>) -> Outcome {
    match writers.run(Task::Zero(range.clone())).await {
        Ok(_) => Outcome::Zeroed(range),
        Err(error) => Outcome::Broken(error),
    }
}
