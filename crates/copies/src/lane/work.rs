//! One copy of one image: from the request to what EC2 has accepted.

use std::rc::Rc;

use ami_core::chance;
use ami_core::ec2::{Ec2, NewCopy};
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::id::Id;
use ami_core::image::Image;
use ami_core::name;
use ami_core::reference::Located;
use ami_core::tag::{self, Heritage, Tag};
use ami_core::time::Moment;

use crate::digest::digest;
use crate::record::Made;
use crate::request::{Life, Naming, Request};
use crate::sources::Source;

/// States of a copy that answers a request, now or soon.
const GOOD: [&str; 2] = ["available", "pending"];

/// A copy to be made.
pub(super) struct Work {
    pub(super) source: Rc<Source>,
    pub(super) digest: String,
    copy: NewCopy,
    created: Moment,
}

impl Work {
    pub(super) fn new(request: &Request, run: &str, gateway: &Ec2, source: Rc<Source>) -> Self {
        let created = Moment::now();
        let digest = digest(request, &source.located, gateway.region());
        let key = request.keys.of(gateway.region());
        Self {
            copy: NewCopy {
                source: source.located.clone(),
                name: name(request, &source.image, created),
                description: request.description.clone(),
                encrypt: request.encrypt,
                kms_key: key.map(str::to_owned),
                completion_minutes: request.completion_minutes,
                tags: tags(request, &source, &digest, created),
                run: run.to_owned(),
                token: chance::run_id(),
            },
            source,
            digest,
            created,
        }
    }

    /// How many snapshots EC2 will copy for it.
    pub(super) fn snapshots(&self) -> usize {
        self.source.image.snapshots.len().max(1)
    }

    /// Is that image what the same request made before?
    pub(super) fn is_answered_by(&self, image: &Image) -> bool {
        let source = &self.source.located;
        image.tags.get(tag::REQUEST) == Some(&self.digest)
            && image
                .source_image
                .as_ref()
                .is_none_or(|id| *id == source.id)
            && image
                .source_region
                .as_ref()
                .is_none_or(|region| *region == source.region)
            && GOOD.contains(&image.state.as_str())
    }

    /// The copy that was there.
    pub(super) fn found(&self, image: &Image, gateway: &Ec2) -> Made {
        let tags = image.tags.iter();
        Made {
            name: image.name.clone().unwrap_or_default(),
            state: image.state.as_str().to_owned(),
            created: image.created,
            found: true,
            tags: tags.map(|(key, value)| Tag::new(key, value)).collect(),
            ..self.made(image.id.clone(), gateway)
        }
    }

    pub(super) async fn carry_out(&self, gateway: &Ec2) -> Result<Made, Error> {
        let id = gateway.copy_image(&self.copy).await?;
        Ok(self.made(id, gateway))
    }

    /// Says what would be copied, after EC2 said that it would be allowed.
    pub(super) async fn rehearse(&self, gateway: &Ec2, life: &Life) -> Result<String, Error> {
        let region = gateway.region();
        let (source, name) = (&self.source.located, &self.copy.name);
        let allowed = gateway.may_copy_image(&self.copy).await;
        allowed.map_err(|error| error.of(format!("{} to {region}", source.id)))?;
        let encrypted = match (&self.copy.kms_key, self.copy.encrypt) {
            (Some(key), _) => format!(", encrypted with {key}"),
            (None, true) => ", encrypted with the region's default key".to_owned(),
            (None, false) => String::new(),
        };
        let tags = self.copy.tags.iter();
        let tags: Vec<_> = tags
            .map(|tag| format!("{}={}", tag.key, escape(&tag.value)))
            .collect();
        Ok(format!(
            "would copy {source} to {region} as '{}'{encrypted}, tagged {}{}",
            escape(name),
            tags.join(", "),
            life.in_words(&self.source.grants)
        ))
    }

    /// Says that there is nothing to copy, because an earlier run has made it.
    pub(super) fn is_there(&self, made: &Made, life: &Life) -> String {
        let (source, region) = (&self.source.located, &made.located.region);
        format!(
            "{source} is copied to {region} already: {} is {}{}",
            made.located,
            made.state,
            life.in_words(&self.source.grants)
        )
    }

    fn made(&self, id: Id, gateway: &Ec2) -> Made {
        let mut tags = self.copy.tags.clone();
        tags.push(Tag::new(tag::RUN, &self.copy.run));
        Made {
            located: Located {
                id,
                region: gateway.region().clone(),
            },
            source: self.source.located.clone(),
            name: self.copy.name.clone(),
            state: "pending".to_owned(),
            created: Some(self.created),
            found: false,
            tags,
        }
    }
}

fn name(request: &Request, image: &Image, created: Moment) -> String {
    match &request.name {
        Naming::Explicit(name) => name.clone(),
        Naming::Automatic(prefix) => name::automatic(prefix, created.timestamp(), chance::number()),
        // Every available image has a name.
        Naming::Source => image.name.clone().unwrap_or_else(|| image.id.to_string()),
    }
}

/// Heritage, digest, the user's tags, and the source's own where they are wished for. The user's
/// word is the last.
fn tags(request: &Request, source: &Source, digest: &str, created: Moment) -> Vec<Tag> {
    let heritage = Heritage {
        source_image: Some(source.located.id.clone()),
        source_instance: None,
        source_region: Some(source.located.region.clone()),
        created,
    };
    let mut tags = heritage.tags();
    tags.push(Tag::new(tag::REQUEST, digest));
    let given = |key: &str| request.tags.iter().any(|tag| tag.key == key);
    let own = source.image.tags.iter().filter(|(key, _)| {
        request.copy_tags && !key.starts_with("aws:") && !tag::is_ours(key) && !given(key)
    });
    tags.extend(own.map(|(key, value)| Tag::new(key, value)));
    tags.extend(request.tags.iter().cloned());
    tags
}
