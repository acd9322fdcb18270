//! The gateway to the EBS direct APIs: snapshots written and read block by block.
//!
//! Invariant: SDK types become ours here and nowhere else. All of these calls may be made twice
//! without harm: StartSnapshot bears a client token, a block that is put again replaces itself.
//! Those for single blocks are made once all the same, because whoever makes thousands of them
//! decides himself when to make which one again.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_ebs::primitives::ByteStream;
use aws_sdk_ebs::types::{ChecksumAggregationMethod, ChecksumAlgorithm, SseType, Tag as SdkTag};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::body;
use crate::calls::{Calls, Patience};
use crate::error::{Error, Fault};
use crate::id::Id;
use crate::region::Region;
use crate::tag::{self, Tag};

/// Bytes of a block; EBS knows no other size (EBS direct API reference, StartSnapshot, BlockSize).
pub const BLOCK: usize = 512 * 1024;
/// Blocks in a GiB, the unit of volume sizes.
pub const BLOCKS_PER_GIB: u32 = 2048;
/// How long a snapshot may stay without a new block before EBS gives it up, unless told otherwise.
/// It is long, because what is kept pending can be gone on with until then.
pub const TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the data of one block may take to arrive once its answer has begun; the SDK's time-outs
/// end there. A link on which a block takes longer would take days for a disk.
const BODY: Duration = Duration::from_secs(60);
/// Blocks in one page of a listing: the most that EBS gives.
const PAGE: i32 = 10_000;

/// The EBS direct APIs in one region.
#[derive(Debug)]
pub struct Ebs {
    client: aws_sdk_ebs::Client,
    calls: Calls,
}

/// A snapshot to be written.
#[derive(Debug, Clone)]
pub struct NewSnapshot {
    /// The size of the volume it is of, in GiB.
    pub size: u32,
    /// Its description.
    pub description: Option<String>,
    /// The snapshot whose blocks it has where none are put; its encryption is inherited.
    pub parent: Option<Id>,
    /// Encrypt it; with a parent that must not be said.
    pub encrypt: bool,
    /// The ARN of the KMS key to encrypt it with; else the region's default one.
    pub kms_key: Option<String>,
    /// How long it may stay without a new block, to the minute.
    pub timeout: Duration,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// The UUID of the run, which is added to the tags.
    pub run: String,
    /// By which EBS knows the request again: two requests with one token make one snapshot.
    pub token: String,
}

/// A snapshot that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedSnapshot {
    /// Its ID.
    pub id: Id,
    /// Does EBS encrypt it? The account may have said so by default.
    pub is_encrypted: bool,
}

/// How EBS took it that all blocks of a snapshot are put.
#[derive(Debug)]
pub enum Completion {
    /// It checked them, and completes the snapshot.
    Accepted,
    /// It refused with this, after an answer was lost: that call may have been accepted. Whether it
    /// was, the snapshot's state will tell.
    InDoubt(Error),
}

/// May it be for its being complete already that EBS refuses to complete a snapshot? It takes no other
/// state than pending (EBS direct API reference, CompleteSnapshot), and has no reason of its own for
/// that.
pub fn may_be_complete(error: &Error) -> bool {
    error.code() == Some("ValidationException")
}

/// A page of a snapshot's blocks, in the order of their indexes.
#[derive(Debug, Clone, Default)]
pub struct BlockPage {
    /// The indexes of blocks that have data, and the token by which each is got.
    pub blocks: Vec<(u32, String)>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    /// The size of the volume, in GiB.
    pub size: u32,
}

/// A block as EBS gave it; whether its data is right, its digest says.
#[derive(Debug, Clone)]
pub struct FetchedBlock {
    /// Its data.
    pub data: Bytes,
    /// The SHA-256 that EBS keeps of it.
    pub digest: [u8; 32],
}

impl Ebs {
    /// A gateway that speaks as `config` says, and makes its calls so.
    pub(crate) fn new(config: &SdkConfig, calls: Calls) -> Self {
        let config = aws_sdk_ebs::config::Builder::from(config)
            .region(aws_sdk_ebs::config::Region::new(calls.region().to_string()))
            .build();
        Self {
            client: aws_sdk_ebs::Client::from_conf(config),
            calls,
        }
    }

    /// Where it is.
    pub fn region(&self) -> &Region {
        self.calls.region()
    }

    /// Can a call that failed so, at its `tries`th try, still succeed?
    pub fn may_ask_again(&self, error: &Error, tries: u32) -> bool {
        self.calls.may_ask_again(error, tries)
    }

