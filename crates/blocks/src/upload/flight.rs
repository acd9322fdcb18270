//! The blocks on their way to EBS.

mod waiting;

use std::ops::Range;
use std::pin::Pin;
use std::time::{Duration, Instant};

use ami_core::app::Context;
use ami_core::ebs::Ebs;
use ami_core::error::{Error, Kind};
use ami_core::id::Id;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use super::shown::{Shown, Verdict};
use crate::block::{BLOCK, Digest};
use crate::buffer::Pool;
use crate::journal::Journal;
use crate::meter::{Meter, TICK};
use crate::pace::Pace;
use crate::reader::{Old, Piece, Pieces};
use waiting::{State, Work};

/// Buffers beside those whose calls are under way: one is read or waits while calls are answered.
pub(crate) const AHEAD: usize = 2;
/// With so many calls it does not matter that a few of their buffers are being read.
const MANY: usize = 32;

/// What a flight needs.
pub(crate) struct Flight<'a> {
    pub(crate) context: &'a Context,
    pub(crate) ebs: &'a Ebs,
    pub(crate) snapshot: &'a Id,
    /// The snapshot that blocks are compared with.
    pub(crate) parent: Option<&'a Id>,
    /// How long the snapshot may be unknown to EBS.
    pub(crate) grace: Duration,
    pub(crate) pace: Pace,
    pub(crate) pool: Pool,
    pub(crate) shown: &'a mut Shown,
    pub(crate) journal: Option<&'a mut Journal>,
    pub(crate) meter: Meter,
    /// How many blocks the volume has.
    pub(crate) room: u64,
    /// Will anybody ask for the digests of all blocks?
    pub(crate) wants_digests: bool,
}

/// What was found out about a source that went through.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The digests of all blocks that are not zeros, as they came, where they are wanted.
    pub(crate) digests: Vec<(u32, Digest)>,
    /// How many bytes a pipe has given.
    pub(crate) read: Option<u64>,
}

/// How a try ended.
enum Outcome {
    Put(Work),
    /// The parent has the same.
    Same,
    /// The parent's is another: it is to be put.
    Differs(Work),
    Failed(Work, Error),
}

type Call<'a> = Pin<Box<dyn Future<Output = (Outcome, Duration)> + 'a>>;

