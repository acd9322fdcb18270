//! The image that a build becomes: its name, its tags, and what it takes from its source.

use ami_core::ec2::{Attributes, NewRegistration};
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::id::Id;
use ami_core::naming::say_where_to_look;
use ami_core::tag::{self, Heritage, Tag};
use ami_core::time::Moment;

use super::record::Made;
use super::rehearsal::Asking;
use super::volume::{Device, Making};
use super::{Built, Run};

const HVM: &str = "hvm";
const V2: &str = "v2.0";

/// An image that is to be registered.
pub(super) struct Plan<'a> {
    run: &'a Run<'a>,
    snapshot: Id,
    attributes: Attributes,
}

impl<'a> Plan<'a> {
    pub(super) async fn new(run: &'a Run<'a>, built: &Built) -> Self {
        let mut attributes = run.attributes(Some(&built.device));
        attributes.uefi_data = run.firmware(&attributes).await;
        Self {
            run,
            snapshot: built.snapshot.clone(),
            attributes,
        }
    }

    /// Registers it; under another name when an automatic one is taken.
    pub(super) async fn register(&self) -> Result<Made, Error> {
        let (run, mut tries) = (self.run, 1);
        loop {
            let (new, heritage) = run.draft(&self.snapshot, self.attributes.clone());
            let error = match run.site.ec2.register_image(&new).await {
                Ok(id) => return Ok(self.made(id, new, heritage)),
                Err(error) => error,
            };
            if !run.wishes.image.name.has_another(&error, tries) {
                return Err(say_where_to_look(error, &new.name, &run.site.run));
            }
            tries += 1;
        }
    }

    fn made(&self, id: Id, new: NewRegistration, heritage: Heritage) -> Made {
        let mut tags = new.tags;
        tags.push(Tag::new(tag::RUN, new.run));
        Made {
            located: self.run.located(id),
            name: Some(new.name),
            state: "pending".to_owned(),
            snapshot: Some(self.snapshot.clone()),
            source_image: heritage.source_image,
            source_snapshot: self.run.base.source_snapshot().cloned(),
            source_region: heritage.source_region,
            created: Some(heritage.created),
            tags,
        }
    }
}

impl Run<'_> {
    /// Says what would be made, after EC2 said that it would be allowed.
    pub(super) async fn rehearse(&self) -> Result<String, Error> {
        self.wishes.image.name.check_free(&self.site.ec2).await?;
        let (ec2, base) = (&self.site.ec2, self.base);
        let making = Making {
            site: self.site,
            wishes: &self.wishes.volume,
            snapshot: base.source_snapshot().cloned(),
            size: self.wishes.volume.size.or(Some(base.size)),
            tags: &self.wishes.image.tags,
        };
        let mut asking = Asking::new(self.site);
        asking.exactly(ec2.may_create_volume(&making.request()).await)?;
        let (origin, name) = match &base.origin {
            super::Origin::Snapshot(snapshot) => {
                let (new, _) = self.draft(snapshot, self.attributes(None));
                asking.exactly(ec2.may_register_image(&new).await)?;
                (snapshot, new.name)
            }
            super::Origin::Volume(volume) => {
                let new = self.base_snapshot(volume);
                asking.exactly(ec2.may_create_snapshot(&new).await)?;
                (volume, self.draft(volume, Attributes::default()).0.name)
            }
        };
        asking.about_the_volume(self.snapshot_tags()).await?;
        asking.answer()?;
        let tags = self.tags(&self.heritage());
        let tags: Vec<_> = tags
            .iter()
            .map(|tag| format!("{}={}", tag.key, escape(&tag.value)))
            .collect();
        Ok(format!(
            "would run '{}' in a volume of {origin} on {} in {}, and register the image '{name}', tagged {}",
            self.build.wishes.command(),
            self.site.this.id,
            self.site.this.zone,
            tags.join(", ")
        ))
    }

    /// The tags of the snapshot: those of the image, and the mark that says that it is not yet
    /// handed over.
    pub(super) fn snapshot_tags(&self) -> Vec<Tag> {
        let mut tags = self.tags(&self.heritage());
        tags.push(self.site.mark());
        tags
    }

    fn heritage(&self) -> Heritage {
        Heritage {
            source_image: self.base.source_image.clone(),
            source_instance: None,
            source_region: self.base.source_region.clone(),
            created: Moment::now(),
        }
    }

    fn tags(&self, heritage: &Heritage) -> Vec<Tag> {
        let mut tags = heritage.tags();
        let source = self.base.source_snapshot();
        tags.extend(source.map(|id| Tag::new(tag::SOURCE_SNAPSHOT, id.to_string())));
        tags.extend(self.wishes.image.tags.iter().cloned());
        tags
    }

    fn draft(&self, snapshot: &Id, attributes: Attributes) -> (NewRegistration, Heritage) {
        let wishes = &self.wishes.image;
        let heritage = self.heritage();
        let name = wishes.name.name(heritage.created);
        let root = self.root_device();
        let new = NewRegistration {
            name,
            description: wishes.description.clone(),
            attributes,
            mappings: self.mappings(&root, snapshot),
            root_device: Some(root),
            location: None,
            tags: self.tags(&heritage),
            run: self.site.run.clone(),
        };
        (new, heritage)
    }

    /// What was typed, what the source image has, what the disk and this machine tell.
    fn attributes(&self, device: Option<&Device>) -> Attributes {
        let wishes = &self.wishes.image;
        let source = self
            .base
            .registered
            .as_deref()
            .map(|source| &source.attributes);
        let typed = wishes.attributes.clone();
        let mut all = source.cloned().unwrap_or_else(|| Attributes {
            architecture: Some(architecture().to_owned()),
            virtualization: Some(HVM.to_owned()),
            boot_mode: device
                .and_then(|device| device.boot_mode)
                .map(|mode| mode.as_str().to_owned()),
            ena: true,
            imds: Some(V2.to_owned()),
            ..Attributes::default()
        });
        all.architecture = typed.architecture.or(all.architecture);
        all.boot_mode = typed.boot_mode.or(all.boot_mode);
        all.imds = typed.imds.or(all.imds).filter(|_| !wishes.imds_optional);
        all.ena &= !wishes.no_ena;
        all
    }

    /// The variables of the source image's firmware: keys for Secure Boot, say. EC2 gives them to
    /// their owner only; without them the image starts with the usual ones.
    async fn firmware(&self, attributes: &Attributes) -> Option<String> {
        let image = &self.base.registered.as_ref()?.image;
        if !attributes.boot_mode.as_deref()?.starts_with("uefi") {
            return None;
        }
        match self.site.ec2.uefi_data(&image.id).await {
            Ok(data) => data,
            Err(error) => {
                let text = format!("without the firmware's variables of {}: {error}", image.id);
                self.site.context.progress.trace(&text);
                None
            }
        }
    }
}

/// EC2's word for this machine, whose programs the build has run.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        "x86" => "i386",
        other => other,
    }
}
