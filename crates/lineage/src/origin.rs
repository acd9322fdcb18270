//! Where one image comes from, and where those who say so do not agree.

mod difference;

use ami_core::heritage::{Source, Testimony};
use ami_core::id::Id;
use ami_core::image::Image;
use ami_core::reference::Located;
use ami_core::region::Region;
use ami_core::time::Moment;

pub use ami_core::heritage::Witness;
pub use difference::{Counts, Difference};

/// Where an image comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The image that it was made from.
    pub parent: Option<Located>,
    /// Who says so; both may, and then it is the tag.
    pub witness: Option<Witness>,
    /// Does EC2's record name the same parent?
    pub is_recorded: bool,
    /// The instance that it was made of.
    pub source_instance: Option<Id>,
    /// When it was made.
    pub created: Option<Moment>,
    /// Where tags and EC2, or tags among themselves, do not agree.
    pub differences: Vec<Difference>,
}

impl Origin {
    /// Reads what is known of an image that lies in `region`.
    pub fn of(image: &Image, region: &Region) -> Self {
        let testimony = Testimony::of(image);
        let source = testimony.source();
        let witness = source.as_ref().map(|source| source.by);
        let parent = source.map(|source| parent(source, region));
        Self {
            is_recorded: parent.is_some() && parent == recorded_parent(image, region),
            parent,
            witness,
            source_instance: testimony.instance().cloned(),
            created: testimony.created(),
            differences: difference::all(&testimony, region),
        }
    }
}

/// A source of which nobody says the region lies in the image's own.
fn parent(source: Source, region: &Region) -> Located {
    let said = source.place.map(|(region, _)| region);
    Located {
        id: source.id,
        region: said.unwrap_or_else(|| region.clone()),
    }
}

/// The parent by EC2's record alone.
fn recorded_parent(image: &Image, region: &Region) -> Option<Located> {
    Some(Located {
        id: image.source_image.clone()?,
        region: image
            .source_region
            .clone()
            .unwrap_or_else(|| region.clone()),
    })
}

#[cfg(test)]
mod tests;
