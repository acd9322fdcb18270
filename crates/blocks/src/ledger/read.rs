//! Reads a ledger, and tells an end that was torn off from damage.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use ami_core::error::Error;
use ami_core::reference::Located;
use serde_json::{Map, Value};

use super::{COMPLETE, Head, VERSION, removal};
use crate::beside::cannot;
use crate::block::Digest;
use crate::line::{BLOCK_LINE, Line, Lines, parse_block};

/// The longest header, in bytes.
const LONGEST_HEADER: usize = 64 * 1024;

/// What a ledger held.
#[derive(Debug)]
pub(crate) struct Found<H> {
    /// What it is about.
    pub(crate) head: H,
    /// The digests of the blocks that are done.
    pub(crate) done: BTreeMap<u32, Digest>,
    /// Is nothing left to do?
    pub(crate) is_complete: bool,
}

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Wrong {
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    #[error("is no")]
    Foreign,
    #[error("is of version {0}; this program reads version {VERSION}")]
    Version(u64),
    #[error("line 1: {0}")]
    Header(String),
    #[error("line {line}: {what}")]
    Line {
        line: u64,
        what: &'static str,
        snapshot: Located,
    },
}

impl Wrong {
    /// As it is told of a file, with what to do. A snapshot that is pending costs money until
    /// somebody deletes it, so it is named.
    pub(super) fn of<H: Head>(&self, path: &Path) -> Error {
        let error = match self {
            Self::Unreadable(error) => return cannot("read", path, error),
            Self::Foreign => {
                let error = Error::failed(format!("is no {}", H::NAME)).of(path.display());
                return error.hint("name another file, or move it away");
            }
            _ => Error::failed(self.to_string()).of(path.display()),
        };
        let error = error.hint(removal(path));
        match self {
            Self::Line { snapshot, .. } => error.adding(&format!("it tells of {snapshot}")),
            _ => error,
        }
    }
}

/// Reads a ledger: what it held, and where its last whole line ends. None if it was never begun.
pub(super) fn read<H: Head>(file: &File) -> Result<Option<(Found<H>, u64)>, Wrong> {
    let mut lines = Lines::new(file);
    let (head, mut end) = match lines.next(LONGEST_HEADER)? {
        Line::None => return Ok(None),
        // Nothing is done before the header is on the disk, so nothing is lost with it.
        Line::Cut(line) if is_torn_header::<H>(line) => return Ok(None),
        Line::Cut(_) | Line::TooLong => return Err(Wrong::Foreign),
        Line::Whole(line) => (header::<H>(line)?, line.len() as u64 + 1),
    };
    let mut found = Found {
        done: BTreeMap::new(),
        is_complete: false,
        head,
    };
    loop {
        let number = lines.number() + 1;
        let wrong = |what, found: &Found<H>| Wrong::Line {
            line: number,
            what,
            snapshot: found.head.snapshot().clone(),
        };
        let line = match lines.next(BLOCK_LINE)? {
            Line::Whole(line) => line,
            Line::Cut(_) | Line::None => return Ok(Some((found, end))),
            Line::TooLong => {
                // Some file systems leave zeros where a loss of power took what was written last.
                return match lines.ends_in_zeros()? {
                    true => Ok(Some((found, end))),
                    false => Err(wrong("is no block's index and SHA-256", &found)),
                };
            }
        };
        end += line.len() as u64 + 1;
        if found.is_complete {
            return Err(wrong("follows the last line", &found));
        }
        if line == COMPLETE.as_bytes() {
            found.is_complete = true;
            continue;
        }
        let Some((index, digest)) = parse_block(line) else {
            return Err(wrong("is no block's index and SHA-256", &found));
        };
        if u64::from(index) >= found.head.blocks() {
            return Err(wrong("tells of a block beyond the volume's end", &found));
        }
        found.done.insert(index, digest);
    }
}

fn header<H: Head>(line: &[u8]) -> Result<H, Wrong> {
    let mut fields: Map<String, Value> =
        serde_json::from_slice(line).map_err(|_| Wrong::Foreign)?;
    if fields.remove("ami_tools") != Some(H::NAME.into()) {
        return Err(Wrong::Foreign);
    }
    match fields
        .remove("version")
        .and_then(|version| version.as_u64())
    {
        Some(VERSION) => {}
        Some(other) => return Err(Wrong::Version(other)),
        None => return Err(Wrong::Foreign),
    }
    // Without the mark the header can be strict about what else there is.
    serde_json::from_value(fields.into()).map_err(|error| Wrong::Header(error.to_string()))
}

/// Is this the beginning of a header that was not written to its end?
fn is_torn_header<H: Head>(line: &[u8]) -> bool {
    let start = format!(r#"{{"ami_tools":"{}","version":{VERSION},"#, H::NAME);
    let common = line.len().min(start.len());
    line[..common] == start.as_bytes()[..common]
}
