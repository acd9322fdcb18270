//! What is asked of a volume and of an image.

use ami_cli::args::Args;
use ami_core::ec2::Attributes;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::mapping::{self, Mapping};
use ami_core::name;
use ami_core::naming::Naming;
use ami_core::tag::Tag;
use ami_core::wait::Asked;

use super::tags;
use crate::size;
use crate::source::Source;

/// A disk in a volume.
pub(crate) struct Cloud {
    pub(crate) source: Source,
    pub(crate) volume: VolumeWishes,
    pub(crate) image: ImageWishes,
    pub(crate) wait: Asked,
}

/// What the volume of a build is to be like.
#[derive(Debug, Clone, Default)]
pub(crate) struct VolumeWishes {
    /// In GiB.
    pub(crate) size: Option<i32>,
    pub(crate) volume_type: Option<String>,
    pub(crate) initialization_rate: Option<i32>,
    pub(crate) encrypt: bool,
    pub(crate) kms_key: Option<String>,
}

/// What the image is to be like.
pub(crate) struct ImageWishes {
    pub(crate) name: Naming,
    pub(crate) description: Option<String>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) mappings: Vec<Mapping>,
    pub(crate) root_device: Option<String>,
    /// What was typed of these; the rest is left out.
    pub(crate) attributes: Attributes,
    pub(crate) no_ena: bool,
    /// May its metadata service be asked without tokens?
    pub(crate) imds_optional: bool,
}

impl Cloud {
    pub(super) fn read(args: &Args, source: Source, size: Option<u64>) -> Result<Self, Error> {
        let size = size.map(size::gibibytes).transpose();
        Ok(Self {
            source,
            volume: VolumeWishes::read(args, size.map_err(Error::usage)?)?,
            image: ImageWishes::read(args)?,
            wait: Asked::read(args)?,
        })
    }
}

impl VolumeWishes {
    pub(super) fn read(args: &Args, size: Option<i32>) -> Result<Self, Error> {
        let kms_key = args.value("kms-key", text)?;
        let encrypt = args.flag("encrypt");
        if kms_key.is_some() && !encrypt {
            return Err(Error::usage("--kms-key is for --encrypt"));
        }
        Ok(Self {
            size,
            volume_type: args.value("volume-type", volume_type)?,
            initialization_rate: args.value("volume-initialization-rate", rate)?,
            encrypt,
            kms_key,
        })
    }
}

impl ImageWishes {
    fn read(args: &Args) -> Result<Self, Error> {
        let mappings = args.values("block-device-mapping", str::parse)?;
        mapping::check_all(&mappings)
            .map_err(|why| Error::usage(format!("--block-device-mapping: {why}")))?;
        let imds = args.value("imds", |word| one_of(word, &["v2.0", "optional"]))?;
        let imds_optional = imds.as_deref() == Some("optional");
        Ok(Self {
            name: Naming::read(args)?,
            description: args.value("description", name::parse_description)?,
            tags: tags(args)?,
            mappings,
            root_device: args.value("root-device", text)?,
            attributes: Attributes {
                architecture: args
                    .value("arch", |word| one_of(word, &["x86_64", "arm64", "i386"]))?,
                boot_mode: args.value("boot-mode", |word| {
                    one_of(word, &["legacy-bios", "uefi", "uefi-preferred"])
                })?,
                imds: imds.filter(|word| word != "optional"),
                ..Attributes::default()
            },
            no_ena: args.flag("no-ena"),
            imds_optional,
        })
    }
}

fn text(text: &str) -> Result<String, &'static str> {
    match text {
        "" => Err("it is empty"),
        _ => Ok(text.to_owned()),
    }
}

fn volume_type(word: &str) -> Result<String, String> {
    one_of(word, &["gp2", "gp3", "io1", "io2", "standard"])
}

/// EC2 API Reference, CreateVolume, VolumeInitializationRate.
fn rate(text: &str) -> Result<i32, &'static str> {
    let rate = text.parse().ok().filter(|rate| (100..=300).contains(rate));
    rate.ok_or("a rate is a number from 100 to 300, in MiB/s")
}

fn one_of(word: &str, words: &[&str]) -> Result<String, String> {
    match words.contains(&word) {
        true => Ok(word.to_owned()),
        false => Err(format!(
            "'{}' is none of {}",
            escape(word),
            words.join(", ")
        )),
    }
}
