//! Where an image comes from, and since when it exists: what its tags say, what EC2 has recorded, and
//! whose word counts.
//!
//! A tag is its owner's word and counts more than EC2's record, unless it cannot be read, names its
//! image as its own source, or was copied with the image from its source.
//!
//! Invariant: an image and its region are taken from the same witness. A region that is said beside no
//! image, or beside another one, would make up a place where nobody said that the source lies.

use serde::Serialize;

use crate::created;
use crate::id::{Id, Kind};
use crate::image::Image;
use crate::reference::Reference;
use crate::region::Region;
use crate::tag::{
    CREATE_DATE, CREATE_TIMESTAMP, RUN, SOURCE_IMAGE, SOURCE_INSTANCE, SOURCE_REGION,
};
use crate::time::Moment;

/// Who says where an image comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Witness {
    /// The image's own tags.
    Tag,
    /// EC2's record.
    Ec2,
}

/// What a tag says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said<T> {
    /// Nothing: it is not there, or empty, which is no mistake.
    Nothing,
    /// What cannot be read.
    Rubbish,
    /// That its image is its own source, which no image is.
    Itself,
    /// This.
    Word(T),
}

impl<T> Said<T> {
    /// What it says, if that can be true.
    pub fn word(&self) -> Option<&T> {
        match self {
            Self::Word(word) => Some(word),
            Self::Nothing | Self::Rubbish | Self::Itself => None,
        }
    }
}

/// Who says in which region a source image lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// The tag `source_region`.
    ByRegionTag,
    /// The tag `source_image`, as ID@REGION or ARN.
    ByImageTag,
    /// EC2's record.
    ByEc2,
}

/// The image that another one was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its ID.
    pub id: Id,
    /// Who names it.
    pub by: Witness,
    /// Its region, and who says that; without it the source lies where the image itself does.
    pub place: Option<(Region, Placed)>,
}

/// What an image's tags say, each of them read on its own, beside EC2's record.
#[derive(Debug)]
pub struct Testimony<'a> {
    /// The image, with EC2's record and the tags as they are.
    pub image: &'a Image,
    /// The source image.
    pub source_image: Said<Reference>,
    /// The source image's region.
    pub source_region: Said<Region>,
    /// The instance that it was made of.
    pub source_instance: Said<Id>,
    /// When it was made, in Unix seconds.
    pub create_timestamp: Said<Moment>,
    /// When it was made, in the classic form.
    pub create_date: Said<Moment>,
}

impl<'a> Testimony<'a> {
    /// Reads the tags of an image.
    pub fn of(image: &'a Image) -> Self {
        Self {
            image,
            source_image: source_image(image),
            source_region: read(image, SOURCE_REGION, |text| text.parse().ok()),
            source_instance: read(image, SOURCE_INSTANCE, instance),
            create_timestamp: read(image, CREATE_TIMESTAMP, created::from_timestamp),
            create_date: read(image, CREATE_DATE, created::from_date),
        }
    }

    /// Were the tags copied with the image, so that they say where its source comes from? CopyImage
    /// does that when it is asked to (CopyImageTags). EC2 knows the image as a copy, since it records
    /// a source and no instance; the tag of a run was set by the call that made the source; and the
    /// source that the tags name is another one than the copied image.
    pub fn are_copied(&self) -> bool {
        let has_run = self.image.tags.get(RUN).is_some_and(|run| !run.is_empty());
        let is_copy = self.image.source_instance.is_none();
        let record = self.image.source_image.as_ref();
        let tagged = self.source_image.word().map(|tagged| &tagged.id);
        let is_another = record.is_some_and(|record| tagged.is_some_and(|tagged| tagged != record));
        has_run && is_copy && is_another
    }

    /// What a tag says, if it is its owner's word on this very image.
    fn own<'s, T>(&self, said: &'s Said<T>) -> Option<&'s T> {
        said.word().filter(|_| !self.are_copied())
    }

    /// The image that it was made from.
    pub fn source(&self) -> Option<Source> {
        let tagged = self.own(&self.source_image);
        let (id, by) = match tagged {
            Some(tagged) => (tagged.id.clone(), Witness::Tag),
            None => (self.image.source_image.clone()?, Witness::Ec2),
        };
        let place = self.place_of(&id);
        Some(Source { id, by, place })
    }

    /// Where an image lies by the word of those who name that image, and of nobody else.
    pub fn place_of(&self, id: &Id) -> Option<(Region, Placed)> {
        let tagged = self.source_image.word().filter(|tagged| tagged.id == *id);
        if let Some(tagged) = tagged {
            if let Some(region) = self.source_region.word() {
                return Some((region.clone(), Placed::ByRegionTag));
            }
            if let Some(region) = &tagged.region {
                return Some((region.clone(), Placed::ByImageTag));
            }
        }
        let is_recorded = self.image.source_image.as_ref() == Some(id);
        let region = self.image.source_region.clone().filter(|_| is_recorded)?;
        Some((region, Placed::ByEc2))
    }

    /// The instance that it was made of.
    pub fn instance(&self) -> Option<&Id> {
        let tagged = self.own(&self.source_instance);
        tagged.or(self.image.source_instance.as_ref())
    }

    /// When it was made. Of two tags that differ the timestamp counts: its meaning is plainer.
    pub fn created(&self) -> Option<Moment> {
        let stamp = self.own(&self.create_timestamp);
        let tagged = stamp.or(self.own(&self.create_date));
        tagged.copied().or(self.image.created)
    }
}

fn read<T>(image: &Image, tag: &str, parse: impl FnOnce(&str) -> Option<T>) -> Said<T> {
    match image.tags.get(tag).filter(|value| !value.is_empty()) {
        None => Said::Nothing,
        Some(value) => parse(value).map_or(Said::Rubbish, Said::Word),
    }
}

/// IDs are unique, so that an image is its own source in whatever region it is named.
fn source_image(image: &Image) -> Said<Reference> {
    let parse = |text: &str| Reference::parse(text, &[Kind::Image]).ok();
    match read(image, SOURCE_IMAGE, parse) {
        Said::Word(reference) if reference.id == image.id => Said::Itself,
        said => said,
    }
}

fn instance(text: &str) -> Option<Id> {
    let id: Id = text.parse().ok()?;
    (id.kind() == Kind::Instance).then_some(id)
}

#[cfg(test)]
mod tests;
