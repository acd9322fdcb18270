//! Describes images: by ID, or by a list of all own images.

use std::collections::{BTreeMap, BTreeSet};

use ami_core::ec2::Ec2;
use ami_core::error::Error;
use ami_core::id::Id;
use ami_core::image::Image;
use ami_core::reference::Located;
use ami_core::region::Region;
use futures_util::future::{join, join_all};

use super::list::List;
use super::{Ancestors, SHORT};
use crate::family::{Member, Standing};

impl Ancestors<'_> {
    /// Describes images, all regions side by side.
    pub(super) async fn describe(&mut self, wanted: Wanted, steps: usize) {
        let mut looks = Vec::new();
        for (region, ids) in wanted.regions {
            let list = self.list_to_read(&region, &wanted.going_on, steps);
            let gateway = self.context.session.ec2(&region).await;
            looks.push(async move {
                let (mut list, mut members) = (list, Vec::new());
                let result = look(&gateway, list.as_mut(), &ids, &mut members).await;
                (region, ids, list, members, result)
            });
        }
        for (region, ids, list, members, result) in join_all(looks).await {
            if let Some(list) = list {
                self.lists.insert(region.clone(), list);
            }
            members
                .into_iter()
                .for_each(|member| self.family.insert(member));
            let ids = ids.named.into_iter().chain(ids.known);
            match result {
                Ok(()) => self.mark_gone(&region, ids),
                Err(error) => {
                    self.mark_unknown(&region, ids);
                    self.failed.insert(region, error);
                }
            }
        }
    }

    /// The list of a region's own images, if the next step there is to read on in it.
    fn list_to_read(
        &mut self,
        region: &Region,
        going_on: &BTreeSet<Region>,
        steps: usize,
    ) -> Option<List> {
        // What the user has named, and what EC2's ancestry has brought, is a bounded number.
        if steps < SHORT || !going_on.contains(region) {
            return None;
        }
        let list = self.lists.entry(region.clone()).or_default();
        (!list.takes_step_by_id()).then(|| list.clone())
    }

    /// What could not be asked about still is on its line.
    fn mark_unknown(&mut self, region: &Region, ids: impl Iterator<Item = Id>) {
        for id in ids {
            self.mention(&Located {
                id,
                region: region.clone(),
            });
        }
    }

    /// What EC2 left out when it described the rest does not exist for it.
    fn mark_gone(&mut self, region: &Region, ids: impl Iterator<Item = Id>) {
        for id in ids {
            let located = Located {
                id,
                region: region.clone(),
            };
            match self.family.get_mut(&located) {
                Some(member) if member.standing == Standing::Unknown => {
                    member.standing = Standing::Gone;
                }
                Some(_) => {}
                None => self.family.insert(Member::bare(located, Standing::Gone)),
            }
        }
    }
}

/// Images that have to be described.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    regions: BTreeMap<Region, Ids>,
    /// Where lines go on with an image of which nothing is known.
    pub(super) going_on: BTreeSet<Region>,
}

/// Those of one region.
#[derive(Debug, Default)]
struct Ids {
    /// Those of which nobody but the user says that they exist: they may have been made a moment ago.
    named: BTreeSet<Id>,
    /// Those that others name as their parents.
    known: BTreeSet<Id>,
}

impl Wanted {
    pub(super) fn is_empty(&self) -> bool {
        self.regions.is_empty()
    }

    pub(super) fn add(&mut self, located: &Located) {
        let ids = self.regions.entry(located.region.clone()).or_default();
        ids.known.insert(located.id.clone());
    }

    /// Adds an image that the user has named.
    pub(super) fn name(&mut self, located: &Located) {
        let ids = self.regions.entry(located.region.clone()).or_default();
        ids.named.insert(located.id.clone());
    }
}

/// Describes images: what the user has named by ID and with some patience; what others name out of a
/// list, if one is to be read, and by ID what is not in it.
async fn look(
    gateway: &Ec2,
    list: Option<&mut List>,
    ids: &Ids,
    members: &mut Vec<Member>,
) -> Result<(), Error> {
    let described = |image: Image| Member::described(image, gateway.region());
    let mut left: BTreeSet<Id> = ids.known.clone();
    if let Some(list) = list {
        let read = list.read(gateway, |image| {
            left.remove(&image.id);
            members.push(described(image).own());
        });
        read.await?;
    }
    let named: Vec<Id> = ids.named.iter().cloned().collect();
    let left: Vec<Id> = left.into_iter().collect();
    let (named, known) = join(gateway.named_images(&named), gateway.known_images(&left)).await;
    members.extend(known?.into_iter().map(described));
    members.extend(named?.into_iter().map(described));
    Ok(())
}
