//! Volumes and instances: one given to the other, and taken away again.

use aws_sdk_ec2::types::{
    EbsInstanceBlockDeviceSpecification, InstanceBlockDeviceMappingSpecification,
};

use super::Ec2;
use super::volumes::VOLUME_IN_USE;
use crate::error::{Error, Kind as ErrorKind};
use crate::id::Id;

/// Is a volume refused because the device name that it was to be attached by is taken?
///
/// EC2 has no code for that alone; its words are those of the EC2 API Reference's AttachVolume:
/// "Attachment point /dev/sdh is already in use".
pub fn is_device_taken(error: &Error) -> bool {
    error.code() == Some("InvalidParameterValue") && error.what().contains("already in use")
}

impl Ec2 {
    /// Gives a volume to an instance, under the device name that is returned: where an answer was
    /// lost it may be the one of an earlier try.
    ///
    /// # Errors
    /// What EC2 refuses; [`is_device_taken`] tells one refusal from the others.
    pub async fn attach_volume(
        &self,
        volume: &Id,
        instance: &Id,
        device: &str,
    ) -> Result<String, Error> {
        self.exactly_once(
            async || {
                let call = self
                    .client
                    .attach_volume()
                    .volume_id(volume.as_str())
                    .instance_id(instance.as_str())
                    .device(device);
                self.once("AttachVolume", call.send()).await?;
                Ok(device.to_owned())
            },
            async || {
                let found = self.volume(volume).await?;
                let attachment = found.as_ref().and_then(|it| it.attachment(instance));
                let here = attachment.filter(|it| ["attaching", "attached"].contains(&&*it.state));
                Ok(here.map(|it| it.device.clone()))
            },
            VOLUME_IN_USE,
        )
        .await
    }

    /// Lets EC2 delete a volume with the instance that has it, so that it outlives no build host.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn delete_on_termination(&self, instance: &Id, device: &str) -> Result<(), Error> {
        let mapping = deleted_with_the_instance(device);
        let call = || {
            self.client
                .modify_instance_attribute()
                .instance_id(instance.as_str())
                .block_device_mappings(mapping.clone())
        };
        self.patiently(async || self.once("ModifyInstanceAttribute", call().send()).await)
            .await
            .map(drop)
    }

    /// Takes a volume from whatever instance has it; by `force` even from one that does not let go
    /// of it. It is gone from there when [`volume`](Self::volume) shows no attachment. One that
    /// nobody has is taken away, too.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn detach_volume(&self, volume: &Id, force: bool) -> Result<(), Error> {
        let call = || {
            self.client
                .detach_volume()
                .volume_id(volume.as_str())
                .set_force(force.then_some(true))
        };
        let detached = self
            .patiently(async || self.once("DetachVolume", call().send()).await)
            .await;
        match detached {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            // It is on its way already, by an earlier try whose answer was lost, or is gone.
            Err(error) if error.code() == Some("IncorrectState") => {
                let found = self.volume(volume).await?;
                let held = found.is_some_and(|volume| {
                    let mut all = volume.attachments.iter();
                    all.any(|it| ["attaching", "attached"].contains(&&*it.state))
                });
                if held { Err(error) } else { Ok(()) }
            }
            other => other.map(drop),
        }
    }
}

/// What ModifyInstanceAttribute is told of a device that is to go with its instance.
pub(super) fn deleted_with_the_instance(device: &str) -> InstanceBlockDeviceMappingSpecification {
    let ebs = EbsInstanceBlockDeviceSpecification::builder().delete_on_termination(true);
    InstanceBlockDeviceMappingSpecification::builder()
        .device_name(device)
        .ebs(ebs.build())
        .build()
}
