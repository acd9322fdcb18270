//! The tar archive of an image as a stream of bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{
    Error, Image,
    tar::{self, Member, RECORD},
};

/// Two blocks of zeros end an archive.
const END: u64 = 1024;

/// Gives out an archive from front to end.
pub(super) struct Archive {
    image: Image,
    head: Vec<u8>,
    /// How much was given out, of all and of the extent that is next.
    given: u64,
    extent: usize,
    within: u64,
    /// Where the data ends, and the archive.
    data_end: u64,
    end: u64,
    /// Counts what was read of the image.
    read: Option<Arc<AtomicU64>>,
}

impl Archive {
    pub(super) fn new(image: Image, member: &Member, read: Option<Arc<AtomicU64>>) -> Self {
        let head = tar::head(member, image.size(), image.extents());
        let data_end = head.len() as u64 + image.data();
        let end = data_end.next_multiple_of(tar::BLOCK as u64) + END;
        Self {
            image,
            head,
            given: 0,
            extent: 0,
            within: 0,
            data_end,
            end: end.next_multiple_of(RECORD),
            read,
        }
    }

    /// Whether all of it was given out.
    pub(super) fn ended(&self) -> bool {
        self.given == self.end
    }

    /// The next bytes, `length` of them if there are as many.
    pub(super) fn next(&mut self, length: usize) -> Result<Vec<u8>, Error> {
        let length = usize::try_from(self.end - self.given).map_or(length, |left| left.min(length));
        let mut block = vec![0; length];
        let mut filled = 0;
        while filled < length {
            let count = self.fill(&mut block[filled..])?;
            filled += count;
            self.given += count as u64;
        }
        if self.ended() {
            self.image.end()?;
        }
        Ok(block)
    }

    /// Fills in what comes next in one piece, and says how much that was. The buffer holds zeros.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let head = self.head.len() as u64;
        if self.given < head {
            // Less than the length of what is in memory.
            let from = self.given as usize;
            let count = buffer.len().min(self.head.len() - from);
            buffer[..count].copy_from_slice(&self.head[from..from + count]);
            return Ok(count);
        }
        if self.given >= self.data_end {
            return Ok(buffer.len());
        }
        let Some(extent) = self.image.extents().get(self.extent).copied() else {
            return Ok(buffer.len());
        };
        let left = extent.length - self.within;
        let count = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        self.image
            .read(extent.offset + self.within, &mut buffer[..count])?;
        if let Some(read) = &self.read {
            read.fetch_add(count as u64, Ordering::Relaxed);
        }
        self.within += count as u64;
        if self.within == extent.length {
            (self.extent, self.within) = (self.extent + 1, 0);
        }
        Ok(count)
    }
}
