//! Reads a list of digests, strictly: what is not exactly as it is written is refused with its line.

use std::io::{self, Read};
use std::path::Path;

use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::reference::Located;
use sha2::{Digest as _, Sha256};

use super::{DigestList, KEPT, NAME, SKIPPED, VERSION};
use crate::beside::cannot;
use crate::block::{BLOCK, BLOCKS_PER_GIB, Digest, LARGEST, blocks};
use crate::line::{Line, Lines, hex, number, parse_block};
use crate::located;

/// The longest line there can be, with room to spare.
const LONGEST: usize = 128;

/// Why a list is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Wrong {
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    #[error("is no list of digests")]
    Foreign,
    #[error("is a list of digests of version {0}; this program reads version {VERSION}")]
    Version(u64),
    #[error("is cut short: it has no line that begins with 'end'")]
    Short,
    #[error("was changed: its digest is not the one that its last line tells")]
    Changed,
    #[error("line {0}: {1}")]
    Line(u64, String),
}

impl Wrong {
    /// As it is told of a file.
    pub(super) fn of(&self, path: &Path) -> Error {
        match self {
            Self::Unreadable(error) => cannot("read", path, error),
            _ => Error::failed(self.to_string()).of(path.display()),
        }
    }
}

/// Reads a list to its end.
pub(super) fn read(file: impl Read) -> Result<DigestList, Wrong> {
    let mut reader = Reader {
        lines: Lines::new(file),
        all: Sha256::new(),
    };
    reader.name()?;
    let (snapshot, size) = (reader.snapshot()?, reader.size()?);
    reader.block()?;
    let zeros_are_noise = reader.zeros_are_noise()?;
    let blocks = reader.blocks(blocks(size))?;
    Ok(DigestList {
        snapshot,
        size,
        zeros_are_noise,
        blocks,
    })
}

struct Reader<R> {
    lines: Lines<R>,
    /// Over all lines that were read.
    all: Sha256,
}

impl<R: Read> Reader<R> {
    fn wrong(&self, what: impl Into<String>) -> Wrong {
        Wrong::Line(self.lines.number(), what.into())
    }

    /// The next line, which is not yet part of the digest.
    fn line(&mut self) -> Result<String, Wrong> {
        let line = match self.lines.next(LONGEST)? {
            Line::Whole(line) => std::str::from_utf8(line).ok().map(str::to_owned),
            Line::TooLong => None,
            Line::Cut(_) | Line::None => return Err(Wrong::Short),
        };
        line.ok_or_else(|| self.wrong("is no line of such a list"))
    }

    fn take(&mut self, line: &str) {
        self.all.update(line);
        self.all.update("\n");
    }

    fn name(&mut self) -> Result<(), Wrong> {
        let line = self.line().map_err(|wrong| match wrong {
            Wrong::Unreadable(_) => wrong,
            _ => Wrong::Foreign,
        })?;
        let version = line.strip_prefix(NAME).and_then(|rest| {
            let rest = rest.strip_prefix(' ')?;
            number(rest)
        });
        match version {
            Some(VERSION) => self.take(&line),
            Some(other) => return Err(Wrong::Version(other)),
            None => return Err(Wrong::Foreign),
        }
        Ok(())
    }

    /// The value on the next line, which has to begin with that word.
    fn value(&mut self, word: &str) -> Result<String, Wrong> {
        let line = self.line()?;
        let value = line
            .strip_prefix(word)
            .and_then(|rest| rest.strip_prefix(' '));
        let value = value.map(str::to_owned).ok_or_else(|| {
            let shown = escape(&line);
            self.wrong(format!("'{shown}' stands where '{word}' belongs"))
        })?;
        self.take(&line);
        Ok(value)
    }

    fn snapshot(&mut self) -> Result<Located, Wrong> {
        let text = self.value("snapshot")?;
        located::parse(&text).map_err(|why| self.wrong(why))
    }

    fn size(&mut self) -> Result<u64, Wrong> {
        let text = self.value("size")?;
        let size = number(&text).filter(|size| *size <= LARGEST << 30);
        size.ok_or_else(|| self.wrong(format!("'{}' is no size of a disk", escape(&text))))
    }

    fn block(&mut self) -> Result<(), Wrong> {
        let text = self.value("block")?;
        if number(&text) == Some(BLOCK as u64) {
            return Ok(());
        }
        let shown = escape(&text);
        Err(self.wrong(format!("blocks have {BLOCK} bytes, not '{shown}'")))
    }

    fn zeros_are_noise(&mut self) -> Result<bool, Wrong> {
        let text = self.value("zeros")?;
        match &*text {
            KEPT => Ok(false),
            SKIPPED => Ok(true),
            _ => {
                let shown = escape(&text);
                Err(self.wrong(format!("zeros are {KEPT} or {SKIPPED}, not '{shown}'")))
            }
        }
    }

