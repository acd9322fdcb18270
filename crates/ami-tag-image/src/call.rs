//! Calls of CreateTags: as few as there can be, since what is to be set is often the same.

use std::collections::BTreeMap;
use std::rc::Rc;

use ami_core::ec2::Ec2;
use ami_core::error::{Error, Fault};
use ami_core::escape::escape;
use ami_core::id::Id;
use ami_core::tag::Tag;

use crate::plan::Plan;

/// Resources in one call. EC2 takes a thousand and recommends fewer (EC2 API Reference, CreateTags).
const RESOURCES: usize = 500;
/// EC2's code for a resource that has fifty tags already.
const FULL: &str = "TagLimitExceeded";

/// One call: the same tags on one or more images of a region.
#[derive(Debug)]
pub(crate) struct Call {
    gateway: Rc<Ec2>,
    tags: Vec<Tag>,
    pub(crate) plans: Vec<Plan>,
}

impl Call {
    /// A call for one image.
    fn alone(plan: Plan) -> Self {
        Self {
            gateway: Rc::clone(&plan.gateway),
            tags: plan.tags.clone(),
            plans: vec![plan],
        }
    }

    /// Sets the tags.
    pub(crate) async fn send(&self) -> Result<(), Error> {
        self.gateway
            .create_tags(&self.resources(), &self.tags)
            .await
    }

    /// Asks EC2 whether it would set them.
    pub(crate) async fn rehearse(&self) -> Result<(), Error> {
        self.gateway
            .may_create_tags(&self.resources(), &self.tags)
            .await
    }

    /// After a refusal: a call for each image, so that a bad one does not spoil the others; or the
    /// error of each, where nothing is won by that.
    pub(crate) fn after(self, error: &Error) -> Result<Vec<Self>, Vec<Error>> {
        if self.plans.len() > 1 && error.fault() == Fault::Final {
            return Ok(self.plans.into_iter().map(Self::alone).collect());
        }
        let of = |plan: &Plan| explain(error.clone()).of(&plan.image.id);
        Err(self.plans.iter().map(of).collect())
    }

    /// What the call would do, a line an image.
    pub(crate) fn in_words(&self) -> Vec<String> {
        self.plans.iter().map(in_words).collect()
    }

    /// The images and what is tagged alike; two images may share a snapshot.
    fn resources(&self) -> Vec<Id> {
        let images = self.plans.iter().map(|plan| plan.image.id.clone());
        let snapshots = self.plans.iter().flat_map(|plan| plan.snapshots.clone());
        let mut snapshots: Vec<Id> = snapshots.collect();
        snapshots.sort();
        snapshots.dedup();
        images.chain(snapshots).collect()
    }
}

/// Puts together what can be set in one call. All plans are of one region.
pub(crate) fn calls(plans: Vec<Plan>) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: BTreeMap<Vec<Tag>, (usize, usize)> = BTreeMap::new();
    for plan in plans {
        let size = 1 + plan.snapshots.len();
        match open.get_mut(&plan.tags) {
            Some((call, filled)) if *filled + size <= RESOURCES => {
                *filled += size;
                calls[*call].plans.push(plan);
            }
            _ => {
                open.insert(plan.tags.clone(), (calls.len(), size));
                calls.push(Call::alone(plan));
            }
        }
    }
    calls
}

fn explain(error: Error) -> Error {
    match error.code() {
        Some(FULL) => error.hint("it has all the tags that EC2 allows; remove one"),
        _ => error,
    }
}

fn in_words(plan: &Plan) -> String {
    let mut resources = vec![plan.image.id.to_string()];
    resources.extend(plan.snapshots.iter().map(Id::to_string));
    let tag = |tag: &Tag| format!("{}={}", tag.key, escape(&tag.value));
    let tags: Vec<_> = plan.tags.iter().map(tag).collect();
    format!(
        "would set on {} in {}: {}",
        resources.join(", "),
        plan.gateway.region(),
        tags.join(", ")
    )
}
