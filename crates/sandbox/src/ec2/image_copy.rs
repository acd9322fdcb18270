//! CopyImage.

use crate::course::Course;
use crate::model::id::Kind;
use crate::model::image::{Image, ImageState};
use crate::model::mapping::Device;
use crate::model::snapshot::{COPIED_VOLUME, Snapshot, SnapshotState};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

use super::call::{Action, Invocation, Room};
use super::tag_rules::{self, Tags};
use super::{image_create, image_deregister, image_names, snapshot_copy};

/// Copies an image into the region of the call. A copy may have the name of another image.
pub(crate) struct CopyImage {
    source: String,
    source_region: String,
    name: String,
    description: Option<String>,
    encrypted: Option<bool>,
    kms_key: Option<String>,
    copy_tags: bool,
    token: Option<String>,
    image_tags: Tags,
    snapshot_tags: Tags,
}

impl Action for CopyImage {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let kinds = [Kind::Image, Kind::Snapshot];
        let [image_tags, snapshot_tags] = tag_rules::take_specifications(params, kinds)?;
        snapshot_copy::check_duration(params, "SnapshotCopyCompletionDurationMinutes")?;
        Ok(CopyImage {
            source: params.req("SourceImageId")?,
            source_region: params.req("SourceRegion")?,
            name: params.req("Name")?,
            description: params.opt("Description"),
            encrypted: params.flag("Encrypted")?,
            kms_key: params.opt("KmsKeyId"),
            copy_tags: params.flag("CopyImageTags")?.unwrap_or(false),
            token: params.opt("ClientToken"),
            image_tags,
            snapshot_tags,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let id = match call.earlier("CopyImage", self.token.as_deref())? {
            Some(ids) => ids.concat(),
            None => {
                let id = self.copy(call)?;
                call.remember("CopyImage", self.token.clone(), vec![id.clone()])?;
                id
            }
        };
        let mut xml = Xml::new();
        xml.text("imageId", id);
        Ok(xml)
    }
}

impl CopyImage {
    fn copy(&self, call: &mut Invocation<'_>) -> Result<String, ApiError> {
        let me = call.caller.account.clone();
        image_names::check_shape(&self.name)?;
        let regions = &call.world().regions;
        let there = regions.get(&self.source_region).ok_or_else(|| {
            ApiError::bad_value(&self.source_region, "sourceRegion", "Unknown region.")
        })?;
        let source = image_deregister::open(there, &me, &self.source)?;
        self.check(source)?;
        let image = self.image(source, &me);
        let sizes = source_snapshots(there, source);
        snapshot_copy::check_room(call.region(), &me, sizes.len())?;
        let mut room = call.commit()?;
        Ok(self.insert(&mut room, image, sizes))
    }

    fn check(&self, source: &Image) -> Result<(), ApiError> {
        if source.state() != ImageState::Available {
            let message = format!(
                "The image ID '{}' is currently {} and may not be used for this operation",
                source.id,
                source.state().as_str()
            );
            return Err(ApiError::client("InvalidAMIID.Unavailable", message));
        }
        let encrypted = source
            .mappings
            .iter()
            .filter_map(|mapping| mapping.as_ebs())
            .any(|ebs| ebs.encrypted);
        if encrypted && self.encrypted == Some(false) {
            return Err(ApiError::client(
                "InvalidParameter",
                "An encrypted image cannot be copied to an unencrypted one.",
            ));
        }
        Ok(())
    }

    /// Everything that belongs to the source as a resource of its owner stays behind.
    fn image(&self, source: &Image, account: &str) -> Image {
        let own_tags = self.copy_tags && source.owner == account;
        let carried = source
            .tags
            .iter()
            .filter(|(key, _)| own_tags && !key.starts_with("aws:"));
        let mut tags: Tags = carried
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        tags.extend(self.image_tags.clone());
        let fresh = Image::new(account, &self.name);
        Image {
            description: self
                .description
                .clone()
                .or_else(|| source.description.clone()),
            architecture: source.architecture.clone(),
            virtualization: source.virtualization.clone(),
            platform: source.platform.clone(),
            root_device: source.root_device.clone(),
            mappings: source.mappings.clone(),
            tags,
            boot_mode: source.boot_mode.clone(),
            tpm_support: source.tpm_support.clone(),
            imds_support: source.imds_support.clone(),
            uefi_data: source.uefi_data.clone(),
            sriov_net_support: source.sriov_net_support.clone(),
            ena_support: source.ena_support,
            kernel: source.kernel.clone(),
            ramdisk: source.ramdisk.clone(),
            source_image: Some(source.id.clone()),
            source_region: Some(self.source_region.clone()),
            ..fresh
        }
    }

    fn insert(&self, room: &mut Room<'_>, mut image: Image, mut sizes: Vec<u32>) -> String {
        sizes.reverse();
        let by_default = room.region.encrypts(&image.owner);
        for mapping in &mut image.mappings {
            let Device::Ebs(ebs) = &mut mapping.device else {
                continue;
            };
            let Some(original) = ebs.snapshot.take() else {
                continue;
            };
            let mut snapshot =
                Snapshot::new(&image.owner, COPIED_VOLUME, sizes.pop().unwrap_or(ebs.size));
            snapshot.description = format!(
                "Copied for DestinationAmi {} from SourceAmi {} for SourceSnapshot {original}. Task created by CopyImage.",
                image.id, self.source
            );
            ebs.encrypted |= self.encrypted == Some(true) || by_default;
            ebs.kms_key = self.kms_key.clone().or(ebs.kms_key.take());
            snapshot.encrypted = ebs.encrypted;
            snapshot.kms_key.clone_from(&ebs.kms_key);
            snapshot.tags = self.snapshot_tags.clone();
            snapshot.follows = Some(image.id.clone());
            let pace = room.settings.paces.image;
            snapshot.course = Course::from(SnapshotState::Pending, pace, SnapshotState::Completed);
            snapshot.veil = room.veil();
            ebs.snapshot = Some(snapshot.id.clone());
            room.region.snapshots.insert(&snapshot.id.clone(), snapshot);
        }
        image_create::register(room, image)
    }
}

/// The sizes of the snapshots of an image, in the order of its mappings.
fn source_snapshots(region: &Region, image: &Image) -> Vec<u32> {
    image
        .snapshots()
        .map(|id| region.snapshots.get(id).map_or(8, |snapshot| snapshot.size))
        .collect()
}
