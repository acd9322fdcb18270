//! RegisterImage, of snapshots. Images of manifests in S3 are not known here.

use crate::model::id::Kind;
use crate::model::image::Image;
use crate::model::mapping::Mapping;
use crate::model::snapshot::SnapshotState;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

use super::call::{Action, Invocation};
use super::mappings::{self, Wanted};
use super::tag_rules::{self, Tags};
use super::{image_create, image_names};

/// Makes an image of snapshots. What is not said is i386 and paravirtual, as in 2006.
pub(crate) struct RegisterImage {
    image: Image,
    mappings: Vec<Wanted>,
}

impl Action for RegisterImage {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let [tags]: [Tags; 1] = tag_rules::take_specifications(params, [Kind::Image])?;
        if params.opt("ImageLocation").is_some() {
            let message = "The manifest at ImageLocation cannot be read: images of manifests are not supported here";
            return Err(ApiError::client("InvalidManifest", message));
        }
        params.accept("BillingProduct");
        let mut image = Image::new("", &params.req("Name")?);
        image.description = params.opt("Description");
        image.architecture = params.opt("Architecture").unwrap_or_else(|| "i386".into());
        image.virtualization = params
            .opt("VirtualizationType")
            .unwrap_or_else(|| "paravirtual".into());
        image.kernel = params.opt("KernelId");
        image.ramdisk = params.opt("RamdiskId");
        image.root_device = params.req("RootDeviceName")?;
        image.boot_mode = params.opt("BootMode");
        image.tpm_support = params.opt("TpmSupport");
        image.uefi_data = params.opt("UefiData");
        image.imds_support = params.opt("ImdsSupport");
        image.sriov_net_support = params.opt("SriovNetSupport");
        image.ena_support = params.flag("EnaSupport")?.unwrap_or(false);
        image.tags = tags;
        Ok(RegisterImage {
            image,
            mappings: mappings::take(params)?,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let RegisterImage {
            mut image,
            mappings,
        } = self;
        let (region, me) = (call.region(), &*call.caller.account);
        image_names::check(region, me, &image.name)?;
        check_words(&image)?;
        image.owner = me.to_owned();
        for wanted in mappings.iter().filter(|wanted| !wanted.no_device) {
            let mapping = mappings::fresh(wanted, region, me)?;
            check_completed(region, &mapping)?;
            image.mappings.push(mapping);
        }
        if image.root().is_none_or(|root| root.snapshot.is_none()) {
            let message = format!("The root device {} must have a snapshot", image.root_device);
            return Err(mappings::invalid(message));
        }
        let id = image_create::register(&mut call.commit()?, image);
        let mut xml = Xml::new();
        xml.text("imageId", id);
        Ok(xml)
    }
}

fn check_words(image: &Image) -> Result<(), ApiError> {
    const ARCHITECTURES: [&str; 5] = ["i386", "x86_64", "arm64", "x86_64_mac", "arm64_mac"];
    if !ARCHITECTURES.contains(&&*image.architecture) {
        return Err(ApiError::bad_value(
            &image.architecture,
            "architecture",
            "Unknown architecture.",
        ));
    }
    if !["hvm", "paravirtual"].contains(&&*image.virtualization) {
        return Err(ApiError::bad_value(
            &image.virtualization,
            "virtualizationType",
            "Unknown type.",
        ));
    }
    if image.tpm_support.is_some() && image.boot_mode.as_deref() != Some("uefi") {
        return Err(ApiError::combination("TpmSupport needs BootMode uefi."));
    }
    Ok(())
}

fn check_completed(region: &Region, mapping: &Mapping) -> Result<(), ApiError> {
    let Some(id) = mapping.as_ebs().and_then(|ebs| ebs.snapshot.as_ref()) else {
        return Ok(());
    };
    let state = region
        .snapshots
        .get(id)
        .map(|snapshot| region.snapshot_state(snapshot).0);
    if state == Some(SnapshotState::Completed) {
        return Ok(());
    }
    let word = state.map_or("unknown", SnapshotState::as_str);
    Err(ApiError::client(
        "IncorrectState",
        format!("The snapshot '{id}' is in state '{word}'"),
    ))
}
