//! From the parts of a bundle to the image, in one pass.
//!
//! ```text
//! parts: digest, AES ─> gunzip ─> tar digest, tar, sink
//! ```
//!
//! Three threads with short queues between them. A part is used only once its digest was found right,
//! and is therefore held in memory; what it becomes is not.

mod inflate;
mod parts;

use std::{
    io::{self, Read},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use sha1::Digest as _;

use crate::{ContentKey, Error, ImageSink, Manifest, Sha1, manifest::Part, tar};

pub use parts::MOST_PART;

/// Where parts come from. It is called on a thread of its own, once for each part in order.
pub trait PartSource: Send {
    /// Opens a part. What it gives is read to its end, or until it is longer than it can be.
    ///
    /// # Errors
    ///
    /// When it cannot be had; unpacking then ends with [`Error::PartRead`].
    fn open(&mut self, part: &Part) -> io::Result<Box<dyn Read + '_>>;

    /// Gives all of a part, from a source that has it in memory, so that it is there once only; `None`
    /// where it is to be opened.
    ///
    /// # Errors
    ///
    /// As of `open`.
    fn whole(&mut self, part: &Part) -> io::Result<Option<Vec<u8>>> {
        let _ = part;
        Ok(None)
    }
}

impl<F: FnMut(&Part) -> io::Result<Box<dyn Read>> + Send> PartSource for F {
    fn open(&mut self, part: &Part) -> io::Result<Box<dyn Read + '_>> {
        self(part)
    }
}

/// Unpacks the bundle that `manifest` describes: `source` gives the parts, `sink` takes the image, on
/// the caller's thread. When `stop` is set, it ends soon after.
///
/// What was given to `sink` is right only when this returns without an error: digest and size of the
/// whole are known at the end.
///
/// # Errors
///
/// When a part cannot be had or is not what the manifest says, when what they make up is not one
/// image of the manifest's name, size and digest, when `sink` fails, or it was stopped.
pub fn unpack(
    manifest: &Manifest,
    key: &ContentKey,
    source: &mut dyn PartSource,
    stop: &AtomicBool,
    sink: &mut dyn ImageSink,
) -> Result<(), Error> {
    let image = &manifest.image;
    let mut reader = tar::Reader::new(&image.name, image.size);
    let mut digest = sha1::Sha1::new();
    thread::scope(|scope| {
        let plain = parts::start(scope, image, key, source, stop);
        let pieces = inflate::start(scope, plain);
        for piece in &pieces.full {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            let piece = piece?;
            digest.update(piece.bytes());
            reader.push(piece.bytes(), sink)?;
            pieces.give_back(piece);
        }
        Ok(())
    })?;
    reader.finish()?;
    if Sha1(digest.finalize().into()) != image.digest {
        return Err(Error::contents("has not the digest that the manifest says"));
    }
    Ok(())
}
