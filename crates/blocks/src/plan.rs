//! In which order a disk is gone through, and what of it has to be read at all.

use std::ops::Range;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Read this block; and, when there is an old disk, compare it with that one's.
    Read(u32),
    /// These are zeros: holes in the disk, and in the old one too, if there is one.
    Zeros(Range<u32>),
}

/// The steps through a disk.
#[derive(Debug)]
pub(crate) struct Plan {
    at: u32,
    end: u32,
    data: Vec<Range<u32>>,
    /// Blocks that need no look, because they have been sent already; ascending.
    settled: Vec<u32>,
    /// Are holes of any interest?
    with_zeros: bool,
}

impl Plan {
    /// Through `end` blocks, of which those in `data` (ascending) hold something, in the disk or in
    /// the old one. Those `settled` (ascending) are passed over; and so are holes, unless
    /// `with_zeros`.
    pub(crate) fn new(
        end: u32,
        data: Vec<Range<u32>>,
        settled: Vec<u32>,
        with_zeros: bool,
    ) -> Self {
        // What lies next stands last, where it is cheap to take away.
        let reversed = |mut all: Vec<_>| {
            all.reverse();
            all
        };
        let mut settled = settled;
        settled.reverse();
        Self {
            at: 0,
            end,
            data: reversed(data),
            settled,
            with_zeros,
        }
    }
}

impl Iterator for Plan {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        while self.at < self.end {
            let at = self.at;
            while self.data.last().is_some_and(|run| run.end <= at) {
                self.data.pop();
            }
            while self.settled.last().is_some_and(|index| *index < at) {
                self.settled.pop();
            }
            let next_settled = self.settled.last().copied().unwrap_or(self.end);
            if next_settled == at {
                self.at += 1;
                continue;
            }
            let next_data = self.data.last().map_or(self.end, |run| run.start);
            if next_data <= at {
                self.at += 1;
                return Some(Step::Read(at));
            }
            self.at = next_data.min(next_settled).min(self.end);
            if self.with_zeros {
                return Some(Step::Zeros(at..self.at));
            }
        }
        None
    }
}

/// Runs that cover what either of two covers; all ascending.
pub(crate) fn united(mut runs: Vec<Range<u32>>, others: Vec<Range<u32>>) -> Vec<Range<u32>> {
    runs.extend(others);
    runs.sort_by_key(|run| run.start);
    let mut all: Vec<Range<u32>> = Vec::new();
    for run in runs {
        match all.last_mut() {
            Some(last) if last.end >= run.start => last.end = last.end.max(run.end),
            _ => all.push(run),
        }
    }
    all
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)]
mod tests {
    use super::Step::{Read, Zeros};
    use super::{Plan, united};

    #[test]
    fn holes_are_passed_over_or_told_in_runs() {
        let plan = |settled: &[u32], zeros| -> Vec<_> {
            Plan::new(10, vec![2..4, 8..9], settled.to_vec(), zeros).collect()
        };
        assert_eq!(plan(&[], false), [Read(2), Read(3), Read(8)]);
        assert_eq!(
            plan(&[], true),
            [
                Zeros(0..2),
                Read(2),
                Read(3),
                Zeros(4..8),
                Read(8),
                Zeros(9..10)
            ]
        );
        assert_eq!(
            plan(&[0, 3, 5, 8, 9], true),
            [Zeros(1..2), Read(2), Zeros(4..5), Zeros(6..8)]
        );
        assert_eq!(Plan::new(0, vec![0..3], Vec::new(), true).next(), None);
    }

    #[test]
    fn runs_are_united() {
        assert_eq!(
            united(vec![0..2, 6..7], vec![1..3, 3..4, 9..10]),
            [0..4, 6..7, 9..10]
        );
        assert!(united(Vec::new(), Vec::new()).is_empty());
    }
}
