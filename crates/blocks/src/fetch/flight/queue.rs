//! Which blocks are to be got, and which are done.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::time::Instant;

use ami_core::error::Error;

use super::bits::Bits;
use crate::retries::{Retries, Tried, Tries};

/// With fewer blocks than this waiting, the next page is asked for.
const LOW: usize = 2_000;
/// How many blocks are zeroed in one step.
const GAP: u32 = 256;

/// A block to be got.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) index: u32,
    /// The token by which EBS gives it.
    pub(super) token: String,
    pub(super) tries: Tries,
    /// How often its data was not what its digest says.
    pub(super) mismatches: u32,
}

impl Work {
    fn new(index: u32, token: String) -> Self {
        Self {
            index,
            token,
            tries: Tries::new(),
            mismatches: 0,
        }
    }
}

impl Tried for Work {
    fn tries(&mut self) -> &mut Tries {
        &mut self.tries
    }
}

/// The blocks of a volume, as far as they are listed.
#[derive(Debug)]
pub(super) struct Queue {
    /// Listed, and not tried yet.
    listed: VecDeque<(u32, String)>,
    /// To be got now.
    ready: Vec<Work>,
    /// To be got after a pause.
    pub(super) retries: Retries<Work>,
    /// Blocks that the snapshot does not have, where these must become zeros.
    gaps: VecDeque<Range<u32>>,
    zeroes: bool,
    done: Bits,
    /// How many blocks the volume has.
    blocks: u32,
    /// The first block that no listing has gone by yet.
    from: u32,
    /// Blocks that were refused once for their token.
    refused: BTreeSet<u32>,
    is_stale: bool,
    /// Has anything been done since the listing was begun?
    has_gained: bool,
}

impl Queue {
    /// For a volume of so many blocks; `zeroes` says that gaps between them must become zeros.
    pub(super) fn new(blocks: u32, zeroes: bool) -> Self {
        Self {
            listed: VecDeque::new(),
            ready: Vec::new(),
            retries: Retries::new(),
            gaps: VecDeque::new(),
            zeroes,
            done: Bits::default(),
            blocks,
            from: 0,
            refused: BTreeSet::new(),
            is_stale: false,
            has_gained: false,
        }
    }

    /// Adds a page; `is_last` says that no other follows. Tells how many blocks the snapshot does not
    /// have and need nothing.
    pub(super) fn add(&mut self, page: Vec<(u32, String)>, is_last: bool) -> u32 {
        let mut passed = 0;
        for (index, token) in page {
            passed += self.pass(index);
            self.from = self.from.max(index + 1);
            if !self.done.has(index) {
                self.listed.push_back((index, token));
            }
        }
        if is_last {
            passed += self.pass(self.blocks);
            self.from = self.blocks;
        }
        passed
    }

    /// There is nothing from where the listing was up to `index`.
    fn pass(&mut self, index: u32) -> u32 {
        let gap = self.from..index.max(self.from);
        if self.zeroes {
            let starts = gap.clone().step_by(GAP as usize);
            let end = |start: u32| start.saturating_add(GAP).min(gap.end);
            self.gaps.extend(starts.map(|start| start..end(start)));
            return 0;
        }
        gap.end - gap.start
    }

    /// Should there be more?
    pub(super) fn is_low(&self) -> bool {
        !self.is_stale && self.listed.len() < LOW
    }

    /// Is nothing waiting?
    pub(super) fn is_empty(&self) -> bool {
        let has_begun = !self.ready.is_empty() || !self.retries.is_empty();
        !self.is_stale && !has_begun && self.listed.is_empty() && self.gaps.is_empty()
    }

    /// Blocks to be zeroed.
    pub(super) fn gap(&mut self) -> Option<Range<u32>> {
        self.gaps.pop_front()
    }

    /// A block to be got now, where so many calls may be under way.
    pub(super) fn pop(&mut self, now: Instant, window: usize) -> Option<Work> {
        if self.is_stale {
            return None;
        }
        let begun = self.retries.due(now).or_else(|| self.ready.pop());
        if begun.is_some() || !self.retries.let_begin(window) {
            return begun;
        }
        let (index, token) = self.listed.pop_front()?;
        Some(Work::new(index, token))
    }

    /// When the next block is to be tried again.
    pub(super) fn wake(&self) -> Option<Instant> {
        match self.is_stale {
            true => None,
            false => self.retries.next(),
        }
    }

    /// This block was not tried after all, or is to be tried at once.
    pub(super) fn push_back_in(&mut self, work: Work) {
        self.ready.push(work);
    }

    /// This block is there.
    pub(super) fn finish(&mut self, work: Work) {
        self.done.set(work.index);
        self.has_gained = true;
    }

    /// How many blocks are there.
    pub(super) fn done(&self) -> u32 {
        self.done.count()
    }

