//! Volumes: made, and removed. What attaches them is in [`attachments`](super::attachments).

use std::collections::BTreeMap;

use aws_sdk_ec2::types as sdk;
use aws_sdk_ec2::types::{ResourceType, VolumeType};

use super::create_image::specification;
use super::described::{id, state, tags};
use super::{Ec2, would_be_allowed};
use crate::error::{Error, Fault, Kind as ErrorKind};
use crate::id::Id;
use crate::resource::State;
use crate::tag::{self, Tag};
use crate::time::Moment;

/// EC2's answer when a volume is to be deleted, or attached, that an instance has.
pub const VOLUME_IN_USE: &str = "VolumeInUse";

/// A volume to be made. What is not said is left to EC2.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewVolume {
    /// The zone that it is for.
    pub zone: String,
    /// The snapshot that it is made from; without one it is empty.
    pub snapshot: Option<Id>,
    /// Its size in GiB.
    pub size: Option<i32>,
    /// Its type.
    pub volume_type: Option<String>,
    /// Its I/O operations per second.
    pub iops: Option<i32>,
    /// Its throughput in MiB/s.
    pub throughput: Option<i32>,
    /// How fast the snapshot's bytes are brought to it, in MiB/s; EC2 does it when they are first
    /// read where it is not told, and charges for it where it is.
    pub initialization_rate: Option<i32>,
    /// Is it encrypted?
    pub encrypted: Option<bool>,
    /// The KMS key that it is encrypted with.
    pub kms_key: Option<String>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// The UUID of the run, which is added to the tags.
    pub run: String,
}

/// A volume as EC2 describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its ID.
    pub id: Id,
    /// Its state.
    pub state: State,
    /// Its zone.
    pub zone: String,
    /// Its size in GiB.
    pub size: u32,
    /// The snapshot that it was made from.
    pub snapshot: Option<Id>,
    /// Who has it; volumes can be had by several.
    pub attachments: Vec<Attachment>,
    /// When it was made.
    pub created: Option<Moment>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// That an instance has a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The instance.
    pub instance: Id,
    /// The device name that it was attached by.
    pub device: String,
    /// `attaching`, `attached`, `detaching`, `detached` or `busy`.
    pub state: String,
}

impl Volume {
    /// Its attachment to an instance.
    pub fn attachment(&self, instance: &Id) -> Option<&Attachment> {
        let mut all = self.attachments.iter();
        all.find(|attachment| attachment.instance == *instance)
    }

    /// The instances that have it.
    pub fn holders(&self) -> impl Iterator<Item = &Id> {
        let all = self.attachments.iter();
        let all = all.filter(|attachment| attachment.state != "detached");
        all.map(|attachment| &attachment.instance)
    }
}

impl Ec2 {
    /// Makes a volume; with its tags on it from the first moment. The `token` is new for each
    /// volume, and the same when the call is made again.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn create_volume(&self, new: &NewVolume, token: &str) -> Result<Id, Error> {
        self.patiently(async || self.send_create_volume(new, Some(token)).await)
            .await
    }

    /// Asks EC2 whether [`create_volume`](Self::create_volume) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_create_volume(&self, new: &NewVolume) -> Result<(), Error> {
        let asked = self
            .patiently(async || self.send_create_volume(new, None).await)
            .await;
        would_be_allowed(asked)
    }

    /// Without a token it is only asked whether it would be allowed.
    async fn send_create_volume(&self, new: &NewVolume, token: Option<&str>) -> Result<Id, Error> {
        let mut tags = new.tags.clone();
        tags.push(Tag::new(tag::RUN, &new.run));
        let call = self
            .client
            .create_volume()
            .availability_zone(&new.zone)
            .set_snapshot_id(new.snapshot.as_ref().map(Id::to_string))
            .set_size(new.size)
            .set_volume_type(new.volume_type.as_deref().map(VolumeType::from))
            .set_iops(new.iops)
            .set_throughput(new.throughput)
            .set_volume_initialization_rate(new.initialization_rate)
            .set_encrypted(new.encrypted)
            .set_kms_key_id(new.kms_key.clone())
            .set_client_token(token.map(str::to_owned))
            .set_dry_run(token.is_none().then_some(true))
            .tag_specifications(specification(ResourceType::Volume, &tags))
            .send();
        let answer = self.once("CreateVolume", call).await?;
        id(answer.volume_id()).ok_or_else(|| {
            Error::failed("EC2 made the volume without giving its ID").with_fault(Fault::Passing)
        })
    }

    /// Deletes a volume. One that is gone already is deleted, too.
    ///
    /// # Errors
    /// What EC2 refuses; [`VOLUME_IN_USE`] while an instance has it.
    pub async fn delete_volume(&self, volume: &Id) -> Result<(), Error> {
        let call = || self.client.delete_volume().volume_id(volume.as_str());
        let deleted = self
            .patiently(async || self.once("DeleteVolume", call().send()).await)
            .await;
        match deleted {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other.map(drop),
        }
    }

    /// Describes one volume; `None` when EC2 knows no such one.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn volume(&self, volume: &Id) -> Result<Option<Volume>, Error> {
        let call = || self.client.describe_volumes().volume_ids(volume.as_str());
        let answer = self
            .patiently(async || self.once("DescribeVolumes", call().send()).await)
            .await;
        match answer {
            Ok(answer) => Ok(answer.volumes().iter().find_map(volume_of)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The caller's volumes that bear a tag of that key.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn volumes_tagged(&self, key: &str) -> Result<Vec<Volume>, Error> {
        let filters = vec![super::create_image::filter("tag-key", [key.to_owned()])];
        let found = self
            .patiently(async || self.all_volumes(Vec::new(), filters.clone()).await)
            .await?;
        Ok(found.iter().filter_map(volume_of).collect())
    }
}

fn volume_of(volume: &sdk::Volume) -> Option<Volume> {
    let size = volume.size().and_then(|size| u32::try_from(size).ok());
    Some(Volume {
        id: id(volume.volume_id())?,
        state: state(volume.state().map(|state| state.as_str())),
        zone: volume.availability_zone().unwrap_or_default().to_owned(),
        size: size.unwrap_or_default(),
        snapshot: id(volume.snapshot_id()),
        attachments: volume.attachments().iter().filter_map(attachment).collect(),
        created: volume
            .create_time()
            .and_then(|time| Moment::from_timestamp(time.secs())),
        tags: tags(volume.tags()),
    })
}

fn attachment(attachment: &sdk::VolumeAttachment) -> Option<Attachment> {
    let state = attachment.state().map(|state| state.as_str());
    Some(Attachment {
        instance: id(attachment.instance_id())?,
        device: attachment.device().unwrap_or_default().to_owned(),
        state: state.unwrap_or_default().to_owned(),
    })
}
