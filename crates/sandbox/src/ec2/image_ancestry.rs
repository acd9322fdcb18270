//! GetImageAncestry.

use std::collections::BTreeMap;

use crate::model::image::Image;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::{Xml, timestamp};
use crate::world::Region;

use super::call::{Action, Invocation};
use super::image_deregister;

/// EC2 user guide, "Use AMI ancestry to trace the origin of an AMI".
const MAX_ENTRIES: usize = 50;

/// The owners whose images are roots, whatever they were made from (same place). Those of
/// `aws-backup-vault` are not.
const ROOT_ALIASES: [&str; 2] = ["amazon", "aws-marketplace"];

/// Follows the sources of an image to its root (GetImageAncestry in the API reference).
pub(crate) struct GetAncestry(String);

impl Action for GetAncestry {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(GetAncestry(params.req("ImageId")?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let line = line(&call.world().regions, self.first(call)?);
        let mut xml = Xml::new();
        xml.list("imageAncestryEntrySet", line, |xml, image| {
            xml.text("creationDate", timestamp(image.created))
                .text("imageId", &image.id);
            xml.opt("imageOwnerAlias", image.owner_alias.as_ref());
            xml.opt("sourceImageId", image.source_image.as_ref());
            xml.opt("sourceImageRegion", image.source_region.as_ref());
        });
        Ok(xml)
    }
}

impl GetAncestry {
    /// The image that was asked for, which the caller must be able to see.
    fn first<'c>(&self, call: &'c Invocation<'_>) -> Result<&'c Image, ApiError> {
        let (region, me) = (call.region(), &*call.caller.account);
        let gone = region
            .deregistered
            .get(&self.0)
            .filter(|image| call.settings().ancestry_of_deregistered && image.is_open_to(me));
        match gone {
            Some(image) => Ok(image),
            None => image_deregister::open(region, me, &self.0),
        }
    }
}

/// An image and those it descends from, as far as they are recorded. Ancestors are listed whether or
/// not the caller may see them, for nothing is shown of them but where they come from.
fn line<'r>(regions: &'r BTreeMap<String, Region>, first: &'r Image) -> Vec<&'r Image> {
    let mut line = vec![first];
    let mut next = source(regions, first);
    while let Some(image) = next.filter(|_| line.len() < MAX_ENTRIES) {
        // Only what tests plant can be its own ancestor, and that would fill the line with repetitions.
        if line.iter().any(|seen| std::ptr::eq(*seen, image)) {
            break;
        }
        line.push(image);
        next = source(regions, image);
    }
    line
}

/// What an image was made from; none for a root. A region that is not known here stands for one of
/// another partition, into which an ancestry does not lead.
fn source<'r>(regions: &'r BTreeMap<String, Region>, image: &Image) -> Option<&'r Image> {
    let alias = image.owner_alias.as_deref();
    if alias.is_some_and(|alias| ROOT_ALIASES.contains(&alias)) {
        return None;
    }
    let region = regions.get(image.source_region.as_ref()?)?;
    region.recorded_image(image.source_image.as_ref()?)
}
