//! PutSnapshotBlock.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::door::off_thread;
use super::error::{self, base64, parameter};
use super::{Answer, Caller, Invocation, blocks};
use crate::blocks::{BLOCK, Digest, Layer, PER_GIB};
use crate::frontdoor::Shared;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::world::World;

/// One block of a snapshot.
struct Put {
    snapshot: String,
    index: u64,
    length: usize,
    checksum: String,
    progress: Option<u32>,
}

impl Put {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let put = Put {
            snapshot: blocks::take_snapshot(params, "SnapshotId")?,
            index: params
                .number::<u32>("BlockIndex")?
                .unwrap_or_default()
                .into(),
            length: params
                .number("DataLength")?
                .ok_or_else(|| ApiError::missing("DataLength"))?,
            checksum: params.req("Checksum")?,
            progress: params.number("Progress")?,
        };
        let algorithm = params.req("ChecksumAlgorithm")?;
        if algorithm != "SHA256" {
            return Err(parameter(format!(
                "The checksum algorithm {algorithm} is not supported."
            )));
        }
        if put.length != BLOCK {
            let message = format!("The data length {} is not {BLOCK}.", put.length);
            return Err(parameter(message));
        }
        if put.progress.is_some_and(|percent| percent > 100) {
            return Err(parameter("The progress is not from 0 to 100."));
        }
        Ok(put)
    }

    /// Refuses data with another checksum, and gives the right one. Which reason and message go with this
    /// is not documented.
    fn compare(&self, digest: &Digest) -> Result<String, ApiError> {
        let checksum = base64(digest);
        if checksum == self.checksum {
            return Ok(checksum);
        }
        let message = "The checksum of the block data does not match the provided checksum.";
        Err(parameter(message))
    }

    /// Notes that the snapshot is being written, and gives where to.
    fn begin(&self, world: &mut World, caller: &Caller) -> Result<Arc<Layer>, ApiError> {
        let store = Arc::clone(&world.blocks);
        let snapshot = blocks::open_upload(world, caller, &self.snapshot)?;
        let too_far = self.index >= u64::from(snapshot.size) * PER_GIB;
        let missing = || error::no_snapshot(&self.snapshot);
        let upload = snapshot.upload.as_mut().ok_or_else(missing)?;
        if upload.unknown_puts > 0 {
            upload.unknown_puts -= 1;
            return Err(missing());
        }
        if too_far {
            let message = format!("The block index {} is outside of the volume.", self.index);
            return Err(error::validation("INVALID_BLOCK", message));
        }
        upload.touched = Instant::now();
        upload.progress = self.progress.unwrap_or(upload.progress);
        if let Some(layer) = snapshot.blocks.as_ref().filter(|_| upload.has_begun) {
            return Ok(Arc::clone(layer));
        }
        let below = snapshot.blocks.take();
        let layer = Layer::over(&store, below, snapshot.encrypted).map_err(error::internal)?;
        let layer = Arc::new(layer);
        snapshot.blocks = Some(Arc::clone(&layer));
        upload.has_begun = true;
        Ok(layer)
    }
}

/// Compares a block with its checksum and writes it.
pub(super) async fn run(shared: &Shared, call: Invocation) -> Result<Answer, ApiError> {
    let put = call.take(Put::take)?;
    let layer = put.begin(&mut shared.lock(), &call.caller)?;
    // Such a block may be sent again (EBS user guide, "Error retries for EBS direct APIs").
    if call.body.len() != put.length {
        return Err(parameter("Failed to read block data"));
    }
    off_thread(move || {
        let digest = call.digest.unwrap_or_else(|| call.body.digest());
        let checksum = put.compare(&digest)?;
        if !call.pretends {
            let written = layer.put(put.index, &digest, call.body.as_slice());
            let written = written.map_err(error::internal)?;
            written.map_err(|_sealed| blocks::not_open(&put.snapshot))?;
        }
        Ok(answer(checksum))
    })
    .await
}

fn answer(checksum: String) -> Answer {
    Answer {
        status: 201,
        headers: vec![
            ("x-amz-Checksum", checksum),
            ("x-amz-Checksum-Algorithm", "SHA256".to_owned()),
        ],
        content_type: "application/json",
        body: Bytes::new(),
    }
}
