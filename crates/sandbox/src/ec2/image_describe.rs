//! DescribeImages.

use time::OffsetDateTime;

use crate::model::image::{Image, ImageState, Stage};
use crate::model::mapping::Mapping;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::{Xml, timestamp};
use crate::world::Region;

use super::call::{Action, Invocation};
use super::describe::{self, Describe, Query};
use super::mappings;

const FILTERS: [&str; 36] = [
    "architecture",
    "block-device-mapping.delete-on-termination",
    "block-device-mapping.device-name",
    "block-device-mapping.encrypted",
    "block-device-mapping.snapshot-id",
    "block-device-mapping.volume-size",
    "block-device-mapping.volume-type",
    "boot-mode",
    "creation-date",
    "description",
    "ena-support",
    "hypervisor",
    "image-allowed",
    "image-id",
    "image-type",
    "is-public",
    "kernel-id",
    "manifest-location",
    "name",
    "owner-alias",
    "owner-id",
    "platform",
    "product-code",
    "product-code.type",
    "ramdisk-id",
    "root-device-name",
    "root-device-type",
    "source-image-id",
    "source-image-region",
    "source-instance-id",
    "sriov-net-support",
    "state",
    "state-reason-code",
    "state-reason-message",
    "tag-key",
    "virtualization-type",
];

/// The words that stand for owners (DescribeImages in the API reference).
const OWNERS: [&str; 4] = ["amazon", "aws-backup-vault", "aws-marketplace", "self"];

/// Lists images: own, public and shared ones.
pub(crate) struct DescribeImages {
    query: Query,
    owners: Vec<String>,
    executable_by: Vec<String>,
    include_deprecated: bool,
    include_disabled: bool,
}

impl Action for DescribeImages {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(DescribeImages {
            query: Query::take(params, "ImageId", "imagesSet", &FILTERS)?,
            owners: describe::take_accounts(params, "Owner", &OWNERS)?,
            executable_by: describe::take_accounts(params, "ExecutableBy", &["all", "self"])?,
            include_deprecated: params.flag("IncludeDeprecated")?.unwrap_or(false),
            include_disabled: params.flag("IncludeDisabled")?.unwrap_or(false),
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let (region, me) = (call.region(), &*call.caller.account);
        let open = |image: &Image| image.is_open_to(me);
        let listed = |image: &Image| self.lists(image, me);
        let (images, token) =
            self.query
                .select(region, &region.images, call.settings(), me, open, listed)?;
        let mut xml = Xml::new();
        xml.list("imagesSet", images, |xml, (image, stage)| {
            write(xml, image, &stage, me)
        });
        xml.opt("nextToken", token);
        Ok(xml)
    }
}

impl DescribeImages {
    fn lists(&self, image: &Image, me: &str) -> bool {
        let owned = |owner: &String| match &**owner {
            "self" => image.owner == me,
            account => image.owner == account || image.owner_alias.as_deref() == Some(account),
        };
        let executable = |user: &String| match &**user {
            "all" => image.public,
            "self" => image.shared_with.contains(me),
            account => image.shared_with.contains(account),
        };
        // Deprecated images stay visible to their owner, and to others who name the ID (user guide,
        // "Deprecate an AMI").
        let shown = self.include_deprecated
            || image.owner == me
            || !self.query.ids.is_empty()
            || image
                .deprecation
                .is_none_or(|moment| moment > OffsetDateTime::now_utc());
        shown
            && (self.include_disabled || image.state() != ImageState::Disabled)
            && (self.owners.is_empty() || self.owners.iter().any(owned))
            && (self.executable_by.is_empty() || self.executable_by.iter().any(executable))
    }
}

impl Describe for Image {
    type View = Stage;

    const MOVING: &'static [&'static str] = &["state", "state-reason-code", "state-reason-message"];

    fn view(&self, _region: &Region) -> Stage {
        self.course.read().clone()
    }

