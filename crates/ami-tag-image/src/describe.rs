//! From references to what is to be done on the images.

use std::rc::Rc;

use ami_core::ec2::Ec2;
use ami_core::error::{Error, Kind as ErrorKind};
use ami_core::id::Id;

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
    let plan = |id: &Id| {
        let image = found.iter().find(|image| image.id == *id);
        let image = image.ok_or_else(|| not_found(id, &gateway))?;
        Plan::new(&gateway, image.clone(), request)
    };
    ids.iter().map(plan).collect()
}

fn not_found(id: &Id, gateway: &Ec2) -> Error {
    let what = format!("does not exist in {}", gateway.region());
    Error::new(ErrorKind::NotFound, what).of(id)
}
