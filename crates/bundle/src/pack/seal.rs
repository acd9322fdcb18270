//! Frames compressed blocks as gzip, encrypts them and cuts them into parts.

use std::{
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{Scope, ScopedJoinHandle},
};

use aes::{
    Aes128,
    cipher::{BlockEncryptMut, KeyIvInit, inout::InOutBuf},
};
use zlib_rs::crc32::crc32_combine;

use super::compress::Blocks;
use crate::{ContentKey, Error, gzip};

/// The block of AES in bytes.
const AES_BLOCK: usize = 16;

/// Starts the sealing. It ends when the parts' receiver is dropped.
pub(super) fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    blocks: Blocks,
    key: &ContentKey,
    part_size: usize,
) -> (
    Receiver<Vec<u8>>,
    ScopedJoinHandle<'scope, Result<(), Error>>,
) {
    let (sender, parts) = sync_channel(1);
    let sealer = Sealer {
        cipher: cbc::Encryptor::new(key.key().into(), key.iv().into()),
        part: Vec::new(),
        encrypted: 0,
        part_size,
        parts: sender,
    };
    (parts, scope.spawn(|| seal(blocks, sealer)))
}

fn seal(blocks: Blocks, mut sealer: Sealer) -> Result<(), Error> {
    let (mut checksum, mut length) = (0, 0);
    if !sealer.add(&gzip::HEADER) {
        return Ok(());
    }
    for block in blocks {
        // The one that was to answer is gone when the reader failed, and the reader tells why.
        let Ok(block) = block.recv() else {
            return Ok(());
        };
        let block = block?;
        checksum = crc32_combine(checksum, block.checksum, block.length);
        length += block.length;
        if !sealer.add(&block.bytes) {
            return Ok(());
        }
        // Without it the reader failed, and there is nothing to finish.
        if block.last {
            sealer.finish(&gzip::trailer(checksum, length));
            return Ok(());
        }
    }
    Ok(())
}

struct Sealer {
    cipher: cbc::Encryptor<Aes128>,
    part: Vec<u8>,
    /// How much of the part is encrypted: whole blocks of it.
    encrypted: usize,
    part_size: usize,
    parts: SyncSender<Vec<u8>>,
}

impl Sealer {
    /// Adds bytes; `false` when nobody takes parts any more.
    fn add(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if self.part.len() == self.part_size && !self.send() {
                return false;
            }
            if self.part.capacity() == 0 {
                self.part.reserve_exact(self.part_size);
            }
            let room = self.part_size - self.part.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.part.extend_from_slice(now);
            self.encrypt();
            bytes = later;
        }
        true
    }

    /// Encrypts the whole blocks that were added.
    fn encrypt(&mut self) {
        let (blocks, _) = InOutBuf::from(&mut self.part[self.encrypted..]).into_chunks();
        self.encrypted += blocks.len() * AES_BLOCK;
        self.cipher.encrypt_blocks_inout_mut(blocks);
    }

    fn send(&mut self) -> bool {
        self.encrypted = 0;
        self.parts.send(std::mem::take(&mut self.part)).is_ok()
    }

    /// Adds the trailer and fills up the last block: each byte of the filling says how long that is,
    /// and there is always one (PKCS#7).
    fn finish(mut self, trailer: &[u8]) {
        if !self.add(trailer) {
            return;
        }
        let filling = AES_BLOCK - self.part.len() % AES_BLOCK;
        // A block has 16 bytes.
        let filling = [filling as u8; AES_BLOCK];
        if self.add(&filling[..usize::from(filling[0])]) {
            self.send();
        }
    }
}
