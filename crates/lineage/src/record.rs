//! What both tools print of a member of a family, as JSON and in a table.

use ami_core::app::Context;
use ami_core::id::Id;
use ami_core::reference::Located;
use ami_core::region::Region;
use ami_core::time::Moment;
use serde::Serialize;

use crate::family::Member;
use crate::origin::{Difference, Witness};

/// The fields that a member has in any `--json` line.
#[derive(Debug, Serialize)]
pub struct Json<'a> {
    reference: &'a str,
    id: &'a Id,
    region: &'a Region,
    of: String,
    generation: usize,
    state: &'a str,
    name: Option<&'a str>,
    owner: Option<&'a str>,
    created: Option<Moment>,
    create_timestamp: Option<i64>,
    source_image: Option<&'a Id>,
    source_region: Option<&'a Region>,
    source_instance: Option<&'a Id>,
    source_by: Option<Witness>,
    differences: &'a [Difference],
}

impl<'a> Json<'a> {
    /// A member that is called `reference` here, so many generations away from `of`.
    pub fn new(member: &'a Member, reference: &'a str, of: &Located, generation: usize) -> Self {
        let origin = &member.origin;
        let parent = origin.parent.as_ref();
        Self {
            reference,
            id: &member.located.id,
            region: &member.located.region,
            of: of.to_string(),
            generation,
            state: member.standing.word(),
            name: member.name.as_deref(),
            owner: member.owner.as_deref(),
            created: origin.created,
            create_timestamp: origin.created.map(Moment::timestamp),
            source_image: parent.map(|parent| &parent.id),
            source_region: parent.map(|parent| &parent.region),
            source_instance: origin.source_instance.as_ref(),
            source_by: origin.witness,
            differences: &origin.differences,
        }
    }
}

/// The cells that a member has in any table: date, Unix seconds and source instance. The last one
/// marks what EC2 does not know, so that no column is needed for what is rare.
pub fn cells(member: &Member) -> [String; 3] {
    let created = member.origin.created;
    let mut source = member.origin.source_instance.as_ref().map(Id::to_string);
    if !member.is_described() {
        let word = member.standing.word();
        source = Some(format!("{}  ({word})", source.as_deref().unwrap_or("-")));
    }
    [
        created.map(Moment::plain).unwrap_or_default(),
        created
            .map(|created| created.timestamp().to_string())
            .unwrap_or_default(),
        source.unwrap_or_default(),
    ]
}

/// Says where a member's tags do not agree with what else is known. One that cannot be read is
/// always told; where the user's word merely wins, those are told who want to know more.
pub async fn say_differences(context: &Context, member: &Member) {
    for difference in &member.origin.differences {
        let reference = context.reference(&member.located).await;
        let text = format!("{reference}: {difference}");
        match difference.is_malformed() {
            true => context.progress.hint(&text),
            false => context.progress.trace(&text),
        }
    }
}
