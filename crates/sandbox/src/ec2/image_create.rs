//! CreateImage.

use crate::course::Course;
use crate::model::Resource;
use crate::model::id::Kind;
use crate::model::image::{Image, ImageState, Stage};
use crate::model::instance::{Attachment, Instance, InstanceState};
use crate::model::mapping::{Device, Ebs, Mapping};
use crate::model::snapshot::{Snapshot, SnapshotState};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

use super::call::{Action, Invocation, Room};
use super::mappings::{self, Wanted};
use super::tag_rules::{self, Tags};
use super::{image_names, instance_describe};

/// Makes an image of an instance. There is no ClientToken: asked twice, it would make two, were it not
/// for the name.
pub(crate) struct CreateImage {
    instance: String,
    name: String,
    description: Option<String>,
    no_reboot: bool,
    boot_mode: Option<String>,
    mappings: Vec<Wanted>,
    image_tags: Tags,
    snapshot_tags: Tags,
}

impl Action for CreateImage {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let instance = params.req("InstanceId")?;
        let name = params.req("Name")?;
        params.accept("SnapshotLocation");
        let kinds = [Kind::Image, Kind::Snapshot];
        let [image_tags, snapshot_tags] = tag_rules::take_specifications(params, kinds)?;
        Ok(CreateImage {
            instance,
            name,
            description: params.opt("Description"),
            no_reboot: params.flag("NoReboot")?.unwrap_or(false),
            boot_mode: params.opt("BootModeOverride"),
            mappings: mappings::take(params)?,
            image_tags,
            snapshot_tags,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let (region, me) = (call.region(), call.caller.account.clone());
        let instance = instance_describe::own(region, &me, &self.instance)?.clone();
        check_state(&instance)?;
        image_names::check(region, &me, &self.name)?;
        let devices = self.devices(region, &instance, &me)?;
        let mut image = self.image(region, &instance, &me);
        image.source_region = image
            .source_image
            .as_ref()
            .map(|_| call.caller.region.clone());
        let mut room = call.commit()?;
        for device in devices {
            let mapping = self.snapshot_device(&mut room, &image, device)?;
            image.mappings.push(mapping);
        }
        if !self.no_reboot
            && let Some(instance) = room.region.instances.get_mut(&self.instance)
        {
            instance.reboots += 1;
        }
        let id = register(&mut room, image);
        let mut xml = Xml::new();
        xml.text("imageId", id);
        Ok(xml)
    }
}

/// A device of the new image, and the volume that a snapshot is to be taken of.
struct DevicePlan {
    mapping: Mapping,
    volume: Option<String>,
}

impl CreateImage {
    /// The volumes of the instance, changed and added to by the mappings of the call.
    fn devices(
        &self,
        region: &Region,
        instance: &Instance,
        account: &str,
    ) -> Result<Vec<DevicePlan>, ApiError> {
        let is_there = |a: &&Attachment| *a.course.peek() != "detached";
        let attachments: Vec<_> = instance.attachments.iter().filter(is_there).collect();
        let mut plans = Vec::new();
        for attachment in &attachments {
            plans.extend(self.device(region, instance, account, attachment)?);
        }
        let is_new = |wanted: &&Wanted| {
            let same = |a: &&Attachment| a.device == wanted.device_name;
            !wanted.no_device && !attachments.iter().any(same)
        };
        for wanted in self.mappings.iter().filter(is_new) {
            let mapping = mappings::fresh(wanted, region, account)?;
            plans.push(DevicePlan {
                mapping,
                volume: None,
            });
        }
        Ok(plans)
    }

    /// What becomes of one volume of the instance; nothing when the call leaves it out.
    fn device(
        &self,
        region: &Region,
        instance: &Instance,
        account: &str,
        attachment: &Attachment,
    ) -> Result<Option<DevicePlan>, ApiError> {
        let device = &attachment.device;
        let base = volume_as_ebs(region, attachment);
        let wanted = self
            .mappings
            .iter()
            .find(|wanted| wanted.device_name == *device);
        Ok(Some(match wanted {
            None => DevicePlan {
                mapping: Mapping::ebs(device, base),
                volume: Some(attachment.volume.clone()),
            },
            Some(wanted) if wanted.no_device && *device == instance.root_device => {
                let message = format!("The root device {device} cannot be left out");
                return Err(mappings::invalid(message));
            }
            Some(wanted) if wanted.no_device => return Ok(None),
            Some(Wanted { ebs: Some(ebs), .. }) => {
                self.changed(region, account, attachment, ebs, base)?
            }
            Some(wanted) => DevicePlan {
                mapping: mappings::fresh(wanted, region, account)?,
                volume: None,
            },
        }))
    }

