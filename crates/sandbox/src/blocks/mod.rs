//! The bytes of snapshots and volumes, on disk.
//!
//! A snapshot is a [`Layer`]: a sparse file of the blocks that were written to it, over the layer of its
//! parent. A copy of a snapshot, an image of it and a volume made from it share its layer, so that they
//! cost nothing until somebody writes. What has no bytes has no layer, and no file.

mod difference;
mod layer;
mod noise;
mod store;
mod volume_file;
mod written;

pub(crate) use difference::Difference;
pub(crate) use layer::Layer;
pub(crate) use store::{BlockStore, ClosedFile};
pub(crate) use volume_file::{VolumeFile, add, fill};

use sha2::{Digest as _, Sha256};

/// The bytes of a block (EBS direct APIs reference, PutSnapshotBlock: the only size there is).
pub(crate) const BLOCK: usize = 512 << 10;

/// The blocks of a GiB.
pub(crate) const PER_GIB: u64 = 2048;

/// The SHA-256 of a block.
pub(crate) type Digest = [u8; 32];

/// The SHA-256 of bytes that lie in pieces.
pub(crate) fn digest<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Digest {
    let mut hash = Sha256::new();
    for piece in pieces {
        hash.update(piece);
    }
    hash.finalize().into()
}
