//! CreateVolume, DeleteVolume and DescribeVolumes. A volume of a snapshot has its bytes.

use crate::course::Course;
use crate::model::id::Kind;
use crate::model::instance::Attachment;
use crate::model::mapping::Ebs;
use crate::model::volume::{Volume, VolumeState};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::{Xml, timestamp};
use crate::world::Region;

use super::call::{Action, Invocation};
use super::describe::{Describe, Query};
use super::mappings::{self, WantedEbs};
use super::regions::zones;
use super::snapshot_copy;
use super::tag_rules::{self, Tags};

const FILTERS: [&str; 13] = [
    "attachment.delete-on-termination",
    "attachment.device",
    "attachment.instance-id",
    "attachment.status",
    "availability-zone",
    "create-time",
    "encrypted",
    "size",
    "snapshot-id",
    "status",
    "tag-key",
    "volume-id",
    "volume-type",
];

/// Makes a volume, of a snapshot or empty.
pub(crate) struct CreateVolume {
    zone: Option<String>,
    zone_id: Option<String>,
    wanted: WantedEbs,
    token: Option<String>,
    tags: Tags,
}

impl Action for CreateVolume {
    fn take(params: &Params) -> Result<Self, ApiError> {
        ["MultiAttachEnabled", "Operator"]
            .iter()
            .for_each(|known| params.accept(known));
        let [tags] = tag_rules::take_specifications(params, [Kind::Volume])?;
        let (zone, zone_id) = (
            params.opt("AvailabilityZone"),
            params.opt("AvailabilityZoneId"),
        );
        if zone.is_none() && zone_id.is_none() {
            return Err(ApiError::missing("AvailabilityZone"));
        }
        let wanted = WantedEbs::take(params, "Size")?;
        Ok(CreateVolume {
            zone,
            zone_id,
            wanted,
            token: params.opt("ClientToken"),
            tags,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let id = match call.earlier("CreateVolume", self.token.as_deref())? {
            Some(ids) => ids.concat(),
            None => {
                let id = self.create(call)?;
                call.remember("CreateVolume", self.token.clone(), vec![id.clone()])?;
                id
            }
        };
        let mut xml = Xml::new();
        if let Some(volume) = call.region().volumes.get(&id) {
            write_fields(&mut xml, volume, volume.state());
        }
        Ok(xml)
    }
}

impl CreateVolume {
    fn create(&self, call: &mut Invocation<'_>) -> Result<String, ApiError> {
        let mut known = zones(&call.caller.region).into_iter();
        let zone = known.find(|zone| {
            Some(&zone.name) == self.zone.as_ref() || Some(&zone.id) == self.zone_id.as_ref()
        });
        let zone = zone.ok_or_else(|| {
            let name = self
                .zone
                .as_ref()
                .or(self.zone_id.as_ref())
                .cloned()
                .unwrap_or_default();
            let message = format!("The zone '{name}' does not exist.");
            ApiError::client("InvalidZone.NotFound", message)
        })?;
        if self.wanted.size.is_none() && self.wanted.snapshot.is_none() {
            return Err(ApiError::client(
                "MissingParameter",
                "The request must contain the parameter size/snapshot",
            ));
        }
        let me = call.caller.account.clone();
        let ebs = self.wanted.over(mappings::gp2(), call.region(), &me)?;
        snapshot_copy::check_completed(call.region(), ebs.snapshot.as_deref())?;
        let mut volume = Volume::from_ebs(&ebs, &me, &zone.name);
        volume.tags.clone_from(&self.tags);
        volume.encrypted |= call.region().encrypts(&me);
        volume.blocks = call.region().blocks_of(volume.snapshot.as_deref());
        let room = call.commit()?;
        let pace = room.settings.paces.volume;
        volume.course = Course::from(VolumeState::Creating, pace, VolumeState::Available);
        volume.veil = room.veil();
        let id = volume.id.clone();
        room.region.volumes.insert(&id, volume);
        Ok(id)
    }
}

/// Removes a volume that is not attached.
pub(crate) struct DeleteVolume(String);

impl Action for DeleteVolume {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(DeleteVolume(params.req("VolumeId")?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let volume = own(call.region(), &call.caller.account, &self.0)?;
        if let (VolumeState::InUse, Some(instance)) = (volume.state(), &volume.attached_to) {
            let message = format!("Volume {} is currently attached to {instance}", self.0);
            return Err(ApiError::client("VolumeInUse", message));
        }
        call.commit()?.region.volumes.remove(&self.0);
        Ok(Xml::done())
    }
}

/// Lists the volumes of the account.
pub(crate) struct DescribeVolumes(Query);

impl Action for DescribeVolumes {
    fn take(params: &Params) -> Result<Self, ApiError> {
        params.accept("IncludeManagedResources");
        Ok(DescribeVolumes(Query::take(
            params,
            "VolumeId",
            "volumeSet",
            &FILTERS,
        )?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let (region, me) = (call.region(), &*call.caller.account);
        let open = |volume: &Volume| volume.owner == me;
        let (volumes, token) =
            self.0
                .select(region, &region.volumes, call.settings(), me, open, |_| true)?;
        let mut xml = Xml::new();
        xml.list("volumeSet", volumes, |xml, (volume, view)| {
            write_fields(xml, volume, view.state);
            let attachment = attachment(region, volume).zip(view.attachment);
            xml.list("attachmentSet", attachment, |xml, (attachment, status)| {
                write_attachment(xml, volume, attachment, status);
            });
        });
        xml.opt("nextToken", token);
        Ok(xml)
    }
}

/// What one read has seen of a volume: its state, and that of its attachment.
pub(crate) struct Sight {
    state: VolumeState,
    attachment: Option<&'static str>,
}

impl Describe for Volume {
    type View = Sight;

    const MOVING: &'static [&'static str] = &["attachment.status", "status"];

    fn view(&self, region: &Region) -> Sight {
        let status = attachment(region, self).map(|attachment| *attachment.course.read());
        let attachment = status.filter(|status| *status != "detached");
        Sight {
            state: *self.course.read(),
            attachment,
        }
    }

    fn values(&self, region: &Region, filter: &str) -> Vec<String> {
        let one = |value: &str| vec![value.to_owned()];
        let attachment = || attachment(region, self).into_iter();
        match filter {
            "attachment.delete-on-termination" => attachment()
                .map(|a| a.delete_on_termination.to_string())
                .collect(),
            "attachment.device" => attachment().map(|a| a.device.clone()).collect(),
            "attachment.instance-id" => self.attached_to.iter().cloned().collect(),
            "availability-zone" => one(&self.zone),
            "create-time" => vec![timestamp(self.created)],
            "encrypted" => vec![self.encrypted.to_string()],
            "size" => vec![self.size.to_string()],
            "snapshot-id" => self.snapshot.iter().cloned().collect(),
            "volume-id" => one(&self.id),
            "volume-type" => one(&self.volume_type),
            _ => Vec::new(),
        }
    }

    fn moving(&self, view: &Sight, filter: &str) -> Vec<String> {
        match filter {
            "status" => vec![view.state.as_str().to_owned()],
            _ => view
                .attachment
                .iter()
                .map(|word| (*word).to_owned())
                .collect(),
        }
    }
}

impl Volume {
    /// The volume that a mapping or a CreateVolume call asks for.
    pub(crate) fn from_ebs(ebs: &Ebs, owner: &str, zone: &str) -> Self {
        let mut volume = Volume::new(owner, zone, ebs.size);
        volume.volume_type.clone_from(&ebs.volume_type);
        (volume.iops, volume.throughput) = (ebs.iops, ebs.throughput);
        volume.snapshot.clone_from(&ebs.snapshot);
        volume.encrypted = ebs.encrypted;
        volume.kms_key.clone_from(&ebs.kms_key);
        volume
    }
}

/// A volume of the account.
pub(crate) fn own<'r>(region: &'r Region, account: &str, id: &str) -> Result<&'r Volume, ApiError> {
    Kind::Volume.check(id)?;
    let volume = region
        .volumes
        .get(id)
        .filter(|v| v.owner == account && v.veil.look());
    volume.ok_or_else(|| Kind::Volume.not_found(&[id]))
}

/// The attachment of a volume, which its instance keeps.
pub(crate) fn attachment<'r>(region: &'r Region, volume: &Volume) -> Option<&'r Attachment> {
    let instance = region.instances.get(volume.attached_to.as_ref()?)?;
    instance
        .attachments
        .iter()
        .find(|attachment| attachment.volume == volume.id)
}

/// An attachment as AttachVolume, DetachVolume and DescribeVolumes show it.
pub(crate) fn write_attachment(
    xml: &mut Xml,
    volume: &Volume,
    attachment: &Attachment,
    status: &str,
) {
    xml.text("volumeId", &volume.id)
        .opt("instanceId", volume.attached_to.as_ref());
    xml.text("device", &attachment.device)
        .text("status", status);
    xml.text("attachTime", timestamp(attachment.attached));
    xml.text("deleteOnTermination", attachment.delete_on_termination);
}

fn write_fields(xml: &mut Xml, volume: &Volume, state: VolumeState) {
    xml.text("volumeId", &volume.id).text("size", volume.size);
    xml.text("snapshotId", volume.snapshot.as_deref().unwrap_or_default());
    xml.text("availabilityZone", &volume.zone)
        .text("status", state.as_str());
    xml.text("createTime", timestamp(volume.created))
        .text("volumeType", &volume.volume_type);
    xml.opt("iops", volume.iops)
        .opt("throughput", volume.throughput);
    xml.text("encrypted", volume.encrypted)
        .opt("kmsKeyId", volume.kms_key.as_ref());
    xml.text("multiAttachEnabled", false);
    xml.tags(volume.tags.iter());
}
