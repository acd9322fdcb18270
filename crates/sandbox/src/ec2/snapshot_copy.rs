//! CopySnapshot, which is asked of the region that the copy goes to.

use crate::course::Course;
use crate::model::id::Kind;
use crate::model::snapshot::{COPIED_VOLUME, Snapshot, SnapshotState};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

use super::call::{Action, Invocation};
use super::copy_keys::{INACCESSIBLE, Outcome, Wish};
use super::tag_rules::{self, Tags};

/// Copies a snapshot that the account may read.
pub(crate) struct CopySnapshot {
    source: String,
    source_region: String,
    description: String,
    encrypted: Option<bool>,
    kms_key: Option<String>,
    minutes: Option<u32>,
    tags: Tags,
}

impl Action for CopySnapshot {
    fn take(params: &Params) -> Result<Self, ApiError> {
        // SDKs presign the call for the source region and put that into PresignedUrl.
        let without_effect = [
            "DestinationOutpostArn",
            "DestinationAvailabilityZone",
            "DestinationRegion",
            "PresignedUrl",
        ];
        without_effect.iter().for_each(|name| params.accept(name));
        let minutes = take_duration(params, "CompletionDurationMinutes")?;
        let [tags] = tag_rules::take_specifications(params, [Kind::Snapshot])?;
        Ok(CopySnapshot {
            source: params.req("SourceSnapshotId")?,
            source_region: params.req("SourceRegion")?,
            description: params.opt("Description").unwrap_or_default(),
            encrypted: params.flag("Encrypted")?,
            kms_key: params.opt("KmsKeyId"),
            minutes,
            tags,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let me = call.caller.account.clone();
        let mut snapshot = self.copy(call, &me)?;
        check_room(call, 1)?;
        let room = call.commit()?;
        let pace = room.settings.paces.snapshot;
        let end = match snapshot.failure {
            Some(_) => SnapshotState::Error,
            None => SnapshotState::Completed,
        };
        snapshot.course = Course::from(SnapshotState::Pending, pace, end);
        snapshot.veil = room.veil();
        let mut xml = Xml::new();
        xml.text("snapshotId", &snapshot.id)
            .tags(snapshot.tags.iter());
        room.region.snapshots.insert(&snapshot.id.clone(), snapshot);
        Ok(xml)
    }
}

impl CopySnapshot {
    fn copy(&self, call: &Invocation<'_>, me: &str) -> Result<Snapshot, ApiError> {
        let there = source_region(call, &self.source_region)?;
        let id = &*self.source;
        Kind::Snapshot.check(id)?;
        let source = there
            .snapshots
            .get(id)
            .filter(|source| there.opens(source, me) && source.veil.look());
        let source = source.ok_or_else(|| Kind::Snapshot.not_found(&[id]))?;
        check_completed(there, Some(id))?;
        let mut copy = Snapshot::new(me, COPIED_VOLUME, source.size);
        let outcome = self.wish(source)?.outcome(call, there, source);
        self.check_key(&outcome)?;
        copy.failure = (!outcome.works).then(|| INACCESSIBLE.to_owned());
        (copy.encrypted, copy.kms_key) = (outcome.encrypted, outcome.key);
        copy.completion_minutes = self.minutes;
        copy.description.clone_from(&self.description);
        copy.tags.clone_from(&self.tags);
        copy.blocks.clone_from(&source.blocks);
        Ok(copy)
    }

    /// What is encrypted stays so (CopySnapshot in the API reference).
    fn wish(&self, source: &Snapshot) -> Result<Wish<'_>, ApiError> {
        if source.encrypted && self.encrypted == Some(false) {
            let message = "An encrypted snapshot cannot be copied to an unencrypted one.";
            return Err(ApiError::combination(message));
        }
        Ok(Wish {
            encrypted: self.encrypted == Some(true),
            key: self.kms_key.as_deref(),
            source_region: &self.source_region,
        })
    }

    /// A key for a copy that is not encrypted is refused (CopySnapshot in the API reference).
    fn check_key(&self, outcome: &Outcome) -> Result<(), ApiError> {
        if self.kms_key.is_some() && !outcome.encrypted {
            return Err(key_without_encryption());
        }
        Ok(())
    }
}

/// Refuses a snapshot that is not complete. Public threads quote code and message.
pub(crate) fn check_completed(region: &Region, id: Option<&str>) -> Result<(), ApiError> {
    let snapshot = id.and_then(|id| region.snapshots.get(id));
    let state = snapshot.map(|snapshot| region.snapshot_state(snapshot).0);
    match (id, state) {
        (Some(id), Some(state)) if state != SnapshotState::Completed => {
            let message = format!("Snapshot {id} is in invalid state - {}", state.as_str());
            Err(ApiError::client("IncorrectState", message))
        }
        _ => Ok(()),
    }
}

pub(crate) fn key_without_encryption() -> ApiError {
    let message = "The parameter KmsKeyId requires the parameter Encrypted to be set.";
    ApiError::client("InvalidParameterDependency", message)
}

/// The region that something is copied from. What EC2 says of one that does not exist or that the account
/// has not enabled is not documented; it can have nothing there either way.
pub(crate) fn source_region<'c>(
    call: &'c Invocation<'_>,
    name: &str,
) -> Result<&'c Region, ApiError> {
    let world = call.world();
    let enabled = world.regions.get(name).filter(|_| world.is_enabled(name));
    enabled.ok_or_else(|| ApiError::bad_value(name, "sourceRegion", "Unknown region."))
}

/// Takes the duration of a time-based copy: 15 minutes to 48 hours in steps of 15 (EBS user guide,
/// "Time-based copies").
pub(crate) fn take_duration(params: &Params, name: &str) -> Result<Option<u32>, ApiError> {
    let minutes: Option<u32> = params.number(name)?;
    match minutes {
        Some(m) if m % 15 != 0 || !(15..=2880).contains(&m) => {
            let why = "Expected 15 minutes to 48 hours in steps of 15.";
            let inner = format!("{}{}", name[..1].to_lowercase(), &name[1..]);
            Err(ApiError::bad_value(m, &inner, why))
        }
        minutes => Ok(minutes),
    }
}

/// Refuses copies beyond those that a region does at once for an account. Public threads quote the
/// message. A copy of an image needs room for all of its snapshots.
pub(crate) fn check_room(call: &Invocation<'_>, more: usize) -> Result<(), ApiError> {
    let (region, account) = (call.region(), &call.caller.account);
    let limit = call.settings().limits.snapshot_copies;
    let is_copying = |snapshot: &&Snapshot| {
        snapshot.owner == *account
            && snapshot.is_copy()
            && region.snapshot_state(snapshot).0 == SnapshotState::Pending
    };
    if region.snapshots.iter().filter(is_copying).count() + more <= limit {
        return Ok(());
    }
    let message = format!(
        "Too many snapshot copies in progress. The limit is {limit} for this destination region."
    );
    Err(ApiError::client("ResourceLimitExceeded", message))
}
