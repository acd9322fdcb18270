//! The program's directory: the order, and a bundle that stays there until it is sent or removed.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ami_bundle_format::pack::S3Digests;
use ami_bundle_format::{FinishedPart, PartSink, Sha1};

use super::Wrong;
use crate::protocol::{Done, ORDER, Order, Part, STATE};

/// Reads the order.
pub(crate) fn order(directory: &Path) -> Result<Order, Wrong> {
    let text = fs::read(directory.join(ORDER))
        .map_err(|_| Wrong::new("the node was not configured: there is no order there"))?;
    serde_json::from_slice(&text)
        .map_err(|error| Wrong::new(format!("the order cannot be read: {error}")))
}

/// Puts parts into the directory.
pub(crate) struct Sink {
    directory: PathBuf,
}

impl Sink {
    pub(crate) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }
}

impl PartSink for Sink {
    fn part(&mut self, part: FinishedPart) -> io::Result<()> {
        write(&path(&self.directory, part.index), &part.bytes)
    }
}

/// Writes down what was made, which makes the parts a bundle that can be sent.
pub(crate) fn finish(directory: &Path, mut done: Done) -> Result<Done, Wrong> {
    let mut index = 0;
    while let Ok(bytes) = fs::read(path(directory, index)) {
        done.parts.push(described(index, &bytes, Sha1::of(&bytes)));
        index += 1;
    }
    let text = serde_json::to_vec(&done).map_err(|error| Wrong::new(error.to_string()))?;
    write(&directory.join(STATE), &text)?;
    Ok(done)
}

/// Does a bundle that was made earlier wait there?
pub(crate) fn waits(directory: &Path) -> bool {
    directory.join(STATE).exists()
}

/// What was made there earlier.
pub(crate) fn state(directory: &Path) -> Result<Done, Wrong> {
    let text = fs::read(directory.join(STATE))
        .map_err(|_| Wrong::new("there is no bundle on the node that could be sent"))?;
    serde_json::from_slice(&text)
        .map_err(|error| Wrong::new(format!("the bundle on the node cannot be read: {error}")))
}

/// Reads a part that was kept.
pub(crate) fn part(directory: &Path, part: &Part) -> Result<(Part, Vec<u8>), Wrong> {
    let path = path(directory, part.index);
    let bytes =
        fs::read(&path).map_err(|error| Wrong::new(format!("{}: {error}", path.display())))?;
    match described(part.index, &bytes, Sha1::of(&bytes)).sha256 == part.sha256 {
        true => Ok((part.clone(), bytes)),
        false => Err(Wrong::new(format!("{}: it was changed", path.display()))),
    }
}

/// A part as the tool is told of it.
pub(crate) fn described(index: usize, bytes: &[u8], Sha1(sha1): Sha1) -> Part {
    Part {
        index,
        length: bytes.len() as u64,
        sha1,
        sha256: S3Digests::of(bytes).sha256,
    }
}

fn path(directory: &Path, index: usize) -> PathBuf {
    directory.join(format!("part.{index}"))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)
}
