//! What uses images.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ami_core::app::Context;
use ami_core::ec2::ImageUser;
use ami_core::id::Id;
use ami_core::reference::Located;
use ami_core::region::Region;
use futures_util::future::join_all;

/// What uses each image.
#[derive(Debug, Default)]
pub(crate) struct Uses(HashMap<Located, Vec<ImageUser>>);

impl Uses {
    pub(crate) fn of(&self, image: &Located) -> &[ImageUser] {
        self.0.get(image).map_or(&[], Vec::as_slice)
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
        (region, gateway.image_users(&ids).await)
    });
    let mut uses: HashMap<Located, Vec<ImageUser>> = HashMap::new();
    for (region, users) in join_all(searches).await {
        match users {
            Ok(users) => {
                for user in users {
                    let image = Located {
                        id: user.image.clone(),
                        region: region.clone(),
                    };
                    uses.entry(image).or_default().push(user);
                }
            }
            Err(error) => context.fail(&error.of(region)),
        }
    }
    uses.values_mut().for_each(|users| users.sort());
    Uses(uses)
}
