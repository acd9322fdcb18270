//! What uses images.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ami_core::app::Context;
use ami_core::ec2::{self, ImageUser};
use ami_core::id::Id;
use ami_core::reference::Located;
use ami_core::region::Region;
use futures_util::future::join_all;

/// What uses each image. Users deregister what nothing uses, so "nothing" and "nobody knows" must
/// never look the same.
#[derive(Debug)]
pub(crate) enum Uses {
    /// It was not asked for.
    Unasked,
    /// As EC2 tells it; nothing is known of an image that is not there.
    Asked(HashMap<Located, Vec<ImageUser>>),
}

impl Uses {
    /// What uses an image; `None` where that was asked for and is not known.
    pub(crate) fn of(&self, image: &Located) -> Option<&[ImageUser]> {
        match self {
            Self::Unasked => Some(&[]),
            Self::Asked(uses) => uses.get(image).map(Vec::as_slice),
        }
    }
}

/// Asks in all regions side by side. One that fails is told, unless it failed before; what was found
/// elsewhere stays.
pub(crate) async fn find(
    context: &Context,
    images: impl Iterator<Item = &Located>,
    failed: &HashSet<Region>,
) -> Uses {
    let mut regions: BTreeMap<&Region, BTreeSet<&Id>> = BTreeMap::new();
    for image in images.filter(|image| !failed.contains(&image.region)) {
        regions.entry(&image.region).or_default().insert(&image.id);
    }
    let searches = regions.into_iter().map(async |(region, ids)| {
        let ids: Vec<Id> = ids.into_iter().cloned().collect();
        let gateway = context.session.ec2(region).await;
        let mut uses = ec2::Uses::new();
        let result = gateway.image_users(&ids, &mut uses).await;
        (region, uses, result)
    });
    let mut all = HashMap::new();
    for (region, uses, result) in join_all(searches).await {
        for (id, mut users) in uses {
            users.sort();
            let region = region.clone();
            all.insert(Located { id, region }, users);
        }
        if let Err(error) = result {
            context.fail(&error.of(region));
        }
    }
    Uses::Asked(all)
}