    /// Begins a snapshot, with its tags on it from the first moment.
    ///
    /// # Errors
    /// What EBS refuses; `ConflictException` when the token stands for another request.
    pub async fn start_snapshot(&self, new: &NewSnapshot) -> Result<StartedSnapshot, Error> {
        let mut tags = new.tags.clone();
        tags.push(Tag::new(tag::RUN, &new.run));
        let tags = tags
            .iter()
            .map(|tag| SdkTag::builder().key(&tag.key).value(&tag.value).build());
        let tags: Vec<_> = tags.collect();
        let minutes = new.timeout.as_secs().div_ceil(60);
        let call = || {
            self.client
                .start_snapshot()
                .volume_size(i64::from(new.size))
                .set_description(new.description.clone())
                .set_parent_snapshot_id(new.parent.as_ref().map(Id::to_string))
                .set_encrypted(new.encrypt.then_some(true))
                .set_kms_key_arn(new.kms_key.clone())
                .set_tags(Some(tags.clone()))
                .timeout(i32::try_from(minutes).unwrap_or(i32::MAX))
                .client_token(&new.token)
        };
        self.calls
            .patiently(async || {
                let answer = self.calls.once("StartSnapshot", call().send()).await?;
                let id = answer.snapshot_id().and_then(|id| id.parse().ok());
                let id = id.ok_or_else(|| {
                    Error::failed("EBS began a snapshot without giving its ID")
                        .with_fault(Fault::Passing)
                })?;
                // What is not plainly unencrypted counts as encrypted.
                let sse = answer.sse_type();
                let is_plain = sse.is_none_or(|sse| *sse == SseType::None);
                Ok(StartedSnapshot {
                    id,
                    is_encrypted: answer.kms_key_arn().is_some() || !is_plain,
                })
            })
            .await
    }

    /// Puts one block of [`BLOCK`] bytes, in a single try. `digest` is the SHA-256 of its data.
    ///
    /// # Errors
    /// What EBS answers. Soon after its start a snapshot may be unknown.
    pub async fn put_block(
        &self,
        snapshot: &Id,
        index: u32,
        data: Bytes,
        digest: &[u8; 32],
    ) -> Result<(), Error> {
        let call = self
            .client
            .put_snapshot_block()
            .snapshot_id(snapshot.as_str())
            .block_index(i32::try_from(index).unwrap_or(i32::MAX))
            .data_length(i32::try_from(data.len()).unwrap_or(i32::MAX))
            .block_data(ByteStream::from(data))
            .checksum(STANDARD.encode(digest))
            .checksum_algorithm(ChecksumAlgorithm::ChecksumAlgorithmSha256)
            .send();
        self.calls.once("PutSnapshotBlock", call).await.map(drop)
    }

    /// Says that all blocks are put: how many different ones, and the SHA-256 over their digests in
    /// the order of their indexes (EBS calls that LINEAR). EBS then checks both and completes the
    /// snapshot, which may take a while.
    ///
    /// # Errors
    /// What EBS refuses.
    pub async fn complete_snapshot(
        &self,
        snapshot: &Id,
        changed: u32,
        digest: &[u8; 32],
    ) -> Result<Completion, Error> {
        let call = || {
            self.client
                .complete_snapshot()
                .snapshot_id(snapshot.as_str())
                .changed_blocks_count(i32::try_from(changed).unwrap_or(i32::MAX))
                .checksum(STANDARD.encode(digest))
                .checksum_algorithm(ChecksumAlgorithm::ChecksumAlgorithmSha256)
                .checksum_aggregation_method(ChecksumAggregationMethod::ChecksumAggregationLinear)
        };
        let mut patience = Patience::new(&self.calls);
        let mut in_doubt = false;
        loop {
            let error = match self.calls.once("CompleteSnapshot", call().send()).await {
                Ok(_) => return Ok(Completion::Accepted),
                Err(error) => error,
            };
            in_doubt |= error.fault() == Fault::Passing;
            if in_doubt && may_be_complete(&error) {
                return Ok(Completion::InDoubt(error));
            }
            patience.pause(error).await?;
        }
    }

    /// A page of the blocks that a snapshot has; `from` is where an earlier page said that the next
    /// one begins.
    ///
    /// # Errors
    /// What EBS answers.
    pub async fn blocks(&self, snapshot: &Id, from: Option<&str>) -> Result<BlockPage, Error> {
        let call = || {
            self.client
                .list_snapshot_blocks()
                .snapshot_id(snapshot.as_str())
                .set_next_token(from.map(str::to_owned))
                .max_results(PAGE)
        };
        let answer = self
            .calls
            .patiently(async || self.calls.once("ListSnapshotBlocks", call().send()).await)
            .await?;
        let block = |block: &aws_sdk_ebs::types::Block| {
            let index = u32::try_from(block.block_index()?).ok()?;
            Some((index, block.block_token()?.to_owned()))
        };
        Ok(BlockPage {
            blocks: answer.blocks().iter().filter_map(block).collect(),
            next: answer
                .next_token()
                .filter(|token| !token.is_empty())
                .map(str::to_owned),
            size: answer
                .volume_size()
                .and_then(|size| u32::try_from(size).ok())
                .unwrap_or_default(),
        })
    }

    /// Gets one block, in a single try.
    ///
    /// # Errors
    /// What EBS answers, and an answer that breaks off or does not end.
    pub async fn get_block(
        &self,
        snapshot: &Id,
        index: u32,
        token: &str,
    ) -> Result<FetchedBlock, Error> {
        let call = self
            .client
            .get_snapshot_block()
            .snapshot_id(snapshot.as_str())
            .block_index(i32::try_from(index).unwrap_or(i32::MAX))
            .block_token(token)
            .send();
        let answer = self.calls.once("GetSnapshotBlock", call).await?;
        let digest = answer
            .checksum()
            .and_then(|text| STANDARD.decode(text).ok())
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .ok_or_else(|| {
                Error::failed(format!("EBS gave block {index} without its SHA-256"))
                    .with_fault(Fault::Passing)
            })?;
        let mut body = answer.block_data;
        Ok(FetchedBlock {
            data: body::whole(&format!("block {index}"), BLOCK, BODY, async || {
                body.next().await
            })
            .await?,
            digest,
        })
    }
}
