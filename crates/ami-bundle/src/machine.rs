//! What a manifest says of the machine: from options, and the architecture from the disk itself.

use std::fs::File;
use std::sync::Arc;

use ami_bundle_format::Manifest;
use ami_bundle_format::manifest::{self, Bundler, ImageElement, Mapping};
use ami_cli::args::Args;
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::id::Kind;
use ami_core::reference::Reference;
use ami_disk::{Layout, ReadAt, Source, contents};

/// Architectures that a bundle can have: those of the machines that start them (facts of EC2), and one
/// that only `convert` has a use for.
const ARCHITECTURES: [&str; 3] = ["x86_64", "i386", "arm64"];
/// That one: no machine that starts S3-backed images has such a processor.
const NEVER_STARTS: &str = "arm64";
/// The last instance store volume that can be mapped (EC2 User Guide, "Block device mapping concepts").
const MOST_EPHEMERAL: u8 = 23;

/// What the options say.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    pub(crate) architecture: Option<String>,
    pub(crate) mappings: Vec<Mapping>,
    pub(crate) product_codes: Vec<String>,
    pub(crate) kernel: Option<String>,
    pub(crate) ramdisk: Option<String>,
    pub(crate) ancestors: Vec<String>,
}

impl Machine {
    /// Reads the options.
    pub(crate) fn read(args: &Args) -> Result<Self, Error> {
        let mut mappings: Vec<Mapping> = Vec::new();
        for mapping in args
            .values("block-device-mapping", several_mappings)?
            .into_iter()
            .flatten()
        {
            if mappings
                .iter()
                .any(|other| other.virtual_name == mapping.virtual_name)
            {
                let name = escape(&mapping.virtual_name);
                let what = format!("--block-device-mapping: {name} is mapped twice");
                return Err(Error::usage(what));
            }
            mappings.push(mapping);
        }
        mappings.sort();
        Ok(Self {
            architecture: args.value("arch", architecture)?,
            mappings,
            product_codes: args.values("productcodes", codes)?.concat(),
            kernel: args.value("kernel", |text| boot_part(text, "aki-"))?,
            ramdisk: args.value("ramdisk", |text| boot_part(text, "ari-"))?,
            ancestors: args.values("ancestor", ancestor)?,
        })
    }

    /// A manifest of an image of that name, in which what packing finds out is still missing.
    pub(crate) fn manifest(&self, architecture: &str, name: &str, user: &str) -> Manifest {
        Manifest {
            version: manifest::VERSION.to_owned(),
            bundler: Bundler {
                name: "ami-tools".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                release: "0".to_owned(),
            },
            architecture: Some(architecture.to_owned()),
            mappings: self.mappings.clone(),
            kernel: self.kernel.clone(),
            ramdisk: self.ramdisk.clone(),
            product_codes: self.product_codes.clone(),
            image: ImageElement {
                name: name.to_owned(),
                user: user.to_owned(),
                ancestors: self.ancestors.clone(),
                ..ImageElement::default()
            },
            ..Manifest::default()
        }
    }
}

/// The architecture of a disk, as the programs on it tell.
///
/// # Errors
/// They do not tell; why.
pub(crate) fn of_disk(file: File) -> Result<String, String> {
    let disk = Source::new(file).map_err(|error| error.to_string())?;
    let disk: Arc<dyn ReadAt> = Arc::new(disk);
    let mut layout = Layout::read(&*disk).map_err(|error| error.to_string())?;
    contents::look_for_roots(&disk, &mut layout);
    let root = layout.root().ok().map(|root| root.value);
    match contents::architecture(&disk, &layout, root) {
        Ok(Some(told)) => Ok(told.value.as_str().to_owned()),
        Ok(None) => Err("nothing on it tells".to_owned()),
        Err(why) => Err(escape(&why.to_string())),
    }
}

/// The architecture of this machine in EC2's words.
fn of_this_machine() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        "x86" => "i386",
        other => other,
    }
}

/// 12 digits, with or without hyphens.
pub(crate) fn account(text: &str) -> Result<String, String> {
    let digits: String = text.chars().filter(|letter| *letter != '-').collect();
    match digits.len() == 12 && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        true => Ok(digits),
        false => Err(format!("'{}' is not an account's 12 digits", escape(text))),
    }
}

fn architecture(text: &str) -> Result<String, String> {
    match text {
        text if ARCHITECTURES.contains(&text) => Ok(text.to_owned()),
        "amd64" | "x86-64" => Err("EC2 calls it x86_64".to_owned()),
        "aarch64" => Err("EC2 calls it arm64".to_owned()),
        "i686" | "i586" | "x86" => Err("EC2 calls it i386".to_owned()),
        _ => Err(format!(
            "'{}' is none of {}",
            escape(text),
            ARCHITECTURES.join(", ")
        )),
    }
}

/// Says what EC2 will not start.
pub(crate) fn warn_of_architecture(context: &Context, architecture: &str) {
    if architecture == NEVER_STARTS {
        context.progress.hint(&format!(
            "no machine starts S3-backed images for {NEVER_STARTS}: what is made is for 'ami-bundle convert'"
        ));
    }
}