    /// EBS refuses a block for its token. That token may be too old; a new one is not.
    ///
    /// # Errors
    /// The refusal, where it comes for the second time.
    pub(super) fn refused(&mut self, work: Work, error: Error) -> Result<(), Error> {
        if !self.refused.insert(work.index) {
            return Err(error);
        }
        self.is_stale = true;
        Ok(())
    }

    /// EBS refuses a page for its token.
    ///
    /// # Errors
    /// The refusal, where nothing was gained since the listing was begun.
    pub(super) fn expire(&mut self, error: Error) -> Result<(), Error> {
        if !self.has_gained {
            return Err(error);
        }
        self.is_stale = true;
        Ok(())
    }

    /// Must all be listed again? No new block is begun until that has happened.
    pub(super) fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// All will be listed again; what is not done comes again with it.
    pub(super) fn renew(&mut self) {
        self.listed.clear();
        self.ready.clear();
        self.retries.clear();
        self.is_stale = false;
        self.has_gained = false;
    }
}

#[cfg(test)]
mod tests {
    use super::{GAP, Queue};
    use ami_core::error::Error;
    use std::time::Instant;

    fn page(indexes: &[u32]) -> Vec<(u32, String)> {
        let block = |index: &u32| (*index, format!("token {index}"));
        indexes.iter().map(block).collect()
    }

    fn popped(queue: &mut Queue) -> Vec<u32> {
        let mut all = Vec::new();
        while let Some(work) = queue.pop(Instant::now(), 8) {
            all.push(work.index);
        }
        all
    }

    #[test]
    fn what_is_not_listed_is_passed() {
        let mut queue = Queue::new(2048, false);
        assert_eq!(queue.add(page(&[2, 3, 10]), false), 2 + 6);
        assert_eq!(queue.add(page(&[]), false), 0);
        assert_eq!(queue.add(page(&[12]), true), 1 + 2035);
        assert!(queue.gap().is_none());
        assert_eq!(popped(&mut queue), [2, 3, 10, 12]);
    }

    #[test]
    fn gaps_of_a_device_are_zeroed_once() {
        let mut queue = Queue::new(GAP + 20, true);
        assert_eq!(queue.add(page(&[3]), false), 0);
        assert_eq!(queue.gap(), Some(0..3));
        queue.renew();
        assert_eq!(queue.add(page(&[3, 5]), true), 0);
        assert_eq!(queue.gap(), Some(4..5));
        assert_eq!(queue.gap(), Some(6..6 + GAP));
        assert_eq!(queue.gap(), Some(6 + GAP..GAP + 20));
        assert_eq!(queue.gap(), None);
    }

    #[test]
    fn a_block_that_is_refused_is_listed_again_once() {
        let refusal = || Error::failed("no");
        let mut queue = Queue::new(2048, false);
        queue.add(page(&[0, 1, 2]), true);
        let first = queue.pop(Instant::now(), 8).expect("a block");
        queue.finish(first);
        let second = queue.pop(Instant::now(), 8).expect("a block");
        queue.refused(second, refusal()).expect("once");
        assert!(queue.is_stale() && queue.pop(Instant::now(), 8).is_none());
        assert!(!queue.is_empty());
        queue.renew();
        assert_eq!(queue.add(page(&[0, 1, 2]), true), 0);
        let second = queue.pop(Instant::now(), 8).expect("a block");
        assert_eq!(second.index, 1);
        queue.refused(second, refusal()).expect_err("twice");
    }

    #[test]
    fn a_page_is_refused_for_good_where_nothing_was_gained() {
        let refusal = || Error::failed("no");
        let mut queue = Queue::new(2048, false);
        queue.add(page(&[0]), false);
        queue.expire(refusal()).expect_err("at once");
        let work = queue.pop(Instant::now(), 8).expect("a block");
        queue.finish(work);
        queue.expire(refusal()).expect("after a block");
        assert_eq!(queue.done(), 1);
    }

    #[test]
    fn what_failed_comes_after_a_pause() {
        let mut queue = Queue::new(2048, false);
        queue.add(page(&[0]), true);
        let work = queue.pop(Instant::now(), 8).expect("a block");
        let now = Instant::now();
        queue.retries.put_off(work, now);
        assert!(queue.pop(now, 8).is_none());
        assert!(!queue.is_empty());
        let wake = queue.wake().expect("a time");
        let work = queue.pop(wake, 8).expect("a block");
        assert_eq!((work.index, work.tries.count()), (0, 2));
    }

    #[test]
    fn nothing_listed_is_begun_while_a_windowful_waits() {
        let mut queue = Queue::new(2048, false);
        queue.add(page(&[0, 1, 2]), true);
        let now = Instant::now();
        for _ in 0..2 {
            let work = queue.pop(now, 2).expect("a block");
            queue.retries.put_off(work, now);
        }
        assert!(queue.pop(now, 2).is_none());
        assert_eq!(queue.pop(now, 3).expect("a block").index, 2);
    }
}