    /// A device of the instance about which the call says something. Its encryption cannot be changed
    /// (CreateImage in the API reference), and a snapshot named here takes the place of a new one.
    fn changed(
        &self,
        region: &Region,
        account: &str,
        attachment: &Attachment,
        wanted: &mappings::WantedEbs,
        base: Ebs,
    ) -> Result<DevicePlan, ApiError> {
        let (size, encrypted) = (base.size, base.encrypted);
        let ebs = wanted.over(base, region, account)?;
        if wanted.snapshot.is_none() && ebs.encrypted != encrypted {
            let message = format!(
                "The encryption of device '{}' cannot be changed",
                attachment.device
            );
            return Err(mappings::invalid(message));
        }
        if wanted.snapshot.is_none() && ebs.size < size {
            let message = format!(
                "Volume of size {}GB is smaller than snapshot 'null', expect size >= {size}GB",
                ebs.size
            );
            return Err(mappings::invalid(message));
        }
        let volume = wanted.snapshot.is_none().then(|| attachment.volume.clone());
        Ok(DevicePlan {
            mapping: Mapping::ebs(&attachment.device, ebs),
            volume,
        })
    }

    fn image(&self, region: &Region, instance: &Instance, account: &str) -> Image {
        let parent = region.images.get(&instance.image);
        let mut image = Image::new(account, &self.name);
        image.description = self.description.clone();
        image.architecture = instance.architecture.clone();
        image.virtualization = instance.virtualization.clone();
        image.platform = instance.platform.clone();
        image.root_device = instance.root_device.clone();
        image.ena_support = instance.ena_support;
        image.boot_mode = self.boot_mode.clone().or_else(|| parent?.boot_mode.clone());
        image.imds_support = parent.and_then(|parent| parent.imds_support.clone());
        image.tpm_support = parent.and_then(|parent| parent.tpm_support.clone());
        image.sriov_net_support = parent.and_then(|parent| parent.sriov_net_support.clone());
        image.product_codes = parent.map_or_else(Vec::new, |parent| parent.product_codes.clone());
        image.source_instance = Some(instance.id.clone());
        image.source_image = Some(instance.image.clone());
        image.tags = self.image_tags.clone();
        image
    }

    fn snapshot_device(
        &self,
        room: &mut Room<'_>,
        image: &Image,
        plan: DevicePlan,
    ) -> Result<Mapping, ApiError> {
        let DevicePlan {
            mut mapping,
            volume,
        } = plan;
        let Some(volume) = volume else {
            return Ok(mapping);
        };
        let Device::Ebs(ebs) = &mut mapping.device else {
            return Ok(mapping);
        };
        let size = room
            .region
            .volumes
            .get(&volume)
            .map_or(ebs.size, |volume| volume.size);
        let mut snapshot = Snapshot::new(&image.owner, &volume, size);
        let source = image.source_instance.as_deref().unwrap_or_default();
        snapshot.description = format!("Created by CreateImage({source}) for {}", image.id);
        snapshot.encrypted = ebs.encrypted;
        snapshot.kms_key.clone_from(&ebs.kms_key);
        snapshot.tags = self.snapshot_tags.clone();
        snapshot.blocks = room.blocks_of_volume(&volume)?;
        snapshot.follows = Some(image.id.clone());
        let pace = room.settings.paces.image;
        snapshot.course = Course::from(SnapshotState::Pending, pace, SnapshotState::Completed);
        snapshot.veil = room.veil();
        ebs.snapshot = Some(snapshot.id.clone());
        room.region.snapshots.insert(&snapshot.id.clone(), snapshot);
        Ok(mapping)
    }
}

/// Adds an image that is pending at first; what becomes of it may have been ordered.
pub(crate) fn register(room: &mut Room<'_>, mut image: Image) -> String {
    let here = room.region.next_images.pop_front();
    let end = here
        .or_else(|| room.next_images.pop_front())
        .unwrap_or(ImageState::Available.into());
    image.course = Course::from(
        Stage::from(ImageState::Pending),
        room.settings.paces.image,
        end,
    );
    image.veil = room.veil();
    let id = image.id().to_owned();
    room.region.images.insert(&id, image);
    id
}

/// EC2 gives the code IncorrectState and names the states that would do.
fn check_state(instance: &Instance) -> Result<(), ApiError> {
    // Only EBS-backed instances have images made of them (CreateImage in the API reference).
    if instance.root_type != "ebs" {
        let message = format!(
            "The instance '{}' does not have an 'ebs' root device type",
            instance.id
        );
        return Err(ApiError::client("UnsupportedOperation", message));
    }
    if matches!(
        instance.state(),
        InstanceState::Running | InstanceState::Stopping | InstanceState::Stopped
    ) {
        return Ok(());
    }
    let message = "Instance is not in state 'running' or 'stopping' or 'stopped'";
    Err(ApiError::client("IncorrectState", message))
}

fn volume_as_ebs(region: &Region, attachment: &Attachment) -> Ebs {
    let base = region
        .volumes
        .get(&attachment.volume)
        .map_or_else(Ebs::default, |volume| Ebs {
            snapshot: None,
            size: volume.size,
            volume_type: volume.volume_type.clone(),
            iops: volume.iops,
            throughput: volume.throughput,
            encrypted: volume.encrypted,
            kms_key: volume.kms_key.clone(),
            delete_on_termination: true,
        });
    Ebs {
        delete_on_termination: attachment.delete_on_termination,
        ..base
    }
}
