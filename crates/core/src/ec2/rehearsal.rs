//! Asked before it is done: whether calls on volumes and snapshots would be allowed. See also the `may_`
//! methods beside what makes things.

use super::Ec2;
use super::{attachments, would_be_allowed};
use crate::error::{Error, Fault};
use crate::id::Id;

/// EC2's answer to somebody who lacks a permission.
const DENIED: &str = "UnauthorizedOperation";

/// What EC2 says of a call on something that does not exist: only a missing permission is of use.
///
/// # Errors
/// That it would not be allowed, or that EC2 could not be asked.
pub fn of_stand_in(asked: Result<(), Error>) -> Result<(), Error> {
    match asked {
        Err(error) if error.fault() == Fault::Final && error.code() != Some(DENIED) => Ok(()),
        other => other,
    }
}

impl Ec2 {
    /// Asks EC2 whether [`attach_volume`](Self::attach_volume) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_attach_volume(
        &self,
        volume: &Id,
        instance: &Id,
        device: &str,
    ) -> Result<(), Error> {
        let call = || {
            self.client
                .attach_volume()
                .volume_id(volume.as_str())
                .instance_id(instance.as_str())
                .device(device)
                .dry_run(true)
        };
        let asked = self
            .patiently(async || self.once("AttachVolume", call().send()).await)
            .await;
        would_be_allowed(asked)
    }

    /// Asks EC2 whether [`delete_on_termination`](Self::delete_on_termination) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_delete_on_termination(
        &self,
        instance: &Id,
        device: &str,
    ) -> Result<(), Error> {
        let call = || {
            self.client
                .modify_instance_attribute()
                .instance_id(instance.as_str())
                .block_device_mappings(attachments::deleted_with_the_instance(device))
                .dry_run(true)
        };
        let asked = self
            .patiently(async || self.once("ModifyInstanceAttribute", call().send()).await)
            .await;
        would_be_allowed(asked)
    }

    /// Asks EC2 whether [`detach_volume`](Self::detach_volume) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_detach_volume(&self, volume: &Id) -> Result<(), Error> {
        let call = || self.client.detach_volume().volume_id(volume.as_str());
        let call = || call().dry_run(true);
        let asked = self
            .patiently(async || self.once("DetachVolume", call().send()).await)
            .await;
        would_be_allowed(asked)
    }

    /// Asks EC2 whether [`delete_volume`](Self::delete_volume) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_delete_volume(&self, volume: &Id) -> Result<(), Error> {
        let call = || self.client.delete_volume().volume_id(volume.as_str());
        let call = || call().dry_run(true);
        let asked = self
            .patiently(async || self.once("DeleteVolume", call().send()).await)
            .await;
        would_be_allowed(asked)
    }

    /// Asks EC2 whether [`delete_snapshot`](Self::delete_snapshot) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_delete_snapshot(&self, snapshot: &Id) -> Result<(), Error> {
        let call = || self.client.delete_snapshot().snapshot_id(snapshot.as_str());
        let call = || call().dry_run(true);
        let asked = self
            .patiently(async || self.once("DeleteSnapshot", call().send()).await)
            .await;
        would_be_allowed(asked)
    }

    /// Asks EC2 whether [`delete_tags`](Self::delete_tags) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_delete_tags(&self, resource: &Id, key: &str) -> Result<(), Error> {
        let tag = aws_sdk_ec2::types::Tag::builder().key(key).build();
        let call = || self.client.delete_tags().resources(resource.as_str());
        let call = || call().tags(tag.clone()).dry_run(true);
        let asked = self
            .patiently(async || self.once("DeleteTags", call().send()).await)
            .await;
        would_be_allowed(asked)
    }
}
