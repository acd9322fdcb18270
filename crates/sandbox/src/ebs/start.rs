//! StartSnapshot.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::error::{self, parameter, validation};
use super::{Answer, Caller, Invocation, blocks, quota};
use crate::blocks::BLOCK;
use crate::course::{Course, Veil};
use crate::ec2;
use crate::model::kms_key::{KmsKey, KmsKeyState};
use crate::model::snapshot::{COPIED_VOLUME, Snapshot, SnapshotState, Upload};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::world::{Region, TokenUse, World};

const ACTION: &str = "StartSnapshot";

/// The largest volume there is, in GiB.
const MAX_SIZE: u32 = 65_536;

/// A snapshot to be written.
struct Start {
    size: u32,
    parent: Option<String>,
    tags: ec2::Tags,
    description: String,
    token: Option<String>,
    encrypted: Option<bool>,
    key: Option<String>,
    minutes: u64,
}

impl Start {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let size: Option<u32> = params.number("VolumeSize")?;
        let size = size.ok_or_else(|| ApiError::missing("VolumeSize"))?;
        if !(1..=MAX_SIZE).contains(&size) {
            let message = format!("The volume size {size} is not from 1 to {MAX_SIZE} GiB.");
            return Err(validation("INVALID_VOLUME_SIZE", message));
        }
        let minutes = params.number("Timeout")?.unwrap_or(60);
        if !(10..=4320).contains(&minutes) {
            return Err(parameter(format!(
                "The timeout {minutes} is not from 10 to 4320 minutes."
            )));
        }
        let tags = ec2::take_tags(params, "Tags");
        let start = Start {
            size,
            parent: blocks::take_other(params, "ParentSnapshotId")?,
            tags: tags.map_err(|error| validation("INVALID_TAG", error.message))?,
            description: params.opt("Description").unwrap_or_default(),
            token: params.opt("ClientToken"),
            encrypted: params.flag("Encrypted")?,
            key: params.opt("KmsKeyArn"),
            minutes,
        };
        if start.parent.is_some() && start.encrypted.is_some() {
            return Err(parameter(
                "ParentSnapshotId and Encrypted cannot be specified together.",
            ));
        }
        if start.description.chars().count() > 255 {
            return Err(parameter("The description has more than 255 characters."));
        }
        Ok(start)
    }

    fn snapshot(&self, region: &Region, caller: &Caller) -> Result<Snapshot, ApiError> {
        let mut snapshot = Snapshot::new(&caller.account, COPIED_VOLUME, self.size);
        snapshot.description.clone_from(&self.description);
        snapshot.tags.clone_from(&self.tags);
        match &self.parent {
            Some(id) => self.follow(region, caller, id, &mut snapshot)?,
            None => snapshot.kms_key = self.own_key(region, caller)?,
        }
        snapshot.encrypted = snapshot.kms_key.is_some();
        Ok(snapshot)
    }

    /// Takes over what a parent has (EBS user guide, "Encryption outcomes for EBS direct APIs").
    fn follow(
        &self,
        region: &Region,
        caller: &Caller,
        id: &str,
        snapshot: &mut Snapshot,
    ) -> Result<(), ApiError> {
        let found = region.snapshots.get(id);
        let open = found.filter(|parent| region.opens(parent, &caller.account));
        let parent = open.ok_or_else(|| error::no_snapshot(id))?;
        if region.snapshot_state(parent).0 != SnapshotState::Completed {
            return Err(parameter(format!(
                "The snapshot '{id}' is not in the completed state."
            )));
        }
        if self.size < parent.size {
            let message = format!(
                "The volume size {} is smaller than that of the parent snapshot: {} GiB.",
                self.size, parent.size
            );
            return Err(validation("INVALID_VOLUME_SIZE", message));
        }
        if self.key.is_some() {
            let message = "KmsKeyArn cannot be specified with a parent snapshot.";
            return Err(parameter(message));
        }
        if !parent.encrypted && region.encrypts(&caller.account) {
            let message =
                "The parent snapshot is not encrypted, and encryption by default is enabled.";
            return Err(parameter(message));
        }
        blocks::check_key(region, caller, parent)?;
        snapshot.blocks.clone_from(&parent.blocks);
        if parent.encrypted {
            let default = || KmsKey::of_ebs(&parent.owner, &caller.region).arn();
            snapshot.kms_key = Some(parent.kms_key.clone().unwrap_or_else(default));
        }
        Ok(())
    }

    /// The key of a snapshot without a parent; none when it is not encrypted.
    fn own_key(&self, region: &Region, caller: &Caller) -> Result<Option<String>, ApiError> {
        let by_default = region.encrypts(&caller.account);
        let encrypted = self.encrypted == Some(true) || by_default;
        let Some(arn) = &self.key else {
            let key = KmsKey::of_ebs(&caller.account, &caller.region);
            return Ok(encrypted.then(|| key.arn()));
        };
        if !encrypted {
            return Err(parameter(
                "KmsKeyArn cannot be specified without Encrypted.",
            ));
        }
        if !arn.starts_with("arn:aws") || !arn.contains(":key/") {
            return Err(parameter(format!("'{arn}' is not the ARN of a KMS key.")));
        }
        // The reference names these reasons without saying what each of them is for.
        let key = ec2::find_key(region, &caller.region, &caller.account, arn).ok_or_else(|| {
            let message = format!("The KMS key {arn} does not exist.");
            ApiError::new(404, "ResourceNotFoundException", message)
                .because("DEPENDENCY_RESOURCE_NOT_FOUND")
        })?;
        if key.state != KmsKeyState::Enabled {
            let message = format!("The KMS key {arn} is not enabled.");
            return Err(validation("INVALID_CUSTOMER_KEY", message));
        }
        if !key.serves(&caller.account) {
            let message = format!("The KMS key {arn} cannot be used.");
            return Err(error::denied("DEPENDENCY_ACCESS_DENIED", message));
        }
        Ok(Some(key.arn()))
    }
}

