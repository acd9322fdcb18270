//! The map of a sparse member, as a stranger may have written it: where its data belongs.

use super::header::{ENTRY, number};
use crate::{Error, image::Extent};

/// How many entries a map may have: eight times what is written here, 32 MiB.
const MOST: usize = 1 << 21;

/// The pieces that were read until now, in order and none of them empty.
#[derive(Default)]
pub(super) struct Map {
    pub(super) extents: Vec<Extent>,
    /// How many entries there were, with the empty ones.
    entries: usize,
}

impl Map {
    /// Takes the entries of a block up to its first empty one, for an image of `size` bytes.
    pub(super) fn take(&mut self, entries: &[u8], size: u64) -> Result<(), Error> {
        for entry in entries.chunks_exact(ENTRY) {
            let (offset, length) = entry.split_at(ENTRY / 2);
            if length[0] == 0 {
                break;
            }
            let extent = number(offset)
                .zip(number(length))
                .map(|(offset, length)| Extent { offset, length })
                .filter(|extent| self.fits(*extent, size))
                .ok_or_else(|| Error::contents("has an impossible map of a sparse file"))?;
            self.entries += 1;
            if extent.length > 0 {
                self.extents.push(extent);
            }
        }
        Ok(())
    }

    /// Checks that there may be more after these entries: a block without one, or too many, would let
    /// a map go on for ever.
    pub(super) fn expect_more(&self, entries: &[u8]) -> Result<(), Error> {
        if entries[ENTRY / 2] != 0 && self.entries <= MOST {
            return Ok(());
        }
        Err(Error::contents("has an endless map of a sparse file"))
    }

    /// Checks that it places exactly the data that there is.
    pub(super) fn check(&self, stored: u64) -> Result<(), Error> {
        let mapped: u64 = self.extents.iter().map(|extent| extent.length).sum();
        if mapped == stored {
            return Ok(());
        }
        Err(Error::contents(
            "has a map of a sparse file that is not of its data",
        ))
    }

    /// Whether an extent lies within the image and after the ones before.
    fn fits(&self, extent: Extent, size: u64) -> bool {
        let before = self.extents.last().map_or(0, |last| last.end());
        let end = extent.offset.checked_add(extent.length);
        extent.offset >= before && end.is_some_and(|end| end <= size)
    }
}
