//! Why a copy failed.

use ami_core::ec2::{Ec2, Lookup};
use ami_core::escape::escape;
use ami_core::id::{Id, Kind};

/// Why a copy failed, in the words that EC2 has for its snapshots: of the image itself it says no
/// more than that it failed, of a snapshot that its key cannot be used.
pub(super) async fn reason(gateway: &Ec2, copy: &Id) -> Option<String> {
    let image = gateway
        .known_images(std::slice::from_ref(copy))
        .await
        .ok()?;
    let snapshots = &image.first()?.snapshots;
    let found = gateway
        .describe(Kind::Snapshot, snapshots, Lookup::Own)
        .await;
    let found = found.ok()?;
    let failed = found
        .iter()
        .find(|snapshot| snapshot.state.as_str() == "error")?;
    let reason = failed
        .reason
        .as_deref()
        .filter(|reason| !reason.is_empty())?;
    Some(format!("its snapshot {}: {}", failed.id, escape(reason)))
}
