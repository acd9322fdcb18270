//! One image: what is known of it before there is anything to make it of, and its registration.

mod words;

use std::rc::Rc;

use ami_blocks::journal::Record;
use ami_core::app::Context;
use ami_core::chance;

use ami_core::ec2::{Attributes, Ec2, NewRegistration, Registered};
use ami_core::error::Error;
use ami_core::id::Id;
use ami_core::image::Image;
use ami_core::naming::say_where_to_look;
use ami_core::reference::Located;
use ami_core::tag::{self, Heritage, Tag};
use ami_core::time::Moment;

use crate::record::Made;
use crate::register::Register;
use crate::run::until_stopped;
use crate::volumes::Volumes;

/// What the root of an image is made of.
#[derive(Debug, Clone)]
pub(crate) enum Root {
    /// A snapshot that is complete.
    Snapshot(Snapshot),
    /// A snapshot that is not there yet, of so many GiB.
    ToCome(u32),
    /// A bundle, by the place of its manifest.
    Bundle(String),
}

/// What is known of a root's snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) id: Id,
    /// Its size in GiB.
    pub(crate) size: u32,
    pub(crate) is_encrypted: bool,
    /// How many blocks it took to put, if it was uploaded.
    pub(crate) blocks: Option<u32>,
}

/// An image that is to be.
pub(crate) struct Plan<'a> {
    pub(crate) context: &'a Context,
    pub(crate) request: &'a Register,
    pub(crate) ec2: Rc<Ec2>,
    /// The UUID that marks all that this run makes.
    pub(crate) run: String,
    pub(crate) heritage: Heritage,
    pub(crate) source_snapshot: Option<Id>,
    pub(crate) machine: Attributes,
    pub(crate) volumes: Volumes,
}

impl<'a> Plan<'a> {
    /// A plan for an image with that source image, if it has one.
    pub(crate) fn new(
        context: &'a Context,
        request: &'a Register,
        ec2: Rc<Ec2>,
        source: Option<&Located>,
    ) -> Self {
        Self {
            context,
            request,
            ec2,
            run: chance::run_id(),
            heritage: Heritage {
                source_image: source.map(|source| source.id.clone()),
                source_instance: None,
                source_region: source.map(|source| source.region.clone()),
                created: Moment::now(),
            },
            source_snapshot: None,
            machine: Attributes::default(),
            volumes: request.volumes.clone(),
        }
    }

    /// Names the root device as the source image does, unless somebody has said its name.
    pub(crate) fn take_root_device(&mut self, source: Option<&Registered>) -> Result<(), Error> {
        if let Some(device) = source.and_then(|source| source.root_device.as_deref()) {
            self.volumes = self.request.volumes.with_usual_root(device)?;
        }
        if let Some(text) = self.volumes.suspicion() {
            self.context.progress.hint(&text);
        }
        Ok(())
    }

    /// The tags of all that is made, but that of the run.
    pub(crate) fn tags(&self) -> Vec<Tag> {
        let mut tags = self.heritage.tags();
        let source = self.source_snapshot.as_ref();
        tags.extend(source.map(|id| Tag::new(tag::SOURCE_SNAPSHOT, id.to_string())));
        tags.extend(self.request.tags.iter().cloned());
        tags
    }

    /// Registers the image; under another name when an automatic one is taken. What was begun is
    /// ended, even when the tool is asked to stop.
    pub(crate) async fn register(&self, root: &Root) -> Result<Made, Error> {
        let registering = std::pin::pin!(self.try_names(root));
        let mut registering = registering;
        if let Some(made) = until_stopped(self.context, registering.as_mut()).await {
            return made;
        }
        self.context.progress.hint(&format!(
            "waiting for EC2's answer to what was begun; a second signal stops at once, and what EC2 has \
             made then bears the tag {}={}",
            tag::RUN,
            self.run
        ));
        registering.await
    }

    async fn try_names(&self, root: &Root) -> Result<Made, Error> {
        let mut tries = 1;
        loop {
            let new = self.draft(root);
            match self.ec2.register_image(&new).await {
                Ok(id) => return Ok(self.made(id, new, root)),
                Err(error) if self.request.name.has_another(&error, tries) => tries += 1,
                Err(error) => return Err(say_where_to_look(error, &new.name, &self.run)),
            }
        }
    }

