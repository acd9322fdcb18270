//! From an image to the parts of a bundle, in one pass.
//!
//! ```text
//! archive ──┬─> tar digest
//!           └─> blocks ─> deflate on each core ─> seal: gzip, AES, parts ─> digests, sink
//! ```
//!
//! Every arrow is a queue of a few blocks, so memory is bounded whatever the image's size, and a sink
//! that takes its time holds back all that comes before it. Nothing is written to disk.

mod archive;
mod compress;
mod seal;

use std::{
    io,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use sha2::Digest as _;

use crate::{ContentKey, Error, Image, PART_SIZE, Sha1, tar::Member};

/// How hard to compress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// As fast as can be.
    Fast,
    /// A few per cent larger than `gzip -9` makes it, in an eighth of its time on one core.
    #[default]
    Default,
    /// As small as `gzip -9` makes it, within half a per cent.
    Best,
}

/// How to pack.
#[derive(Clone, Debug)]
pub struct Options {
    /// How hard to compress.
    pub compression: Compression,
    /// How many bytes a part has, a multiple of 16. Other than [`PART_SIZE`] only for tests: no reader
    /// but this one is known to take others.
    pub part_size: usize,
    /// On how many cores to compress; `None`: on all, up to 32.
    pub threads: Option<NonZeroUsize>,
    /// Whether to work out the digests that S3 takes, besides SHA-1.
    pub s3_digests: bool,
    /// Where the bytes are counted that were read of the image; holes are not read.
    pub read: Option<Arc<AtomicU64>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            compression: Compression::default(),
            part_size: PART_SIZE,
            threads: None,
            s3_digests: false,
            read: None,
        }
    }
}

/// A part of a bundle, as it is stored.
#[derive(Debug)]
pub struct FinishedPart {
    /// Its place, from 0.
    pub index: usize,
    /// All of it: of the size asked for, the last one of 16 bytes at least.
    pub bytes: Vec<u8>,
    /// Its digest for the manifest.
    pub sha1: Sha1,
    /// Its digests for S3, if asked for.
    pub s3: Option<S3Digests>,
}

/// Digests that S3 checks what it is sent by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct S3Digests {
    /// SHA-256, for `x-amz-checksum-sha256` and `x-amz-content-sha256`.
    pub sha256: [u8; 32],
}

impl S3Digests {
    /// Those of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            sha256: sha2::Sha256::digest(bytes).into(),
        }
    }
}

/// Takes the parts in order. It may block; nothing is made in advance then but two more parts.
pub trait PartSink {
    /// Takes a part.
    ///
    /// # Errors
    ///
    /// When it cannot be kept; packing then ends with [`Error::Sink`].
    fn part(&mut self, part: FinishedPart) -> io::Result<()>;
}

impl<F: FnMut(FinishedPart) -> io::Result<()>> PartSink for F {
    fn part(&mut self, part: FinishedPart) -> io::Result<()> {
        self(part)
    }
}

/// What a manifest says of what was packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The digest of the tar archive.
    pub digest: Sha1,
    /// The image's size in bytes.
    pub size: u64,
    /// The sum of the parts' sizes in bytes.
    pub bundled_size: u64,
    /// The parts' digests in order.
    pub parts: Vec<Sha1>,
}

/// Packs `image` as `member`, encrypts it by `key` and gives the parts to `sink`, all within this
/// call: `sink` is called on the caller's thread. When `stop` is set, it ends soon after, though
/// not while `sink` blocks.
///
/// # Errors
///
/// When the image cannot be read or is not of its size, `sink` fails, or it was stopped.
pub fn pack(
    image: Image,
    member: &Member,
    key: &ContentKey,
    options: &Options,
    stop: &AtomicBool,
    sink: &mut dyn PartSink,
) -> Result<Packed, Error> {
    crate::name::image("the name of the image", &member.name)?;
    if options.part_size == 0 || !options.part_size.is_multiple_of(16) {
        let cause = io::Error::other("a part's size is no multiple of 16 bytes");
        return Err(Error::Sink(cause));
    }
    let size = image.size();
    let archive = archive::Archive::new(image, member, options.read.clone());
    thread::scope(|scope| {
        let work = compress::start(scope, archive, options, stop);
        let (parts, sealer) = seal::start(scope, work.blocks, key, options.part_size);
        let taken = take(parts, options, stop, sink);
        // What goes wrong further up also ends what comes after it, and is the cause to tell.
        let read = compress::joined(work.reader)?;
        let sealed = compress::joined(sealer)?;
        let (bundled_size, parts) = taken?;
        read?;
        sealed?;
        let digest = Sha1(compress::joined(work.digest)?);
        Ok(Packed {
            digest,
            size,
            bundled_size,
            parts,
        })
    })
}

type Taken = (u64, Vec<Sha1>);

/// Gives the parts to the sink as they are finished.
fn take(
    parts: std::sync::mpsc::Receiver<Vec<u8>>,
    options: &Options,
    stop: &AtomicBool,
    sink: &mut dyn PartSink,
) -> Result<Taken, Error> {
    let mut bundled_size = 0;
    let mut digests = Vec::new();
    for bytes in parts {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        let sha1 = Sha1::of(&bytes);
        let s3 = options.s3_digests.then(|| S3Digests::of(&bytes));
        bundled_size += bytes.len() as u64;
        let index = digests.len();
        digests.push(sha1);
        sink.part(FinishedPart {
            index,
            bytes,
            sha1,
            s3,
        })
        .map_err(Error::Sink)?;
    }
    Ok((bundled_size, digests))
}
