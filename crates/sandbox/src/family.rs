//! A family of images for measuring: many of them, over three regions, in a long line of descent.

use std::collections::BTreeMap;

use time::macros::{datetime, format_description};
use time::{Duration, OffsetDateTime};

use crate::model::id::Kind;
use crate::sandbox::Sandbox;

/// Image `n` lies in region `n` modulo three, so that a step from one to the next crosses regions.
const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

/// How many images there are in the line from the root to the deepest.
const LINE: usize = 1001;

/// When the root was made; each image is a minute younger than the one before.
const BEGINNING: OffsetDateTime = datetime!(2011-09-09 23:36:00 UTC);

/// The ends of a family that [`Sandbox::family`] has planted.
#[derive(Clone, Debug)]
pub struct Family {
    /// The image from which all others descend.
    pub root: String,
    /// Where it lies.
    pub root_region: String,
    /// The image at the end of the line: none has more ancestors.
    pub deepest: String,
    /// Where it lies.
    pub deepest_region: String,
}

impl Sandbox {
    /// Plants so many own, available images (at least one) over us-east-1, us-west-2 and eu-west-1, each
    /// but the root made from an earlier one: the first 1,001 in one line, image `n` from image `n - 1`,
    /// and each later one from image `n` modulo 1,000 of that line.
    ///
    /// What they were made from is written in their tags alone, as `ami-create-image` writes them: EC2's
    /// own record of it is empty, so that a client has to go by the tags. Their names are `family-N`.
    ///
    /// # Panics
    /// When the sandbox was started without one of the regions.
    pub fn family(&self, size: usize) -> Family {
        let mut ids: Vec<String> = Vec::new();
        for number in 0..size.max(1) {
            let parent = parent(number).map(|parent| (&*ids[parent], region(parent)));
            ids.push(self.descendant(number, parent));
        }
        let last = ids.len().min(LINE) - 1;
        Family {
            root: ids[0].clone(),
            root_region: region(0).into(),
            deepest: ids[last].clone(),
            deepest_region: region(last).into(),
        }
    }

    fn descendant(&self, number: usize, parent: Option<(&str, &str)>) -> String {
        let minutes = Duration::minutes(i64::try_from(number).unwrap_or_default());
        let created = BEGINNING.saturating_add(minutes);
        self.image(region(number), |image| {
            image.name = format!("family-{number}");
            image.created = created;
            image.tags = heritage(created, parent);
        })
    }
}

fn region(number: usize) -> &'static str {
    REGIONS[number % REGIONS.len()]
}

/// The number of the image from which another was made. No image of the line but its last has as many
/// ancestors, so that no later image has more.
fn parent(number: usize) -> Option<usize> {
    if number < LINE {
        number.checked_sub(1)
    } else {
        Some(number % (LINE - 1))
    }
}

/// The tags that say where an image came from, when it came from one.
fn heritage(created: OffsetDateTime, parent: Option<(&str, &str)>) -> BTreeMap<String, String> {
    let date = format_description!("[year][month][day]T[hour][minute][second]Z");
    let mut tags = vec![
        ("create_date", created.format(date).unwrap_or_default()),
        ("create_timestamp", created.unix_timestamp().to_string()),
    ];
    if let Some((image, region)) = parent {
        tags.extend([
            ("source_image", image.to_owned()),
            ("source_region", region.to_owned()),
            ("source_instance", Kind::Instance.fresh()),
        ]);
    }
    let own = |(key, value): (&str, String)| (key.to_owned(), value);
    tags.into_iter().map(own).collect()
}
