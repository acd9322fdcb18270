//! Snapshots that several images share. One cannot be tagged like two images that get different tags,
//! and calls that are under way at once would leave to chance which of them is the last.

use std::collections::HashMap;

use ami_core::id::Id;
use ami_core::region::Region;
use ami_core::tag::Tag;

use crate::plan::Plan;

/// The image that has a snapshot, and its tags.
type Holder = (Id, Vec<Tag>);

/// Who has which snapshot: the image that was named first.
#[derive(Debug, Default)]
pub(crate) struct Shared(HashMap<(Region, Id), Holder>);

impl Shared {
    /// Takes the snapshots of a plan for its image; those that another image has with other tags are
    /// left to that one. Says of each that it is.
    pub(crate) fn settle(&mut self, plan: &mut Plan) -> Vec<String> {
        let mut lines = Vec::new();
        for snapshot in plan.snapshots.clone() {
            let region = plan.gateway.region().clone();
            let holder = self.0.entry((region, snapshot.clone()));
            let (first, tags) =
                holder.or_insert_with(|| (plan.image.id.clone(), plan.tags.clone()));
            if *tags != plan.tags {
                lines.push(format!(
                    "{}: its snapshot {snapshot} is tagged like {first}, which shares it and was named \
                     before",
                    plan.image.id
                ));
                plan.leave_out(&snapshot);
            }
        }
        lines
    }
}
