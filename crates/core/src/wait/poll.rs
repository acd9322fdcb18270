//! One poll of resources of one kind in one region.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use crate::ec2::{Ec2, IDS, Lookup, missing};
use crate::error::{Error, Kind as ErrorKind};
use crate::id::{Id, Kind};
use crate::resource::Resource;

/// How long a call may take whose answer is only shown.
const FOR_THE_EYE: Duration = Duration::from_secs(2);

/// Calls at once where one does not take all IDs. EC2 lets a burst of a hundred pass.
const AT_ONCE: usize = 4;

/// What is to be polled.
pub(super) struct Request {
    /// Resources that EC2 knows, or is believed to know.
    pub(super) known: Vec<Id>,
    /// Resources that EC2 did not know when it was last asked by ID. One of them would spoil the
    /// answer for all, so they are looked for by a filter until they show.
    pub(super) missing: Vec<Id>,
    /// Look for them among all that others share, not only among the caller's own.
    pub(super) among_all: bool,
    /// Is somebody watching, so that the snapshots' progress is worth a call?
    pub(super) with_progress: bool,
}

/// What a step of a group brought.
pub(super) enum Poll {
    /// The pause is over.
    Due,
    /// EC2 answered.
    Answered(Answer),
    /// It did not, or with an error.
    Failed(Error),
    /// The deadline came first.
    Overtaken,
}

/// What EC2 knows of the resources that were asked for; those left out it does not know.
#[derive(Default)]
pub(super) struct Answer {
    found: HashMap<Id, Resource>,
}

impl Answer {
    pub(super) fn new(found: Vec<Resource>) -> Self {
        let found = found.into_iter();
        Self {
            found: found
                .map(|resource| (resource.id.clone(), resource))
                .collect(),
        }
    }

    /// Hands out what is known of a resource, which one target waits for and no other.
    pub(super) fn take(&mut self, id: &Id) -> Option<Resource> {
        self.found.remove(id)
    }
}

/// Asks once. Nothing is tried again here: the next poll is the next try.
pub(super) async fn poll(gateway: &Ec2, kind: Kind, request: Request) -> Poll {
    match ask(gateway, kind, request).await {
        Ok(answer) => Poll::Answered(answer),
        Err(error) => Poll::Failed(error),
    }
}

async fn ask(gateway: &Ec2, kind: Kind, request: Request) -> Result<Answer, Error> {
    let mut found = Vec::new();
    let chunks = request.known.chunks(IDS).map(<[Id]>::to_vec);
    let mut answers = stream::iter(chunks)
        .map(|ids| ask_by_id(gateway, kind, ids))
        .buffered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        found.extend(answer?);
    }
    drop(answers);
    if !request.missing.is_empty() {
        let lookup = match request.among_all {
            true => Lookup::Visible,
            false => Lookup::Own,
        };
        found.extend(gateway.describe(kind, &request.missing, lookup).await?);
    }
    if request.with_progress && kind == Kind::Image {
        // What is known already must not wait for what is only nice to see.
        let _ = timeout(FOR_THE_EYE, add_progress(gateway, &mut found)).await;
    }
    Ok(Answer::new(found))
}

/// One unknown ID spoils the answer for all, so the others are asked for again without it.
async fn ask_by_id(gateway: &Ec2, kind: Kind, mut ids: Vec<Id>) -> Result<Vec<Resource>, Error> {
    while !ids.is_empty() {
        let error = match gateway.describe(kind, &ids, Lookup::ById).await {
            Ok(found) => return Ok(found),
            Err(error) if error.kind() == ErrorKind::NotFound => error,
            Err(error) => return Err(error),
        };
        let gone: HashSet<Id> = missing(kind, &error).into_iter().collect();
        let before = ids.len();
        ids.retain(|id| !gone.contains(id));
        if ids.len() == before {
            // EC2 does not say which: by filter they will all be told apart.
            return gateway.describe(kind, &ids, Lookup::Visible).await;
        }
    }
    Ok(Vec::new())
}

/// An image has no progress of its own; its snapshots have. It is for the eye only, so a call that
/// fails is no reason to stop.
async fn add_progress(gateway: &Ec2, images: &mut [Resource]) {
    let pending = |resource: &&mut Resource| resource.state.as_str() == "pending";
    let snapshots: Vec<Id> = images
        .iter_mut()
        .filter(pending)
        .filter_map(|resource| resource.image.as_ref())
        .flat_map(|image| image.snapshots.clone())
        .collect();
    if snapshots.is_empty() {
        return;
    }
    let lookup = Lookup::Own;
    let Ok(described) = gateway.describe(Kind::Snapshot, &snapshots, lookup).await else {
        return;
    };
    let progress: HashMap<&Id, u32> = described
        .iter()
        .filter_map(|snapshot| Some((&snapshot.id, snapshot.progress?.into())))
        .collect();
    for image in images {
        let own = image.image.iter().flat_map(|image| &image.snapshots);
        let percents: Vec<u32> = own.filter_map(|id| progress.get(id).copied()).collect();
        if let Some(mean) = percents
            .iter()
            .sum::<u32>()
            .checked_div(percents.len() as u32)
        {
            image.progress = u8::try_from(mean).ok();
        }
    }
}