impl Flight<'_> {
    /// Puts whatever of the pieces must be put, until all is there. Tells how many blocks it has put.
    ///
    /// # Errors
    /// What cannot be read, the first refusal, too long a failure, and being asked to stop. What is
    /// under way then is given up.
    pub(crate) async fn run(mut self, mut pieces: Pieces) -> Result<(Found, u64), Error> {
        let (ebs, snapshot, parent) = (self.ebs, self.snapshot, self.parent);
        let mut under_way: FuturesUnordered<Call<'_>> = FuturesUnordered::new();
        let mut state = State::new();
        let mut ticker = interval(TICK);
        ticker.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let interrupt = &self.context.interrupt;
        self.set_buffers();
        loop {
            let window = self.pace.window();
            let room = under_way.len() < window;
            let may_begin = room && state.retries.let_begin(window);
            let mut wake = state.retries.next();
            if room && let Some(work) = self.ready(&mut state, may_begin) {
                match self.pace.take(Instant::now()) {
                    Ok(()) => {
                        under_way.push(Box::pin(attempt(ebs, snapshot, parent, work)));
                        continue;
                    }
                    Err(wait) => {
                        state.ready.push_front(work);
                        wake = Some(Instant::now() + wait);
                    }
                }
            }
            let wants_piece = may_begin && !state.is_read && state.has_no_work();
            if under_way.is_empty() && state.is_idle() {
                break;
            }
            let waits = wake.is_some() && room;
            let wake = wake.unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                signal = interrupt.arrived() => {
                    return Err(Error::stopped(signal));
                }
                Some((outcome, time)) = under_way.next(), if !under_way.is_empty() => {
                    self.settle(outcome, time, under_way.len() + 1, &mut state)?;
                }
                piece = pieces.next(), if wants_piece => match piece {
                    Some(piece) => self.consider(piece?, &mut state)?,
                    None => state.is_read = true,
                },
                () = sleep_until(wake.into()), if waits => {}
                _ = ticker.tick() => self.meter.show(),
            }
        }
        Ok((state.found, self.meter.moved()))
    }

    /// As many buffers as calls; a few more where calls would wait for what is being read.
    fn set_buffers(&self) {
        let window = self.pace.window();
        let ahead = if window < MANY { AHEAD } else { 0 };
        self.pool.set_limit(window + ahead);
    }

    /// The next block that can be sent now. What nothing was done for yet is among these only where
    /// it `may_begin`.
    fn ready(&mut self, state: &mut State, may_begin: bool) -> Option<Work> {
        let due = state.retries.due(Instant::now());
        if let Some(work) = due.or_else(|| state.ready.pop_front()) {
            return Some(work);
        }
        if !may_begin {
            return None;
        }
        while let Some((range, old)) = &mut state.zeros {
            let Some(index) = range.next() else {
                state.zeros = None;
                break;
            };
            match self.shown.zeros(index, *old) {
                Verdict::Leave => self.meter.add(1, 0),
                verdict => return Some(state.zero_block(index, self.shown.zeros, verdict)),
            }
        }
        None
    }

    /// Decides about what the readers have found.
    fn consider(&mut self, piece: Piece, state: &mut State) -> Result<(), Error> {
        match piece {
            Piece::Data(index, buffer, digest) => {
                self.check_room(u64::from(index) + 1)?;
                self.find(index, digest, state);
                let compare = match self.shown.data(index, &digest) {
                    Verdict::Leave => {
                        self.meter.add(1, 0);
                        return Ok(());
                    }
                    Verdict::Put => None,
                    Verdict::Compare(token) => Some(token),
                };
                let data = Bytes::from_owner(buffer);
                let work = Work::new(index, data, digest, compare);
                state.ready.push_back(work);
            }
            Piece::Zeros(range, old) => {
                self.check_room(range.end.into())?;
                state.zeros = Some((range, old));
            }
            Piece::Same(index, digest) => {
                self.find(index, digest, state);
                self.meter.add(1, 0);
            }
            Piece::End(bytes) => {
                let blocks = bytes.div_ceil(BLOCK as u64);
                self.check_room(blocks)?;
                state.found.read = Some(bytes);
                state.zeros = self.behind(blocks);
            }
        }
        Ok(())
    }

    fn find(&self, index: u32, digest: Digest, state: &mut State) {
        if self.wants_digests {
            state.found.digests.push((index, digest));
        }
    }

    /// What lies behind the end of a pipe of so many blocks, where it would not be zeros: there the
    /// parent's blocks would show, those of an earlier run, or the noise of an encrypted snapshot.
    /// Nothing lies behind a pipe that held nothing, which is no disk.
    fn behind(&self, blocks: u64) -> Option<(Range<u32>, Old)> {
        let number = |block| u32::try_from(block).unwrap_or(u32::MAX);
        let rest = number(blocks)..number(self.room);
        let is_zeros = blocks == 0 || rest.is_empty() || self.shown.needs_no_zeros();
        (!is_zeros).then_some((rest, Old::Unknown))
    }

    /// A pipe may hold more blocks than the volume.
    fn check_room(&self, blocks: u64) -> Result<(), Error> {
        if blocks <= self.room {
            return Ok(());
        }
        let gib = self.room / u64::from(crate::block::BLOCKS_PER_GIB);
        Err(Error::failed(format!(
            "there is more than the {gib} GiB of --size to be read"
        )))
    }

    fn settle(
        &mut self,
        outcome: Outcome,
        time: Duration,
        under_way: usize,
        state: &mut State,
    ) -> Result<(), Error> {
        let now = Instant::now();
        match outcome {
            Outcome::Put(work) => {
                self.pace.answered(time, under_way);
                self.note(&work)?;
                self.meter.add(1, 1);
            }
            Outcome::Same => {
                self.pace.answered(time, under_way);
                self.meter.add(1, 0);
            }
            Outcome::Differs(work) => {
                self.pace.answered(time, under_way);
                state.ready.push_back(work);
            }
            Outcome::Failed(work, error) => {
                let is_unknown =
                    error.kind() == Kind::NotFound && state.start.elapsed() < self.grace;
                if !is_unknown && !self.ebs.may_ask_again(&error, work.tries.count()) {
                    return Err(error);
                }
                let progress = &self.context.progress;
                let retries = &mut state.retries;
                return retries.failed(work, error, &mut self.pace, progress, now);
            }
        }
        state.retries.succeeded();
        self.set_buffers();
        Ok(())
    }

    /// Notes a block that EBS has taken.
    fn note(&mut self, work: &Work) -> Result<(), Error> {
        self.shown.sent.insert(work.index, work.digest);
        match &mut self.journal {
            Some(journal) => journal.sent(work.index, &work.digest),
            None => Ok(()),
        }
    }
}

async fn attempt(
    ebs: &Ebs,
    snapshot: &Id,
    parent: Option<&Id>,
    mut work: Work,
) -> (Outcome, Duration) {
    let start = Instant::now();
    let outcome = match parent.zip(work.compare.as_deref()) {
        Some((parent, token)) => match ebs.get_block(parent, work.index, token).await {
            Ok(block) if block.digest == work.digest.0 => Outcome::Same,
            Ok(_) => {
                work.compare = None;
                Outcome::Differs(work)
            }
            Err(error) => Outcome::Failed(work, error.of(parent)),
        },
        None => {
            let data = work.data.clone();
            match ebs
                .put_block(snapshot, work.index, data, &work.digest.0)
                .await
            {
                Ok(()) => Outcome::Put(work),
                Err(error) => Outcome::Failed(work, error.of(snapshot)),
            }
        }
    };
    (outcome, start.elapsed())
}
