//! Decompresses gzip as it comes: one member or several, one after the other.

use zlib_rs::{Inflate, InflateFlush, Status};

use crate::Error;

/// The largest window, and 16 for gzip's own frame with its checksum.
const GZIP: u8 = 16 + 15;

/// Takes gzip and gives out what was compressed.
pub struct Reader {
    state: State,
}

enum State {
    /// A member begins, the first or a further one.
    Between {
        first: bool,
    },
    Member(Box<Inflate>),
    /// Zeros after the last member, as tapes have them.
    Padding,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            state: State::Between { first: true },
        }
    }
}

impl Reader {
    /// Decompresses from `input` into `output`, and says how much of each was used. Nothing of either
    /// is used only when all input was.
    ///
    /// # Errors
    ///
    /// When it is not gzip, or its checksum is wrong.
    pub fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Error> {
        if input.is_empty() && !matches!(self.state, State::Member(_)) {
            return Ok((0, 0));
        }
        match &mut self.state {
            State::Between { first: false } if input[0] == 0 => {
                self.state = State::Padding;
                self.step(input, output)
            }
            State::Between { .. } => {
                self.state = State::Member(Box::new(Inflate::new(true, GZIP)));
                self.step(input, output)
            }
            State::Padding if input.iter().all(|&byte| byte == 0) => Ok((input.len(), 0)),
            State::Padding => Err(Error::contents("has something after its compressed data")),
            State::Member(inflate) => {
                let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
                let status = inflate
                    .decompress(input, output, InflateFlush::NoFlush)
                    .map_err(|_| Error::contents("has damaged compressed data"))?;
                // Both are at most the lengths of the two slices.
                let used = (inflate.total_in() - before_in) as usize;
                let made = (inflate.total_out() - before_out) as usize;
                if matches!(status, Status::StreamEnd) {
                    self.state = State::Between { first: false };
                }
                Ok((used, made))
            }
        }
    }

    /// Checks that the input ended with a member.
    ///
    /// # Errors
    ///
    /// When it ended within one or had none.
    pub fn finish(&self) -> Result<(), Error> {
        match self.state {
            State::Between { first: false } | State::Padding => Ok(()),
            _ => Err(Error::contents("ends in the middle of its compressed data")),
        }
    }
}
