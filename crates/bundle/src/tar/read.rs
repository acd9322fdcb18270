//! Reads an archive of one regular member as it comes, in pieces of any length.
//!
//! What it holds in memory is bounded: a block, a name or extended header of 64 KiB, a
//! sparse map of two million entries. What it gives out is exactly an image of the size it was told.

mod member;

use super::{
    BLOCK,
    header::{Block, MAP, MAP_MORE},
    map::Map,
    pax,
};
use crate::{Error, image::ImageSink};

/// How many zeros may follow the member, in bytes. GNU tar fills up to 10 KiB if not told otherwise.
const MOST_PADDING: u64 = 1 << 20;

/// Takes an archive and gives out the image in it.
pub struct Reader {
    name: String,
    size: u64,
    state: State,
    /// The block that is being collected where the state wants whole ones.
    block: Block,
    filled: usize,
    /// How many long names and extended headers came.
    before: usize,
    long_name: Option<Vec<u8>>,
    records: pax::Records,
    map: Map,
    stored: u64,
}

enum State {
    /// A header comes.
    Header,
    /// The contents of a header's own member, `left` bytes with their padding.
    Text {
        kind: u8,
        length: usize,
        left: usize,
        text: Vec<u8>,
    },
    /// A block with more of the sparse map comes.
    Map,
    /// Data comes: that of extent `next`, at `at` of the image.
    Data { next: usize, at: u64 },
    /// So many bytes fill up the last block of the data.
    Padding(usize),
    /// Zeros come, so many until now.
    End(u64),
}

impl Reader {
    /// A reader that expects a member `name` of `size` bytes, holes included.
    #[must_use]
    pub fn new(name: &str, size: u64) -> Self {
        Self {
            name: name.to_owned(),
            size,
            state: State::Header,
            block: [0; BLOCK],
            filled: 0,
            before: 0,
            long_name: None,
            records: pax::Records::default(),
            map: Map::default(),
            stored: 0,
        }
    }

    /// Takes the next bytes of the archive and gives `sink` what they are of the image.
    ///
    /// # Errors
    ///
    /// When they are not what is expected, or `sink` fails. Nothing can be pushed after that.
    pub fn push(&mut self, mut bytes: &[u8], sink: &mut dyn ImageSink) -> Result<(), Error> {
        while !bytes.is_empty() {
            let taken = match &mut self.state {
                State::Header | State::Map => self.collect(bytes, sink)?,
                State::Text {
                    left, length, text, ..
                } => {
                    let taken = bytes.len().min(*left);
                    let wanted = (*length - text.len()).min(taken);
                    text.extend_from_slice(&bytes[..wanted]);
                    *left -= taken;
                    if *left == 0 {
                        self.text()?;
                    }
                    taken
                }
                State::Data { .. } => self.data(bytes, sink)?,
                State::Padding(left) => {
                    let taken = bytes.len().min(*left);
                    *left -= taken;
                    if *left == 0 {
                        self.state = State::End(0);
                    }
                    taken
                }
                State::End(count) => {
                    zeros(bytes, count)?;
                    bytes.len()
                }
            };
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// Checks that the member was complete.
    ///
    /// # Errors
    ///
    /// When it was not.
    pub fn finish(&self) -> Result<(), Error> {
        match self.state {
            State::End(_) => Ok(()),
            State::Header => Err(bad("has no image in it")),
            _ => Err(bad("ends in the middle of the image")),
        }
    }

    /// Collects a whole block and acts on it.
    fn collect(&mut self, bytes: &[u8], sink: &mut dyn ImageSink) -> Result<usize, Error> {
        let taken = bytes.len().min(BLOCK - self.filled);
        self.block[self.filled..][..taken].copy_from_slice(&bytes[..taken]);
        self.filled += taken;
        if self.filled == BLOCK {
            self.filled = 0;
            let block = self.block;
            match self.state {
                State::Map => self.map(&block[MAP], block[MAP_MORE], sink)?,
                _ => self.header(&block, sink)?,
            }
        }
        Ok(taken)
    }

    /// Takes a piece of the sparse map; what comes next is more of it, or the data.
    fn map(&mut self, entries: &[u8], more: u8, sink: &mut dyn ImageSink) -> Result<(), Error> {
        self.map.take(entries, self.size)?;
        if more == 0 {
            return self.begin(sink);
        }
        self.map.expect_more(entries)?;
        self.state = State::Map;
        Ok(())
    }

    /// Begins the data once the map is known.
    fn begin(&mut self, sink: &mut dyn ImageSink) -> Result<(), Error> {
        self.map.check(self.stored)?;
        self.state = State::Data { next: 0, at: 0 };
        self.advance(0, 0, sink)
    }

    /// Gives out the hole before extent `next`, or after the last one.
    fn advance(&mut self, next: usize, at: u64, sink: &mut dyn ImageSink) -> Result<(), Error> {
        let begin = self
            .map
            .extents
            .get(next)
            .map_or(self.size, |extent| extent.offset);
        if begin > at {
            sink.hole(at, begin - at).map_err(Error::Sink)?;
        }
        self.state = if next < self.map.extents.len() {
            State::Data { next, at: begin }
        } else {
            match self.stored.next_multiple_of(BLOCK as u64) - self.stored {
                0 => State::End(0),
                // Less than a block.
                padding => State::Padding(padding as usize),
            }
        };
        Ok(())
    }

    fn data(&mut self, bytes: &[u8], sink: &mut dyn ImageSink) -> Result<usize, Error> {
        let State::Data { next, at } = self.state else {
            return Err(bad("cannot be read"));
        };
        let end = self.map.extents.get(next).map_or(at, |extent| extent.end());
        let left = usize::try_from(end - at).unwrap_or(usize::MAX);
        let taken = bytes.len().min(left);
        sink.data(at, &bytes[..taken]).map_err(Error::Sink)?;
        let at = at + taken as u64;
        if at == end {
            self.advance(next + 1, at, sink)?;
        } else {
            self.state = State::Data { next, at };
        }
        Ok(taken)
    }
}

/// Checks that nothing but the archive's end follows the member.
fn zeros(bytes: &[u8], count: &mut u64) -> Result<(), Error> {
    if bytes.iter().any(|&byte| byte != 0) {
        return Err(bad("has more in it than one image"));
    }
    *count += bytes.len() as u64;
    if *count > MOST_PADDING {
        return Err(bad("does not end after the image"));
    }
    Ok(())
}

fn bad(what: impl Into<String>) -> Error {
    Error::contents(what)
}
