//! Finds what descends from images: all own images of the regions are listed, once each.

use std::collections::BTreeMap;

use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::region::Region;
use futures_util::StreamExt;
use futures_util::stream;

use crate::family::{Family, Member};

/// Regions that are listed side by side. A page of a thousand images takes some megabytes while it
/// is read.
const REGIONS: usize = 6;

/// Lists the own images of all `regions`, side by side. A region that fails is named, and the others
/// are there all the same.
pub async fn list(
    context: &Context,
    regions: impl IntoIterator<Item = Region>,
) -> (Family, BTreeMap<Region, Error>) {
    let lists = regions.into_iter().map(async |region| {
        let gateway = context.session.ec2(&region).await;
        let mut members = Vec::new();
        let result = gateway.each_own_image(|image| {
            members.push(Member::described(image, &region).own());
        });
        let result = result.await;
        (members, result.err().map(|error| (region, error)))
    });
    let mut lists = stream::iter(lists).buffer_unordered(REGIONS);
    let (mut family, mut errors) = (Family::default(), BTreeMap::new());
    while let Some((members, failure)) = lists.next().await {
        members.into_iter().for_each(|member| family.insert(member));
        errors.extend(failure);
    }
    (family, errors)
}
