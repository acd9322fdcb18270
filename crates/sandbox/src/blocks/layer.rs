//! The blocks that were written to a snapshot.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use rustix::fs::{SeekFrom, copy_file_range};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::store::{BlockFile, BlockStore};
use super::written::Written;
use super::{BLOCK, Digest, noise};

/// The bytes of a record of the index.
const RECORD: u64 = size_of::<Digest>() as u64;

/// How many blocks one file of data has: 8 TiB, since ext4 has no file of more than 16.
const SPAN: u64 = 1 << 24;

/// The files of the largest volume, which has 64 TiB.
const SPANS: usize = 8;

/// Blocks over those of a parent. All files are sparse: the block N of the data lies at N times 512 KiB,
/// and its SHA-256 at N times 32 of the index, where a hole stands for a block that was not written. So
/// nothing of a block is kept in memory.
#[derive(Debug)]
pub(crate) struct Layer {
    below: Option<Arc<Layer>>,
    /// What is where nothing was written: the seed of noise, or zeros.
    noise: Option<u64>,
    number: u64,
    data: [OnceLock<BlockFile>; SPANS],
    index: BlockFile,
    written: AtomicU64,
    /// One block after the other, as the file system has it anyway, though it burns time while it waits.
    writing: Mutex<()>,
    sealed: RwLock<bool>,
}

/// Why a layer takes no more blocks.
#[derive(Debug)]
pub(crate) struct Sealed;

impl Layer {
    /// An empty layer over another one. With `is_noise` its gaps, where the layers below have none
    /// either, read as noise.
    pub(crate) fn over(
        store: &BlockStore,
        below: Option<Arc<Layer>>,
        is_noise: bool,
    ) -> io::Result<Self> {
        let number = store.number();
        let noise = match &below {
            Some(below) => below.noise,
            None => is_noise.then(|| number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        };
        Ok(Layer {
            below,
            noise,
            number,
            data: [const { OnceLock::new() }; SPANS],
            index: store.create(&format!("{number}.digests"))?,
            written: AtomicU64::new(0),
            writing: Mutex::new(()),
            sealed: RwLock::new(false),
        })
    }

    /// Writes a block that has this digest, over what was there.
    pub(crate) fn put(
        &self,
        index: u64,
        digest: &Digest,
        pieces: &[Bytes],
    ) -> io::Result<Result<(), Sealed>> {
        let sealed = self.sealed.read().unwrap_or_else(PoisonError::into_inner);
        if *sealed {
            return Ok(Err(Sealed));
        }
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, mut place) = self.place(index)?;
        for piece in pieces {
            file.write_all_at(piece, place)?;
            place += piece.len() as u64;
        }
        let is_new = self.own_digest(index)?.is_none();
        self.index.file.write_all_at(digest, index * RECORD)?;
        if is_new {
            self.written.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Ok(()))
    }

