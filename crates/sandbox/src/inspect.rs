//! The bytes of snapshots and volumes, for tests to put in and to look at.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::blocks::{self, BLOCK, BlockStore, Layer, VolumeFile};
use crate::model::snapshot::{COPIED_VOLUME, Snapshot, SnapshotState};
use crate::model::volume::Volume;
use crate::sandbox::Sandbox;

impl Sandbox {
    /// Puts a snapshot with the bytes of a file into a region and gives its ID. It is completed, and as
    /// many GiB large as the file needs. Blocks of zeros count as never written.
    ///
    /// # Errors
    /// When the file cannot be read, or its bytes not be kept.
    pub fn snapshot_from_file(
        &self,
        region: &str,
        path: &Path,
        fill: impl FnOnce(&mut Snapshot),
    ) -> io::Result<String> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let layer = Layer::over(&self.store(), None, false)?;
        blocks::add(&layer, &file, length.div_ceil(BLOCK as u64))?;
        let size = length.div_ceil(1 << 30).max(1);
        let size = u32::try_from(size).map_err(io::Error::other)?;
        Ok(self.snapshot(region, |snapshot| {
            snapshot.volume = COPIED_VOLUME.into();
            snapshot.size = size;
            snapshot.blocks = Some(Arc::new(layer));
            fill(snapshot);
        }))
    }

    /// The bytes that a volume of a snapshot would have at an offset. What was never written is zeros, or
    /// noise in an encrypted snapshot of StartSnapshot, as on EBS.
    ///
    /// # Errors
    /// When the files of the sandbox cannot be read.
    ///
    /// # Panics
    /// When there is no such snapshot.
    pub fn snapshot_bytes(&self, id: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let snapshot = self.known_snapshot(id);
        read(offset, length, |index, block| {
            read_layer(snapshot.blocks.as_deref(), index, block)
        })
    }

    /// Writes all bytes that a volume of a snapshot would have into a file, which becomes as large as the
    /// volume and has holes where there are zeros.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    ///
    /// # Panics
    /// When there is no such snapshot.
    pub fn export_snapshot(&self, id: &str, path: &Path) -> io::Result<()> {
        let snapshot = self.known_snapshot(id);
        blocks::fill(
            &File::create(path)?,
            snapshot.blocks.as_deref(),
            snapshot.size,
        )
    }

    /// The indexes of the blocks of 512 KiB that were written to a snapshot or to those that it was begun
    /// upon, in order.
    ///
    /// # Errors
    /// When the files of the sandbox cannot be read.
    ///
    /// # Panics
    /// When there is no such snapshot.
    pub fn written_blocks(&self, id: &str) -> io::Result<Vec<u64>> {
        let snapshot = self.known_snapshot(id);
        let written = snapshot.blocks.iter().flat_map(|layer| layer.blocks(0));
        written.map(|block| block.map(|(index, _)| index)).collect()
    }

    /// How many blocks were written to a snapshot itself.
    ///
    /// # Panics
    /// When there is no such snapshot.
    pub fn own_blocks(&self, id: &str) -> u64 {
        let snapshot = self.known_snapshot(id);
        let is_own = snapshot
            .upload
            .as_ref()
            .is_none_or(|upload| upload.has_begun);
        let layer = snapshot.blocks.filter(|_| is_own);
        layer.map_or(0, |layer| layer.written())
    }

    /// A snapshot by its ID, wherever it lies.
    pub fn find_snapshot(&self, id: &str) -> Option<Snapshot> {
        let mut world = self.world();
        let mut regions = world.regions_mut();
        regions.find_map(|region| region.snapshots.get(id).cloned())
    }

    /// The state of a snapshot at this moment; looking does not count as a read.
    ///
    /// # Panics
    /// When there is no such snapshot.
    pub fn snapshot_state(&self, id: &str) -> SnapshotState {
        let mut world = self.world();
        let mut regions = world.regions_mut();
        let state = regions.find_map(|region| {
            let snapshot = region.snapshots.get(id)?;
            Some(region.snapshot_state(snapshot).0)
        });
        state.unwrap_or_else(|| panic!("the sandbox has no {id}"))
    }

    /// The bytes of a volume at an offset.
    ///
    /// # Errors
    /// When the files of the sandbox cannot be read.
    ///
    /// # Panics
    /// When there is no such volume.
    pub fn volume_bytes(&self, id: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let volume = self.known_volume(id);
        read(offset, length, |index, block| match &volume.file {
            Some(file) => file.read(index, block),
            None => read_layer(volume.blocks.as_deref(), index, block),
        })
    }

    /// The file with the bytes of a volume: as large as the volume, sparse, and there to be written to,
    /// through a loop device say. Snapshots of the volume have what it has when they are taken. The file is
    /// made when it is first asked for, and goes with the volume.
    ///
    /// # Errors
    /// When the file cannot be made; ext4, for one, has none of more than 16 TiB.
    ///
    /// # Panics
    /// When there is no such volume.
    pub fn volume_file(&self, id: &str) -> io::Result<PathBuf> {
        let volume = self.known_volume(id);
        if let Some(file) = &volume.file {
            return Ok(file.path().to_owned());
        }
        // Calls are answered while it is being made.
        let file = VolumeFile::new(&self.store(), id, volume.blocks.as_deref(), volume.size)?;
        let mut path = file.path().to_owned();
        self.edit_volume(id, |volume| {
            let kept = volume.file.get_or_insert_with(|| Arc::new(file));
            path = kept.path().to_owned();
        });
        Ok(path)
    }

    /// A volume by its ID, wherever it lies.
    pub fn find_volume(&self, id: &str) -> Option<Volume> {
        let mut world = self.world();
        let mut regions = world.regions_mut();
        regions.find_map(|region| region.volumes.get(id).cloned())
    }

    /// A snapshot that must be there: another ID is a mistake of the test.
    fn known_snapshot(&self, id: &str) -> Snapshot {
        let found = self.find_snapshot(id);
        found.unwrap_or_else(|| panic!("the sandbox has no {id}"))
    }

    fn known_volume(&self, id: &str) -> Volume {
        let found = self.find_volume(id);
        found.unwrap_or_else(|| panic!("the sandbox has no {id}"))
    }

    fn store(&self) -> Arc<BlockStore> {
        Arc::clone(&self.world().blocks)
    }
}

fn read_layer(layer: Option<&Layer>, index: u64, block: &mut [u8]) -> io::Result<()> {
    match layer {
        Some(layer) => layer.read(index, block),
        None => {
            block.fill(0);
            Ok(())
        }
    }
}

/// Reads bytes out of the blocks that they lie in.
fn read(
    offset: u64,
    length: usize,
    block_at: impl Fn(u64, &mut [u8]) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let (mut bytes, mut block) = (Vec::with_capacity(length), vec![0; BLOCK]);
    let (mut index, mut skip) = (offset / BLOCK as u64, (offset % BLOCK as u64) as usize);
    while bytes.len() < length {
        block_at(index, &mut block)?;
        let end = BLOCK.min(skip + length - bytes.len());
        bytes.extend_from_slice(&block[skip..end]);
        (index, skip) = (index + 1, 0);
    }
    Ok(bytes)
}
