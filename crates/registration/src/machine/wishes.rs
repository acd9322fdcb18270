//! What the options say of the machine.

use ami_cli::args::Args;
use ami_core::error::Error;
use ami_core::escape::escape;

use super::{HVM, V2, check_firmware};
use crate::firmware;
use crate::options::{flag, value};

/// Architectures of images (EC2 API Reference, RegisterImage, Architecture).
const ARCHITECTURES: [&str; 5] = ["x86_64", "arm64", "i386", "x86_64_mac", "arm64_mac"];
/// Boot modes (same place, BootMode).
const BOOT_MODES: [&str; 3] = ["legacy-bios", "uefi", "uefi-preferred"];

/// What somebody says, in the words of EC2.
#[derive(Debug, Default)]
pub struct Wishes {
    /// `x86_64`, `arm64`, `i386` and others.
    pub architecture: Option<String>,
    /// `legacy-bios`, `uefi` or `uefi-preferred`.
    pub boot_mode: Option<String>,
    /// Leave the Elastic Network Adapter out, which disks have where nobody says so.
    pub no_ena: bool,
    /// Set it although nothing on the disk tells, for a disk that is looked at as it is read.
    pub ena: bool,
    /// Has the disk the driver for enhanced networking of older machines?
    pub sriov: bool,
    /// Is the metadata service to be asked with tokens only?
    pub tokens_only: Option<bool>,
    /// Is there to be a NitroTPM?
    pub tpm: bool,
    /// Variables of the UEFI firmware, in base64.
    pub uefi_data: Option<String>,
    /// Of a bundle, and of what becomes of one: `hvm` or `paravirtual`.
    pub virtualization: Option<String>,
    /// Of a bundle: its kernel, `aki-…`.
    pub kernel: Option<String>,
    /// Of a bundle: its RAM disk, `ari-…`.
    pub ramdisk: Option<String>,
}

impl Wishes {
    /// Reads the options that the tool has; the file of firmware variables with them.
    ///
    /// # Errors
    /// Words that EC2 does not know, and what does not go together.
    pub fn read(args: &Args) -> Result<Self, Error> {
        let wishes = Self::typed(args)?;
        let is_paravirtual = wishes.virtualization.as_deref() == Some("paravirtual");
        if !is_paravirtual && (wishes.kernel.is_some() || wishes.ramdisk.is_some()) {
            let what = "--kernel and --ramdisk are for --virtualization paravirtual";
            return Err(Error::usage(what));
        }
        Ok(wishes)
    }

    /// The same for a bundle that is still to be made, whose manifest names architecture, kernel and RAM
    /// disk.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_bundle(args: &Args) -> Result<Self, Error> {
        Ok(Self {
            architecture: None,
            kernel: None,
            ramdisk: None,
            ..Self::typed(args)?
        })
    }

    fn typed(args: &Args) -> Result<Self, Error> {
        let wishes = Self {
            architecture: value(args, "arch", architecture)?,
            boot_mode: value(args, "boot-mode", boot_mode)?,
            no_ena: flag(args, "no-ena"),
            ena: flag(args, "ena"),
            sriov: flag(args, "sriov"),
            tokens_only: value(args, "imds", tokens_only)?,
            tpm: flag(args, "tpm"),
            uefi_data: value(args, "uefi-data", firmware::read)?,
            virtualization: value(args, "virtualization", virtualization)?,
            kernel: value(args, "kernel", |text| boot_part(text, "aki-"))?,
            ramdisk: value(args, "ramdisk", |text| boot_part(text, "ari-"))?,
        };
        if let (Some(architecture), Some(mode)) = (&wishes.architecture, &wishes.boot_mode) {
            check_firmware(architecture, mode)?;
        }
        if let Some(mode) = &wishes.boot_mode {
            wishes.check_mode(Some(mode))?;
        }
        Ok(wishes)
    }
}

pub(super) fn architecture(text: &str) -> Result<String, String> {
    let shown = escape(text);
    match text {
        text if ARCHITECTURES.contains(&text) => Ok(text.to_owned()),
        "amd64" | "x86-64" | "x64" => Err(format!("EC2 calls '{shown}' x86_64")),
        "aarch64" => Err(format!("EC2 calls '{shown}' arm64")),
        "i686" | "i586" | "x86" => Err(format!("EC2 calls '{shown}' i386")),
        _ => Err(one_of(text, &ARCHITECTURES)),
    }
}

fn boot_mode(text: &str) -> Result<String, String> {
    match BOOT_MODES.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(one_of(text, &BOOT_MODES)),
    }
}

fn tokens_only(text: &str) -> Result<bool, String> {
    match text {
        V2 => Ok(true),
        "optional" => Ok(false),
        _ => Err(one_of(text, &[V2, "optional"])),
    }
}

fn virtualization(text: &str) -> Result<String, String> {
    const TYPES: [&str; 2] = [HVM, "paravirtual"];
    match TYPES.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(one_of(text, &TYPES)),
    }
}

/// `aki-` or `ari-` and 8 hexadecimal digits: there were none of them any more when IDs grew longer.
pub(super) fn boot_part(text: &str, prefix: &str) -> Result<String, String> {
    let digits = text.strip_prefix(prefix).unwrap_or_default();
    let good = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    match [8, 17].contains(&digits.len()) && digits.bytes().all(good) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "'{}' is not {prefix} and 8 hexadecimal digits",
            escape(text)
        )),
    }
}

fn one_of(text: &str, words: &[&str]) -> String {
    format!("'{}' is none of {}", escape(text), words.join(", "))
}
