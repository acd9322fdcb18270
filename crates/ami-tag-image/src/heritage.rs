//! The heritage tags that an image is to have: given ones, its own, and EC2's word.

use ami_core::error::Error;
use ami_core::heritage::{Said, Testimony, Witness};
use ami_core::id::Id;
use ami_core::image::Image;
use ami_core::region::Region;
use ami_core::tag::{
    CREATE_DATE, CREATE_TIMESTAMP, RUN, SOURCE_IMAGE, SOURCE_INSTANCE, SOURCE_REGION,
    SOURCE_SNAPSHOT, Tag,
};
use ami_core::time::Moment;

use crate::request::Given;

/// The tags of what is given and nothing else.
pub(crate) fn given(given: &Given) -> Vec<Tag> {
    tags(
        given.source_image.as_ref().map(Id::to_string),
        given.source_region.as_ref(),
        given.source_instance.as_ref().map(Id::to_string),
        given.created,
    )
}

/// The tags that an image has when what is not given is filled.
///
/// # Errors
/// When nobody knows when the image was made.
pub(crate) fn filled(given: &Given, image: &Image) -> Result<Vec<Tag>, Error> {
    let testimony = Testimony::of(image);
    let (source, region) = source(given, &testimony);
    let instance = given.source_instance.as_ref().or(testimony.instance());
    let created = given.created.or(testimony.created()).ok_or_else(|| {
        Error::failed("nobody knows when it was made: EC2 does not say, and no tag does")
            .hint("give --create-date or --create-timestamp")
    })?;
    let instance = instance.map(Id::to_string);
    let mut filled = tags(source, region.as_ref(), instance, Some(created));
    if testimony.are_copied() {
        filled.extend(emptied(image, &filled));
    }
    Ok(filled)
}

/// Does an image bear tags that were copied with it, and that therefore do not count?
pub(crate) fn are_copied(image: &Image) -> bool {
    Testimony::of(image).are_copied()
}

/// Empty values, which say nothing, for tags that were copied and that nothing replaces. Without the
/// tag of a run, what is set now counts as the user's word.
fn emptied(image: &Image, filled: &[Tag]) -> Vec<Tag> {
    let others = [
        SOURCE_IMAGE,
        SOURCE_INSTANCE,
        SOURCE_REGION,
        SOURCE_SNAPSHOT,
        RUN,
    ];
    let stays =
        |key: &&str| image.tags.contains_key(*key) && filled.iter().all(|tag| tag.key != **key);
    let others = others.into_iter().filter(stays);
    others.map(|key| Tag::new(key, "")).collect()
}

/// The region that a tag goes on naming, though it was said of another source image than the one
/// that `tags` name.
pub(crate) fn stale_region<'a>(tags: &[Tag], image: &'a Image) -> Option<&'a str> {
    let find = |key: &str| tags.iter().find(|tag| tag.key == key);
    let source: Id = find(SOURCE_IMAGE)?.value.parse().ok()?;
    let testimony = Testimony::of(image);
    let tagged = testimony.source_image.word();
    let region = image
        .tags
        .get(SOURCE_REGION)
        .filter(|region| !region.is_empty());
    let stays = find(SOURCE_REGION).is_none() && tagged.is_none_or(|tagged| tagged.id != source);
    region.filter(|_| stays).map(String::as_str)
}

fn tags(
    source: Option<String>,
    region: Option<&Region>,
    instance: Option<String>,
    created: Option<Moment>,
) -> Vec<Tag> {
    let named = [
        (SOURCE_IMAGE, source),
        (SOURCE_INSTANCE, instance),
        (SOURCE_REGION, region.map(Region::to_string)),
        (CREATE_DATE, created.map(Moment::compact)),
        (
            CREATE_TIMESTAMP,
            created.map(|moment| moment.timestamp().to_string()),
        ),
    ];
    let tag = |(key, value): (&str, Option<String>)| value.map(|value| Tag::new(key, value));
    named.into_iter().filter_map(tag).collect()
}

/// The source image, as its tag is to name it, and its region.
fn source(given: &Given, testimony: &Testimony<'_>) -> (Option<String>, Option<Region>) {
    let place = |id: &Id| testimony.place_of(id).map(|(region, _)| region);
    let region = given.source_region.clone();
    if let Some(id) = &given.source_image {
        return (Some(id.to_string()), region.or_else(|| place(id)));
    }
    let Some(source) = testimony.source() else {
        return (None, region);
    };
    let region = region.or_else(|| place(&source.id));
    let text = match source.by {
        // It may name it as ID@REGION or ARN, and stays as it is.
        Witness::Tag => testimony.image.tags.get(SOURCE_IMAGE).cloned(),
        // Beside a tag's region it would name a place where nobody said that it is.
        Witness::Ec2 if region.is_none() && has_lone_region(testimony) => None,
        Witness::Ec2 => Some(source.id.to_string()),
    };
    (text, region)
}

/// Does the image bear a region that stays, and that no tag says of a source?
fn has_lone_region(testimony: &Testimony<'_>) -> bool {
    testimony.source_region != Said::Nothing && !testimony.are_copied()
}

#[cfg(test)]
mod tests;
