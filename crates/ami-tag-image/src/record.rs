//! An image that bears its tags, as it is printed.

use std::collections::BTreeMap;

use ami_core::created;
use ami_core::id::Id;
use ami_core::output::{Column, ID_WIDTH, Record};
use ami_core::reference::Located;
use ami_core::region::Region;
use ami_core::tag::{
    CREATE_DATE, CREATE_TIMESTAMP, SOURCE_IMAGE, SOURCE_INSTANCE, SOURCE_REGION, Tag,
};
use ami_core::time::Moment;
use serde::Serialize;

#[derive(Debug)]
pub(crate) struct Tagged {
    pub(crate) located: Located,
    /// All its tags, as EC2 has them now.
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) changed: Vec<Tag>,
    pub(crate) snapshots: Vec<Id>,
}

/// The fields of [`SPEC`](crate::spec::SPEC)'s JSON table, in its order.
#[derive(Serialize)]
struct Json<'a> {
    reference: &'a str,
    id: &'a Id,
    region: &'a Region,
    source_image: Option<&'a str>,
    source_region: Option<&'a str>,
    source_instance: Option<&'a str>,
    create_date: Option<&'a str>,
    create_timestamp: Option<i64>,
    changed: BTreeMap<&'a str, &'a str>,
    snapshots: &'a [Id],
}

impl Tagged {
    fn value(&self, key: &str) -> Option<&str> {
        self.tags.get(key).map(String::as_str)
    }
}

impl Record for Tagged {
    const COLUMNS: &'static [Column] = &[
        Column::new("IMAGE_ID", ID_WIDTH),
        Column::new("SOURCE_IMAGE", ID_WIDTH),
        Column::new("SOURCE_REGION", 14),
        Column::new("SOURCE_INSTANCE", ID_WIDTH),
        Column::new("CREATE_DATE", 16),
    ];

    fn located(&self) -> &Located {
        &self.located
    }

    fn cells(&self, reference: &str) -> Vec<String> {
        let keys = [SOURCE_IMAGE, SOURCE_REGION, SOURCE_INSTANCE, CREATE_DATE];
        let values = keys.map(|key| self.value(key).unwrap_or_default().to_owned());
        std::iter::once(reference.to_owned())
            .chain(values)
            .collect()
    }

    fn json<'a>(&'a self, reference: &'a str) -> impl Serialize + 'a {
        let changed = self.changed.iter();
        let stamp = self.value(CREATE_TIMESTAMP);
        Json {
            reference,
            id: &self.located.id,
            region: &self.located.region,
            source_image: self.value(SOURCE_IMAGE),
            source_region: self.value(SOURCE_REGION),
            source_instance: self.value(SOURCE_INSTANCE),
            create_date: self.value(CREATE_DATE),
            create_timestamp: stamp
                .and_then(created::from_timestamp)
                .map(Moment::timestamp),
            changed: changed.map(|tag| (&*tag.key, &*tag.value)).collect(),
            snapshots: &self.snapshots,
        }
    }
}
