//! CreateSnapshot, DeleteSnapshot and DescribeSnapshots.

use crate::course::Course;
use crate::model::id::Kind;
use crate::model::snapshot::{Snapshot, SnapshotState};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::{Xml, timestamp};
use crate::world::Region;

use super::call::{Action, Caller, Invocation};
use super::copy_keys;
use super::describe::{self, Describe, Query};
use super::tag_rules::{self, Tags};
use super::volumes;

const FILTERS: [&str; 11] = [
    "description",
    "encrypted",
    "owner-alias",
    "owner-id",
    "progress",
    "snapshot-id",
    "start-time",
    "status",
    "tag-key",
    "volume-id",
    "volume-size",
];

/// How many snapshots of a volume may be pending at once (EBS quotas).
const MAX_PENDING: usize = 5;

/// Takes a snapshot of a volume.
pub(crate) struct CreateSnapshot {
    volume: String,
    description: String,
    tags: Tags,
}

impl Action for CreateSnapshot {
    fn take(params: &Params) -> Result<Self, ApiError> {
        ["OutpostArn", "Location"]
            .iter()
            .for_each(|known| params.accept(known));
        let [tags] = tag_rules::take_specifications(params, [Kind::Snapshot])?;
        let description = params.opt("Description").unwrap_or_default();
        Ok(CreateSnapshot {
            volume: params.req("VolumeId")?,
            description,
            tags,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let caller = call.caller.clone();
        let (region, me) = (call.region(), caller.account.clone());
        let volume = volumes::own(region, &me, &self.volume)?;
        let is_pending = |snapshot: &&Snapshot| {
            snapshot.volume == volume.id
                && region.snapshot_state(snapshot).0 == SnapshotState::Pending
        };
        if region.snapshots.iter().filter(is_pending).count() >= MAX_PENDING {
            let message = "Maximum allowed in-progress snapshots for a single volume exceeded.";
            return Err(ApiError::client("ConcurrentSnapshotLimitExceeded", message));
        }
        let mut snapshot = Snapshot::new(&me, &volume.id, volume.size);
        snapshot.description = self.description;
        snapshot.encrypted = volume.encrypted;
        snapshot.kms_key.clone_from(&volume.kms_key);
        snapshot.tags = self.tags;
        let mut room = call.commit()?;
        snapshot.blocks = room.blocks_of_volume(&snapshot.volume)?;
        let pace = room.settings.paces.snapshot;
        snapshot.course = Course::from(SnapshotState::Pending, pace, SnapshotState::Completed);
        snapshot.veil = room.veil();
        let mut xml = Xml::new();
        // A snapshot that only just began has no progress yet, not even 0% (AWS CLI reference,
        // examples of create-snapshot).
        write(&mut xml, &snapshot, (SnapshotState::Pending, None), &caller);
        if snapshot.tags.is_empty() {
            xml.list("tagSet", [(); 0], |_, ()| {});
        }
        room.region.snapshots.insert(&snapshot.id.clone(), snapshot);
        Ok(xml)
    }
}

/// Removes a snapshot that no image uses.
pub(crate) struct DeleteSnapshot(String);

impl Action for DeleteSnapshot {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(DeleteSnapshot(params.req("SnapshotId")?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let id = &*self.0;
        Kind::Snapshot.check(id)?;
        let region = call.region();
        let me = &call.caller.account;
        let own = region
            .snapshots
            .get(id)
            .filter(|s| s.owner == *me && s.veil.look());
        own.ok_or_else(|| Kind::Snapshot.not_found(&[id]))?;
        let user = region
            .images
            .iter()
            .find(|image| image.snapshots().any(|used| used == id));
        if let Some(image) = user {
            let message = format!("The snapshot {id} is currently in use by {}", image.id);
            return Err(ApiError::client("InvalidSnapshot.InUse", message));
        }
        call.commit()?.region.snapshots.remove(id);
        Ok(Xml::done())
    }
}

/// Lists snapshots: own, shared and public ones. `RestorableBy` chooses by who may make volumes of them:
/// `self` for those that the caller owns or was given, `all` for public ones (API reference).
pub(crate) struct DescribeSnapshots {
    query: Query,
    owners: Vec<String>,
    restorable_by: Vec<String>,
}

impl Action for DescribeSnapshots {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(DescribeSnapshots {
            query: Query::take(params, "SnapshotId", "snapshotSet", &FILTERS)?,
            owners: describe::take_accounts(
                params,
                "Owner",
                &["amazon", "aws-marketplace", "self"],
            )?,
            restorable_by: describe::take_accounts(params, "RestorableBy", &["all", "self"])?,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let (region, me) = (call.region(), &*call.caller.account);
        let owned = |snapshot: &Snapshot| {
            let by = |owner: &String| match &**owner {
                "self" => snapshot.owner == me,
                account => {
                    snapshot.owner == account || snapshot.owner_alias.as_deref() == Some(account)
                }
            };
            self.owners.is_empty() || self.owners.iter().any(by)
        };
        let restorable = |snapshot: &Snapshot| {
            let by = |user: &String| match &**user {
                "all" => region.is_public(snapshot),
                "self" => snapshot.owner == me || snapshot.shared_with.contains(me),
                account => snapshot.owner == account || snapshot.shared_with.contains(account),
            };
            self.restorable_by.is_empty() || self.restorable_by.iter().any(by)
        };
        let (snapshots, token) = self.query.select(
            region,
            &region.snapshots,
            call.settings(),
            me,
            |snapshot: &Snapshot| region.opens(snapshot, me),
            |snapshot| owned(snapshot) && restorable(snapshot),
        )?;
        let mut xml = Xml::new();
        xml.list("snapshotSet", snapshots, |xml, (snapshot, view)| {
            write(xml, snapshot, (view.0, Some(view.1)), &call.caller)
        });
        xml.opt("nextToken", token);
        Ok(xml)
    }
}

impl Describe for Snapshot {
    /// The state, and the progress in percent.
    type View = (SnapshotState, u32);

    const MOVING: &'static [&'static str] = &["progress", "status"];

    fn view(&self, region: &Region) -> Self::View {
        let view = region.snapshot_state(self);
        self.course.read();
        view
    }

    fn values(&self, _region: &Region, filter: &str) -> Vec<String> {
        match filter {
            "description" => vec![self.description.clone()],
            "encrypted" => vec![self.encrypted.to_string()],
            "owner-alias" => self.owner_alias.iter().cloned().collect(),
            "owner-id" => vec![self.owner.clone()],
            "snapshot-id" => vec![self.id.clone()],
            "start-time" => vec![timestamp(self.started)],
            "volume-id" => vec![self.volume.clone()],
            "volume-size" => vec![self.size.to_string()],
            _ => Vec::new(),
        }
    }

    fn moving(&self, view: &Self::View, filter: &str) -> Vec<String> {
        vec![if filter == "status" {
            view.0.as_str().into()
        } else {
            format!("{}%", view.1)
        }]
    }
}

fn write(xml: &mut Xml, snapshot: &Snapshot, view: (SnapshotState, Option<u32>), caller: &Caller) {
    let (state, percent) = view;
    let progress = percent.map(|percent| format!("{percent}%"));
    xml.text("snapshotId", &snapshot.id)
        .text("volumeId", &snapshot.volume);
    // What EC2 says of a snapshot to which nothing was written for too long is not documented.
    let cancelled = snapshot.upload.as_ref().filter(|upload| upload.is_open);
    let cancelled = cancelled.map(|_| "The snapshot was not completed in time".to_owned());
    let failure = snapshot
        .failure
        .as_ref()
        .or(cancelled.as_ref())
        .filter(|_| state == SnapshotState::Error);
    xml.text("status", state.as_str()).opt(
        "statusMessage",
        snapshot.status_message.as_ref().or(failure),
    );
    xml.text("startTime", timestamp(snapshot.started))
        .text("progress", progress.unwrap_or_default());
    xml.text("ownerId", &snapshot.owner)
        .opt("ownerAlias", snapshot.owner_alias.as_ref());
    xml.text("volumeSize", snapshot.size)
        .text("description", &snapshot.description);
    xml.text("encrypted", snapshot.encrypted)
        .opt("kmsKeyId", copy_keys::shown(snapshot, &caller.region));
    xml.text("storageTier", "standard");
    // Snapshot in the API reference: for copies only, and the duration for time-based ones.
    if snapshot.is_copy() {
        let is_timed = snapshot.completion_minutes.is_some();
        xml.text(
            "transferType",
            if is_timed { "time-based" } else { "standard" },
        );
        xml.opt("completionDurationMinutes", snapshot.completion_minutes);
    }
    let is_own = snapshot.owner == caller.account;
    xml.tags(snapshot.tags.iter().filter(|_| is_own));
}
