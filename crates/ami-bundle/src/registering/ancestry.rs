//! Which image a bundle comes from, as its manifest says.

use ami_bundle_format::Manifest;
use ami_core::app::Context;
use ami_core::ec2::Ec2;
use ami_core::error::Error;
use ami_core::id::{Id, Kind};
use ami_core::reference::Reference;

/// How many of them are asked for, the youngest: one call's worth.
const MOST: usize = 100;

/// The youngest ancestor that still exists. Ancestors are of the bundle's own region, since no bundle
/// is registered in another.
pub(crate) async fn source_image(
    context: &Context,
    ec2: &Ec2,
    manifest: &Manifest,
) -> Result<Option<Reference>, Error> {
    let ancestors = youngest_first(&manifest.image.ancestors);
    if ancestors.is_empty() {
        return Ok(None);
    }
    let known = ec2.known_images(&ancestors).await?;
    let is_known = |id: &Id| known.iter().any(|image| image.id == *id);
    let found = ancestors.into_iter().find(is_known);
    if found.is_none() {
        context
            .progress
            .trace("of the images that the manifest names as ancestors none is there any more");
    }
    Ok(found.map(|id| Reference {
        id,
        region: Some(ec2.region().clone()),
    }))
}

/// The IDs of images among these words, each once.
fn youngest_first(ancestors: &[String]) -> Vec<Id> {
    let ids = ancestors.iter().rev().filter_map(|text| text.parse().ok());
    let mut found: Vec<Id> = Vec::new();
    for id in ids.filter(|id: &Id| id.kind() == Kind::Image) {
        if found.len() < MOST && !found.contains(&id) {
            found.push(id);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::youngest_first;

    #[test]
    fn the_last_one_is_the_youngest() {
        let words = [
            "ami-11111111",
            "aki-1",
            "i-12345678",
            "ami-22222222",
            "ami-11111111",
        ];
        let words = words.map(str::to_owned);
        let ids: Vec<_> = youngest_first(&words)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(ids, ["ami-11111111", "ami-22222222"]);
    }
}
