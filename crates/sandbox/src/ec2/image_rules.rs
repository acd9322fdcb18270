//! What the fields of an image to be registered may be, and which of them go together.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::model::image::Image;
use crate::wire::error::ApiError;

/// The most characters of UefiData (ImageUefiDataRequest in the service model).
const MAX_UEFI_DATA: usize = 64_000;

/// Refuses words that the API reference does not have for their fields, and fields that exclude each other.
pub(crate) fn check(image: &Image) -> Result<(), ApiError> {
    check_words(image)?;
    check_boot(image)?;
    check_kernel(image)
}

fn check_words(image: &Image) -> Result<(), ApiError> {
    let fields: [(&str, Option<&str>, &[&str]); 6] = [
        (
            "architecture",
            Some(&image.architecture),
            &["i386", "x86_64", "arm64", "x86_64_mac", "arm64_mac"],
        ),
        (
            "virtualizationType",
            Some(&image.virtualization),
            &["hvm", "paravirtual"],
        ),
        (
            "bootMode",
            image.boot_mode.as_deref(),
            &["legacy-bios", "uefi", "uefi-preferred"],
        ),
        ("tpmSupport", image.tpm_support.as_deref(), &["v2.0"]),
        ("imdsSupport", image.imds_support.as_deref(), &["v2.0"]),
        (
            "sriovNetSupport",
            image.sriov_net_support.as_deref(),
            &["simple"],
        ),
    ];
    for (name, value, known) in fields {
        if let Some(word) = value.filter(|word| !known.contains(word)) {
            let why = format!("Expected one of {}.", known.join(", "));
            return Err(ApiError::bad_value(word, name, &why));
        }
    }
    Ok(())
}

/// How a machine may start (EC2 user guide, "Instance launch behavior with Amazon EC2 boot modes" and
/// "Requirements for using NitroTPM"). That UEFI wants hardware virtualization, Graviton UEFI, and NitroTPM
/// both UEFI alone and x86, is told there and in public threads; most of EC2's own words are not.
fn check_boot(image: &Image) -> Result<(), ApiError> {
    let (mode, architecture) = (image.boot_mode.as_deref(), &*image.architecture);
    let is_arm = architecture.starts_with("arm64");
    if is_arm && mode == Some("legacy-bios") {
        let message = format!("Invalid machineArchitecture value '{architecture}' for bootMode");
        return Err(value(message));
    }
    if image.tpm_support.is_some() && architecture != "x86_64" {
        let message = format!("Invalid machineArchitecture value '{architecture}' for tpmSupport");
        return Err(value(message));
    }
    if image.tpm_support.is_some() && mode != Some("uefi") {
        return Err(ApiError::combination("TpmSupport needs BootMode uefi."));
    }
    let wants_uefi = matches!(mode, Some("uefi" | "uefi-preferred")) || is_arm;
    if wants_uefi && image.virtualization != "hvm" {
        let message = "UEFI is available to images of the virtualization type hvm only.";
        return Err(ApiError::combination(message));
    }
    let Some(data) = &image.uefi_data else {
        return Ok(());
    };
    if mode == Some("legacy-bios") {
        return Err(ApiError::combination(
            "UefiData does not go with BootMode legacy-bios.",
        ));
    }
    if data.len() > MAX_UEFI_DATA || STANDARD.decode(data).is_err() {
        return Err(value(
            "UefiData is not a UEFI variable store in base64.".to_owned(),
        ));
    }
    Ok(())
}

/// Kernels and RAM disks are for paravirtual images (EC2 user guide, "User provided kernels").
fn check_kernel(image: &Image) -> Result<(), ApiError> {
    let fields = [
        ("kernelId", &image.kernel, "aki-"),
        ("ramdiskId", &image.ramdisk, "ari-"),
    ];
    for (name, id, prefix) in fields {
        let Some(id) = id else { continue };
        if !id.starts_with(prefix) {
            let why = format!("Expected: '{prefix}...'.");
            return Err(ApiError::bad_value(id, name, &why));
        }
        if image.virtualization == "hvm" {
            let message = format!(
                "The parameter {name} is not supported for images of the virtualization type hvm."
            );
            return Err(ApiError::combination(message));
        }
    }
    Ok(())
}

fn value(message: String) -> ApiError {
    ApiError::client("InvalidParameterValue", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(change: impl FnOnce(&mut Image)) -> Result<(), String> {
        let mut image = Image::new("1", "web");
        change(&mut image);
        check(&image).map_err(|error| error.code)
    }

    #[test]
    fn boot_modes_follow_the_architecture() {
        let with = |architecture: &str, mode: &str, tpm: bool| {
            code(|image| {
                image.architecture = architecture.into();
                image.boot_mode = Some(mode.into());
                image.tpm_support = tpm.then(|| "v2.0".into());
            })
        };
        assert_eq!(with("x86_64", "uefi", true), Ok(()));
        assert_eq!(with("arm64", "uefi", false), Ok(()));
        assert!(with("arm64", "legacy-bios", false).is_err());
        assert!(with("arm64", "uefi", true).is_err());
        assert!(with("x86_64", "uefi-preferred", true).is_err());
        assert!(with("x86_64", "bios", false).is_err());
    }

    #[test]
    fn kernels_are_for_paravirtual_images() {
        let with = |kind: &str, kernel: &str| {
            code(|image| {
                image.virtualization = kind.into();
                image.kernel = Some(kernel.into());
            })
        };
        assert_eq!(with("paravirtual", "aki-12345678"), Ok(()));
        assert_eq!(
            with("hvm", "aki-12345678"),
            Err("InvalidParameterCombination".into())
        );
        assert_eq!(
            with("paravirtual", "ari-12345678"),
            Err("InvalidParameterValue".into())
        );
    }

    #[test]
    fn uefi_data_is_base64() {
        let with = |data: &str| code(|image| image.uefi_data = Some(data.into()));
        assert_eq!(with("QU1aTlVFRkk="), Ok(()));
        assert!(with("no!").is_err());
    }
}
