//! RunInstances.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::course::Course;
use crate::model::id::Kind;
use crate::model::image::{Image, ImageState};
use crate::model::instance::{Attachment, Instance, InstanceState, Traits};
use crate::model::mapping::{Ebs, Mapping};
use crate::model::volume::{Volume, VolumeState};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

use super::call::{Action, Invocation, Room};
use super::instance_describe::{self, Sight};
use super::instance_place::{Place, WantedPlace};
use super::mappings::{self, Wanted};
use super::tag_rules::{self, Tags};
use super::{instance_attributes, launch_rules};

/// Parameters of a launch that change nothing here.
const WITHOUT_EFFECT: [&str; 26] = [
    "AdditionalInfo",
    "CapacityReservationSpecification",
    "CpuOptions",
    "CreditSpecification",
    "ElasticGpuSpecification",
    "ElasticInferenceAccelerator",
    "EnablePrimaryIpv6",
    "EnclaveOptions",
    "HibernationOptions",
    "InstanceMarketOptions",
    "Ipv6Address",
    "Ipv6AddressCount",
    "KernelId",
    "LaunchTemplate",
    "LicenseSpecification",
    "MaintenanceOptions",
    "MetadataOptions",
    "Monitoring",
    "NetworkInterface",
    "NetworkPerformanceOptions",
    "Operator",
    "PrivateDnsNameOptions",
    "PrivateIpAddress",
    "RamdiskId",
    "SecondaryInterface",
    "Placement",
];

/// Launches instances of an image.
pub(crate) struct RunInstances {
    image: String,
    instance_type: String,
    min: u32,
    max: u32,
    place: WantedPlace,
    traits: Traits,
    profile: Option<String>,
    protected: bool,
    token: Option<String>,
    mappings: Vec<Wanted>,
    instance_tags: Tags,
    volume_tags: Tags,
}

impl Action for RunInstances {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let kinds = [Kind::Instance, Kind::Volume];
        let [instance_tags, volume_tags] = tag_rules::take_specifications(params, kinds)?;
        let profile = params.section("IamInstanceProfile");
        let required = |name: &str| params.number(name)?.ok_or_else(|| ApiError::missing(name));
        let run = RunInstances {
            image: params.req("ImageId")?,
            instance_type: params
                .opt("InstanceType")
                .unwrap_or_else(|| "m1.small".into()),
            min: required("MinCount")?,
            max: required("MaxCount")?,
            place: WantedPlace::take(params)?,
            traits: take_traits(params)?,
            profile: profile.filled("Arn").or(profile.filled("Name")),
            protected: params.flag("DisableApiTermination")?.unwrap_or(false),
            token: params.opt("ClientToken"),
            mappings: mappings::take(params)?,
            instance_tags,
            volume_tags,
        };
        WITHOUT_EFFECT.iter().for_each(|known| params.accept(known));
        Ok(run)
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let ids = match call.earlier("RunInstances", self.token.as_deref())? {
            Some(ids) => ids,
            None => {
                let ids = self.launch(call)?;
                call.remember("RunInstances", self.token.clone(), ids.clone())?;
                ids
            }
        };
        let instances: Vec<_> = ids
            .iter()
            .filter_map(|id| call.region().instances.get(id))
            .map(|instance| (instance, Sight::peek(instance)))
            .collect();
        let mut xml = Xml::new();
        instance_describe::write_reservation(&mut xml, &instances);
        Ok(xml)
    }
}

impl RunInstances {
    fn launch(&self, call: &mut Invocation<'_>) -> Result<Vec<String>, ApiError> {
        let me = call.caller.account.clone();
        if self.min == 0 || self.min > self.max {
            let why = "Expected 1 up to maxCount.";
            return Err(ApiError::bad_value(self.min, "minCount", why));
        }
        let region = call.region();
        let image = usable(region, &me, &self.image)?.clone();
        launch_rules::check(&image, &self.instance_type)?;
        let devices = self.devices(region, &image, &me)?;
        let place = self.place.resolve(call)?;
        let mut room = call.commit()?;
        let reservation = Kind::Instance.fresh().replacen("i-", "r-", 1);
        let mut ids = Vec::new();
        for index in 0..self.max {
            let mut instance = self.instance(&image, &me, &place, &reservation, index);
            for device in &devices {
                let attachment = self.attach(&mut room, &instance, device);
                instance.attachments.extend(attachment);
            }
            let pace = room.settings.paces.instance;
            instance.course = Course::from(InstanceState::Pending, pace, InstanceState::Running);
            instance.veil = room.veil();
            ids.push(instance.id.clone());
            room.region.instances.insert(&instance.id.clone(), instance);
        }
        Ok(ids)
    }

