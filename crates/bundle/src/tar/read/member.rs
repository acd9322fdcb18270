//! What a header says, and whether it is of the one member that is wanted.

use super::{Reader, State, bad};
use crate::{
    Error,
    image::{Extent, ImageSink},
    name::shortened,
    tar::{
        BLOCK,
        header::{
            self, Block, CHECKSUM, KIND, REAL_SIZE, SIZE, SPARSE, SPARSE_MORE, checksum, number,
            text,
        },
        pax,
    },
};

/// How long a name or an extended header may be, in bytes.
const LONGEST_TEXT: u64 = 64 * 1024;

/// How many of those may stand before a member. A writer makes two at most.
const MOST_BEFORE: usize = 4;

impl Reader {
    /// Acts on a header.
    pub(super) fn header(&mut self, block: &Block, sink: &mut dyn ImageSink) -> Result<(), Error> {
        if number(&block[CHECKSUM]) != Some(checksum(block)) {
            return Err(bad(
                "is not one of a tar archive: a header's checksum is wrong",
            ));
        }
        let size = number(&block[SIZE]).ok_or_else(|| bad("has an impossible size in a header"))?;
        match block[KIND] {
            kind @ (b'L' | b'x' | b'g') => self.own_member(kind, size),
            b'0' | b'\0' => {
                self.check_name(block)?;
                let size = self.records.size.unwrap_or(size);
                self.check_size(size)?;
                self.stored = size;
                if size > 0 {
                    self.map.extents.push(Extent {
                        offset: 0,
                        length: size,
                    });
                }
                self.begin(sink)
            }
            b'S' => {
                self.check_name(block)?;
                let real = number(&block[REAL_SIZE])
                    .ok_or_else(|| bad("has an impossible size in a header"))?;
                self.check_size(real)?;
                self.stored = size;
                self.map(&block[SPARSE], block[SPARSE_MORE], sink)
            }
            kind => Err(bad(format!(
                "has {} in it, not only an image",
                called(kind)
            ))),
        }
    }

    /// A long name or extended header, which is a member before the one that it is of.
    fn own_member(&mut self, kind: u8, size: u64) -> Result<(), Error> {
        self.before += 1;
        if size == 0 || size > LONGEST_TEXT || self.before > MOST_BEFORE {
            return Err(bad("has an impossible long name or extended header"));
        }
        // Both are below 64 KiB.
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        self.state = State::Text {
            kind,
            length,
            left: length.next_multiple_of(BLOCK),
            text: Vec::with_capacity(length),
        };
        Ok(())
    }

    /// Acts on a long name or extended header once it is whole.
    pub(super) fn text(&mut self) -> Result<(), Error> {
        if let State::Text {
            kind,
            text: contents,
            ..
        } = std::mem::replace(&mut self.state, State::Header)
        {
            match kind {
                b'L' => self.long_name = Some(text(&contents).to_owned()),
                b'x' => {
                    self.records = pax::records(&contents)
                        .ok_or_else(|| bad("has a damaged extended header"))?;
                }
                // A global header has nothing to say of a single member.
                _ => {}
            }
        }
        if self.records.sparse {
            return Err(bad(
                "has a sparse file in POSIX form in it, which is not read here",
            ));
        }
        Ok(())
    }

    /// The member must be the image that the manifest names. Where its name says that it lies is of no
    /// importance, because nothing is ever put there.
    fn check_name(&self, block: &Block) -> Result<(), Error> {
        let found = match (&self.records.path, &self.long_name) {
            (Some(path), _) => path.clone(),
            (None, Some(long)) => long.clone(),
            (None, None) => header::name(block),
        };
        let mut steps = found.split(|&byte| byte == b'/');
        let leads_out = found.starts_with(b"/") || steps.clone().any(|step| step == b"..");
        if steps.next_back() == Some(self.name.as_bytes()) && !leads_out {
            return Ok(());
        }
        let (found, wanted) = (String::from_utf8_lossy(&found), &self.name);
        Err(bad(format!(
            "has a file {:?} in it, not {wanted:?}",
            shortened(&found)
        )))
    }

    fn check_size(&self, size: u64) -> Result<(), Error> {
        if size == self.size {
            return Ok(());
        }
        Err(bad(format!(
            "has an image of {size} bytes in it, and the manifest says {}",
            self.size
        )))
    }
}

fn called(kind: u8) -> &'static str {
    match kind {
        b'1' => "a hard link",
        b'2' => "a symbolic link",
        b'3' | b'4' => "a device",
        b'5' => "a directory",
        b'6' => "a named pipe",
        _ => "a member of an unknown kind",
    }
}
