//! The bytes of a volume that somebody writes to: a sparse file of its whole size, on which a loop device
//! can be put.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::SeekFrom;
use rustix::io::Errno;

use super::store::{BlockFile, BlockStore};
use super::{BLOCK, Layer, PER_GIB, digest};

/// A file with the bytes of a volume. It is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct VolumeFile(BlockFile);

impl VolumeFile {
    /// A file of a size in GiB with the bytes of a snapshot, or of zeros.
    pub(crate) fn new(
        store: &BlockStore,
        name: &str,
        of: Option<&Layer>,
        size: u32,
    ) -> io::Result<Self> {
        let file = store.create(&format!("{}.{name}", store.number()))?;
        fill(&file.file, of, size)?;
        Ok(VolumeFile(file))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    pub(crate) fn read(&self, index: u64, block: &mut [u8]) -> io::Result<()> {
        self.0.file.read_exact_at(block, index * BLOCK as u64)
    }

    /// A layer of what is in the file and not in the layer that it was made of.
    pub(crate) fn snapshot(
        &self,
        store: &BlockStore,
        origin: Option<&Arc<Layer>>,
    ) -> io::Result<Arc<Layer>> {
        let layer = Layer::over(store, origin.cloned(), false)?;
        let whole = self.0.file.metadata()?.len() / BLOCK as u64;
        add(&layer, &self.0.file, whole)?;
        Ok(Arc::new(layer))
    }
}

/// Makes a file as large as a volume and writes into it what a snapshot has. Zeros stay holes.
pub(crate) fn fill(file: &File, of: Option<&Layer>, size: u32) -> io::Result<()> {
    let blocks = u64::from(size) * PER_GIB;
    file.set_len(blocks * BLOCK as u64)?;
    let Some(layer) = of else { return Ok(()) };
    let zeros = digest([&[0; BLOCK][..]]);
    let mut next = 0;
    for block in layer.blocks(0) {
        let (index, digest) = block?;
        fill_gap(file, layer, next..index.min(blocks))?;
        next = index + 1;
        if digest != zeros && index < blocks {
            layer.copy_block(index, file)?;
        }
    }
    fill_gap(file, layer, next..blocks)
}

/// Writes the noise of an encrypted snapshot where nothing was written to it.
fn fill_gap(file: &File, layer: &Layer, gap: std::ops::Range<u64>) -> io::Result<()> {
    if layer.is_plain() {
        return Ok(());
    }
    let mut block = vec![0; BLOCK];
    for index in gap {
        layer.read(index, &mut block)?;
        file.write_all_at(&block, index * BLOCK as u64)?;
    }
    Ok(())
}

/// Adds to a layer the blocks of a file that are not as it has them. A file that ends within a block is
/// filled up with zeros.
pub(crate) fn add(layer: &Layer, file: &File, blocks: u64) -> io::Result<()> {
    let (mut block, mut was) = (vec![0; BLOCK], vec![0; BLOCK]);
    let mut next = 0;
    while let Some(index) = next_of_interest(layer, file, next)?.filter(|index| *index < blocks) {
        next = index + 1;
        read_block(file, index, &mut block)?;
        let is_same = match layer.digest(index)? {
            Some(known) => digest([&*block]) == known,
            None => {
                layer.read(index, &mut was)?;
                block == was
            }
        };
        if !is_same {
            let piece = bytes::Bytes::copy_from_slice(&block);
            // A layer that nobody else has is not sealed.
            let _ = layer.put(index, &digest([&*block]), &[piece])?;
        }
    }
    Ok(())
}

/// The next block that may differ: with data in the file, or with anything in the layer.
fn next_of_interest(layer: &Layer, file: &File, from: u64) -> io::Result<Option<u64>> {
    if !layer.is_plain() {
        return Ok(Some(from));
    }
    let with_data = match rustix::fs::seek(file, SeekFrom::Data(from * BLOCK as u64)) {
        Ok(place) => Some(place / BLOCK as u64),
        // There is only a hole behind this place, or nothing.
        Err(Errno::NXIO) => None,
        Err(error) => return Err(error.into()),
    };
    let written = layer
        .blocks(from)
        .next()
        .transpose()?
        .map(|(index, _)| index);
    Ok([with_data, written].into_iter().flatten().min())
}

fn read_block(file: &File, index: u64, block: &mut [u8]) -> io::Result<()> {
    let (start, mut done) = (index * BLOCK as u64, 0);
    while done < block.len() {
        match file.read_at(&mut block[done..], start + done as u64)? {
            0 => break,
            read => done += read,
        }
    }
    block[done..].fill(0);
    Ok(())
}
