//! Goes through the blocks of a layer that were written.

use std::io;

use super::Digest;
use super::layer::{Layer, is_written};

/// How many records of an index are read at once.
const ROW: usize = 1024;

/// The written blocks of a layer in the order of their indexes, each with its digest. Holes are jumped
/// over, so that a sparse snapshot of 64 TiB takes no longer than what is in it.
#[derive(Debug)]
pub(crate) struct Written<'l> {
    layer: &'l Layer,
    with_below: bool,
    has_failed: bool,
    next: u64,
    row: Vec<Digest>,
    start: u64,
}

impl<'l> Written<'l> {
    /// The blocks of a layer and of those below it, from an index on.
    pub(super) fn of(layer: &'l Layer, from: u64) -> Self {
        Written {
            layer,
            with_below: true,
            has_failed: false,
            next: from,
            row: Vec::new(),
            start: from,
        }
    }

    /// The blocks of a layer itself.
    pub(super) fn own(layer: &'l Layer) -> Self {
        Written {
            with_below: false,
            ..Written::of(layer, 0)
        }
    }

    /// Reads the next row that has anything; false when there is none.
    fn read(&mut self) -> io::Result<bool> {
        // The holes of the layers below only make this stop more often than it needs to.
        let Some(start) = self.layer.next(self.next)? else {
            return Ok(false);
        };
        self.start = start.max(self.next);
        self.next = self.start;
        self.row.resize(ROW, Digest::default());
        if self.with_below {
            self.layer.digests(self.start, &mut self.row)?;
        } else {
            self.layer.own_digests(self.start, &mut self.row)?;
        }
        Ok(true)
    }
}

impl Iterator for Written<'_> {
    type Item = io::Result<(u64, Digest)>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.has_failed {
            let place = (self.next - self.start) as usize;
            let rest = self.row.get(place..).unwrap_or_default();
            if let Some(steps) = rest.iter().position(is_written) {
                let index = self.next + steps as u64;
                self.next = index + 1;
                return Some(Ok((index, rest[steps])));
            }
            self.next = self.start + self.row.len() as u64;
            match self.read() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    // Asked again, it would fail again and for ever.
                    self.has_failed = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::super::{BLOCK, BlockStore, Difference, Layer, digest};

    fn put(layer: &Layer, index: u64, byte: u8) {
        let block = Bytes::from(vec![byte; BLOCK]);
        let written = layer.put(index, &digest([&*block]), &[block]);
        assert!(written.unwrap().is_ok());
    }

    fn indexes(layer: &Layer, from: u64) -> Vec<u64> {
        layer.blocks(from).map(|block| block.unwrap().0).collect()
    }

    #[test]
    fn blocks_are_found_however_far_they_lie_from_each_other() {
        let store = BlockStore::new(None);
        let below = Layer::over(&store, None, false).unwrap();
        // The last block of 64 TiB.
        let last = 65_536 * 2048 - 1;
        for index in [last, 0, 1025, 5_000_000] {
            put(&below, index, 1);
        }
        assert_eq!(indexes(&below, 0), [0, 1025, 5_000_000, last]);
        assert_eq!(indexes(&below, 1025), [1025, 5_000_000, last]);
        assert_eq!(indexes(&below, 1026), [5_000_000, last]);
        let layer = Layer::over(&store, Some(Arc::new(below)), false).unwrap();
        put(&layer, 7, 1);
        put(&layer, 1025, 2);
        assert_eq!(indexes(&layer, 0), [0, 7, 1025, 5_000_000, last]);
        assert_eq!(layer.written(), 2);
        let below = layer.below().unwrap();
        let changed = Difference::between(Some(below), Some(&layer), 0);
        let changed: Vec<_> = changed.map(Result::unwrap).collect();
        assert_eq!(changed, [(7, (false, true)), (1025, (true, true))]);
    }

    #[test]
    fn a_sealed_layer_takes_no_more() {
        let layer = Layer::over(&BlockStore::new(None), None, false).unwrap();
        put(&layer, 0, 1);
        let refused = layer.seal(|written, _| if written == 2 { Ok(()) } else { Err(written) });
        assert_eq!(refused, Err(1));
        put(&layer, 1, 1);
        assert_eq!(layer.seal(|_, _| Ok::<(), ()>(())), Ok(()));
        let block = Bytes::from(vec![1; BLOCK]);
        assert!(layer.put(2, &digest([&*block]), &[block]).unwrap().is_err());
    }
}
