//! A resource that got there, as it is printed.

use std::collections::BTreeMap;

use ami_core::id::Id;
use ami_core::output::{Column, ID_WIDTH, Record};
use ami_core::reference::Located;
use ami_core::region::Region;
use ami_core::resource::{Resource, State};
use ami_core::time::Moment;
use serde::Serialize;

pub(crate) struct Reached {
    pub(crate) located: Located,
    pub(crate) resource: Resource,
}

/// The fields of [`SPEC`](crate::spec::SPEC)'s JSON table, in its order.
#[derive(Serialize)]
struct Json<'a> {
    reference: &'a str,
    id: &'a Id,
    region: &'a Region,
    kind: &'static str,
    state: &'a State,
    name: Option<&'a str>,
    created: Option<Moment>,
    source_image: Option<&'a Id>,
    source_instance: Option<&'a Id>,
    snapshots: &'a [Id],
    tags: BTreeMap<&'a str, &'a str>,
}

impl Record for Reached {
    const COLUMNS: &'static [Column] = &[
        Column::new("REFERENCE", ID_WIDTH),
        Column::new("STATE", 12),
        Column::new("NAME", 20),
    ];

    fn located(&self) -> &Located {
        &self.located
    }

    fn cells(&self, reference: &str) -> Vec<String> {
        let image = self.resource.image.as_ref();
        let name = image.and_then(|image| image.name.clone());
        vec![
            reference.to_owned(),
            self.resource.state.as_str().to_owned(),
            name.unwrap_or_default(),
        ]
    }

    fn json<'a>(&'a self, reference: &'a str) -> impl Serialize + 'a {
        let image = self.resource.image.as_ref();
        let tags = image.iter().flat_map(|image| &image.tags);
        Json {
            reference,
            id: &self.located.id,
            region: &self.located.region,
            kind: self.located.id.kind().noun(),
            state: &self.resource.state,
            name: image.and_then(|image| image.name.as_deref()),
            created: image.and_then(|image| image.created),
            source_image: image.and_then(|image| image.source_image.as_ref()),
            source_instance: image.and_then(|image| image.source_instance.as_ref()),
            snapshots: image.map_or(&[], |image| &*image.snapshots),
            tags: tags.map(|(key, value)| (&**key, &**value)).collect(),
        }
    }
}
