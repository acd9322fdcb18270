//! What an EBS-backed image takes over from the image, and the manifest, of the bundle that it is made
//! of.

use ami_bundle_format::Manifest;
use ami_core::app::Context;
use ami_core::ec2::Registered;
use ami_core::error::Error;
use ami_core::mapping::{Mapping, Target};
use ami_core::name;
use ami_core::naming::Naming;
use ami_core::reference::{Located, Reference};
use ami_core::s3::Place;
use ami_core::tag::{self, Tag};
use ami_registration::Register;
use ami_registration::machine::Wishes;

use crate::machine::boot_part;

/// What is put behind the old image's name, which that still has.
const ENDING: &str = "-ebs";
/// The longest name of an image, in characters.
const LONGEST: usize = 128;
/// EC2's word for machines that start by a kernel beside the disk.
const PARAVIRTUAL: &str = "paravirtual";

/// The old image, and how it is registered.
pub(crate) struct Heir {
    located: Located,
    registered: Registered,
}

impl Heir {
    pub(crate) fn new(located: Located, registered: Registered) -> Self {
        Self {
            located,
            registered,
        }
    }

    /// The newest own image that is registered of a bundle, if there is one.
    pub(crate) async fn of_bundle(context: &Context, place: &Place) -> Result<Option<Self>, Error> {
        let region = context.session.region().await?;
        let ec2 = context.session.ec2(&region).await;
        let images = ec2.own_images_at(&place.location()).await?;
        let count = images.len();
        let Some(image) = images.into_iter().max_by_key(|image| image.created) else {
            return Ok(None);
        };
        let text = format!(
            "{count} own images are registered of {place}: what no option says is taken from the newest, {}; \
             to take it from another, convert that by its ID",
            image.id
        );
        match count {
            1 => context.progress.trace(&text),
            _ => context.progress.hint(&text),
        }
        let found = ec2.registration(&image.id).await;
        let registered = found.map_err(|error| error.of(&image.id))?;
        let located = Located {
            id: image.id,
            region,
        };
        Ok(registered.map(|registered| Self::new(located, registered)))
    }

    /// Hands down name, description, tags, device names and what it starts on, as far as nothing else
    /// was said.
    pub(crate) fn hand_down(
        &self,
        context: &Context,
        register: &mut Register,
    ) -> Result<(), Error> {
        let image = &self.registered.image;
        let has_name = ["name", "random-name-prefix"]
            .iter()
            .any(|name| context.args.flag(name));
        if let (false, Some(old)) = (has_name, &image.name) {
            let kept: String = old.chars().take(LONGEST - ENDING.len()).collect();
            if let Ok(name) = name::parse(&format!("{kept}{ENDING}")) {
                register.name = Naming::Explicit(name);
            }
        }
        if register.description.is_none() {
            register.description.clone_from(&image.description);
        }
        if register.source_image.is_none() {
            register.source_image = Some(Reference {
                id: self.located.id.clone(),
                region: Some(self.located.region.clone()),
            });
        }
        for (key, value) in &image.tags {
            let is_said = register.tags.iter().any(|tag| tag.key == *key);
            let tag = Tag::new(key, value);
            if !is_said && tag::check_own(std::slice::from_ref(&tag)).is_ok() {
                register.tags.push(tag);
            }
        }
        if let Some(device) = &self.registered.root_device {
            register.volumes = register.volumes.with_usual_root(device)?;
        }
        let others = self.registered.mappings.iter();
        let others = others.filter(|mapping| matches!(mapping.target, Target::Ephemeral(_)));
        register.volumes = register.volumes.with_others(others.cloned().collect());
        let attributes = &self.registered.attributes;
        let machine = &mut register.machine;
        let (kernel, ramdisk) = (&attributes.kernel, &attributes.ramdisk);
        match attributes.virtualization.as_deref() {
            Some(PARAVIRTUAL) => start_by(machine, kernel.as_deref(), ramdisk.as_deref())?,
            _ => {
                machine.ena |= attributes.ena && !machine.no_ena;
                machine.sriov |= attributes.sriov.is_some();
                if attributes.imds.is_some() {
                    machine.tokens_only.get_or_insert(true);
                }
            }
        }
        Ok(())
    }
}

/// Takes over a kernel and a RAM disk, unless something else was said. What EC2 cannot have is refused
/// here: EC2 would do that when the whole disk is sent.
fn start_by(
    machine: &mut Wishes,
    kernel: Option<&str>,
    ramdisk: Option<&str>,
) -> Result<(), Error> {
    if machine.virtualization.as_deref().unwrap_or(PARAVIRTUAL) != PARAVIRTUAL {
        return Ok(());
    }
    machine.virtualization = Some(PARAVIRTUAL.to_owned());
    if machine.kernel.is_some() {
        return Ok(());
    }
    let check = |what: &str, id: &str, prefix: &str| {
        boot_part(id, prefix).map_err(|why| {
            let error = Error::usage(format!("its {what} is none that EC2 has: {why}"));
            error.hint(
                "say with --virtualization paravirtual and --kernel which to start it by, or with --virtualization hvm that \
                 its disk starts by itself",
            )
        })
    };
    machine.kernel = kernel.map(|id| check("kernel", id, "aki-")).transpose()?;
    if machine.ramdisk.is_none() {
        machine.ramdisk = ramdisk
            .map(|id| check("RAM disk", id, "ari-"))
            .transpose()?;
    }
    Ok(())
}

/// Takes from the manifest what no image was there to tell: a kernel, which only paravirtual machines
/// start by, and devices.
pub(crate) fn take_from_manifest(
    register: &mut Register,
    manifest: &Manifest,
) -> Result<(), Error> {
    let (kernel, ramdisk) = (&manifest.kernel, &manifest.ramdisk);
    if kernel.is_some() {
        start_by(&mut register.machine, kernel.as_deref(), ramdisk.as_deref())?;
    }
    let device = |device: &str| match device.starts_with("/dev/") {
        true => device.to_owned(),
        false => format!("/dev/{device}"),
    };
    let root = manifest
        .mappings
        .iter()
        .find(|mapping| mapping.virtual_name == "ami");
    if let Some(root) = root {
        register.volumes = register.volumes.with_usual_root(&device(&root.device))?;
    }
    let others = manifest.mappings.iter();
    let others = others.filter(|mapping| mapping.virtual_name.starts_with("ephemeral"));
    let others = others.map(|mapping| Mapping {
        device: device(&mapping.device),
        target: Target::Ephemeral(mapping.virtual_name.clone()),
    });
    register.volumes = register.volumes.with_others(others.collect());
    Ok(())
}
