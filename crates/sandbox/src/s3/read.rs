//! Sends the bytes of an object from its files, piece by piece.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use futures_util::stream;
use s3s::dto::StreamingBlob;

use super::object::{Object, Segment};
use crate::frontdoor::off_thread;

/// How much is read at once, in bytes.
const PIECE: u64 = 256 << 10;

/// What is left to be sent.
struct Rest {
    /// Files with the ranges that are wanted of them.
    segments: VecDeque<(Segment, Range<u64>)>,
    open: Option<File>,
}

/// A range of an object as a stream.
pub(super) fn stream(object: &Object, range: Range<u64>) -> StreamingBlob {
    let rest = Rest {
        segments: cut(object, range),
        open: None,
    };
    StreamingBlob::wrap(stream::try_unfold(rest, |rest| {
        off_thread(move || rest.next())
    }))
}

/// All bytes of an object.
pub(super) fn whole(object: &Object) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for segment in &object.segments {
        segment.file.open()?.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The parts of its segments that make up a range of an object.
fn cut(object: &Object, range: Range<u64>) -> VecDeque<(Segment, Range<u64>)> {
    let (mut cut, mut start) = (VecDeque::new(), 0);
    for segment in &object.segments {
        let end = start + segment.size;
        let (from, to) = (range.start.clamp(start, end), range.end.clamp(start, end));
        if from < to {
            cut.push_back((segment.clone(), from - start..to - start));
        }
        start = end;
    }
    cut
}

impl Rest {
    /// The next piece, and what is left behind it.
    fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let Some((segment, range)) = self.segments.front_mut() else {
            return Ok(None);
        };
        let file = match &mut self.open {
            Some(file) => file,
            none => {
                let mut file = segment.file.open()?;
                file.seek(SeekFrom::Start(range.start))?;
                none.insert(file)
            }
        };
        let size = PIECE.min(range.end - range.start);
        let mut piece = vec![0; size as usize];
        file.read_exact(&mut piece)?;
        range.start += size;
        if range.start == range.end {
            self.segments.pop_front();
            self.open = None;
        }
        Ok(Some((piece.into(), self)))
    }
}
