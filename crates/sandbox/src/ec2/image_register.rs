//! RegisterImage, of snapshots and of manifests in S3.

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
use super::{image_create, image_manifest, image_names, image_rules};

/// Makes an image of snapshots. What is not said is i386 and paravirtual, as in 2006.
pub(crate) struct RegisterImage {
    image: Image,
    mappings: Vec<Wanted>,
    manifest: Option<String>,
    billing_products: Vec<String>,
}

impl Action for RegisterImage {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let [tags]: [Tags; 1] = tag_rules::take_specifications(params, [Kind::Image])?;
        let manifest = params.opt("ImageLocation");
        let mut image = Image::new("", &params.req("Name")?);
        image.description = params.opt("Description");
        // A manifest says both.
        let or_else = |default: &str| match manifest {
            Some(_) => String::new(),
            None => default.to_owned(),
        };
        image.architecture = params
            .opt("Architecture")
            .unwrap_or_else(|| or_else("i386"));
        image.root_device = match &manifest {
            Some(_) => params.opt("RootDeviceName").unwrap_or_default(),
            None => params.req("RootDeviceName")?,
        };
        image.virtualization = params
            .opt("VirtualizationType")
            .unwrap_or_else(|| "paravirtual".into());
        image.kernel = params.opt("KernelId");
        image.ramdisk = params.opt("RamdiskId");
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
            manifest,
            billing_products: params.strings("BillingProduct"),
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let (region, me) = (call.region(), &*call.caller.account);
        // Accounts must be authorized to give them; which error others get is not documented.
        if !self.billing_products.is_empty() {
            let message = "The account is not authorized to specify billing product codes.";
            return Err(ApiError::client("OperationNotPermitted", message));
        }
        let mut image = self.image;
        image_names::check(region, me, &image.name)?;
        image.owner = me.to_owned();
        for wanted in self.mappings.iter().filter(|wanted| !wanted.no_device) {
            image.mappings.push(mapping(wanted, region, me)?);
        }
        match &self.manifest {
            Some(location) => {
                image_manifest::apply(call.world(), &call.caller.region, location, &mut image)?
            }
            None if image.root().is_none_or(|root| root.snapshot.is_none()) => {
                let message = format!("The root device {} must have a snapshot", image.root_device);
                return Err(mappings::invalid(message));
            }
            None => {}
        }
        image_rules::check(&image)?;
        let id = image_create::register(&mut call.commit()?, image);
        let mut xml = Xml::new();
        xml.text("imageId", id);
        Ok(xml)
    }
}

/// A device of the image. The encryption of a volume is that of its snapshot (RegisterImage in the API
/// reference); public threads quote the message.
fn mapping(wanted: &Wanted, region: &Region, me: &str) -> Result<Mapping, ApiError> {
    if let Some(ebs) = &wanted.ebs
        && ebs.snapshot.is_some()
        && ebs.encrypted.is_some()
    {
        let message = format!(
            "the encrypted flag cannot be specified since device {} has a snapshot specified.",
            wanted.device_name
        );
        return Err(mappings::invalid(message));
    }
    let mapping = mappings::fresh(wanted, region, me)?;
    check_completed(region, &mapping)?;
    Ok(mapping)
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
