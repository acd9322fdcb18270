//! DeregisterImage.

use time::OffsetDateTime;

use crate::model::id::Kind;
use crate::model::image::Image;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::Region;

use super::call::{Action, Invocation};

/// Takes an image out of use, and removes its snapshots when asked to.
pub(crate) struct DeregisterImage {
    id: String,
    delete_snapshots: bool,
}

impl Action for DeregisterImage {
    fn take(params: &Params) -> Result<Self, ApiError> {
        let id = params.req("ImageId")?;
        let delete_snapshots = params.flag("DeleteAssociatedSnapshots")?.unwrap_or(false);
        Ok(DeregisterImage {
            id,
            delete_snapshots,
        })
    }

    fn run(self, call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let image = own(call.region(), &call.caller.account, &self.id)?;
        let word = image.protection.as_deref();
        let now = OffsetDateTime::now_utc();
        if word.is_some_and(|word| word != "disabled")
            || image.cooldown.is_some_and(|end| now < end)
        {
            let message = format!("The AMI {} has deregistration protection enabled", self.id);
            return Err(ApiError::client("OperationNotPermitted", message));
        }
        let region = call.commit()?.region;
        let image = region.deregister(&self.id);
        let mut xml = Xml::done();
        if let Some(image) = image.filter(|_| self.delete_snapshots) {
            let results = delete_snapshots(region, &image);
            xml.list("deleteSnapshotResultSet", results, |xml, (id, word)| {
                xml.text("snapshotId", id).text("returnCode", word);
            });
        }
        Ok(xml)
    }
}

/// Snapshots that another image uses are kept (DeregisterImage in the API reference).
fn delete_snapshots(region: &mut Region, image: &Image) -> Vec<(String, &'static str)> {
    let mut results = Vec::new();
    for id in image.snapshots() {
        let used = region
            .images
            .iter()
            .any(|other| other.snapshots().any(|used| used == id));
        if !used {
            region.snapshots.remove(id);
        }
        results.push((id.to_owned(), if used { "skipped" } else { "success" }));
    }
    results
}

/// An image of the account, whatever its state.
pub(crate) fn own<'r>(region: &'r Region, account: &str, id: &str) -> Result<&'r Image, ApiError> {
    let image = open(region, account, id)?;
    if image.owner == account {
        Ok(image)
    } else {
        Err(not_authorized(id))
    }
}

/// An image that the account may see.
pub(crate) fn open<'r>(region: &'r Region, account: &str, id: &str) -> Result<&'r Image, ApiError> {
    Kind::Image.check(id)?;
    let image = region
        .images
        .get(id)
        .filter(|image| image.is_open_to(account) && image.veil.look());
    image.ok_or_else(|| Kind::Image.not_found(&[id]))
}

fn not_authorized(id: &str) -> ApiError {
    ApiError::client("AuthFailure", format!("Not authorized for image:{id}"))
}