    /// Takes no more blocks, when a check of what was written so far agrees: of the number of own blocks
    /// and of the SHA-256 over all their digests in the order of their indexes.
    pub(crate) fn seal<E>(
        &self,
        check: impl FnOnce(u64, &dyn Fn() -> io::Result<Digest>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut sealed = self.sealed.write().unwrap_or_else(PoisonError::into_inner);
        check(self.written(), &|| self.linear())?;
        *sealed = true;
        Ok(())
    }

    /// How many blocks were written to this layer itself.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// The layer that shows through.
    pub(crate) fn below(&self) -> Option<&Arc<Layer>> {
        self.below.as_ref()
    }

    /// The digest of a block, of this layer or of one below; none when it was never written.
    pub(crate) fn digest(&self, index: u64) -> io::Result<Option<Digest>> {
        Ok(self.holder(index)?.map(|(_, digest)| digest))
    }

    /// Reads a block that was written; none when it was not.
    pub(crate) fn block(&self, index: u64) -> io::Result<Option<(Vec<u8>, Digest)>> {
        let Some((layer, digest)) = self.holder(index)? else {
            return Ok(None);
        };
        let mut block = vec![0; BLOCK];
        layer.read_own(index, &mut block)?;
        Ok(Some((block, digest)))
    }

    /// Reads a block as a volume of the snapshot has it, written or not.
    pub(crate) fn read(&self, index: u64, block: &mut [u8]) -> io::Result<()> {
        match (self.holder(index)?, self.noise) {
            (Some((layer, _)), _) => layer.read_own(index, block)?,
            (None, Some(seed)) => noise::fill(seed, index, block),
            (None, None) => block.fill(0),
        }
        Ok(())
    }

    /// Copies a written block to its place in a file, within the kernel.
    pub(super) fn copy_block(&self, index: u64, to: &File) -> io::Result<()> {
        let Some((layer, _)) = self.holder(index)? else {
            return Ok(());
        };
        let (source, mut from) = layer.place(index)?;
        let (mut into, end) = (index * BLOCK as u64, from + BLOCK as u64);
        while from < end {
            let rest = (end - from) as usize;
            if copy_file_range(source, Some(&mut from), to, Some(&mut into), rest)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Whether all blocks that were not written are zeros.
    pub(crate) fn is_plain(&self) -> bool {
        self.noise.is_none()
    }

    /// The written blocks from an index on, with those of the layers below.
    pub(crate) fn blocks(&self, from: u64) -> Written<'_> {
        Written::of(self, from)
    }

    /// The digests of a row of blocks; zeros stand for what was not written.
    pub(super) fn digests(&self, from: u64, row: &mut [Digest]) -> io::Result<()> {
        self.own_digests(from, row)?;
        let Some(below) = &self.below else {
            return Ok(());
        };
        if row.iter().all(is_written) {
            return Ok(());
        }
        let mut under = vec![Digest::default(); row.len()];
        below.digests(from, &mut under)?;
        for (digest, under) in row.iter_mut().zip(under) {
            if !is_written(digest) {
                *digest = under;
            }
        }
        Ok(())
    }

    /// An index not before this one, before which nothing is written; none when nothing more is.
    pub(super) fn next(&self, from: u64) -> io::Result<Option<u64>> {
        let mut layer = Some(self);
        let mut nearest = None;
        while let Some(this) = layer {
            let found = rustix::fs::seek(&this.index.file, SeekFrom::Data(from * RECORD));
            match found {
                Ok(place) => {
                    let place = place / RECORD;
                    nearest = Some(nearest.map_or(place, |other: u64| other.min(place)));
                }
                // There is only a hole behind this place, or nothing.
                Err(Errno::NXIO) => {}
                Err(error) => return Err(error.into()),
            }
            layer = this.below.as_deref();
        }
        Ok(nearest)
    }

    /// The SHA-256 over the digests of the own blocks, one behind the other (EBS direct APIs reference,
    /// CompleteSnapshot, the aggregation method LINEAR).
    fn linear(&self) -> io::Result<Digest> {
        let mut hash = Sha256::new();
        for block in Written::own(self) {
            hash.update(block?.1);
        }
        Ok(hash.finalize().into())
    }

    fn read_own(&self, index: u64, block: &mut [u8]) -> io::Result<()> {
        let (file, place) = self.place(index)?;
        file.read_exact_at(block, place)
    }

    /// The file of a block, and where it lies there. The file is made for the first of its blocks, when
    /// nobody else is writing.
    fn place(&self, index: u64) -> io::Result<(&File, u64)> {
        let span = index / SPAN;
        let too_far = || io::Error::from(io::ErrorKind::InvalidInput);
        let file = self.data.get(span as usize).ok_or_else(too_far)?;
        if file.get().is_none() {
            let made = self
                .index
                .beside(&format!("{}.{span}.blocks", self.number))?;
            // It is still empty.
            let _ = file.set(made);
        }
        let file = file.get().ok_or_else(too_far)?;
        Ok((&file.file, index % SPAN * BLOCK as u64))
    }

    fn holder(&self, index: u64) -> io::Result<Option<(&Layer, Digest)>> {
        let mut layer = Some(self);
        while let Some(this) = layer {
            if let Some(digest) = this.own_digest(index)? {
                return Ok(Some((this, digest)));
            }
            layer = this.below.as_deref();
        }
        Ok(None)
    }

    fn own_digest(&self, index: u64) -> io::Result<Option<Digest>> {
        let mut row = [Digest::default()];
        self.own_digests(index, &mut row)?;
        Ok(Some(row[0]).filter(is_written))
    }

    /// Reads a row of the index; behind the end of the file there is nothing.
    pub(super) fn own_digests(&self, from: u64, row: &mut [Digest]) -> io::Result<()> {
        row.fill(Digest::default());
        let bytes = row.as_flattened_mut();
        let mut done = 0;
        while done < bytes.len() {
            let place = from * RECORD + done as u64;
            match self.index.file.read_at(&mut bytes[done..], place)? {
                0 => break,
                read => done += read,
            }
        }
        Ok(())
    }
}

/// No block has a SHA-256 of zeros only.
pub(super) fn is_written(digest: &Digest) -> bool {
    *digest != Digest::default()
}
