//! Which images may be shared, and with whom (ModifyImageAttribute in the API reference; user guide,
//! "Make your AMI publicly available", "Understand block public access for AMIs" and "AMI quotas").

use crate::model::image::Image;
use crate::wire::error::ApiError;

use super::call::Invocation;
use super::{copy_keys, image_switches, public_access};

/// Refuses to share an image whose storage nobody else could read.
pub(crate) fn check(call: &Invocation<'_>, image: &Image) -> Result<(), ApiError> {
    let region = call.region();
    let mut snapshots = image.snapshots().filter_map(|id| region.snapshots.get(id));
    if snapshots.any(|snapshot| copy_keys::is_under_default(snapshot, &call.caller.region)) {
        // Public threads quote this.
        let message = "Snapshots encrypted with the AWS Managed CMK can’t be shared. Specify another snapshot.";
        return Err(ApiError::client("InvalidParameter", message));
    }
    Ok(())
}

/// Refuses to make an image public.
pub(crate) fn check_public(call: &Invocation<'_>, image: &Image) -> Result<(), ApiError> {
    public_access::check_image(call)?;
    let mut volumes = image.mappings.iter().filter_map(|mapping| mapping.as_ebs());
    // These two are documented, but neither their codes nor their words are.
    if volumes.any(|ebs| ebs.encrypted) {
        let message = "Images with encrypted snapshots cannot be made public.";
        return Err(ApiError::client("InvalidParameter", message));
    }
    if !image.product_codes.is_empty() {
        let message = "Images with an AWS Marketplace product code cannot be made public.";
        return Err(ApiError::client("OperationNotPermitted", message));
    }
    check_quota(call, image)
}

/// Public threads quote the message.
fn check_quota(call: &Invocation<'_>, image: &Image) -> Result<(), ApiError> {
    let limit = call.settings().limits.public_images;
    let others = call
        .region()
        .images
        .iter()
        .filter(|other| other.owner == image.owner && other.public && other.id != image.id);
    if image.public || others.count() < limit {
        return Ok(());
    }
    let message = format!(
        "You have reached your quota of {limit} for the number of public images allowed in this Region. \
         Deregister unused public images or make them private, or request an increase in your public AMIs \
         quota."
    );
    Err(ApiError::client("ResourceLimitExceeded", message))
}

/// Makes an image public. It is deprecated two years after it was made, unless that was to be earlier
/// (user guide, "Deprecate an AMI").
pub(crate) fn publish(image: &mut Image) {
    image.public = true;
    let latest = image_switches::years_after(image.created, 2);
    let own = image.deprecation.filter(|moment| *moment < latest);
    image.deprecation = Some(own.unwrap_or(latest));
}
