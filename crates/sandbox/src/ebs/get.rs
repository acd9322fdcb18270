//! GetSnapshotBlock.

use super::door::off_thread;
use super::error::{self, base64};
use super::{Answer, Invocation, blocks};
use crate::blocks::BLOCK;
use crate::frontdoor::Shared;
use crate::wire::error::ApiError;
use crate::wire::params::Params;

/// A block to be read.
struct Get {
    snapshot: String,
    index: u64,
    token: String,
}

impl Get {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(Get {
            snapshot: blocks::take_snapshot(params, "SnapshotId")?,
            index: params
                .number::<u32>("BlockIndex")?
                .unwrap_or_default()
                .into(),
            token: params.req("BlockToken")?,
        })
    }
}

/// Reads a block of which a list gave the token.
pub(super) async fn run(shared: &Shared, call: Invocation) -> Result<Answer, ApiError> {
    let get = call.take(Get::take)?;
    let layer = {
        let world = shared.lock();
        let snapshot = blocks::complete(&world, &call.caller, &get.snapshot)?;
        world
            .block_tokens
            .check_block(&get.token, &get.snapshot, get.index)?;
        snapshot.blocks.clone()
    };
    let read = off_thread(move || layer.and_then(|layer| layer.block(get.index).transpose())).await;
    // Only a token that was given out leads here, and those are of blocks that were written.
    let found = read.transpose().map_err(error::internal)?;
    let (block, digest) = found.ok_or_else(|| error::no_snapshot(&get.snapshot))?;
    Ok(Answer {
        status: 200,
        headers: vec![
            ("x-amz-Data-Length", BLOCK.to_string()),
            ("x-amz-Checksum", base64(&digest)),
            ("x-amz-Checksum-Algorithm", "SHA256".to_owned()),
        ],
        content_type: "application/octet-stream",
        body: block.into(),
    })
}
