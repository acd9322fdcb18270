//! Where a file has data.

use std::{fs::File, io};

use rustix::{
    fs::{SeekFrom, seek},
    io::Errno,
};

/// A piece of an image that is no hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub length: u64,
}

impl Extent {
    /// Where it ends.
    #[must_use]
    pub fn end(self) -> u64 {
        self.offset + self.length
    }
}

/// How many extents an archive is given. Each takes 24 bytes of it and 16 of memory; of a file with
/// more, the smallest holes are stored as zeros.
const MOST: usize = 1 << 18;

/// Holes are at first kept however small they are.
const FIRST_GAP: u64 = 4096;

/// All of it, as one.
pub(super) fn dense(size: u64) -> Vec<Extent> {
    let whole = Extent {
        offset: 0,
        length: size,
    };
    if size == 0 { Vec::new() } else { vec![whole] }
}

/// Asks the file system. One that knows no holes says that all is data.
pub(super) fn of(file: &File, size: u64) -> io::Result<Vec<Extent>> {
    let mut extents: Vec<Extent> = Vec::new();
    let mut gap = FIRST_GAP;
    let mut from = 0;
    while from < size {
        let start = match seek(file, SeekFrom::Data(from)) {
            Ok(start) => start,
            // Nothing but a hole until the end.
            Err(Errno::NXIO) => break,
            // A file system that cannot tell.
            Err(Errno::INVAL) => return Ok(dense(size)),
            Err(cause) => return Err(cause.into()),
        };
        // The file may be growing while it is asked.
        if start >= size {
            break;
        }
        let end = seek(file, SeekFrom::Hole(start))?.clamp(start + 1, size);
        add(&mut extents, start, end, gap);
        while extents.len() > MOST {
            gap *= 2;
            extents = joined(&extents, gap);
        }
        from = end;
    }
    Ok(extents)
}

/// Adds an extent, to the last one if the hole between is smaller than `gap`.
fn add(extents: &mut Vec<Extent>, start: u64, end: u64, gap: u64) {
    match extents.last_mut() {
        Some(last) if start - last.end() < gap => last.length = end - last.offset,
        _ => extents.push(Extent {
            offset: start,
            length: end - start,
        }),
    }
}

fn joined(extents: &[Extent], gap: u64) -> Vec<Extent> {
    let mut fewer = Vec::with_capacity(MOST);
    for extent in extents {
        add(&mut fewer, extent.offset, extent.end(), gap);
    }
    fewer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_holes_go_first() {
        let mut extents = Vec::new();
        for (start, end) in [(0, 10), (12, 20), (100, 110)] {
            add(&mut extents, start, end, 1);
        }
        assert_eq!(extents.len(), 3);
        let fewer = joined(&extents, 4);
        assert_eq!(
            fewer,
            [
                Extent {
                    offset: 0,
                    length: 20
                },
                Extent {
                    offset: 100,
                    length: 10
                }
            ]
        );
    }
}
