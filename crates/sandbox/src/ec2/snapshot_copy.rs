//! CopySnapshot, which is asked of the region that the copy goes to.

use crate::course::Course;
use crate::model::id::Kind;
use crate::model::snapshot::{COPIED_VOLUME, Snapshot, SnapshotState};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

use super::call::{Action, Invocation};
use super::tag_rules::{self, Tags};

/// How many snapshot copies into a region may be in progress at once (CopySnapshot in the API
/// reference: 20 for each destination Region).
const MAX_COPIES: usize = 20;

/// Copies a snapshot that the account may read.
pub(crate) struct CopySnapshot {
    source: String,
    source_region: String,
    description: String,
    encrypted: Option<bool>,
    kms_key: Option<String>,
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
        check_duration(params, "CompletionDurationMinutes")?;
        let [tags] = tag_rules::take_specifications(params, [Kind::Snapshot])?;
        Ok(CopySnapshot {
            source: params.req("SourceSnapshotId")?,
            source_region: params.req("SourceRegion")?,
            description: params.opt("Description").unwrap_or_default(),
            encrypted: params.flag("Encrypted")?,
            kms_key: params.opt("KmsKeyId"),
            tags,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let me = call.caller.account.clone();
        let mut snapshot = self.copy(call, &me)?;
        check_room(call.region(), &me, 1)?;
        let room = call.commit()?;
        let pace = room.settings.paces.snapshot;
        snapshot.course = Course::from(SnapshotState::Pending, pace, SnapshotState::Completed);
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
        let there = call.world().regions.get(&self.source_region);
        let there = there.ok_or_else(|| {
            ApiError::bad_value(&self.source_region, "sourceRegion", "Unknown region.")
        })?;
        let id = &*self.source;
        Kind::Snapshot.check(id)?;
        let source = there
            .snapshots
            .get(id)
            .filter(|source| source.is_open_to(me) && source.veil.look());
        let source = source.ok_or_else(|| Kind::Snapshot.not_found(&[id]))?;
        let state = there.snapshot_state(source).0;
        if state != SnapshotState::Completed {
            let message = format!("Snapshot {id} is in invalid state - {}", state.as_str());
            return Err(ApiError::client("IncorrectState", message));
        }
        let mut copy = Snapshot::new(me, COPIED_VOLUME, source.size);
        copy.encrypted = self.encryption(source, call.region().encrypts(me))?;
        copy.kms_key = self.key(source, me);
        copy.description.clone_from(&self.description);
        copy.tags.clone_from(&self.tags);
        Ok(copy)
    }

    /// A copy of an encrypted snapshot is encrypted, and so is every copy where encryption by default is
    /// on; a key without encryption is refused (CopySnapshot in the API reference).
    fn encryption(&self, source: &Snapshot, by_default: bool) -> Result<bool, ApiError> {
        if source.encrypted && self.encrypted == Some(false) {
            let message = "An encrypted snapshot cannot be copied to an unencrypted one.";
            return Err(ApiError::combination(message));
        }
        let encrypted = source.encrypted || self.encrypted == Some(true) || by_default;
        if self.kms_key.is_some() && !encrypted {
            let message = "The parameter KmsKeyId requires the parameter Encrypted to be set.";
            return Err(ApiError::client("InvalidParameterDependency", message));
        }
        Ok(encrypted)
    }

    /// The key of the source belongs to its account and region: elsewhere the default key is used.
    fn key(&self, source: &Snapshot, me: &str) -> Option<String> {
        let stays = source.owner == me;
        self.kms_key
            .clone()
            .or_else(|| source.kms_key.clone().filter(|_| stays))
    }
}

/// Refuses a time-based copy that is not of 15 minutes to 48 hours in steps of 15.
pub(crate) fn check_duration(params: &Params, name: &str) -> Result<(), ApiError> {
    let minutes: Option<u32> = params.number(name)?;
    match minutes {
        Some(m) if m % 15 != 0 || !(15..=2880).contains(&m) => {
            let why = "Expected 15 minutes to 48 hours in steps of 15.";
            let first = name[..1].to_lowercase();
            Err(ApiError::bad_value(
                m,
                &format!("{first}{}", &name[1..]),
                why,
            ))
        }
        _ => Ok(()),
    }
}

/// Refuses copies beyond those that a region does at once for an account.
pub(crate) fn check_room(region: &Region, account: &str, more: usize) -> Result<(), ApiError> {
    let is_copying = |snapshot: &&Snapshot| {
        snapshot.owner == account
            && snapshot.volume == COPIED_VOLUME
            && region.snapshot_state(snapshot).0 == SnapshotState::Pending
    };
    if region.snapshots.iter().filter(is_copying).count() + more <= MAX_COPIES {
        return Ok(());
    }
    let message = format!(
        "Too many snapshot copies in progress. The limit is {MAX_COPIES} for this destination region."
    );
    Err(ApiError::client("ResourceLimitExceeded", message))
}
