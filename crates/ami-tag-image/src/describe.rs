//! From references to what is to be done on the images.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use ami_core::ec2::Ec2;
use ami_core::error::{Error, Kind as ErrorKind};
use ami_core::id::Id;
use ami_core::image::Image;

use crate::plan::Plan;
use crate::request::Request;

/// Describes images of one region together, and plans what is to be done on each.
pub(crate) async fn describe(
    gateway: Rc<Ec2>,
    ids: Vec<Id>,
    request: &Request,
) -> Vec<Result<Plan, Error>> {
    let found = match gateway.named_images(&ids).await {
        Ok(found) => found,
        Err(error) => return ids.iter().map(|id| Err(error.clone().of(id))).collect(),
    };
    let snapshots = match request.with_snapshots {
        true => snapshot_tags(&gateway, &found).await,
        false => Ok(SnapshotTags::new()),
    };
    let snapshots = match snapshots {
        Ok(snapshots) => snapshots,
        Err(error) => return ids.iter().map(|id| Err(error.clone().of(id))).collect(),
    };
    let found = by_id(&found);
    let plan = |id: &Id| {
        let image = found.get(id).ok_or_else(|| not_found(id, &gateway))?;
        Plan::new(&gateway, (*image).clone(), &snapshots, request)
    };
    ids.iter().map(plan).collect()
}

/// What tags snapshots bear.
pub(crate) type SnapshotTags = HashMap<Id, BTreeMap<String, String>>;

async fn snapshot_tags(gateway: &Ec2, images: &[Image]) -> Result<SnapshotTags, Error> {
    let ids = images.iter().flat_map(|image| image.snapshots.clone());
    let ids: BTreeSet<Id> = ids.collect();
    gateway
        .snapshot_tags(&ids.into_iter().collect::<Vec<_>>())
        .await
}

/// Images by their ID, so that each of thousands is found without looking at all the others.
pub(crate) fn by_id(images: &[Image]) -> HashMap<&Id, &Image> {
    images.iter().map(|image| (&image.id, image)).collect()
}

fn not_found(id: &Id, gateway: &Ec2) -> Error {
    let what = format!("does not exist in {}", gateway.region());
    Error::new(ErrorKind::NotFound, what).of(id)
}
