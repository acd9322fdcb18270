//! Blocks that wait for their turn, and how the flight stands.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Instant;

use bytes::Bytes;

use super::Found;
use crate::block::{BLOCK, Digest};
use crate::reader::Old;
use crate::retries::{Retries, Tried, Tries};
use crate::upload::shown::Verdict;

/// A block on its way.
pub(super) struct Work {
    pub(super) index: u32,
    pub(super) data: Bytes,
    pub(super) digest: Digest,
    /// The token of the parent's block that it is to be compared with.
    pub(super) compare: Option<String>,
    pub(super) tries: Tries,
}

/// What is waiting, and how things stand.
pub(super) struct State {
    pub(super) ready: VecDeque<Work>,
    pub(super) retries: Retries<Work>,
    /// Zeros that have not been looked at yet.
    pub(super) zeros: Option<(Range<u32>, Old)>,
    /// A block of zeros, once one was needed.
    pub(super) zero: Option<Bytes>,
    pub(super) is_read: bool,
    pub(super) found: Found,
    pub(super) start: Instant,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            ready: VecDeque::new(),
            retries: Retries::new(),
            zeros: None,
            zero: None,
            is_read: false,
            found: Found::default(),
            start: Instant::now(),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.has_no_work() && self.is_read && self.retries.is_empty()
    }

    /// Is nothing waiting but what failed? Only then is another piece wanted: there is place for one
    /// range of zeros.
    pub(super) fn has_no_work(&self) -> bool {
        self.ready.is_empty() && self.zeros.is_none()
    }

    pub(super) fn zero_block(&mut self, index: u32, digest: Digest, verdict: Verdict) -> Work {
        let zero = self.zero.get_or_insert_with(|| vec![0; BLOCK].into());
        let compare = match verdict {
            Verdict::Compare(token) => Some(token),
            Verdict::Put | Verdict::Leave => None,
        };
        Work::new(index, zero.clone(), digest, compare)
    }
}

impl Work {
    pub(super) fn new(index: u32, data: Bytes, digest: Digest, compare: Option<String>) -> Self {
        Self {
            index,
            data,
            digest,
            compare,
            tries: Tries::new(),
        }
    }
}

impl Tried for Work {
    fn tries(&mut self) -> &mut Tries {
        &mut self.tries
    }
}
