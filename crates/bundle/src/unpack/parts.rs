//! Reads parts, checks them, and decrypts them.

use std::{
    io::Read,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::Scope,
};

use aes::{
    Aes128,
    cipher::{BlockDecryptMut, KeyIvInit, inout::InOutBuf},
};
use sha1::Digest as _;

use super::PartSource;
use crate::{
    ContentKey, Error, PART_SIZE, Sha1,
    manifest::{ImageElement, Part},
};

/// How large a part may be, in bytes. Writers make parts of [`PART_SIZE`]; some can be told otherwise.
pub const MOST_PART: u64 = 64 * 1024 * 1024;

/// How much of a part is read between two looks at the flag.
const STEP: u64 = 256 * 1024;

/// The pieces of a large part, in bytes.
const PIECE: usize = 1024 * 1024;

/// The block of AES in bytes.
const AES_BLOCK: usize = 16;

/// What was decrypted of each part, in order, or why there is no more.
pub(super) type Plain = Receiver<Result<Vec<u8>, Error>>;

/// Starts reading. It ends when the receiver is dropped, or `stop` is set.
pub(super) fn start<'scope, 'env: 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    image: &'env ImageElement,
    key: &ContentKey,
    source: &'env mut dyn PartSource,
    stop: &'env AtomicBool,
) -> Plain {
    let (sender, plain) = sync_channel(1);
    let opener = Opener {
        cipher: cbc::Decryptor::new(key.key().into(), key.iv().into()),
        left: image.bundled_size,
        rest: Vec::new(),
        stop,
    };
    scope.spawn(move || {
        if let Err(error) = opener.all(image, source, &sender) {
            // Nobody listens any more when something further down failed.
            let _ = sender.send(Err(error));
        }
    });
    plain
}

/// Gives what is in a part to who inflates it; false when nobody listens any more. Of a large part pieces
/// are copied, so that there are not three of it on the way.
fn give(bytes: Vec<u8>, sender: &Sender) -> bool {
    match bytes.len() <= PART_SIZE {
        true => sender.send(Ok(bytes)).is_ok(),
        false => bytes
            .chunks(PIECE)
            .all(|piece| sender.send(Ok(piece.to_vec())).is_ok()),
    }
}

struct Opener<'a> {
    cipher: cbc::Decryptor<Aes128>,
    /// How many bytes the parts to come have together.
    left: u64,
    /// What was read and is not decrypted yet: a block at most, which may be the one with the filling.
    rest: Vec<u8>,
    stop: &'a AtomicBool,
}

type Sender = SyncSender<Result<Vec<u8>, Error>>;

impl Opener<'_> {
    fn all(
        mut self,
        image: &ImageElement,
        source: &mut dyn PartSource,
        sender: &Sender,
    ) -> Result<(), Error> {
        for part in &image.parts {
            let mut bytes = self.read(part, source)?;
            // What is left of the last whole block, or that block, waits for what follows it.
            let whole = bytes.len().saturating_sub(1) / AES_BLOCK * AES_BLOCK;
            self.rest = bytes.split_off(whole);
            self.decrypt(&mut bytes);
            if !give(bytes, sender) {
                return Ok(());
            }
        }
        if self.left != 0 {
            let left = self.left;
            return Err(Error::contents(format!(
                "is {left} bytes shorter than the manifest says"
            )));
        }
        let last = self.unpadded()?;
        // Whoever listened has failed, and says why.
        let _ = sender.send(Ok(last));
        Ok(())
    }

    /// A whole part after what is left of the one before. Nothing of it is used before its digest was
    /// found right.
    fn read(&mut self, part: &Part, source: &mut dyn PartSource) -> Result<Vec<u8>, Error> {
        let failed = |cause| Error::PartRead {
            file_name: part.file_name.clone(),
            cause,
        };
        let most = self.left.min(MOST_PART);
        let wrong = |what: String| Error::Part {
            file_name: part.file_name.clone(),
            what,
        };
        let (bytes, digest) = match source.whole(part).map_err(failed)? {
            Some(whole) => {
                let digest = Sha1::of(&whole);
                (whole, digest)
            }
            None => {
                let reader = source.open(part).map_err(failed)?;
                self.collect(reader, most)
                    .map_err(|why| why.map_or(Error::Stopped, failed))?
            }
        };
        let length = bytes.len() as u64;
        if length > most {
            return Err(wrong(format!(
                "is larger than the {most} bytes that it can have"
            )));
        }
        if digest != part.digest {
            return Err(wrong("has not the digest that the manifest says".into()));
        }
        self.left -= length;
        let mut bytes = bytes;
        bytes.splice(0..0, std::mem::take(&mut self.rest));
        Ok(bytes)
    }

    /// Reads a part to its end, or until it is longer than `most`, and its digest. No error is that it
    /// was stopped.
    fn collect(
        &self,
        reader: Box<dyn Read + '_>,
        most: u64,
    ) -> Result<(Vec<u8>, Sha1), Option<std::io::Error>> {
        let mut reader = reader.take(most + 1);
        let mut digest = sha1::Sha1::new();
        // Memory is taken from the system when it is written to.
        let usual = PART_SIZE.min(usize::try_from(most).unwrap_or(PART_SIZE));
        let mut bytes = Vec::with_capacity(usual + 1 + AES_BLOCK);
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(None);
            }
            let before = bytes.len();
            let mut step = reader.by_ref().take(STEP);
            if step.read_to_end(&mut bytes).map_err(Some)? == 0 {
                break;
            }
            digest.update(&bytes[before..]);
        }
        Ok((bytes, Sha1(digest.finalize().into())))
    }

    fn decrypt(&mut self, bytes: &mut [u8]) {
        let (blocks, _) = InOutBuf::from(bytes).into_chunks();
        self.cipher.decrypt_blocks_inout_mut(blocks);
    }

    /// The last block without its filling (PKCS#7).
    fn unpadded(&mut self) -> Result<Vec<u8>, Error> {
        let mut last = std::mem::take(&mut self.rest);
        if last.len() != AES_BLOCK {
            return Err(Error::contents(
                "is cut off, or its size is no multiple of 16",
            ));
        }
        self.decrypt(&mut last);
        let filling = last.last().copied().map_or(0, usize::from);
        let right = (1..=AES_BLOCK).contains(&filling)
            && last[AES_BLOCK - filling..]
                .iter()
                .all(|&byte| usize::from(byte) == filling);
        if !right {
            return Err(Error::contents(
                "cannot be decrypted, or its end is damaged",
            ));
        }
        last.truncate(AES_BLOCK - filling);
        Ok(last)
    }
}
