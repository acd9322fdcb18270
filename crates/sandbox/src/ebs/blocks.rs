//! Finds the snapshot that a call names, in a state in which the call can be done.

use super::{Caller, error};
use crate::blocks::Layer;
use crate::ec2;
use crate::model::snapshot::{COPIED_VOLUME, Snapshot, SnapshotState};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::world::{Region, World};

/// Takes the ID of a snapshot, which is shaped `snap-` and hex digits (SnapshotId in the model).
pub(super) fn take_snapshot(params: &Params, name: &str) -> Result<String, ApiError> {
    let id = params.req(name)?;
    check_shape(&id)?;
    Ok(id)
}

/// Takes the ID of a snapshot that may be left out.
pub(super) fn take_other(params: &Params, name: &str) -> Result<Option<String>, ApiError> {
    let id = params.opt(name);
    id.iter().try_for_each(|id| check_shape(id))?;
    Ok(id)
}

fn check_shape(id: &str) -> Result<(), ApiError> {
    let digits = id.strip_prefix("snap-").unwrap_or_default();
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if !digits.is_empty() && id.len() <= 64 && digits.bytes().all(is_hex) {
        return Ok(());
    }
    let message = format!("The snapshot ID '{id}' is not valid.");
    Err(error::validation("INVALID_SNAPSHOT_ID", message))
}

/// A snapshot of the caller that StartSnapshot made and that takes blocks. What EBS says of others is not
/// documented but for those that are not there.
pub(super) fn open_upload<'w>(
    world: &'w mut World,
    caller: &Caller,
    id: &str,
) -> Result<&'w mut Snapshot, ApiError> {
    let region = world.regions.entry(caller.region.clone()).or_default();
    let found = region.snapshots.get(id);
    let snapshot = found.ok_or_else(|| error::no_snapshot(id))?;
    if snapshot.owner != caller.account {
        return Err(match region.opens(snapshot, &caller.account) {
            true => error::denied(
                "UNAUTHORIZED_ACCOUNT",
                "The snapshot belongs to another account.",
            ),
            false => error::no_snapshot(id),
        });
    }
    check_key(region, caller, snapshot)?;
    if snapshot.upload.is_none() {
        let message = format!("The snapshot '{id}' was not made by StartSnapshot.");
        return Err(error::parameter(message));
    }
    let state = region.snapshot_state(snapshot).0;
    let is_open = snapshot
        .upload
        .as_ref()
        .is_some_and(|upload| upload.is_open);
    if !is_open || state != SnapshotState::Pending {
        return Err(not_open(id));
    }
    let snapshot = region.snapshots.get_mut(id);
    snapshot.ok_or_else(|| error::no_snapshot(id))
}

/// A snapshot that the caller may read: a complete one, of the account or given to it. Public ones are not
/// supported (EBS user guide, "FAQs for EBS direct APIs"); with which error is not documented.
pub(super) fn complete<'w>(
    world: &'w World,
    caller: &Caller,
    id: &str,
) -> Result<&'w Snapshot, ApiError> {
    let missing = || error::no_snapshot(id);
    let region = world.regions.get(&caller.region).ok_or_else(missing)?;
    let found = region.snapshots.get(id);
    let open = found.filter(|snapshot| region.opens(snapshot, &caller.account));
    let snapshot = open.ok_or_else(missing)?;
    let is_given = snapshot.shared_with.contains(&caller.account);
    if snapshot.owner != caller.account && !is_given {
        let message = "Public snapshots are not supported.";
        return Err(error::denied("UNAUTHORIZED_ACCOUNT", message));
    }
    if region.snapshot_state(snapshot).0 != SnapshotState::Completed {
        let message = format!("The snapshot '{id}' is not in the completed state.");
        return Err(error::parameter(message));
    }
    check_key(region, caller, snapshot)?;
    Ok(snapshot)
}

/// Whether two snapshots are of one lineage: of the same volume, the one begun upon the other or upon the
/// same, or with blocks in common as copies have them.
pub(super) fn are_related(
    world: &World,
    caller: &Caller,
    one: &Snapshot,
    other: &Snapshot,
) -> bool {
    let lines = [one, other].map(|snapshot| line(world, caller, snapshot));
    let is_of_a_volume = one.volume != COPIED_VOLUME;
    let [first, second] = [one, other].map(|snapshot| layers(snapshot));
    is_of_a_volume && one.volume == other.volume
        || lines[0].iter().any(|id| lines[1].contains(id))
        || first
            .iter()
            .any(|layer| second.iter().any(|other| std::ptr::eq(*layer, *other)))
}

/// The snapshots upon which one was begun, itself first.
fn line(world: &World, caller: &Caller, snapshot: &Snapshot) -> Vec<String> {
    let snapshots = world
        .regions
        .get(&caller.region)
        .map(|region| &region.snapshots);
    let mut line = vec![snapshot.id.clone()];
    let mut upload = snapshot.upload.as_ref();
    while let Some(parent) = upload.and_then(|upload| upload.parent.clone()) {
        let found = snapshots.and_then(|snapshots| snapshots.get(&parent));
        line.push(parent);
        upload = found.and_then(|parent| parent.upload.as_ref());
    }
    line
}

fn layers(snapshot: &Snapshot) -> Vec<&Layer> {
    let own = snapshot.blocks.as_deref();
    std::iter::successors(own, |layer| layer.below().map(|below| &**below)).collect()
}

/// A snapshot that takes no more blocks.
pub(super) fn not_open(id: &str) -> ApiError {
    error::parameter(format!("The snapshot '{id}' is not in the pending state."))
}

/// Refuses a caller who may not use the key of a snapshot now.
pub(super) fn check_key(
    region: &Region,
    caller: &Caller,
    snapshot: &Snapshot,
) -> Result<(), ApiError> {
    let Some(word) = snapshot.kms_key.as_deref().filter(|_| snapshot.encrypted) else {
        return Ok(());
    };
    match ec2::find_key(region, &caller.region, &caller.account, word) {
        Some(key) if !key.serves(&caller.account) => {
            let message = "The KMS key of the snapshot cannot be used.";
            Err(error::denied("DEPENDENCY_ACCESS_DENIED", message))
        }
        _ => Ok(()),
    }
}
