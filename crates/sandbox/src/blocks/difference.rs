//! The blocks in which two layers differ.

use std::io;
use std::iter::Peekable;

use super::layer::Layer;
use super::written::Written;

/// Every index at which two snapshots have different blocks, with whether the first and the second have
/// one at all.
#[derive(Debug)]
pub(crate) struct Difference<'l> {
    first: Option<Peekable<Written<'l>>>,
    second: Option<Peekable<Written<'l>>>,
}

impl<'l> Difference<'l> {
    /// From an index on; what was never written to has no layer.
    pub(crate) fn between(first: Option<&'l Layer>, second: Option<&'l Layer>, from: u64) -> Self {
        let blocks = |layer: Option<&'l Layer>| layer.map(|layer| layer.blocks(from).peekable());
        Difference {
            first: blocks(first),
            second: blocks(second),
        }
    }
}

impl Iterator for Difference<'_> {
    type Item = io::Result<(u64, (bool, bool))>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let index = |side: &mut Option<Peekable<Written<'_>>>| {
                let block = side.as_mut()?.peek()?;
                // An error comes first, and ends it.
                Some(block.as_ref().map_or(0, |(index, _)| *index))
            };
            let (first, second) = (index(&mut self.first), index(&mut self.second));
            let here = [first, second].into_iter().flatten().min()?;
            let one = (first == Some(here))
                .then(|| self.first.as_mut()?.next())
                .flatten();
            let other = (second == Some(here))
                .then(|| self.second.as_mut()?.next())
                .flatten();
            match (one.transpose(), other.transpose()) {
                (Err(error), _) | (_, Err(error)) => return Some(Err(error)),
                (Ok(Some((_, one))), Ok(Some((_, other)))) if one == other => {}
                (Ok(one), Ok(other)) => return Some(Ok((here, (one.is_some(), other.is_some())))),
            }
        }
    }
}