/// The architecture of this machine, if EC2 has such.
pub(crate) fn here() -> Result<String, String> {
    let architecture = of_this_machine();
    match ARCHITECTURES.contains(&architecture) {
        true => Ok(architecture.to_owned()),
        false => Err(format!(
            "EC2 has no machines like this one ({architecture})"
        )),
    }
}

/// The architecture of a machine whose kernel calls its processor so.
#[cfg(target_os = "linux")]
pub(crate) fn of_kernel(machine: &str) -> Result<String, String> {
    let known = match machine {
        "aarch64" => "arm64",
        "i486" | "i586" | "i686" => "i386",
        other => other,
    };
    match ARCHITECTURES.contains(&known) {
        true => Ok(known.to_owned()),
        false => Err(format!("EC2 has no machines with '{}'", escape(machine))),
    }
}

fn several_mappings(text: &str) -> Result<Vec<Mapping>, String> {
    text.split(',').map(mapping).collect()
}

/// `VIRTUAL=DEVICE`; what EC2 takes as a virtual name in a manifest, it calls ami, root, swap and
/// ephemeralN (Amazon's guide to the AMI tools, ec2-bundle-image).
pub(crate) fn mapping(text: &str) -> Result<Mapping, String> {
    let shown = escape(text);
    let (name, device) = text
        .split_once('=')
        .ok_or_else(|| format!("'{shown}' is not VIRTUAL=DEVICE"))?;
    if !["ami", "root", "swap"].contains(&name) && !is_ephemeral(name) {
        return Err(format!(
            "'{shown}': the manifest of a bundle maps ami, root, swap and ephemeral0 to ephemeral{MOST_EPHEMERAL}"
        ));
    }
    match is_device(device.strip_prefix("/dev/").unwrap_or(device)) {
        true => Ok(Mapping {
            virtual_name: name.to_owned(),
            device: device.to_owned(),
        }),
        false => Err(format!(
            "'{shown}': EC2 takes devices of bundles that are called sdX, xvdX or hdX, with one letter X and \
             a number behind it or none"
        )),
    }
}

/// An instance store volume, counted without zeros before the number.
fn is_ephemeral(name: &str) -> bool {
    let number = name.strip_prefix("ephemeral");
    (0..=MOST_EPHEMERAL).any(|known| number == Some(&known.to_string()))
}

/// EC2 refuses others in manifests, such as `xvdal`, which instances have on newer hosts (public threads
/// quote its answer).
fn is_device(name: &str) -> bool {
    let rest = ["sd", "xvd", "hd"]
        .iter()
        .find_map(|it| name.strip_prefix(it));
    let mut letters = rest.unwrap_or_default().chars();
    letters
        .next()
        .is_some_and(|letter| letter.is_ascii_lowercase())
        && letters.as_str().len() <= 2
        && letters.all(|letter| letter.is_ascii_digit())
}

pub(crate) fn codes(text: &str) -> Result<Vec<String>, String> {
    let code =
        |code: &str| match !code.is_empty() && code.chars().all(|c| c.is_ascii_alphanumeric()) {
            true => Ok(code.to_owned()),
            false => Err(format!("'{}' is no product code", escape(code))),
        };
    text.split(',').map(code).collect()
}

/// `aki-` or `ari-` and 8 hexadecimal digits: there were none of them any more when IDs grew longer.
pub(crate) fn boot_part(text: &str, prefix: &str) -> Result<String, String> {
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

pub(crate) fn ancestor(text: &str) -> Result<String, String> {
    Reference::parse(text, &[Kind::Image]).map(|reference| reference.id.to_string())
}

#[cfg(test)]
mod tests {
    use super::{account, codes, mapping};

    #[test]
    fn accounts_have_twelve_digits() {
        assert_eq!(account("1234-5678-9012").as_deref(), Ok("123456789012"));
        for text in ["", "12345678901", "1234567890123", "12345678901x"] {
            assert!(account(text).is_err(), "{text}");
        }
    }

    #[test]
    fn mappings_are_those_of_a_manifest() {
        let read = mapping("ephemeral0=sdb").expect("a mapping");
        assert_eq!((&*read.virtual_name, &*read.device), ("ephemeral0", "sdb"));
        for text in [
            "root=/dev/sda1",
            "ephemeral23=xvdz",
            "swap=hda15",
            "ami=sda",
        ] {
            assert!(mapping(text).is_ok(), "{text}");
        }
        for text in [
            "sdb",
            "ebs1=sdf",
            "ephemeral=sdb",
            "ephemeral24=sdb",
            "ephemeral99=sdb",
            "ephemeral00=sdb",
            "ephemeral0=xvdal",
            "ephemeral0=nvme0n1",
            "ephemeral0=sd1",
            "ephemeral0=sda1x",
            "ephemeral0=/dev/",
            "ami=",
            "swap=/etc/x",
            "ami=sd a",
        ] {
            assert!(mapping(text).is_err(), "{text}");
        }
    }

    #[test]
    fn product_codes_are_one_each() {
        assert_eq!(codes("A1,B2"), Ok(vec!["A1".to_owned(), "B2".to_owned()]));
        assert!(codes("A,,B").is_err() && codes("A b").is_err());
    }
}
