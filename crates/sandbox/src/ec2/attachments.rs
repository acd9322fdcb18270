//! AttachVolume and DetachVolume.

use crate::config::Pace;
use crate::course::Course;
use crate::model::instance::{Attachment, InstanceState};
use crate::model::volume::{Volume, VolumeState};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

use super::call::{Action, Invocation};
use super::{instance_describe, volumes};

/// Gives a volume to an instance of its zone, under a device name that is free.
pub(crate) struct Attach {
    volume: String,
    instance: String,
    device: String,
}

impl Action for Attach {
    fn take(params: &Params) -> Result<Self, ApiError> {
        params.accept("EbsCardIndex");
        Ok(Attach {
            volume: params.req("VolumeId")?,
            instance: params.req("InstanceId")?,
            device: params.req("Device")?,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        self.check(call)?;
        let mut room = call.commit()?;
        room.show_device(&self.volume, &self.instance, &self.device)?;
        let pace = room.settings.paces.volume;
        let mut attachment = Attachment::settled(&self.device, &self.volume, false);
        attachment.course = Course::from("attaching", pace, "attached");
        let Region {
            volumes, instances, ..
        } = room.region;
        let mut xml = Xml::new();
        if let (Some(volume), Some(instance)) = (
            volumes.get_mut(&self.volume),
            instances.get_mut(&self.instance),
        ) {
            volume.attached_to = Some(self.instance);
            volume.set_state(VolumeState::InUse);
            volumes::write_attachment(&mut xml, volume, &attachment, "attaching");
            instance.attachments.push(attachment);
        }
        Ok(xml)
    }
}

impl Attach {
    fn check(&self, call: &Invocation<'_>) -> Result<(), ApiError> {
        let (region, me) = (call.region(), &call.caller.account);
        let volume = volumes::own(region, me, &self.volume)?;
        let instance = instance_describe::own(region, me, &self.instance)?;
        if let (VolumeState::InUse, Some(holder)) = (volume.state(), &volume.attached_to) {
            let message = format!("{} is already attached to an instance: {holder}", volume.id);
            return Err(ApiError::client("VolumeInUse", message));
        }
        if volume.state() != VolumeState::Available {
            return Err(incorrect(format!("{} is not 'available'.", volume.id)));
        }
        if !matches!(
            instance.state(),
            InstanceState::Running | InstanceState::Stopped
        ) {
            return Err(incorrect(format!(
                "Instance '{}' is not 'running'.",
                instance.id
            )));
        }
        if volume.zone != instance.zone {
            let message = format!(
                "The volume '{}' is not in the same availability zone as instance '{}'",
                volume.id, instance.id
            );
            return Err(ApiError::client("InvalidVolume.ZoneMismatch", message));
        }
        let taken = |a: &&Attachment| a.device == self.device && *a.course.peek() != "detached";
        if let Some(other) = instance.attachments.iter().find(taken) {
            let message = format!(
                "Invalid value '{}' for unixDevice. Attachment point {} is already in use by {}",
                self.device, self.device, other.volume
            );
            return Err(ApiError::client("InvalidParameterValue", message));
        }
        Ok(())
    }
}

/// Takes a volume from its instance; the instance need not be named.
pub(crate) struct Detach {
    force: bool,
    volume: String,
    instance: Option<String>,
    device: Option<String>,
}

impl Action for Detach {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(Detach {
            force: params.flag("Force")?.unwrap_or(false),
            volume: params.req("VolumeId")?,
            instance: params.opt("InstanceId"),
            device: params.opt("Device"),
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let (region, me) = (call.region(), &call.caller.account);
        let volume = volumes::own(region, me, &self.volume)?;
        if let Some(id) = &self.instance {
            instance_describe::own(region, me, id)?;
        }
        self.check(region, volume)?;
        let room = call.commit()?;
        let devices = room.devices.as_mut();
        let is_free = devices.is_none_or(|devices| devices.detach(&self.volume, self.force));
        let pace = room.settings.paces.volume;
        match is_free {
            true => room.region.begin_to_detach(&self.volume, pace),
            false => room.region.call_busy(&self.volume),
        }
        let region = &*room.region;
        let mut xml = Xml::new();
        if let Some(volume) = region.volumes.get(&self.volume)
            && let Some(attachment) = volumes::attachment(region, volume)
        {
            volumes::write_attachment(&mut xml, volume, attachment, "detaching");
        }
        Ok(xml)
    }
}

impl Detach {
    fn check(&self, region: &Region, volume: &Volume) -> Result<(), ApiError> {
        let attachment = volumes::attachment(region, volume);
        let is_the_one = |a: &&Attachment| {
            self.device
                .as_ref()
                .is_none_or(|device| *device == a.device)
                && (self.instance.is_none() || self.instance == volume.attached_to)
        };
        match attachment.filter(|a| *a.course.peek() != "detached") {
            None => Err(incorrect(format!(
                "Volume '{}' is in the 'available' state.",
                volume.id
            ))),
            Some(a) if *a.course.peek() == "detaching" => Err(incorrect(format!(
                "Volume '{}' is in the 'detaching' state.",
                volume.id
            ))),
            Some(a) if is_the_one(&a) => Ok(()),
            Some(_) => {
                let message = format!("The volume '{}' is not attached as specified", volume.id);
                Err(ApiError::client("InvalidAttachment.NotFound", message))
            }
        }
    }
}

impl Region {
    /// A volume is on its way from its instance.
    pub(crate) fn begin_to_detach(&mut self, volume: &str, pace: Pace) {
        if let Some(volume) = self.volumes.get_mut(volume) {
            volume.course = Course::from(VolumeState::InUse, pace, VolumeState::Available);
        }
        if let Some(attachment) = self.attachment_mut(volume) {
            attachment.course = Course::from("detaching", pace, "detached");
        }
    }

    /// A volume is to be detached, and something on its instance uses it.
    fn call_busy(&mut self, volume: &str) {
        if let Some(attachment) = self.attachment_mut(volume) {
            attachment.course = Course::settled("busy");
        }
    }

    fn attachment_mut(&mut self, volume: &str) -> Option<&mut Attachment> {
        let holder = self.volumes.get(volume)?.attached_to.clone()?;
        let mut all = self.instances.get_mut(&holder)?.attachments.iter_mut();
        all.find(|attachment| attachment.volume == volume)
    }

    /// Forgets the attachments whose time of detaching is over.
    pub(crate) fn forget_detached(&mut self) {
        for instance in self.instances.iter_mut() {
            instance.attachments.retain(|attachment| {
                let is_gone = *attachment.course.peek() == "detached";
                if is_gone && let Some(volume) = self.volumes.get_mut(&attachment.volume) {
                    volume.attached_to = None;
                    volume.set_state(VolumeState::Available);
                }
                !is_gone
            });
        }
    }
}

fn incorrect(message: String) -> ApiError {
    ApiError::client("IncorrectState", message)
}
