//! What was made, or removed, as it is printed.

use std::collections::BTreeMap;

use ami_core::escape::escape_json;
use ami_core::id::Id;
use ami_core::output::{Column, ID_WIDTH, Record};
use ami_core::reference::Located;
use ami_core::region::Region;
use ami_core::tag::Tag;
use ami_core::time::Moment;
use serde::Serialize;

#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) located: Located,
    pub(crate) name: Option<String>,
    pub(crate) state: String,
    pub(crate) snapshot: Option<Id>,
    pub(crate) source_image: Option<Id>,
    pub(crate) source_snapshot: Option<Id>,
    pub(crate) source_region: Option<Region>,
    pub(crate) created: Option<Moment>,
    pub(crate) tags: Vec<Tag>,
}

impl Made {
    /// Something that has no name and no source.
    pub(crate) fn bare(located: Located, state: &str) -> Self {
        Self {
            located,
            name: None,
            state: state.to_owned(),
            snapshot: None,
            source_image: None,
            source_snapshot: None,
            source_region: None,
            created: None,
            tags: Vec::new(),
        }
    }
}

/// The fields of [`SPEC`](crate::spec::SPEC)'s JSON table, in its order.
#[derive(Default, Serialize)]
struct Json<'a> {
    reference: &'a str,
    id: Option<&'a Id>,
    region: Option<&'a Region>,
    name: Option<&'a str>,
    state: &'a str,
    snapshot: Option<&'a Id>,
    source_image: Option<&'a Id>,
    source_snapshot: Option<&'a Id>,
    source_region: Option<&'a Region>,
    created: Option<Moment>,
    tags: BTreeMap<&'a str, &'a str>,
}

/// The same of a disk file, which has but a name.
pub(crate) fn json_of_file(name: &str) -> String {
    let json = Json {
        reference: name,
        state: "completed",
        ..Json::default()
    };
    // There is nothing in it that JSON cannot hold.
    escape_json(&serde_json::to_string(&json).unwrap_or_default())
}

impl Record for Made {
    const COLUMNS: &'static [Column] = &[
        Column::new("ID", ID_WIDTH),
        Column::new("SNAPSHOT", ID_WIDTH),
        Column::new("SOURCE", ID_WIDTH),
        Column::new("STATE", 9),
        Column::new("NAME", 30),
    ];

    fn located(&self) -> &Located {
        &self.located
    }

    fn cells(&self, reference: &str) -> Vec<String> {
        let shown = |id: Option<&Id>| id.map(Id::to_string).unwrap_or_default();
        let source = self.source_image.as_ref().or(self.source_snapshot.as_ref());
        vec![
            reference.to_owned(),
            shown(self.snapshot.as_ref()),
            shown(source),
            self.state.clone(),
            self.name.clone().unwrap_or_default(),
        ]
    }

    fn json<'a>(&'a self, reference: &'a str) -> impl Serialize + 'a {
        let tags = self.tags.iter();
        Json {
            reference,
            id: Some(&self.located.id),
            region: Some(&self.located.region),
            name: self.name.as_deref(),
            state: &self.state,
            snapshot: self.snapshot.as_ref(),
            source_image: self.source_image.as_ref(),
            source_snapshot: self.source_snapshot.as_ref(),
            source_region: self.source_region.as_ref(),
            created: self.created,
            tags: tags.map(|tag| (&*tag.key, &*tag.value)).collect(),
        }
    }
}
