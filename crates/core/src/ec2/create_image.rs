//! CreateImage.

use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, Filter, ResourceType, Tag as SdkTag, TagSpecification,
    VolumeType,
};

use super::{Ec2, would_be_allowed};
use crate::error::{Error, Fault};
use crate::id::Id;
use crate::mapping::{Ebs, Mapping, Target};
use crate::tag::{self, Tag};

/// EC2's answer to a name that one of the caller's images in the region bears already.
pub const NAME_TAKEN: &str = "InvalidAMIName.Duplicate";

/// An image to be made of an instance.
#[derive(Debug, Clone)]
pub struct NewImage {
    /// The instance.
    pub instance: Id,
    /// The image's name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Leave the instance running, at the price of file systems that may not be consistent.
    pub no_reboot: bool,
    /// Changes to the instance's block device mappings.
    pub mappings: Vec<Mapping>,
    /// Tags for the image and its snapshots.
    pub tags: Vec<Tag>,
    /// The UUID of the run, which is added to the tags.
    pub run: String,
}

impl Ec2 {
    /// Makes an image of an instance; with its tags on it and its snapshots from the first moment.
    ///
    /// # Errors
    /// What EC2 refuses. [`NAME_TAKEN`] means that another image bears the name: an image of this
    /// very run is recognised by its tag and is the result.
    pub async fn create_image(&self, new: &NewImage) -> Result<Id, Error> {
        self.named_once(&new.name, &new.run, async || {
            self.send_create_image(new, false).await
        })
        .await
    }

    /// Asks EC2 whether [`create_image`](Self::create_image) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_create_image(&self, new: &NewImage) -> Result<(), Error> {
        let asked = self
            .patiently(async || self.send_create_image(new, true).await)
            .await;
        would_be_allowed(asked)
    }

    async fn send_create_image(&self, new: &NewImage, dry_run: bool) -> Result<Id, Error> {
        let mut tags = new.tags.clone();
        tags.push(Tag::new(tag::RUN, &new.run));
        let call = self
            .client
            .create_image()
            .instance_id(new.instance.as_str())
            .name(&new.name)
            .set_description(new.description.clone())
            .set_no_reboot(new.no_reboot.then_some(true))
            .set_dry_run(dry_run.then_some(true))
            .set_block_device_mappings(mappings(&new.mappings))
            .tag_specifications(specification(ResourceType::Image, &tags))
            .tag_specifications(specification(ResourceType::Snapshot, &tags))
            .send();
        let answer = self.once("CreateImage", call).await?;
        answer
            .image_id()
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| {
                Error::failed("EC2 accepted the image without giving its ID")
                    .with_fault(Fault::Passing)
            })
    }
}

pub(super) fn filter(name: impl Into<String>, values: impl IntoIterator<Item = String>) -> Filter {
    let values: Vec<_> = values.into_iter().collect();
    Filter::builder()
        .name(name)
        .set_values(Some(values))
        .build()
}

/// Filters of EC2 take `*` and `?` for wildcards and `\` before them for themselves (EC2 User
/// Guide, "List and filter your resources").
pub(super) fn escape_wildcards(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '*' | '?' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

pub(super) fn specification(kind: ResourceType, tags: &[Tag]) -> TagSpecification {
    let tags = tags
        .iter()
        .map(|tag| SdkTag::builder().key(&tag.key).value(&tag.value).build());
    TagSpecification::builder()
        .resource_type(kind)
        .set_tags(Some(tags.collect()))
        .build()
}

pub(super) fn mappings(mappings: &[Mapping]) -> Option<Vec<BlockDeviceMapping>> {
    (!mappings.is_empty()).then(|| mappings.iter().map(mapping).collect())
}

fn mapping(mapping: &Mapping) -> BlockDeviceMapping {
    let builder = BlockDeviceMapping::builder().device_name(&mapping.device);
    match &mapping.target {
        // The element's presence is what counts; EC2 documents the empty text as its value.
        Target::NoDevice => builder.no_device(""),
        Target::Ephemeral(name) => builder.virtual_name(name),
        Target::Ebs(ebs) => builder.ebs(self::ebs(ebs)),
    }
    .build()
}

fn ebs(ebs: &Ebs) -> EbsBlockDevice {
    EbsBlockDevice::builder()
        .set_snapshot_id(ebs.snapshot.as_ref().map(Id::to_string))
        .set_volume_size(ebs.size)
        .set_delete_on_termination(ebs.delete_on_termination)
        .set_volume_type(ebs.volume_type.as_deref().map(VolumeType::from))
        .set_iops(ebs.iops)
        .set_throughput(ebs.throughput)
        .set_encrypted(ebs.encrypted)
        .set_kms_key_id(ebs.kms_key.clone())
        .build()
}
