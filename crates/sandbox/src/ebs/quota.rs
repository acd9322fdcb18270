//! How often an account may call, while [`crate::Settings::throttle`] is set (EBS endpoints and quotas).

use super::{Caller, GET, PUT, error};
use crate::limits::{Limits, Rate};
use crate::model::snapshot::Upload;
use crate::wire::error::ApiError;
use crate::world::{Region, World};

/// Takes a token for a call out of the buckets of its action. Blocks have one for every snapshot too.
pub(super) fn take(
    world: &mut World,
    caller: &Caller,
    action: &str,
    snapshot: Option<&str>,
) -> Result<(), ApiError> {
    if !world.settings.throttle {
        return Ok(());
    }
    let rate = rate(action, &world.settings.limits);
    let Caller {
        account, region, ..
    } = caller;
    if let Some(id) = snapshot.filter(|_| matches!(action, PUT | GET)) {
        // One for all who read a snapshot, whose account it is or not.
        let name = format!("{action} {id}");
        if !world.buckets.draw("", region, name, rate) {
            return Err(error::throttled("RESOURCE_LEVEL_THROTTLE"));
        }
    }
    if world.buckets.draw(account, region, action.to_owned(), rate) {
        return Ok(());
    }
    // EBS user guide, "Error retries for EBS direct APIs": this one is for the account.
    Err(ApiError::client("ThrottlingException", "Rate exceeded"))
}

/// Refuses a further snapshot when too many are being written.
pub(super) fn check_pending(
    region: &Region,
    caller: &Caller,
    limits: &Limits,
) -> Result<(), ApiError> {
    let is_open = |upload: &Upload| upload.is_open && !upload.is_over();
    let own = region
        .snapshots
        .iter()
        .filter(|snapshot| snapshot.owner == caller.account);
    let open = own.filter(|snapshot| snapshot.upload.as_ref().is_some_and(is_open));
    if open.count() < limits.pending_snapshots {
        return Ok(());
    }
    let message = "You have reached the limit of pending snapshots.";
    Err(ApiError::client(
        "ConcurrentLimitExceededException",
        message,
    ))
}

fn rate(action: &str, limits: &Limits) -> Rate {
    match action {
        PUT => limits.put_block,
        GET => limits.get_block,
        "StartSnapshot" => limits.start_snapshot,
        "CompleteSnapshot" => limits.complete_snapshot,
        _ => limits.list_blocks,
    }
}
