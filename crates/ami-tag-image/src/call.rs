//! Calls of CreateTags: as few as there can be, since what is to be set is often the same.

use std::collections::BTreeMap;
use std::rc::Rc;

use ami_core::ec2::{Ec2, missing};
use ami_core::error::{Error, Fault};
use ami_core::escape::escape;
use ami_core::id::{Id, Kind};
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

    /// After a refusal: the calls that are worth making for those that are not to blame, and the
    /// errors of those that are. EC2 refuses all for the sake of one, and does not always name it;
    /// then it is sought by halves, which takes few calls where few are to blame.
    pub(crate) fn after(self, error: &Error) -> (Vec<Self>, Vec<Error>) {
        let named = named(error);
        let (to_blame, others): (Vec<Plan>, Vec<Plan>) = self
            .plans
            .into_iter()
            .partition(|plan| plan.has_any(&named));
        let call = |plans: Vec<Plan>| Self {
            gateway: Rc::clone(&self.gateway),
            tags: self.tags.clone(),
            plans,
        };
        if to_blame.is_empty() && others.len() > 1 && is_of_some(error) {
            let mut first = others;
            let second = first.split_off(first.len() / 2);
            return (vec![call(first), call(second)], Vec::new());
        }
        let (refused, rest) = match to_blame.is_empty() {
            true => (others, Vec::new()),
            false => (to_blame, others),
        };
        let errors = refused.iter().map(|plan| explain(error, plan, &named));
        let rest = Some(rest).filter(|rest| !rest.is_empty());
        (rest.map(call).into_iter().collect(), errors.collect())
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

/// The images and snapshots that a refusal names as unknown.
fn named(error: &Error) -> Vec<Id> {
    let mut named = missing(Kind::Image, error);
    named.extend(missing(Kind::Snapshot, error));
    named
}

/// May only some of the resources be to blame for a refusal? Others are of who asks, and when, and
/// what, and would be the same for each.
fn is_of_some(error: &Error) -> bool {
    const OF_ALL: [&str; 19] = [
        "AccessDenied",
        "AuthFailure",
        "Blocked",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAction",
        "InvalidClientTokenId",
        "MalformedQueryString",
        "MissingAuthenticationToken",
        "OptInRequired",
        "PendingVerification",
        "RequestExpired",
        "RequestInTheFuture",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnknownParameter",
        "UnrecognizedClientException",
        "UnsupportedProtocol",
    ];
    // Without a code it was not EC2 that refused.
    let code = error.code().filter(|code| !OF_ALL.contains(code));
    code.is_some() && error.fault() == Fault::Final
}

/// The error of one image: of its snapshot, where EC2 names that.
fn explain(error: &Error, plan: &Plan, named: &[Id]) -> Error {
    let (error, image) = (error.clone(), &plan.image.id);
    let snapshot = plan.snapshots.iter().find(|id| named.contains(id));
    if let Some(snapshot) = snapshot.filter(|_| !named.contains(image)) {
        let error = error.of(format!("{snapshot} of {image}"));
        return error.hint("without --with-snapshots the image is tagged alone");
    }
    let error = error.of(image);
    match (error.code(), plan.snapshots.is_empty()) {
        (Some(FULL), true) => error.hint("it has all the tags that EC2 allows; remove one"),
        (Some(FULL), false) => {
            error.hint("it or one of its snapshots has all the tags that EC2 allows; remove one")
        }
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
