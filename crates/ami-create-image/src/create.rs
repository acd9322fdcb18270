//! One image of one instance: from the instance's description to the image that EC2 accepted.

use std::rc::Rc;

use ami_core::ec2::{Ec2, Instance, NewImage};
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::naming::say_where_to_look;
use ami_core::reference::Located;
use ami_core::tag::{self, Heritage, Tag};
use ami_core::time::Moment;

use crate::record::Made;
use crate::request::Request;

/// What one image is made of.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) gateway: Rc<Ec2>,
    pub(crate) instance: Instance,
    pub(crate) run: Rc<str>,
}

impl Plan {
    /// Makes the image; under another name when an automatic one is taken.
    pub(crate) async fn carry_out(&self, request: &Request) -> Result<Made, Error> {
        let mut tries = 1;
        loop {
            let (new, heritage) = self.draft(request);
            match self.gateway.create_image(&new).await {
                Ok(id) => return Ok(self.made(id, new, heritage)),
                Err(error) if request.name.has_another(&error, tries) => tries += 1,
                Err(error) => {
                    let error = error.of(&self.instance.id);
                    return Err(say_where_to_look(error, &new.name, &self.run));
                }
            }
        }
    }

    /// Says what would be made, after EC2 said that it would be allowed.
    pub(crate) async fn rehearse(&self, request: &Request) -> Result<String, Error> {
        let (new, heritage) = self.draft(request);
        let allowed = self.gateway.may_create_image(&new).await;
        allowed.map_err(|error| error.of(&self.instance.id))?;
        let source = heritage
            .source_image
            .map(|image| format!(", which runs from {image},"))
            .unwrap_or_default();
        let tags: Vec<_> = new
            .tags
            .iter()
            .map(|tag| format!("{}={}", tag.key, escape(&tag.value)))
            .collect();
        let reboot = if new.no_reboot { "out" } else { "" };
        Ok(format!(
            "would make the image '{}' of {}{source} in {} with{reboot} a restart, tagged {}",
            new.name,
            self.instance.id,
            self.gateway.region(),
            tags.join(", ")
        ))
    }

    fn draft(&self, request: &Request) -> (NewImage, Heritage) {
        let heritage = Heritage {
            source_image: self.instance.image.clone(),
            source_instance: Some(self.instance.id.clone()),
            source_region: Some(self.gateway.region().clone()),
            created: Moment::now(),
        };
        let name = request.name.name(heritage.created);
        let mut tags = heritage.tags();
        tags.extend(request.tags.iter().cloned());
        let new = NewImage {
            instance: self.instance.id.clone(),
            name,
            description: request.description.clone(),
            no_reboot: request.no_reboot,
            mappings: request.mappings.clone(),
            tags,
            run: self.run.to_string(),
        };
        (new, heritage)
    }

    fn made(&self, id: ami_core::id::Id, new: NewImage, heritage: Heritage) -> Made {
        let mut tags = new.tags;
        tags.push(Tag::new(tag::RUN, new.run));
        Made {
            located: Located {
                id,
                region: self.gateway.region().clone(),
            },
            name: new.name,
            state: "pending".to_owned(),
            heritage,
            tags,
        }
    }
}
