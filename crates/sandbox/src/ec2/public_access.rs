//! Block public access: what an account has set for its images and its snapshots in a region.
//!
//! A change may take EC2 up to ten minutes (EnableImageBlockPublicAccess in the API reference); here it is
//! there at once. Public images stay public when blocking begins.

use crate::model::sharing::SnapshotBlock;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;

use super::call::{Action, Invocation};

const BLOCKED: &str = "block-new-sharing";
const UNBLOCKED: &str = "unblocked";

/// GetImageBlockPublicAccessState.
pub(crate) struct GetImages;

impl Action for GetImages {
    fn take(_params: &Params) -> Result<Self, ApiError> {
        Ok(GetImages)
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let mut xml = image_state(blocks_images(call));
        xml.text("managedBy", "account");
        Ok(xml)
    }
}

/// EnableImageBlockPublicAccess, which knows one state.
pub(crate) struct EnableImages;

impl Action for EnableImages {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let state = params.req("ImageBlockPublicAccessState")?;
        if state == BLOCKED {
            return Ok(EnableImages);
        }
        let why = "Expected 'block-new-sharing'.";
        Err(ApiError::bad_value(
            state,
            "imageBlockPublicAccessState",
            why,
        ))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        block_images(call, true)
    }
}

/// DisableImageBlockPublicAccess.
pub(crate) struct DisableImages;

impl Action for DisableImages {
    fn take(_params: &Params) -> Result<Self, ApiError> {
        Ok(DisableImages)
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        block_images(call, false)
    }
}

/// GetSnapshotBlockPublicAccessState.
pub(crate) struct GetSnapshots;

impl Action for GetSnapshots {
    fn take(_params: &Params) -> Result<Self, ApiError> {
        Ok(GetSnapshots)
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let mut xml = Xml::new();
        xml.text("state", snapshot_block(call).as_str())
            .text("managedBy", "account");
        Ok(xml)
    }
}

/// EnableSnapshotBlockPublicAccess, for all sharing or for what is new.
pub(crate) struct EnableSnapshots(SnapshotBlock);

impl Action for EnableSnapshots {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let state = params.req("State")?;
        let known = [SnapshotBlock::AllSharing, SnapshotBlock::NewSharing];
        let block = known.into_iter().find(|known| known.as_str() == state);
        let why = "Expected 'block-all-sharing' or 'block-new-sharing'.";
        let block = block.ok_or_else(|| ApiError::bad_value(state, "state", why))?;
        Ok(EnableSnapshots(block))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        block_snapshots(call, self.0)
    }
}

/// DisableSnapshotBlockPublicAccess. What all blocking had hidden is public again.
pub(crate) struct DisableSnapshots;

impl Action for DisableSnapshots {
    fn take(_params: &Params) -> Result<Self, ApiError> {
        Ok(DisableSnapshots)
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        block_snapshots(call, SnapshotBlock::Unblocked)
    }
}

/// Refuses to make an image public. Public threads quote the message.
pub(crate) fn check_image(call: &Invocation<'_>) -> Result<(), ApiError> {
    if !blocks_images(call) {
        return Ok(());
    }
    let message = "You can’t publicly share this image because block public access for AMIs is enabled for \
         this account. To publicly share the image, you must call the DisableImageBlockPublicAccess API.";
    Err(ApiError::client("OperationNotPermitted", message))
}

/// Refuses to make a snapshot public. What EC2 says is documented nowhere, so that the words are those of
/// images.
pub(crate) fn check_snapshot(call: &Invocation<'_>) -> Result<(), ApiError> {
    if snapshot_block(call) == SnapshotBlock::Unblocked {
        return Ok(());
    }
    let message = "You can’t publicly share this snapshot because block public access for snapshots is \
         enabled for this account. To publicly share the snapshot, you must call the \
         DisableSnapshotBlockPublicAccess API.";
    Err(ApiError::client("OperationNotPermitted", message))
}

fn blocks_images(call: &Invocation<'_>) -> bool {
    let said = call.region().image_blocks.get(&call.caller.account);
    *said.unwrap_or(&call.settings().block_public_images)
}

fn snapshot_block(call: &Invocation<'_>) -> SnapshotBlock {
    let said = call.region().snapshot_blocks.get(&call.caller.account);
    said.copied()
        .unwrap_or(match call.settings().block_public_snapshots {
            true => SnapshotBlock::NewSharing,
            false => SnapshotBlock::Unblocked,
        })
}

fn block_images(call: &mut Invocation<'_>, is_on: bool) -> Result<Xml, ApiError> {
    let me = call.caller.account.clone();
    call.commit()?.region.image_blocks.insert(me, is_on);
    Ok(image_state(is_on))
}

fn block_snapshots(call: &mut Invocation<'_>, block: SnapshotBlock) -> Result<Xml, ApiError> {
    let me = call.caller.account.clone();
    call.commit()?.region.snapshot_blocks.insert(me, block);
    let mut xml = Xml::new();
    xml.text("state", block.as_str());
    Ok(xml)
}

fn image_state(is_on: bool) -> Xml {
    let mut xml = Xml::new();
    let word = if is_on { BLOCKED } else { UNBLOCKED };
    xml.text("imageBlockPublicAccessState", word);
    xml
}
