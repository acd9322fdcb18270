//! The heritage tags that an image is to have: given ones, its own, and EC2's word.

use ami_core::error::Error;
use ami_core::id::{Id, Kind};
use ami_core::image::Image;
use ami_core::reference::Reference;
use ami_core::region::Region;
use ami_core::tag::{
    CREATE_DATE, CREATE_TIMESTAMP, SOURCE_IMAGE, SOURCE_INSTANCE, SOURCE_REGION, Tag,
};
use ami_core::time::Moment;

use crate::created;
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
    let known = Known { given, image };
    let (source, region) = known.source();
    let created = known.created().ok_or_else(|| {
        Error::failed("nobody knows when it was made: EC2 does not say, and no tag does")
            .hint("give --create-date or --create-timestamp")
    })?;
    Ok(tags(
        source,
        region.as_ref(),
        known.instance(),
        Some(created),
    ))
}

/// The region that a tag goes on naming, though it was said of another source image than the one
/// that `tags` name.
pub(crate) fn stale_region<'a>(tags: &[Tag], image: &'a Image) -> Option<&'a str> {
    let find = |key: &str| tags.iter().find(|tag| tag.key == key);
    let source: Id = find(SOURCE_IMAGE)?.value.parse().ok()?;
    let same = tagged_source(image).is_some_and(|tagged| tagged.id == source);
    let region = text(image, SOURCE_REGION).filter(|_| find(SOURCE_REGION).is_none());
    region.filter(|_| !same)
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

/// Who names the source image, the one that counts most first.
enum Witness {
    /// The command line.
    Given,
    /// The image's own tag.
    Tag,
    /// EC2's record.
    Ec2,
}

/// All that is known of one image.
struct Known<'a> {
    given: &'a Given,
    image: &'a Image,
}

impl Known<'_> {
    /// The source image, as its tag is to name it, and its region.
    fn source(&self) -> (Option<String>, Option<Region>) {
        let region = self.given.source_region.clone();
        let Some((witness, id)) = self.source_image() else {
            return (None, region);
        };
        let region = region.or_else(|| self.place_of(&id));
        let text = match witness {
            // It may name it as ID@REGION or ARN, and stays as it is.
            Witness::Tag => self.text(SOURCE_IMAGE).map(str::to_owned),
            Witness::Given => Some(id.to_string()),
            // Beside a tag's region it would name a place where nobody said that it is.
            Witness::Ec2 if region.is_none() && self.text(SOURCE_REGION).is_some() => None,
            Witness::Ec2 => Some(id.to_string()),
        };
        (text, region)
    }

    /// The source image, and who says so.
    fn source_image(&self) -> Option<(Witness, Id)> {
        let given = self
            .given
            .source_image
            .clone()
            .map(|id| (Witness::Given, id));
        let tagged = || tagged_source(self.image).map(|tagged| (Witness::Tag, tagged.id));
        let record = || self.image.source_image.clone().map(|id| (Witness::Ec2, id));
        given.or_else(tagged).or_else(record)
    }

    /// Where an image lies by the word of one who names that image.
    fn place_of(&self, id: &Id) -> Option<Region> {
        let by_tag = tagged_source(self.image)
            .filter(|tagged| tagged.id == *id)
            .and_then(|tagged| {
                let region = self.text(SOURCE_REGION).and_then(|text| text.parse().ok());
                region.or(tagged.region)
            });
        let by_record = || {
            let is_meant = self.image.source_image.as_ref() == Some(id);
            self.image.source_region.clone().filter(|_| is_meant)
        };
        by_tag.or_else(by_record)
    }

    fn instance(&self) -> Option<String> {
        let is_instance = |text: &&str| {
            let id: Option<Id> = text.parse().ok();
            id.is_some_and(|id| id.kind() == Kind::Instance)
        };
        let given = self.given.source_instance.as_ref().map(Id::to_string);
        let tagged = self.text(SOURCE_INSTANCE).filter(is_instance);
        let record = || self.image.source_instance.as_ref().map(Id::to_string);
        given.or(tagged.map(str::to_owned)).or_else(record)
    }

    /// When the image was made. Of two tags that differ the timestamp counts: its meaning is plainer.
    fn created(&self) -> Option<Moment> {
        let by_stamp = || created::from_timestamp(self.text(CREATE_TIMESTAMP)?);
        let by_date = || created::from_date(self.text(CREATE_DATE)?);
        let given = self.given.created;
        given
            .or_else(by_stamp)
            .or_else(by_date)
            .or(self.image.created)
    }

    fn text(&self, key: &str) -> Option<&str> {
        text(self.image, key)
    }
}

/// The source that an image's tag names. No image is its own source, whatever a tag says.
fn tagged_source(image: &Image) -> Option<Reference> {
    let reference = Reference::parse(text(image, SOURCE_IMAGE)?, &[Kind::Image]).ok();
    reference.filter(|reference| reference.id != image.id)
}

/// The value of a tag; an empty one says nothing.
fn text<'a>(image: &'a Image, key: &str) -> Option<&'a str> {
    let value = image.tags.get(key).map(String::as_str);
    value.filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
