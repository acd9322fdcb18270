//! What is to be copied.

use std::collections::BTreeMap;
use std::rc::Rc;

use ami_core::app::Context;
use ami_core::ec2::{Ec2, Grants};
use ami_core::error::{Error, Kind as ErrorKind};
use ami_core::id::Id;
use ami_core::image::Image;
use ami_core::reference::Located;
use ami_core::region::Region;
use futures_util::stream::{self, StreamExt};

/// Images whose grants are asked for at once.
const AT_ONCE: usize = 5;

/// An image that can be copied.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) located: Located,
    pub(crate) image: Image,
    /// Who may launch it, where that is to be carried over.
    pub(crate) grants: Grants,
    /// Who may make volumes of its snapshots, in their order; as above.
    pub(crate) snapshot_grants: Vec<Grants>,
}

impl Source {
    /// Does it grant anybody anything that is to be carried over?
    pub(crate) fn shares(&self) -> bool {
        let mut snapshots = self.snapshot_grants.iter();
        !self.grants.is_empty() || snapshots.any(|grants| !grants.is_empty())
    }
}

/// Describes the images of one region in one call, and refuses what cannot be copied.
pub(crate) async fn describe(
    context: &Context,
    region: &Region,
    ids: &[Id],
    carry: bool,
) -> Vec<Result<Rc<Source>, Error>> {
    let gateway = context.session.ec2(region).await;
    let images = match gateway.named_images(ids).await {
        Ok(images) => images,
        Err(error) => return vec![Err(error.of(region))],
    };
    let mut images: BTreeMap<Id, Image> = images
        .into_iter()
        .map(|image| (image.id.clone(), image))
        .collect();
    let images: Vec<_> = ids.iter().map(|id| (id, images.remove(id))).collect();
    let sources = images.into_iter().map(async |(id, image)| {
        let source = match image {
            Some(image) => source(&gateway, image, carry).await,
            None => Err(not_found(region)),
        };
        source.map(Rc::new).map_err(|error| error.of(id))
    });
    // Who may use an image and its snapshots takes a call for each.
    stream::iter(sources).buffered(AT_ONCE).collect().await
}

fn not_found(region: &Region) -> Error {
    Error::new(ErrorKind::NotFound, format!("does not exist in {region}"))
}

async fn source(gateway: &Ec2, image: Image, carry: bool) -> Result<Source, Error> {
    check(gateway, &image)?;
    let (mut grants, mut snapshot_grants) = (Grants::default(), Vec::new());
    if carry {
        grants = gateway.image_grants(&image.id).await.map_err(of_owner)?;
        for snapshot in &image.snapshots {
            let grants = gateway.snapshot_grants(snapshot).await;
            snapshot_grants.push(grants.map_err(of_owner)?);
        }
    }
    Ok(Source {
        located: Located {
            id: image.id.clone(),
            region: gateway.region().clone(),
        },
        image,
        grants,
        snapshot_grants,
    })
}

/// EC2 tells others than the owner no more than that they are not allowed to ask.
fn of_owner(error: Error) -> Error {
    match error.code() {
        Some("AuthFailure" | "OperationNotPermitted") => {
            error.hint("--carry-permissions is for the owner of an image, who alone sees them")
        }
        _ => error,
    }
}

/// EC2 would refuse these as well, later and once for each region.
fn check(gateway: &Ec2, image: &Image) -> Result<(), Error> {
    let state = image.state.as_str();
    if ["pending", "transient"].contains(&state) {
        let error = Error::failed(format!(
            "is {state}, and can be copied when it is available"
        ));
        let (id, region) = (&image.id, gateway.region());
        return Err(error.hint(format!("wait for it: ami-waiton {id}@{region}")));
    }
    if state != "available" {
        return Err(Error::failed(format!("is {state}, and cannot be copied")));
    }
    if let Some(code) = image.product_codes.first() {
        return Err(Error::failed(format!(
            "has the product code {code}, and EC2 does not copy images that are paid for"
        )));
    }
    Ok(())
}