/// Begins a snapshot, or shows the one that the same token began.
pub(super) fn run(world: &mut World, call: &Invocation) -> Result<Answer, ApiError> {
    let start = call.take(Start::take)?;
    let (caller, settings) = (&call.caller, world.settings);
    let region = world.regions.entry(caller.region.clone()).or_default();
    let key = start
        .token
        .clone()
        .map(|token| (caller.account.clone(), ACTION, token));
    if let Some(first) = key.as_ref().and_then(|key| region.tokens.get(key))
        && first.at.elapsed() < settings.limits.token_life
    {
        if first.params != call.flat {
            let message =
                "The request uses the same client token as a previous, but non-identical request.";
            return Err(ApiError::new(409, "ConflictException", message));
        }
        let made = region.snapshots.get(&first.ids.concat());
        if let Some(snapshot) = made {
            let state = region.snapshot_state(snapshot).0;
            return Ok(Answer::json(201, &shown(snapshot, state)));
        }
    }
    if settings.throttle {
        quota::check_pending(region, caller, &settings.limits)?;
    }
    let mut snapshot = start.snapshot(region, caller)?;
    snapshot.course = Course::settled(SnapshotState::Pending);
    snapshot.veil = Veil::new(settings.invisible);
    let minutes = Duration::from_secs(60 * start.minutes);
    snapshot.upload = Some(Upload {
        parent: start.parent,
        timeout: settings.upload_timeout.unwrap_or(minutes),
        touched: Instant::now(),
        unknown_puts: settings.unknown_puts,
        progress: 0,
        has_begun: false,
        is_open: true,
        is_cancelled: false,
    });
    if let Some(key) = key {
        let first = TokenUse {
            params: call.flat.clone(),
            ids: vec![snapshot.id.clone()],
            at: Instant::now(),
        };
        region.tokens.insert(key, first);
    }
    let answer = shown(&snapshot, SnapshotState::Pending);
    region.snapshots.insert(&snapshot.id.clone(), snapshot);
    Ok(Answer::json(201, &answer))
}

/// A snapshot as StartSnapshot answers it. `SseType` is said to be reserved; its words are those of EC2.
fn shown(snapshot: &Snapshot, state: SnapshotState) -> Value {
    let is_encrypted = snapshot.encrypted;
    let mut answer = json!({
        "SnapshotId": snapshot.id,
        "OwnerId": snapshot.owner,
        "Status": state.as_str(),
        "StartTime": snapshot.started.unix_timestamp(),
        "VolumeSize": snapshot.size,
        "BlockSize": BLOCK,
        "SseType": if is_encrypted { "sse-kms" } else { "none" },
    });
    let parent = snapshot
        .upload
        .as_ref()
        .and_then(|upload| upload.parent.clone());
    let tags: Vec<Value> = snapshot
        .tags
        .iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect();
    let optional = [
        (
            "Description",
            Some(&snapshot.description)
                .filter(|d| !d.is_empty())
                .map(|d| json!(d)),
        ),
        ("KmsKeyArn", snapshot.kms_key.as_ref().map(|key| json!(key))),
        ("ParentSnapshotId", parent.map(|id| json!(id))),
        ("Tags", Some(json!(tags)).filter(|_| !tags.is_empty())),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            answer[name] = value;
        }
    }
    answer
}
