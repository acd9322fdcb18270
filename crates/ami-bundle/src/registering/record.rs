//! An image of a bundle, as it is printed.

use ami_bundle_format::Manifest;
use ami_core::output::{Column, ID_WIDTH, Record};
use ami_core::reference::Located;
use ami_core::region::Region;
use ami_core::s3::Place;
use ami_registration::record::Made;
use serde::Serialize;

/// An image, and the bundle that it was made of.
pub(crate) struct Image<'a> {
    made: Made,
    place: &'a Place,
    manifest: &'a Manifest,
}

impl<'a> Image<'a> {
    pub(crate) fn new(made: Made, place: &'a Place, manifest: &'a Manifest) -> Self {
        Self {
            made,
            place,
            manifest,
        }
    }
}

/// The fields of this tool's JSON table, in its order.
#[derive(Serialize)]
struct Json<'a> {
    image: &'a str,
    region: &'a Region,
    manifest: String,
    name: Option<&'a str>,
    bundle_name: &'a str,
    architecture: Option<&'a str>,
    size: u64,
    bundled_size: u64,
    parts: usize,
    digest: String,
    file: Option<&'a str>,
}

impl Record for Image<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::new("IMAGE_ID", ID_WIDTH),
        Column::new("ARCHITECTURE", 12),
        Column::new("CREATE_DATE", 16),
        Column::new("NAME", 30),
        Column::new("MANIFEST", 30),
    ];

    fn located(&self) -> &Located {
        &self.made.located
    }

    fn cells(&self, reference: &str) -> Vec<String> {
        let heritage = self.made.heritage.as_ref();
        let created = heritage.map(|heritage| heritage.created.compact());
        vec![
            reference.to_owned(),
            self.manifest.architecture.clone().unwrap_or_default(),
            created.unwrap_or_default(),
            self.made.name.clone().unwrap_or_default(),
            self.place.to_string(),
        ]
    }

    fn json<'a>(&'a self, reference: &'a str) -> impl Serialize + 'a {
        let image = &self.manifest.image;
        Json {
            image: reference,
            region: &self.made.located.region,
            manifest: self.place.to_string(),
            name: self.made.name.as_deref(),
            bundle_name: &image.name,
            architecture: self.manifest.architecture.as_deref(),
            size: image.size,
            bundled_size: image.bundled_size,
            parts: image.parts.len(),
            digest: image.digest.to_string(),
            file: None,
        }
    }
}
