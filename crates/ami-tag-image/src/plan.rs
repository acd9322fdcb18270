//! What is to be done to one image.

use std::collections::BTreeMap;
use std::rc::Rc;

use ami_core::ec2::Ec2;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::id::Id;
use ami_core::image::Image;
use ami_core::reference::Located;
use ami_core::tag::{CREATE_TIMESTAMP, SOURCE_IMAGE, SOURCE_REGION, Tag};

use crate::describe::SnapshotTags;
use crate::heritage;
use crate::record::Tagged;
use crate::request::Request;

/// What is to be done to one image.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) gateway: Rc<Ec2>,
    pub(crate) image: Image,
    /// The tags to be set; none where all is as it should be.
    pub(crate) tags: Vec<Tag>,
    /// Those of them that the image does not bear yet.
    pub(crate) changed: Vec<Tag>,
    /// What is to be tagged alike.
    pub(crate) snapshots: Vec<Id>,
    /// What the user may want to know before.
    pub(crate) hints: Vec<String>,
}

impl Plan {
    /// Plans what is asked for on an image.
    pub(crate) fn new(
        gateway: &Rc<Ec2>,
        image: Image,
        tags_of: &SnapshotTags,
        request: &Request,
    ) -> Result<Self, Error> {
        let wanted = wanted(&image, request).map_err(|error| error.of(&image.id))?;
        let mut hints: Vec<_> = hint(&image, &wanted, request).into_iter().collect();
        let mut snapshots = Vec::new();
        for snapshot in image.snapshots.iter().filter(|_| request.with_snapshots) {
            let tags = tags_of.get(snapshot);
            match tags.and_then(|tags| foreign(tags, &image, &wanted)) {
                Some(source) => hints.push(stays(&image.id, snapshot, source)),
                None if tags.is_some_and(|tags| bears(tags, &wanted)) => {}
                None => snapshots.push(snapshot.clone()),
            }
        }
        let changed = missing_tags(&wanted, &image);
        let tags = match changed.is_empty() {
            _ if !snapshots.is_empty() => wanted,
            true => Vec::new(),
            false if request.auto => changed.clone(),
            // They are the same for all, so that one call can set them on many images.
            false => wanted,
        };
        Ok(Self {
            gateway: Rc::clone(gateway),
            image,
            tags,
            changed,
            snapshots,
            hints,
        })
    }

    /// The image in its region.
    pub(crate) fn located(&self) -> Located {
        Located {
            id: self.image.id.clone(),
            region: self.gateway.region().clone(),
        }
    }

    /// Is one of these the image, or a snapshot that is to be tagged alike?
    pub(crate) fn has_any(&self, ids: &[Id]) -> bool {
        let mut own = std::iter::once(&self.image.id).chain(&self.snapshots);
        own.any(|id| ids.contains(id))
    }

    /// Leaves a snapshot to another image.
    pub(crate) fn leave_out(&mut self, snapshot: &Id) {
        self.snapshots.retain(|own| own != snapshot);
        if self.snapshots.is_empty() {
            self.tags = self.changed.clone();
        }
    }

    /// Does an image, as EC2 shows it now, bear all the tags?
    pub(crate) fn is_done_on(&self, image: &Image) -> bool {
        missing_tags(&self.tags, image).is_empty()
    }

    /// The result, when EC2 shows `image` as it should be.
    pub(crate) fn result(self, image: &Image) -> Tagged {
        Tagged {
            located: self.located(),
            tags: image.tags.clone(),
            changed: self.changed,
            snapshots: self.snapshots,
        }
    }
}

/// The heritage tags that an image is to bear.
fn wanted(image: &Image, request: &Request) -> Result<Vec<Tag>, Error> {
    if request.is_source(&image.id) {
        return Err(Error::failed("cannot be its own source"));
    }
    match request.auto {
        true => heritage::filled(&request.given, image),
        false => Ok(heritage::given(&request.given)),
    }
}

/// Does a snapshot bear the heritage of another image, which is made of it too? Then what it says of
/// its source, or of its time, is neither what this image says nor what it is to say.
fn foreign(tags: &BTreeMap<String, String>, image: &Image, wanted: &[Tag]) -> Option<String> {
    let is_foreign = |key: &&str| {
        let Some(value) = tags.get(*key) else {
            return false;
        };
        let is_own = image.tags.get(*key) == Some(value);
        let is_wanted = wanted
            .iter()
            .any(|tag| tag.key == **key && tag.value == *value);
        !is_own && !is_wanted
    };
    let key = [SOURCE_IMAGE, CREATE_TIMESTAMP]
        .into_iter()
        .find(is_foreign)?;
    Some(format!("{key}={}", escape(&tags[key])))
}

fn bears(tags: &BTreeMap<String, String>, wanted: &[Tag]) -> bool {
    wanted
        .iter()
        .all(|tag| tags.get(&tag.key) == Some(&tag.value))
}

fn stays(image: &Id, snapshot: &Id, tag: String) -> String {
    format!(
        "{image}: its snapshot {snapshot} says {tag}, as another image does, and stays as it is"
    )
}

/// Those of the tags that an image does not bear.
fn missing_tags(tags: &[Tag], image: &Image) -> Vec<Tag> {
    let is_missing = |tag: &&Tag| image.tags.get(&tag.key) != Some(&tag.value);
    tags.iter().filter(is_missing).cloned().collect()
}

/// What the user may want to know of an image that is to bear these tags.
fn hint(image: &Image, wanted: &[Tag], request: &Request) -> Option<String> {
    if heritage::are_copied(image) && !request.auto {
        return Some(format!(
            "{}: it is a copy, and its tags came with it from its source: EC2's record counts more until \
             --auto replaces them",
            image.id
        ));
    }
    let region = heritage::stale_region(wanted, image)?;
    Some(stale(&image.id, region))
}

fn stale(image: &Id, region: &str) -> String {
    let region = escape(region);
    format!(
        "{image}: its tag {SOURCE_REGION} stays {region}, which was said of another source; give \
         --source-region too"
    )
}
