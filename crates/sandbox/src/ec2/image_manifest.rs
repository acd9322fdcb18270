//! Images in S3, which are registered by their manifests (EC2 user guide, "Create an Amazon S3-backed AMI").

use crate::model::image::Image;
use crate::model::mapping::{Device, Mapping};
use crate::wire::error::ApiError;
use crate::world::Region;

/// Fills in what the manifest at a location says and the call does not. Public threads quote the message
/// for a manifest that EC2 cannot read.
pub(crate) fn apply(region: &Region, location: &str, image: &mut Image) -> Result<(), ApiError> {
    let location = location.trim_start_matches('/');
    let text = region.manifests.get(location).ok_or_else(|| {
        refused(format!(
            "HTTP 404 (Not Found) response for URL http://s3.amazonaws.com:80/{location}: check your \
             manifest path is correct and in the correct region."
        ))
    })?;
    let manifest = read(text).map_err(refused)?;
    if image.architecture.is_empty() {
        image.architecture = manifest.architecture;
    }
    image.kernel = image.kernel.take().or(manifest.kernel);
    image.ramdisk = image.ramdisk.take().or(manifest.ramdisk);
    image.product_codes = manifest.product_codes;
    if image.root_device.is_empty() {
        image.root_device = manifest.root.unwrap_or_else(|| "/dev/sda1".to_owned());
    }
    for (device, name) in manifest.ephemeral {
        if image
            .mappings
            .iter()
            .all(|mapping| mapping.device_name != device)
        {
            image.mappings.push(Mapping {
                device_name: device,
                device: Device::Virtual(name),
            });
        }
    }
    image.location = Some(location.to_owned());
    Ok(())
}

/// What a manifest says of the machine.
#[derive(Debug, Default, PartialEq, Eq)]
struct Manifest {
    architecture: String,
    kernel: Option<String>,
    ramdisk: Option<String>,
    product_codes: Vec<String>,
    root: Option<String>,
    /// Devices and their virtual names.
    ephemeral: Vec<(String, String)>,
}

fn read(text: &str) -> Result<Manifest, String> {
    let document = roxmltree::Document::parse(text);
    let document = document.map_err(|error| format!("The manifest is not XML: {error}"))?;
    let manifest = document.root_element();
    let child = |node: roxmltree::Node<'_, '_>, name: &str| {
        let mut children = node.children();
        let found = children.find(|child| child.has_tag_name(name))?;
        Some(found.text().unwrap_or_default().to_owned())
    };
    let machine = manifest
        .children()
        .find(|node| node.has_tag_name("machine_configuration"));
    let machine = machine.ok_or("The manifest has no machine_configuration")?;
    let all = |name: &'static str| {
        machine
            .descendants()
            .filter(move |node| node.has_tag_name(name))
    };
    let mappings = all("mapping").filter_map(|mapping| {
        let name = child(mapping, "virtual")?;
        Some((name, device_name(&child(mapping, "device")?)))
    });
    let mut read = Manifest {
        architecture: child(machine, "architecture").ok_or("The manifest has no architecture")?,
        kernel: child(machine, "kernel_id"),
        ramdisk: child(machine, "ramdisk_id"),
        product_codes: all("product_code")
            .filter_map(|code| Some(code.text()?.to_owned()))
            .collect(),
        ..Manifest::default()
    };
    for (name, device) in mappings {
        match &*name {
            // The root as the instance sees it, and as its kernel does.
            "ami" => read.root = Some(device),
            "root" => {}
            _ => read.ephemeral.push((device, name)),
        }
    }
    Ok(read)
}

/// Manifests name devices with or without their directory.
fn device_name(device: &str) -> String {
    match device.strip_prefix("/dev/") {
        Some(_) => device.to_owned(),
        None => format!("/dev/{device}"),
    }
}

fn refused(message: String) -> ApiError {
    ApiError::client("InvalidManifest", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_machine_and_devices() {
        let text = "<manifest><machine_configuration><architecture>x86_64</architecture>\
            <block_device_mapping><mapping><virtual>ami</virtual><device>sda1</device></mapping>\
            <mapping><virtual>ephemeral0</virtual><device>sdb</device></mapping></block_device_mapping>\
            <kernel_id>aki-1</kernel_id></machine_configuration></manifest>";
        let expected = Manifest {
            architecture: "x86_64".into(),
            kernel: Some("aki-1".into()),
            root: Some("/dev/sda1".into()),
            ephemeral: vec![("/dev/sdb".into(), "ephemeral0".into())],
            ..Manifest::default()
        };
        assert_eq!(read(text), Ok(expected));
        assert!(read("no XML").is_err());
        assert!(read("<manifest/>").is_err());
    }
}