    fn values(&self, _region: &Region, filter: &str) -> Vec<String> {
        if let Some(field) = filter.strip_prefix("block-device-mapping.") {
            return self
                .mappings
                .iter()
                .filter_map(|mapping| mapping_value(mapping, field))
                .collect();
        }
        let one = |value: &str| vec![value.to_owned()];
        let opt = |value: &Option<String>| value.iter().cloned().collect();
        match filter {
            "architecture" => one(&self.architecture),
            "boot-mode" => opt(&self.boot_mode),
            "creation-date" => vec![timestamp(self.created)],
            "description" => opt(&self.description),
            "ena-support" => vec![self.ena_support.to_string()],
            "hypervisor" => one("xen"),
            "image-allowed" => one("true"),
            "image-id" => one(&self.id),
            "image-type" => one("machine"),
            "is-public" => vec![self.public.to_string()],
            "kernel-id" => opt(&self.kernel),
            "manifest-location" => vec![location(self)],
            "name" => one(&self.name),
            "owner-alias" => opt(&self.owner_alias),
            "owner-id" => one(&self.owner),
            "platform" => opt(&self.platform),
            "product-code" => self.product_codes.clone(),
            "product-code.type" => vec!["marketplace".to_owned(); self.product_codes.len()],
            "ramdisk-id" => opt(&self.ramdisk),
            "root-device-name" => one(&self.root_device),
            "root-device-type" => one(self.root_type()),
            "source-image-id" => opt(&self.source_image),
            "source-image-region" => opt(&self.source_region),
            "source-instance-id" => opt(&self.source_instance),
            "sriov-net-support" => opt(&self.sriov_net_support),
            "virtualization-type" => one(&self.virtualization),
            _ => Vec::new(),
        }
    }

    fn moving(&self, view: &Stage, filter: &str) -> Vec<String> {
        let reason = view.reason.iter();
        match filter {
            "state" => vec![view.state.as_str().to_owned()],
            "state-reason-code" => reason.map(|reason| reason.code.clone()).collect(),
            _ => reason.map(|reason| reason.message.clone()).collect(),
        }
    }
}

fn mapping_value(mapping: &Mapping, field: &str) -> Option<String> {
    if field == "device-name" {
        return Some(mapping.device_name.clone());
    }
    let ebs = mapping.as_ebs()?;
    match field {
        "delete-on-termination" => Some(ebs.delete_on_termination.to_string()),
        "encrypted" => Some(ebs.encrypted.to_string()),
        "snapshot-id" => ebs.snapshot.clone(),
        "volume-size" => Some(ebs.size.to_string()),
        _ => Some(ebs.volume_type.clone()),
    }
}

fn write(xml: &mut Xml, image: &Image, stage: &Stage, me: &str) {
    xml.text("imageId", &image.id)
        .text("imageLocation", location(image));
    xml.text("imageState", stage.state.as_str());
    xml.text("imageOwnerId", &image.owner)
        .opt("imageOwnerAlias", image.owner_alias.as_ref());
    xml.text("name", &image.name)
        .opt("description", image.description.as_ref());
    xml.text("creationDate", timestamp(image.created))
        .text("isPublic", image.public);
    xml.opt("deprecationTime", image.deprecation.map(timestamp));
    xml.opt("deregistrationProtection", image.protection.as_ref());
    xml.opt("sourceInstanceId", image.source_instance.as_ref());
    xml.opt("sourceImageId", image.source_image.as_ref());
    xml.opt("sourceImageRegion", image.source_region.as_ref());
    if !image.product_codes.is_empty() {
        write_product_codes(xml, image);
    }
    write_machine(xml, image);
    mappings::write(xml, &image.mappings);
    if let Some(reason) = &stage.reason {
        xml.element("stateReason", |xml| {
            xml.text("code", &reason.code)
                .text("message", &reason.message);
        });
    }
    xml.tags(image.tags.iter().filter(|_| image.owner == me));
}

/// The products of AWS Marketplace that an image is of.
pub(crate) fn write_product_codes(xml: &mut Xml, image: &Image) {
    xml.list("productCodes", &image.product_codes, |xml, code| {
        xml.text("productCode", code).text("type", "marketplace");
    });
}

/// What kind of machine the image runs on.
fn write_machine(xml: &mut Xml, image: &Image) {
    let (details, operation) = match image.platform {
        Some(_) => ("Windows", "RunInstances:0002"),
        None => ("Linux/UNIX", "RunInstances"),
    };
    xml.opt("platform", image.platform.as_ref());
    xml.text("platformDetails", details)
        .text("usageOperation", operation);
    xml.text("imageType", "machine")
        .text("architecture", &image.architecture);
    xml.text("rootDeviceType", image.root_type())
        .text("rootDeviceName", &image.root_device);
    xml.text("virtualizationType", &image.virtualization)
        .text("hypervisor", "xen");
    xml.opt("kernelId", image.kernel.as_ref())
        .opt("ramdiskId", image.ramdisk.as_ref());
    xml.text("enaSupport", image.ena_support);
    xml.opt("sriovNetSupport", image.sriov_net_support.as_ref());
    xml.opt("bootMode", image.boot_mode.as_ref())
        .opt("tpmSupport", image.tpm_support.as_ref());
    xml.opt("imdsSupport", image.imds_support.as_ref());
}

fn location(image: &Image) -> String {
    let owner = image.owner_alias.as_ref().unwrap_or(&image.owner);
    image
        .location
        .clone()
        .unwrap_or_else(|| format!("{owner}/{}", image.name))
}