    /// Says what would be registered, after EC2 said that it would be allowed. Of a snapshot that is
    /// still to come EC2 may say no more than that it is not there.
    pub(crate) async fn rehearse(&self, root: &Root, of: &str) -> Result<(), Error> {
        const WITHOUT_SNAPSHOT: [&str; 4] = [
            "InvalidBlockDeviceMapping",
            "InvalidParameterCombination",
            "InvalidRequest",
            "MissingParameter",
        ];
        let new = self.draft(root);
        let progress = &self.context.progress;
        match self.ec2.may_register_image(&new).await {
            Err(error)
                if matches!(root, Root::ToCome(_))
                    && error
                        .code()
                        .is_some_and(|code| WITHOUT_SNAPSHOT.contains(&code)) =>
            {
                progress.hint(
                    "whether RegisterImage is allowed, EC2 does not say before there is a snapshot",
                );
            }
            other => other?,
        }
        progress.hint(&format!(
            "would register the image '{}' of {of} in {}: {}",
            new.name,
            self.ec2.region(),
            words::of(&new).join(", ")
        ));
        Ok(())
    }

    fn draft(&self, root: &Root) -> NewRegistration {
        let request = self.request;
        let name = request.name.name(self.heritage.created);
        let volumes = &self.volumes;
        let (mappings, location) = match root {
            Root::Snapshot(snapshot) => (volumes.with_root(&snapshot.id), None),
            Root::ToCome(size) => (volumes.with_root_to_come(*size), None),
            Root::Bundle(place) => (volumes.without_root(), Some(place.clone())),
        };
        NewRegistration {
            name,
            description: request.description.clone(),
            attributes: self.machine.clone(),
            root_device: location.is_none().then(|| volumes.root_device.clone()),
            mappings,
            location,
            tags: self.tags(),
            run: self.run.clone(),
        }
    }

    fn made(&self, id: Id, new: NewRegistration, root: &Root) -> Made {
        let located = self.located(id);
        let made = Made {
            name: Some(new.name),
            architecture: new.attributes.architecture,
            boot_mode: new.attributes.boot_mode,
            source_snapshot: self.source_snapshot.clone(),
            heritage: Some(self.heritage.clone()),
            tags: self.all_tags(),
            ..Made::new(located, "pending")
        };
        match root {
            Root::Snapshot(snapshot) => Made {
                snapshot: Some(snapshot.id.clone()),
                size: Some(self.volumes.size.unwrap_or(snapshot.size)),
                is_encrypted: Some(snapshot.is_encrypted),
                blocks: snapshot.blocks,
                ..made
            },
            Root::ToCome(_) | Root::Bundle(_) => made,
        }
    }

    /// An image that an earlier run has registered.
    pub(crate) fn found(&self, image: Image, record: &Record) -> Made {
        let header = &record.header;
        let tags = image.tags.into_iter();
        let created = image.created.unwrap_or(self.heritage.created);
        Made {
            name: image.name,
            architecture: self.machine.architecture.clone(),
            boot_mode: self.machine.boot_mode.clone(),
            snapshot: Some(header.snapshot.id.clone()),
            size: Some(header.size),
            is_encrypted: Some(header.is_encrypted),
            blocks: u32::try_from(record.sent.len()).ok(),
            heritage: Some(Heritage {
                created,
                ..self.heritage.clone()
            }),
            tags: tags.map(|(key, value)| Tag::new(key, value)).collect(),
            ..Made::new(self.located(image.id), image.state.as_str())
        }
    }

    /// A snapshot that stays one.
    pub(crate) fn made_snapshot(&self, snapshot: &Snapshot) -> Made {
        Made {
            snapshot: Some(snapshot.id.clone()),
            size: Some(snapshot.size),
            is_encrypted: Some(snapshot.is_encrypted),
            blocks: snapshot.blocks,
            heritage: Some(self.heritage.clone()),
            tags: self.all_tags(),
            ..Made::new(self.located(snapshot.id.clone()), "completed")
        }
    }

    fn all_tags(&self) -> Vec<Tag> {
        let mut tags = self.tags();
        tags.push(Tag::new(tag::RUN, &self.run));
        tags
    }

    pub(crate) fn located(&self, id: Id) -> Located {
        Located {
            id,
            region: self.ec2.region().clone(),
        }
    }
}
