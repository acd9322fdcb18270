//! Images in S3, which are registered by their manifests (EC2 user guide, "Create an Amazon S3-backed AMI").

use crate::model::image::Image;
use crate::model::mapping::{Device, Mapping};
use crate::s3;
use crate::wire::error::ApiError;
use crate::world::World;

use super::bundle_key;
use super::manifest_text::{self, Manifest};

/// The largest manifest that is read, in bytes. One of 10 GiB has 1,024 parts of less than 200 bytes each.
const LARGEST: u64 = 4 << 20;

/// Fills in what the manifest at a location says and the call does not.
pub(crate) fn apply(
    world: &World,
    region: &str,
    location: &str,
    image: &mut Image,
) -> Result<(), ApiError> {
    let location = location.trim_start_matches('/');
    let manifest = fetch(world, region, location)?;
    let manifest = manifest_text::read(&manifest).map_err(refused)?;
    // euca2ools tells of this one: UNSIGNED will do, nothing will not.
    if !manifest.is_signed {
        let message = "An internal error has occurred";
        return Err(ApiError::new(500, "InternalError", message));
    }
    check(&manifest, &image.owner).map_err(refused)?;
    check_parts(world, region, location, &manifest)?;
    fill(image, manifest).map_err(refused)?;
    image.location = Some(location.to_owned());
    Ok(())
}

fn check(manifest: &Manifest, account: &str) -> Result<(), String> {
    if manifest.user != account {
        return Err(format!(
            "The user {} does not own this account",
            manifest.user
        ));
    }
    let architecture = &manifest.architecture;
    if !["i386", "x86_64", "arm64"].contains(&&**architecture) {
        return Err(format!("Invalid architecture '{architecture}'"));
    }
    for (name, text) in ["ec2_encrypted_key", "ec2_encrypted_iv"]
        .iter()
        .zip(&manifest.sealed)
    {
        bundle_key::opens(text).map_err(|why| format!("The {name} {why}"))?;
    }
    Ok(())
}

/// An object as EC2 finds it: in a bucket of its own region, and granted to it by aws-exec-read. That the
/// caller may read it is not enough (user guide, "Create an Amazon S3-backed AMI": buckets need ACLs, and
/// objects must not be encrypted). Public threads quote the message.
fn find<'w>(world: &'w World, region: &str, location: &str) -> Result<&'w s3::Object, ApiError> {
    let answer = |status: &str, hint: &str| {
        refused(format!(
            "HTTP {status} response for URL http://s3.amazonaws.com:80/{location}: check your {hint}"
        ))
    };
    let missing = "manifest path is correct and in the correct region.";
    let (bucket, key) = location.split_once('/').unwrap_or((location, ""));
    let bucket = world
        .s3
        .get(bucket)
        .filter(|bucket| bucket.region == region);
    let bucket = bucket.ok_or_else(|| answer("404 (Not Found)", missing))?;
    let object = bucket
        .object(key)
        .ok_or_else(|| answer("404 (Not Found)", missing))?;
    match bucket.lets_ec2_read(object) && !object.needs_kms() {
        true => Ok(object),
        false => Err(answer("403 (Forbidden)", "S3 ACLs are correct.")),
    }
}

fn fetch(world: &World, region: &str, location: &str) -> Result<String, ApiError> {
    let object = find(world, region, location)?;
    if object.size() > LARGEST {
        return Err(refused("The manifest is too large".to_owned()));
    }
    let bytes = object.read().map_err(|error| {
        ApiError::new(
            500,
            "InternalError",
            format!("An internal error has occurred ({error})"),
        )
    })?;
    String::from_utf8(bytes).map_err(|_| refused("The manifest is not UTF-8".to_owned()))
}

/// The parts lie beside the manifest and have together the size that it says.
fn check_parts(
    world: &World,
    region: &str,
    location: &str,
    manifest: &Manifest,
) -> Result<(), ApiError> {
    let beside = location
        .rsplit_once('/')
        .map_or("", |(directory, _)| directory);
    let mut size = 0;
    for part in &manifest.parts {
        size += find(world, region, &format!("{beside}/{part}"))?.size();
    }
    match size == manifest.bundled_size {
        true => Ok(()),
        false => Err(refused(format!(
            "The parts have {size} bytes, and the bundled size is {}",
            manifest.bundled_size
        ))),
    }
}

fn fill(image: &mut Image, manifest: Manifest) -> Result<(), String> {
    if image.architecture.is_empty() {
        image.architecture = manifest.architecture;
    }
    image.kernel = image.kernel.take().or(manifest.kernel);
    image.ramdisk = image.ramdisk.take().or(manifest.ramdisk);
    image.product_codes = manifest.product_codes;
    let mut root = None;
    for (name, device) in manifest.mappings {
        let device = device_name(&device)?;
        match &*name {
            // The root as the instance sees it, and as its kernel does.
            "ami" => root = Some(device),
            "root" => {}
            _ if !is_virtual(&name) => {
                return Err(format!(
                    "Invalid block device mapping: Invalid virtual name '{name}'"
                ));
            }
            _ if image
                .mappings
                .iter()
                .any(|known| known.device_name == device) => {}
            _ => image.mappings.push(Mapping {
                device_name: device,
                device: Device::Virtual(name),
            }),
        }
    }
    if image.root_device.is_empty() {
        image.root_device = root.unwrap_or_else(|| "/dev/sda1".to_owned());
    }
    Ok(())
}

fn is_virtual(name: &str) -> bool {
    let number = name.strip_prefix("ephemeral").map(str::parse);
    name == "swap" || matches!(number, Some(Ok(0u8..=23)))
}

/// Manifests name devices with or without their directory. Public threads tell that `xvdal`, which an
/// instance had from a Nitro host, is refused.
fn device_name(device: &str) -> Result<String, String> {
    let short = device.strip_prefix("/dev/").unwrap_or(device);
    let prefix = ["xvd", "sd", "hd"]
        .into_iter()
        .find_map(|prefix| short.strip_prefix(prefix));
    let is_valid = prefix.is_some_and(|rest| {
        let mut rest = rest.chars();
        rest.next().is_some_and(|c| c.is_ascii_lowercase()) && rest.all(|c| c.is_ascii_digit())
    });
    match is_valid {
        true => Ok(format!("/dev/{short}")),
        false => Err(format!(
            "Invalid block device mapping: Invalid device name '{device}'"
        )),
    }
}

fn refused(message: String) -> ApiError {
    ApiError::client("InvalidManifest", message)
}
