//! RegisterImage.

use aws_sdk_ec2::types::{
    ArchitectureValues, BootModeValues, ImdsSupportValues, ResourceType, TpmSupportValues,
};

use super::create_image::{mappings, specification};
use super::{Ec2, would_be_allowed};
use crate::error::{Error, Fault};
use crate::id::Id;
use crate::mapping::Mapping;
use crate::tag::{self, Tag};

/// What a machine must offer for an image to start on it, and what it is then given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `x86_64`, `arm64`, `i386` …; EC2 takes i386 when it is not told.
    pub architecture: Option<String>,
    /// `hvm` or `paravirtual`; EC2 takes the latter when it is not told.
    pub virtualization: Option<String>,
    /// `legacy-bios`, `uefi` or `uefi-preferred`.
    pub boot_mode: Option<String>,
    /// Has it a driver for the Elastic Network Adapter?
    pub ena: bool,
    /// Has it a driver for the Intel 82599 Virtual Function? Then `simple`.
    pub sriov: Option<String>,
    /// Is its metadata service to be asked with tokens only? Then `v2.0`.
    pub imds: Option<String>,
    /// Is it to have a NitroTPM? Then `v2.0`.
    pub tpm: Option<String>,
    /// The variables of its UEFI firmware, base64, as `GetInstanceUefiData` gives them.
    pub uefi_data: Option<String>,
    /// Its kernel, for paravirtual images.
    pub kernel: Option<String>,
    /// Its RAM disk, for paravirtual images.
    pub ramdisk: Option<String>,
}

/// An image to be registered.
#[derive(Debug, Clone)]
pub struct NewRegistration {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// What it needs and gets.
    pub attributes: Attributes,
    /// The device that its root is on, `/dev/xvda`; one of those mapped.
    pub root_device: Option<String>,
    /// Its block device mappings, that of the root with its snapshot among them.
    pub mappings: Vec<Mapping>,
    /// The manifest of its bundle in S3, `BUCKET/PREFIX/NAME.manifest.xml`; then its root is in no
    /// snapshot.
    pub location: Option<String>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// The UUID of the run, which is added to the tags.
    pub run: String,
}

impl Ec2 {
    /// Registers an image; with its tags on it from the first moment.
    ///
    /// # Errors
    /// What EC2 refuses. [`NAME_TAKEN`](super::NAME_TAKEN) means that another image bears the name: an image of this
    /// very run is recognised by its tag and is the result.
    pub async fn register_image(&self, new: &NewRegistration) -> Result<Id, Error> {
        self.named_once(&new.name, &new.run, async || {
            self.send_register_image(new, false).await
        })
        .await
    }

    /// Asks EC2 whether [`register_image`](Self::register_image) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_register_image(&self, new: &NewRegistration) -> Result<(), Error> {
        let asked = self
            .patiently(async || self.send_register_image(new, true).await)
            .await;
        would_be_allowed(asked)
    }

    async fn send_register_image(&self, new: &NewRegistration, dry_run: bool) -> Result<Id, Error> {
        let mut tags = new.tags.clone();
        tags.push(Tag::new(tag::RUN, &new.run));
        let its = &new.attributes;
        let call = self
            .client
            .register_image()
            .name(&new.name)
            .set_description(new.description.clone())
            .set_architecture(its.architecture.as_deref().map(ArchitectureValues::from))
            .set_virtualization_type(its.virtualization.clone())
            .set_boot_mode(its.boot_mode.as_deref().map(BootModeValues::from))
            .set_ena_support(its.ena.then_some(true))
            .set_sriov_net_support(its.sriov.clone())
            .set_imds_support(its.imds.as_deref().map(ImdsSupportValues::from))
            .set_tpm_support(its.tpm.as_deref().map(TpmSupportValues::from))
            .set_uefi_data(its.uefi_data.clone())
            .set_kernel_id(its.kernel.clone())
            .set_ramdisk_id(its.ramdisk.clone())
            .set_root_device_name(new.root_device.clone())
            .set_block_device_mappings(mappings(&new.mappings))
            .set_image_location(new.location.clone())
            .set_dry_run(dry_run.then_some(true))
            .tag_specifications(specification(ResourceType::Image, &tags))
            .send();
        let answer = self.once("RegisterImage", call).await?;
        let id = answer.image_id().and_then(|id| id.parse().ok());
        id.ok_or_else(|| {
            Error::failed("EC2 registered the image without giving its ID")
                .with_fault(Fault::Passing)
        })
    }
}
