//! What a pending snapshot would show if nothing more were put into it, and so what must be put.

use std::collections::BTreeMap;

use crate::block::Digest;
use crate::reader::Old;

/// What is known of the blocks that a snapshot has from its parent.
#[derive(Debug)]
pub(crate) enum Before {
    /// There is no parent.
    Nothing,
    /// The reader compares with the parent's own disk, of so many blocks.
    Disk(u32),
    /// The digests of the parent's disk; `None` for zeros.
    Digests {
        /// One for each block.
        list: Vec<Option<Digest>>,
        /// Do its zeros read as noise in the parent?
        zeros_are_noise: bool,
    },
    /// The blocks that the parent has, and the tokens by which they are got.
    Blocks(BTreeMap<u32, String>),
}

/// What is to be done with a block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing: the snapshot shows it already.
    Leave,
    /// It is put.
    Put,
    /// The parent's block, which is got by this token, is compared with it first.
    Compare(String),
}

/// What a snapshot shows.
#[derive(Debug)]
pub(crate) struct Shown {
    /// Blocks that were put, in this run or in one that it goes on with.
    pub(crate) sent: BTreeMap<u32, Digest>,
    pub(crate) before: Before,
    /// Do blocks that were never written read as zeros?
    pub(crate) holes_are_zeros: bool,
    /// The digest of a block of zeros.
    pub(crate) zeros: Digest,
}

impl Shown {
    /// For a block with data, and what the old disk has there.
    pub(crate) fn data(&self, index: u32, digest: &Digest) -> Verdict {
        if let Some(sent) = self.sent.get(&index) {
            return put_unless(sent == digest);
        }
        match &self.before {
            Before::Nothing | Before::Disk(_) => Verdict::Put,
            Before::Digests { list, .. } => {
                put_unless(list.get(index as usize).copied().flatten().as_ref() == Some(digest))
            }
            Before::Blocks(blocks) => match blocks.get(&index) {
                Some(token) => Verdict::Compare(token.clone()),
                None => Verdict::Put,
            },
        }
    }

    /// For a block of zeros, and what the old disk has there.
    pub(crate) fn zeros(&self, index: u32, old: Old) -> Verdict {
        if let Some(sent) = self.sent.get(&index) {
            return put_unless(*sent == self.zeros);
        }
        match &self.before {
            Before::Nothing => put_unless(self.holes_are_zeros),
            // Behind the end of the old disk nothing was ever written.
            Before::Disk(blocks) if index >= *blocks => put_unless(self.holes_are_zeros),
            Before::Disk(_) => put_unless(old == Old::Zeros),
            Before::Digests {
                list,
                zeros_are_noise,
            } => match list.get(index as usize) {
                Some(Some(_)) => Verdict::Put,
                Some(None) if !zeros_are_noise => Verdict::Leave,
                _ => put_unless(self.holes_are_zeros),
            },
            Before::Blocks(blocks) => match blocks.get(&index) {
                Some(token) => Verdict::Compare(token.clone()),
                None => put_unless(self.holes_are_zeros),
            },
        }
    }

    /// Is it known without a look at them that zeros in the disk need not be put?
    pub(crate) fn needs_no_zeros(&self) -> bool {
        let is_new = matches!(self.before, Before::Nothing) && self.sent.is_empty();
        is_new && self.holes_are_zeros
    }
}

fn put_unless(is_shown: bool) -> Verdict {
    match is_shown {
        true => Verdict::Leave,
        false => Verdict::Put,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Verdict::{Compare, Leave, Put};
    use super::{Before, Shown};
    use crate::block::Digest;
    use crate::reader::Old;

    const A: Digest = Digest([1; 32]);
    const B: Digest = Digest([2; 32]);
    const ZEROS: Digest = Digest([0; 32]);

    fn shown(before: Before, holes_are_zeros: bool) -> Shown {
        Shown {
            sent: BTreeMap::from([(7, A), (8, ZEROS)]),
            before,
            holes_are_zeros,
            zeros: ZEROS,
        }
    }

    #[test]
    fn without_a_parent_holes_count_as_what_they_read_as() {
        for are_zeros in [true, false] {
            let shown = shown(Before::Nothing, are_zeros);
            assert_eq!(shown.data(0, &A), Put);
            let expected = if are_zeros { Leave } else { Put };
            assert_eq!(shown.zeros(0, Old::Unknown), expected);
        }
    }

    #[test]
    fn what_was_sent_is_not_sent_again_unless_it_changed() {
        let shown = shown(Before::Nothing, true);
        assert_eq!((shown.data(7, &A), shown.data(7, &B)), (Leave, Put));
        assert_eq!(shown.zeros(7, Old::Unknown), Put);
        assert_eq!(shown.zeros(8, Old::Unknown), Leave);
        assert_eq!(shown.data(8, &A), Put);
    }

    #[test]
    fn only_what_differs_from_the_parent_is_sent() {
        let list = |zeros_are_noise| Before::Digests {
            list: vec![Some(A), None, Some(B)],
            zeros_are_noise,
        };
        let noisy = shown(list(true), false);
        assert_eq!(noisy.zeros(1, Old::Unknown), Put);
        let digests = shown(list(false), false);
        assert_eq!((digests.data(0, &A), digests.data(0, &B)), (Leave, Put));
        assert_eq!(digests.data(1, &A), Put);
        assert_eq!(digests.zeros(0, Old::Unknown), Put);
        assert_eq!(digests.zeros(1, Old::Unknown), Leave);
        // Behind the old disk's end there is noise.
        assert_eq!(digests.zeros(3, Old::Unknown), Put);

        let disk = shown(Before::Disk(3), false);
        assert_eq!(disk.data(0, &A), Put);
        assert_eq!(disk.zeros(0, Old::Data), Put);
        assert_eq!(disk.zeros(0, Old::Zeros), Leave);
        assert_eq!(disk.zeros(3, Old::Zeros), Put);

        let blocks = BTreeMap::from([(1, "token".to_owned())]);
        let blocks = shown(Before::Blocks(blocks), true);
        assert_eq!(blocks.data(1, &A), Compare("token".to_owned()));
        assert_eq!(blocks.data(0, &A), Put);
        assert_eq!(blocks.zeros(1, Old::Unknown), Compare("token".to_owned()));
        assert_eq!(blocks.zeros(0, Old::Unknown), Leave);
    }
}
