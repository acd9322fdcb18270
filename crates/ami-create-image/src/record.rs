//! An image that was made, as it is printed.

use std::collections::BTreeMap;

use ami_core::id::Id;
use ami_core::output::{Column, ID_WIDTH, Record};
use ami_core::reference::Located;
use ami_core::region::Region;
use ami_core::tag::{Heritage, Tag};
use ami_core::time::Moment;
use serde::Serialize;

#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) located: Located,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) heritage: Heritage,
    pub(crate) tags: Vec<Tag>,
}

/// The fields of [`SPEC`](crate::spec::SPEC)'s JSON table, in its order.
#[derive(Serialize)]
struct Json<'a> {
    reference: &'a str,
    id: &'a Id,
    region: &'a Region,
    name: &'a str,
    state: &'a str,
    source_image: Option<&'a Id>,
    source_instance: Option<&'a Id>,
    source_region: Option<&'a Region>,
    created: Moment,
    tags: BTreeMap<&'a str, &'a str>,
}

impl Record for Made {
    const COLUMNS: &'static [Column] = &[
        Column::new("IMAGE_ID", ID_WIDTH),
        Column::new("SOURCE_INSTANCE", ID_WIDTH),
        Column::new("CREATE_DATE", 16),
        Column::new("NAME", 30),
    ];

    fn located(&self) -> &Located {
        &self.located
    }

    fn cells(&self, reference: &str) -> Vec<String> {
        let instance = self.heritage.source_instance.as_ref();
        vec![
            reference.to_owned(),
            instance.map(Id::to_string).unwrap_or_default(),
            self.heritage.created.compact(),
            self.name.clone(),
        ]
    }

    fn json<'a>(&'a self, reference: &'a str) -> impl Serialize + 'a {
        let tags = self.tags.iter();
        Json {
            reference,
            id: &self.located.id,
            region: &self.located.region,
            name: &self.name,
            state: &self.state,
            source_image: self.heritage.source_image.as_ref(),
            source_instance: self.heritage.source_instance.as_ref(),
            source_region: self.heritage.source_region.as_ref(),
            created: self.heritage.created,
            tags: tags.map(|tag| (&*tag.key, &*tag.value)).collect(),
        }
    }
}
