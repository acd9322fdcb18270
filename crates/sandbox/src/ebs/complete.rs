//! CompleteSnapshot.

use serde_json::json;

use super::door::off_thread;
use super::error::{self, base64, parameter};
use super::{Answer, Invocation, blocks};
use crate::blocks::Digest;
use crate::course::Course;
use crate::frontdoor::Shared;
use crate::model::snapshot::SnapshotState;
use crate::wire::error::ApiError;
use crate::wire::params::Params;

/// The end of writing, and what the client knows of what it wrote.
struct Complete {
    snapshot: String,
    changed: u64,
    checksum: Option<String>,
}

impl Complete {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let missing = || ApiError::missing("ChangedBlocksCount");
        let complete = Complete {
            snapshot: blocks::take_snapshot(params, "SnapshotId")?,
            changed: params.number("ChangedBlocksCount")?.ok_or_else(missing)?,
            checksum: params.opt("Checksum"),
        };
        for (name, only) in [
            ("ChecksumAlgorithm", "SHA256"),
            ("ChecksumAggregationMethod", "LINEAR"),
        ] {
            match params.opt(name) {
                Some(word) if word != only => {
                    return Err(parameter(format!("The {name} {word} is not supported.")));
                }
                None if complete.checksum.is_some() => return Err(ApiError::missing(name)),
                _ => {}
            }
        }
        Ok(complete)
    }

    /// Compares what the client says with what was written. EBS does not document its words.
    fn check(
        &self,
        written: u64,
        linear: &dyn Fn() -> std::io::Result<Digest>,
    ) -> Result<(), ApiError> {
        if written != self.changed {
            let message = format!(
                "The changed blocks count {} does not match the number of blocks that were written: {written}.",
                self.changed
            );
            return Err(parameter(message));
        }
        let Some(checksum) = &self.checksum else {
            return Ok(());
        };
        if *checksum == base64(&linear().map_err(error::internal)?) {
            return Ok(());
        }
        Err(parameter(
            "The checksum does not match those of the blocks that were written.",
        ))
    }
}

/// Seals a snapshot. EC2 shows it as pending for the time that a snapshot takes.
pub(super) async fn run(shared: &Shared, call: Invocation) -> Result<Answer, ApiError> {
    let complete = call.take(Complete::take)?;
    let (layer, pace) = {
        let mut world = shared.lock();
        let pace = world.settings.paces.snapshot;
        let snapshot = blocks::open_upload(&mut world, &call.caller, &complete.snapshot)?;
        let has_begun = snapshot
            .upload
            .as_ref()
            .is_some_and(|upload| upload.has_begun);
        (snapshot.blocks.clone().filter(|_| has_begun), pace)
    };
    let complete = match layer {
        // Nothing was written: there is nothing to be sealed.
        None => {
            let nothing = || Ok(crate::blocks::digest([]));
            complete.check(0, &nothing)?;
            complete
        }
        Some(_) if call.pretends => complete,
        Some(layer) => {
            off_thread(move || {
                layer.seal(|written, linear| complete.check(written, linear))?;
                Ok(complete)
            })
            .await?
        }
    };
    if !call.pretends {
        let mut world = shared.lock();
        let snapshot = blocks::open_upload(&mut world, &call.caller, &complete.snapshot)?;
        snapshot.close();
        snapshot.course = Course::from(SnapshotState::Pending, pace, SnapshotState::Completed);
    }
    Ok(Answer::json(202, &json!({ "Status": "pending" })))
}
