//! CopyImage.

use std::sync::Arc;

use crate::blocks::Layer;
use crate::course::Course;
use crate::model::id::Kind;
use crate::model::image::{Image, ImageState, Stage, StateReason};
use crate::model::mapping::{Device, Ebs};
use crate::model::snapshot::{COPIED_VOLUME, Snapshot, SnapshotState};
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

use super::call::{Action, Invocation, Room};
use super::copy_keys::{INACCESSIBLE, Outcome, Wish};
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
    minutes: Option<u32>,
    copy_tags: bool,
    token: Option<String>,
    image_tags: Tags,
    snapshot_tags: Tags,
}

impl Action for CopyImage {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let kinds = [Kind::Image, Kind::Snapshot];
        let [image_tags, snapshot_tags] = tag_rules::take_specifications(params, kinds)?;
        let minutes =
            snapshot_copy::take_duration(params, "SnapshotCopyCompletionDurationMinutes")?;
        Ok(CopyImage {
            source: params.req("SourceImageId")?,
            source_region: params.req("SourceRegion")?,
            name: params.req("Name")?,
            description: params.opt("Description"),
            encrypted: params.flag("Encrypted")?,
            kms_key: params.opt("KmsKeyId"),
            minutes,
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
        let there = snapshot_copy::source_region(call, &self.source_region)?;
        let source = image_deregister::open(there, &me, &self.source)?;
        self.check(source)?;
        check_access(there, source, &me)?;
        let image = self.image(source, &me);
        let plans = self.plans(call, there, source);
        snapshot_copy::check_room(call, plans.len())?;
        let mut room = call.commit()?;
        Ok(self.insert(&mut room, image, plans))
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
        // CopyImage in the API reference: with a key, Encrypted must be set too.
        if self.kms_key.is_some() && self.encrypted != Some(true) {
            return Err(snapshot_copy::key_without_encryption());
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
            product_codes: source.product_codes.clone(),
            source_image: Some(source.id.clone()),
            source_region: Some(self.source_region.clone()),
            ..fresh
        }
    }

    /// What becomes of each snapshot, in the order of the mappings.
    fn plans(&self, call: &Invocation<'_>, there: &Region, source: &Image) -> Vec<Plan> {
        let wish = Wish {
            encrypted: self.encrypted == Some(true),
            key: self.kms_key.as_deref(),
            source_region: &self.source_region,
        };
        let plan = |snapshot: Snapshot| Plan {
            size: snapshot.size,
            outcome: wish.outcome(call, there, &snapshot),
            blocks: snapshot.blocks,
        };
        let snapshots = source_snapshots(there, source).into_iter();
        snapshots.map(plan).collect()
    }

    fn insert(&self, room: &mut Room<'_>, mut image: Image, plans: Vec<Plan>) -> String {
        let works = plans.iter().all(|plan| plan.outcome.works);
        let mut plans = plans.into_iter();
        for mapping in &mut image.mappings {
            let Device::Ebs(ebs) = &mut mapping.device else {
                continue;
            };
            let Some((original, plan)) = ebs.snapshot.take().zip(plans.next()) else {
                continue;
            };
            let mut snapshot = Snapshot::new(&image.owner, COPIED_VOLUME, plan.size);
            snapshot.description = format!(
                "Copied for DestinationAmi {} from SourceAmi {} for SourceSnapshot {original}. Task created by CopyImage.",
                image.id, self.source
            );
            snapshot.blocks = plan.blocks;
            snapshot.failure = (!plan.outcome.works).then(|| INACCESSIBLE.to_owned());
            (ebs.encrypted, ebs.kms_key) = (plan.outcome.encrypted, plan.outcome.key);
            (snapshot.encrypted, snapshot.kms_key) = (ebs.encrypted, ebs.kms_key.clone());
            snapshot.completion_minutes = self.minutes;
            snapshot.tags = self.snapshot_tags.clone();
            snapshot.follows = Some(image.id.clone());
            let pace = room.settings.paces.image;
            snapshot.course = Course::from(SnapshotState::Pending, pace, SnapshotState::Completed);
            snapshot.veil = room.veil();
            ebs.snapshot = Some(snapshot.id.clone());
            room.region.snapshots.insert(&snapshot.id.clone(), snapshot);
        }
        let id = image_create::register(room, image);
        if let Some(image) = room.region.images.get_mut(&id).filter(|_| !works) {
            image.course.end_in(broken());
        }
        id
    }
}

/// Another account needs the permission to read the storage, and copies nothing of AWS Marketplace (user
/// guide, "Copy an AMI"). Public threads quote the code and the messages.
fn check_access(there: &Region, source: &Image, me: &str) -> Result<(), ApiError> {
    let refused = |message| Err(ApiError::client("InvalidRequest", message));
    if source.owner == me {
        return Ok(());
    }
    if !source.product_codes.is_empty() {
        return refused("Images from AWS Marketplace cannot be copied to another AWS account");
    }
    let is_open = |id| {
        let snapshot = there.snapshots.get(id);
        snapshot.is_some_and(|snapshot| there.opens(snapshot, me))
    };
    if !source.snapshots().all(is_open) {
        return refused("You do not have permission to access the storage of this ami");
    }
    Ok(())
}

/// The copy of a snapshot: how large it is, how it is encrypted, and its bytes.
struct Plan {
    size: u32,
    outcome: Outcome,
    blocks: Option<Arc<Layer>>,
}

/// How a copy ends whose key cannot be used. Public threads quote the message; the code that goes with it
/// is not documented.
fn broken() -> Stage {
    let reason = (
        "Client.InternalError",
        "Copy image failed with an internal error",
    );
    Stage {
        state: ImageState::Failed,
        reason: Some(StateReason::from(reason)),
    }
}

/// The snapshots of an image, in the order of its mappings. One that is not there any more is as its
/// mapping says.
fn source_snapshots(region: &Region, image: &Image) -> Vec<Snapshot> {
    let lost = |ebs: &Ebs| Snapshot {
        encrypted: ebs.encrypted,
        kms_key: ebs.kms_key.clone(),
        ..Snapshot::new(&image.owner, COPIED_VOLUME, ebs.size)
    };
    let volumes = image.mappings.iter().filter_map(|mapping| mapping.as_ebs());
    let kept = |ebs: &Ebs| {
        let id = ebs.snapshot.as_ref()?;
        Some(
            region
                .snapshots
                .get(id)
                .cloned()
                .unwrap_or_else(|| lost(ebs)),
        )
    };
    volumes.filter_map(kept).collect()
}