    /// The devices of the image, changed and added to by the mappings of the call.
    fn devices(
        &self,
        region: &Region,
        image: &Image,
        account: &str,
    ) -> Result<Vec<Mapping>, ApiError> {
        let wanted = |name: &str| {
            self.mappings
                .iter()
                .find(|wanted| wanted.device_name == name)
        };
        let mut devices = Vec::new();
        for mapping in &image.mappings {
            match wanted(&mapping.device_name) {
                None => devices.push(mapping.clone()),
                Some(wanted) if wanted.no_device => {}
                Some(Wanted { ebs: Some(ebs), .. }) => {
                    let base = mapping.as_ebs().cloned().unwrap_or_else(mappings::gp2);
                    check_size(region, &base, ebs.size)?;
                    let ebs = ebs.over(base, region, account)?;
                    devices.push(Mapping::ebs(&mapping.device_name, ebs));
                }
                Some(wanted) => devices.push(mappings::fresh(wanted, region, account)?),
            }
        }
        let is_new = |wanted: &&Wanted| {
            image
                .mappings
                .iter()
                .all(|mapping| mapping.device_name != wanted.device_name)
        };
        for wanted in self
            .mappings
            .iter()
            .filter(is_new)
            .filter(|wanted| !wanted.no_device)
        {
            devices.push(mappings::fresh(wanted, region, account)?);
        }
        Ok(devices)
    }

    fn instance(
        &self,
        image: &Image,
        account: &str,
        place: &Place,
        reservation: &str,
        index: u32,
    ) -> Instance {
        let mut instance = Instance::new(account, &image.id, &place.zone);
        instance.reservation = reservation.into();
        instance.launch_index = index;
        instance.instance_type.clone_from(&self.instance_type);
        instance.architecture.clone_from(&image.architecture);
        instance.virtualization.clone_from(&image.virtualization);
        instance.platform.clone_from(&image.platform);
        instance.root_device.clone_from(&image.root_device);
        instance.ena_support = image.ena_support;
        instance.root_type = image.root_type();
        instance.key_name.clone_from(&place.key_name);
        instance.groups.clone_from(&place.groups);
        instance.traits.clone_from(&self.traits);
        instance.profile.clone_from(&self.profile);
        instance.termination_protection = self.protected;
        instance.client_token = self.token.clone().unwrap_or_default();
        instance.tags.clone_from(&self.instance_tags);
        instance
    }

    fn attach(
        &self,
        room: &mut Room<'_>,
        instance: &Instance,
        device: &Mapping,
    ) -> Option<Attachment> {
        let ebs = device.as_ebs()?;
        let mut volume = Volume::from_ebs(ebs, &instance.owner, &instance.zone);
        volume.attached_to = Some(instance.id.clone());
        volume.encrypted |= room.region.encrypts(&instance.owner);
        volume.blocks = room.region.blocks_of(volume.snapshot.as_deref());
        volume.set_state(VolumeState::InUse);
        volume.tags.clone_from(&self.volume_tags);
        volume.veil = room.veil();
        let attachment =
            Attachment::settled(&device.device_name, &volume.id, ebs.delete_on_termination);
        room.region.volumes.insert(&volume.id.clone(), volume);
        Some(attachment)
    }
}

fn take_traits(params: &Params) -> Result<Traits, ApiError> {
    let behavior = params.opt("InstanceInitiatedShutdownBehavior");
    let behavior = behavior.as_deref().unwrap_or("stop");
    Ok(Traits {
        stop_protection: params.flag("DisableApiStop")?.unwrap_or(false),
        ebs_optimized: params.flag("EbsOptimized")?.unwrap_or(false),
        shutdown_behavior: instance_attributes::check_behavior(behavior)?,
        user_data: take_user_data(params)?,
        ..Traits::default()
    })
}

/// User data is base64 of at most 16 KB (RunInstances in the API reference); public threads quote the
/// messages.
fn take_user_data(params: &Params) -> Result<Option<String>, ApiError> {
    let Some(text) = params.filled("UserData") else {
        return Ok(None);
    };
    let wrong = |message: &str| ApiError::client("InvalidParameterValue", message);
    match STANDARD.decode(&text) {
        Err(_) => Err(wrong("Invalid BASE64 encoding of user data")),
        Ok(bytes) if bytes.len() > 16_384 => Err(wrong("User data is limited to 16384 bytes")),
        Ok(_) => Ok(Some(text)),
    }
}

fn check_size(region: &Region, base: &Ebs, size: Option<u32>) -> Result<(), ApiError> {
    let snapshot = base
        .snapshot
        .as_ref()
        .and_then(|id| region.snapshots.get(id));
    match (snapshot, size) {
        (Some(snapshot), Some(size)) if size < snapshot.size => {
            Err(mappings::too_small(size, &snapshot.id, snapshot.size))
        }
        _ => Ok(()),
    }
}

/// An image from which instances can be launched now.
fn usable<'r>(region: &'r Region, account: &str, id: &str) -> Result<&'r Image, ApiError> {
    let image = super::image_deregister::open(region, account, id)?;
    match image.state() {
        ImageState::Available => Ok(image),
        state => {
            let message = format!(
                "The image ID '{id}' is currently {} and may not be used for this operation",
                state.as_str()
            );
            Err(ApiError::client("InvalidAMIID.Unavailable", message))
        }
    }
}