    /// The lines of blocks, and the last line.
    fn blocks(&mut self, most: u64) -> Result<Vec<Option<Digest>>, Wrong> {
        // It grows with what the file holds, not with what the file says of itself.
        let mut digests: Vec<Option<Digest>> = Vec::new();
        let mut count = 0;
        let end = loop {
            let line = self.line()?;
            if let Some(end) = line.strip_prefix("end ") {
                break end.to_owned();
            }
            let Some((index, digest)) = parse_block(line.as_bytes()) else {
                let shown = escape(&line);
                return Err(self.wrong(format!("'{shown}' is no block's index and SHA-256")));
            };
            let at = index as usize;
            if u64::from(index) >= most {
                return Err(self.wrong(format!("block {index} lies beyond the end of the disk")));
            }
            if at < digests.len() {
                let last = digests.len() - 1;
                return Err(self.wrong(format!("block {index} stands after block {last}")));
            }
            self.take(&line);
            digests.resize(at, None);
            digests.push(Some(digest));
            count += 1;
        };
        self.end(&end, count)?;
        digests.resize(usize::try_from(most).unwrap_or(usize::MAX), None);
        Ok(digests)
    }

    fn end(&mut self, end: &str, count: u64) -> Result<(), Wrong> {
        let parts = end.split_once(' ');
        let parts = parts.and_then(|(count, all)| Some((number(count)?, hex(all)?)));
        let Some((told, all)) = parts else {
            return Err(self.wrong("'end' stands without a number and a SHA-256"));
        };
        if told != count {
            return Err(self.wrong(format!("counts {told} blocks, and there are {count}")));
        }
        if all != Digest(std::mem::take(&mut self.all).finalize().into()) {
            return Err(Wrong::Changed);
        }
        match self.lines.next(LONGEST)? {
            Line::None => Ok(()),
            _ => Err(self.wrong("follows the end of the list")),
        }
    }
}

/// A disk of the largest volume has fewer blocks than an index can count.
const _: () = assert!(LARGEST * (BLOCKS_PER_GIB as u64) <= u32::MAX as u64);

#[cfg(test)]
mod tests {
    use super::read;
    use crate::block::Digest;

    /// What is said of a list with these lines after the first.
    fn said(lines: &[&str]) -> String {
        let text = format!("ami-tools digest list 1\n{}\n", lines.join("\n"));
        read(text.as_bytes()).expect_err("wrong").to_string()
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let hex = &Digest::of(b"a").to_string();
        let snapshot = "snapshot snap-12345678@us-east-1";
        let (size, block) = ("size 1048576", "block 524288");
        let zeros = "zeros kept";
        let (first, second) = (&*format!("0 {hex}"), &*format!("1 {hex}"));
        let third = &*format!("2 {hex}");
        let end = &*format!("end 1 {hex}");
        for (lines, what) in [
            (
                &["size 1"][..],
                "line 2: 'size 1' stands where 'snapshot' belongs",
            ),
            (
                &["snapshot ami-12345678@us-east-1"],
                "line 2: 'ami-12345678@us-east-1' is of another kind: image, not snapshot",
            ),
            (
                &["snapshot snap-12345678"],
                "line 2: 'snap-12345678' is without its region",
            ),
            (&[snapshot, "size 01"], "line 3: '01' is no size of a disk"),
            (
                &[snapshot, "size 70368744177665"],
                "line 3: '70368744177665' is no size of a disk",
            ),
            (
                &[snapshot, size, "block 4096"],
                "line 4: blocks have 524288 bytes, not '4096'",
            ),
            (
                &[snapshot, size, block, zeros, "0 x\u{1b}"],
                "line 6: '0 x\\u{1b}' is no block's index and SHA-256",
            ),
            (
                &[snapshot, size, block, zeros, second, first],
                "line 7: block 0 stands after block 1",
            ),
            (
                &[snapshot, size, block, zeros, first, first],
                "line 7: block 0 stands after block 0",
            ),
            (
                &[snapshot, size, block, zeros, third],
                "line 6: block 2 lies beyond the end of the disk",
            ),
            (
                &[snapshot, size, block, zeros, first],
                "is cut short: it has no line that begins with 'end'",
            ),
            (
                &[snapshot, size, block, zeros, "end 0"],
                "line 6: 'end' stands without a number and a SHA-256",
            ),
            (
                &[snapshot, size, block, zeros, end],
                "line 6: counts 1 blocks, and there are 0",
            ),
            (
                &[snapshot, size, block, zeros, first, end],
                "was changed: its digest is not the one that its last line tells",
            ),
            (
                &[snapshot, size, block, "zeros gone"],
                "line 5: zeros are kept or skipped, not 'gone'",
            ),
            (&[&"x".repeat(1000)], "line 2: is no line of such a list"),
        ] {
            assert_eq!(said(lines), what);
        }
    }

    #[test]
    fn what_is_no_list_is_said_to_be_none() {
        let said = |bytes: &[u8]| read(bytes).expect_err("wrong").to_string();
        for foreign in [
            &b""[..],
            b"ami-tools digest list 1",
            b"ami-tools digest list one\n",
            b"\xff\xfe\n",
            &[0; 100_000],
        ] {
            assert_eq!(said(foreign), "is no list of digests");
        }
        assert_eq!(
            said(b"ami-tools digest list 2\n"),
            "is a list of digests of version 2; this program reads version 1"
        );
    }
}
