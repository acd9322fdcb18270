//! GetImageAncestry.

use crate::model::image::Image;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::{Xml, timestamp};

use super::call::{Action, Invocation};
use super::image_deregister;

const MAX_ENTRIES: usize = 50;

/// The line of images from one to its root (GetImageAncestry in the API reference): at most 50, and no
/// further than an image of Amazon or one without a recorded source.
pub(crate) struct GetAncestry(String);

impl Action for GetAncestry {
    fn take(params: &Params) -> Result<Self, ApiError> {
        Ok(GetAncestry(params.req("ImageId")?))
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let regions = &call.world().regions;
        let mut line: Vec<&Image> = Vec::new();
        let mut next = Some(image_deregister::open(
            call.region(),
            &call.caller.account,
            &self.0,
        )?);
        while let Some(image) = next {
            line.push(image);
            let is_root = image.owner_alias.is_some() || line.len() == MAX_ENTRIES;
            let source = || {
                let region = regions.get(image.source_region.as_ref()?)?;
                region.images.get(image.source_image.as_ref()?)
            };
            next = if is_root { None } else { source() };
        }
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
