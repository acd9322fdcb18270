//! How images are registered: what another image must be given to start as this one does.

use std::time::Instant;

use aws_sdk_ec2::types as sdk;

use super::create_image::{escape_wildcards, filter};
use super::described::{id, image as image_of};
use super::unknown::is_of_no_image;
use super::{Attributes, Ec2};
use crate::chance;
use crate::error::Error;
use crate::id::Id;
use crate::image::Image;
use crate::mapping::{Ebs, Mapping, Target};
use crate::retry::Backoff;

/// An image, and how it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The image: its name, description, owner, tags and more.
    pub image: Image,
    /// What it needs and gets; without the variables of its firmware, which EC2 gives to its owner
    /// only and apart.
    pub attributes: Attributes,
    /// The device that its root is on.
    pub root_device: Option<String>,
    /// Its block device mappings, as EC2 tells them: without the keys of encrypted volumes.
    pub mappings: Vec<Mapping>,
    /// The place of its manifest, `BUCKET/PREFIX/NAME.manifest.xml`, if it is made of a bundle.
    pub location: Option<String>,
}

impl Registered {
    /// The snapshot behind a device, that of the root where none is named.
    pub fn snapshot(&self, device: Option<&str>) -> Option<&Id> {
        let device = device.or(self.root_device.as_deref())?;
        let mapping = self.mappings.iter().find(|one| one.device == device)?;
        match &mapping.target {
            Target::Ebs(ebs) => ebs.snapshot.as_ref(),
            Target::NoDevice | Target::Ephemeral(_) => None,
        }
    }
}

impl Ec2 {
    /// How an image is registered; `None` when EC2 knows no such one. It may be anybody's, and may
    /// just have been made.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn registration(&self, image: &Id) -> Result<Option<Registered>, Error> {
        let (start, mut backoff) = (Instant::now(), Backoff::for_calls());
        loop {
            let found = self
                .patiently(async || self.look_at_registration(image).await)
                .await?;
            let is_over = start.elapsed() >= self.fresh() || self.calls.is_stopping();
            if found.is_some() || is_over {
                return Ok(found);
            }
            tokio::time::sleep(backoff.next(chance::fraction())).await;
        }
    }

    /// The variables of an own image's UEFI firmware, base64, if it has some.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn uefi_data(&self, image: &Id) -> Result<Option<String>, Error> {
        let call = || {
            self.client
                .describe_image_attribute()
                .image_id(image.as_str())
                .attribute(sdk::ImageAttributeName::UefiData)
        };
        let answer = self
            .patiently(async || self.once("DescribeImageAttribute", call().send()).await)
            .await?;
        Ok(text(answer.uefi_data().and_then(|data| data.value())))
    }

    /// The caller's own images that have that snapshot.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn own_images_of(&self, snapshot: &Id) -> Result<Vec<Image>, Error> {
        let of_snapshot = filter("block-device-mapping.snapshot-id", [snapshot.to_string()]);
        self.own_images(&[of_snapshot]).await
    }

    /// The own images that are registered of the bundle whose manifest is at `location`,
    /// `BUCKET/PREFIX/NAME.manifest.xml`.
    ///
    /// # Errors
    /// EC2 does not tell.
    pub async fn own_images_at(&self, location: &str) -> Result<Vec<Image>, Error> {
        let of_manifest = filter("manifest-location", [escape_wildcards(location)]);
        self.own_images(&[of_manifest]).await
    }

    async fn look_at_registration(&self, image: &Id) -> Result<Option<Registered>, Error> {
        let call = self
            .client
            .describe_images()
            .image_ids(image.as_str())
            .include_deprecated(true)
            .include_disabled(true)
            .send();
        match self.once("DescribeImages", call).await {
            Ok(answer) => Ok(answer.images().iter().find_map(registered)),
            Err(error) if is_of_no_image(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn registered(image: &sdk::Image) -> Option<Registered> {
    let architecture = image.architecture().map(|word| word.as_str());
    let virtualization = image.virtualization_type().map(|word| word.as_str());
    Some(Registered {
        image: image_of(image)?,
        attributes: Attributes {
            architecture: text(architecture),
            virtualization: text(virtualization),
            boot_mode: text(image.boot_mode().map(|word| word.as_str())),
            ena: image.ena_support().unwrap_or(false),
            sriov: text(image.sriov_net_support()),
            imds: text(image.imds_support().map(|word| word.as_str())),
            tpm: text(image.tpm_support().map(|word| word.as_str())),
            uefi_data: None,
            kernel: text(image.kernel_id()),
            ramdisk: text(image.ramdisk_id()),
        },
        root_device: text(image.root_device_name()),
        mappings: image
            .block_device_mappings()
            .iter()
            .filter_map(mapping)
            .collect(),
        location: image
            .root_device_type()
            .filter(|kind| **kind == sdk::DeviceType::InstanceStore)
            .and_then(|_| text(image.image_location())),
    })
}

fn mapping(mapping: &sdk::BlockDeviceMapping) -> Option<Mapping> {
    let target = match (mapping.ebs(), text(mapping.virtual_name())) {
        (Some(volume), _) => Target::Ebs(ebs(volume)),
        (None, Some(name)) => Target::Ephemeral(name),
        (None, None) => Target::NoDevice,
    };
    Some(Mapping {
        device: text(mapping.device_name())?,
        target,
    })
}

fn ebs(volume: &sdk::EbsBlockDevice) -> Ebs {
    Ebs {
        snapshot: id(volume.snapshot_id()),
        size: volume.volume_size(),
        delete_on_termination: volume.delete_on_termination(),
        volume_type: text(volume.volume_type().map(|word| word.as_str())),
        iops: volume.iops(),
        throughput: volume.throughput(),
        encrypted: volume.encrypted(),
        kms_key: text(volume.kms_key_id()),
    }
}

fn text(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}
