//! A copy, as it is printed.

use std::collections::BTreeMap;

use ami_core::id::Id;
use ami_core::output::{Column, ID_WIDTH, Record};
use ami_core::reference::Located;
use ami_core::region::Region;
use ami_core::tag::Tag;
use ami_core::time::Moment;
use serde::Serialize;

/// A copy that EC2 has accepted, or that was there.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) located: Located,
    pub(crate) source: Located,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) created: Option<Moment>,
    /// Was it there before?
    pub(crate) found: bool,
    pub(crate) tags: Vec<Tag>,
}

/// The fields of the tools' JSON tables, in their order.
#[derive(Serialize)]
struct Json<'a> {
    reference: &'a str,
    id: &'a Id,
    region: &'a Region,
    name: &'a str,
    state: &'a str,
    found: bool,
    source_image: &'a Id,
    source_region: &'a Region,
    created: Option<Moment>,
    tags: BTreeMap<&'a str, &'a str>,
}

impl Record for Made {
    const COLUMNS: &'static [Column] = &[
        Column::new("IMAGE_ID", ID_WIDTH),
        Column::new("SOURCE_IMAGE", ID_WIDTH),
        Column::new("SOURCE_REGION", 14),
        Column::new("CREATE_DATE", 16),
        Column::new("NAME", 30),
    ];

    fn located(&self) -> &Located {
        &self.located
    }

    fn cells(&self, reference: &str) -> Vec<String> {
        vec![
            reference.to_owned(),
            self.source.id.to_string(),
            self.source.region.to_string(),
            self.created.map(Moment::compact).unwrap_or_default(),
            self.name.clone(),
        ]
    }

    fn json<'a>(&'a self, reference: &'a str) -> impl Serialize + 'a {
        Json {
            reference,
            id: &self.located.id,
            region: &self.located.region,
            name: &self.name,
            state: &self.state,
            found: self.found,
            source_image: &self.source.id,
            source_region: &self.source.region,
            created: self.created,
            tags: self
                .tags
                .iter()
                .map(|tag| (&*tag.key, &*tag.value))
                .collect(),
        }
    }
}
