//! A line of the output.

use ami_core::output::{Column, ID_WIDTH, Record};
use ami_core::reference::Located;
use ami_lineage::family::Member;
use ami_lineage::record::{Json, cells};
use serde::Serialize;

/// An image on the line of another.
pub(crate) struct Ancestor<'a> {
    pub(crate) member: &'a Member,
    pub(crate) of: &'a Located,
    pub(crate) generation: usize,
}

impl Record for Ancestor<'_> {
    const IS_NEWS: bool = false;

    const COLUMNS: &'static [Column] = &[
        Column::new("IMAGE_ID", ID_WIDTH),
        Column::new("CREATE_DATE", 28),
        Column::new("CREATE_TS", 9),
        Column::new("SOURCE_INSTANCE", 0),
    ];

    fn located(&self) -> &Located {
        &self.member.located
    }

    fn cells(&self, reference: &str) -> Vec<String> {
        let mut row = vec![reference.to_owned()];
        row.extend(cells(self.member));
        row
    }

    fn json<'a>(&'a self, reference: &'a str) -> impl Serialize + 'a {
        Json::new(self.member, reference, self.of, self.generation)
    }
}
