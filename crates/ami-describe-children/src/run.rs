//! One run: the family as it is known, and what of it was asked for.

use std::collections::{BTreeSet, HashSet};

use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::reference::Located;
use ami_core::region::Region;
use ami_lineage::ancestors::Ancestors;
use ami_lineage::children::list;
use ami_lineage::family::{Descendant, Member, Standing};

use crate::request::Request;
use crate::uses::{self, Uses};

pub(crate) struct Run<'a> {
    pub(crate) context: &'a Context,
    pub(crate) request: &'a Request,
    pub(crate) search: Ancestors<'a>,
    /// Where was looked.
    pub(crate) regions: BTreeSet<Region>,
    /// Regions that could not be listed.
    failed: HashSet<Region>,
    /// Regions of which it was told a moment ago that they could not be asked: who named an image there
    /// has had an answer.
    pub(crate) told: HashSet<Region>,
    /// What was asked about.
    pub(crate) asked: HashSet<Located>,
    /// What was printed. An image that descends from several is printed once.
    pub(crate) seen: HashSet<Located>,
}

impl<'a> Run<'a> {
    /// Lists the family; `nearby` is a region in which the others can be asked for.
    pub(crate) async fn begin(
        context: &'a Context,
        request: &'a Request,
        nearby: &Region,
    ) -> Result<Self, Error> {
        let regions: BTreeSet<Region> = match &request.regions {
            Some(regions) => regions.clone(),
            None => enabled_regions(context, nearby).await?,
        };
        let (family, failed) = list(context, regions.clone()).await;
        for (region, error) in &failed {
            context.fail(&error.clone().of(region));
        }
        Ok(Self {
            context,
            request,
            failed: failed.keys().cloned().collect(),
            told: failed.keys().cloned().collect(),
            search: Ancestors::beginning_with(context, family, regions.clone(), failed),
            regions,
            asked: HashSet::new(),
            seen: HashSet::new(),
        })
    }

    /// What descends from the roots. A root that EC2 does not know is an error, unless something
    /// descends from it.
    pub(crate) async fn descendants<'s>(&'s self, roots: &'s [Located]) -> Vec<Descendant<'s>> {
        let mut circles = Vec::new();
        let closes = |root: &Located| circles.push(root.clone());
        let found = self
            .search
            .family()
            .descent()
            .of(roots, self.request.depth, closes);
        for root in circles {
            let root = self.context.reference(&root).await;
            let text = format!("{root}: tags source_image make it its own descendant");
            self.context.progress.hint(&text);
        }
        let parents: HashSet<_> = found.iter().map(|found| found.of).collect();
        for root in roots {
            let standing = self
                .search
                .family()
                .get(root)
                .map(|member| &member.standing);
            match standing {
                Some(Standing::Described(_)) => self.context.done(),
                _ if parents.contains(root) => self.context.done(),
                Some(Standing::Gone) => {
                    let error = Error::not_found(root, ", and nothing descends from it");
                    self.context.fail(&error);
                }
                Some(Standing::Unknown) | None => self.fail_unanswered(root),
            }
        }
        found
    }

    /// Says why there is no answer for a root, unless that was told with its region.
    fn fail_unanswered(&self, root: &Located) {
        let failure = self.search.failure(&root.region);
        if let Some(error) = failure.filter(|_| !self.told.contains(&root.region)) {
            self.context.fail(&error.clone().of(root));
        }
    }

    /// The roots that descend from no other. One that does not exist, and from which nothing
    /// descends, was told and is not drawn.
    pub(crate) fn tops<'s>(
        &'s self,
        roots: &[Located],
        found: &[Descendant<'_>],
    ) -> Vec<&'s Member> {
        let below: HashSet<_> = found.iter().map(|found| &found.member.located).collect();
        let above: HashSet<_> = found.iter().map(|found| found.of).collect();
        let tops = roots.iter().filter(|root| !below.contains(root));
        let members = tops.filter_map(|root| self.search.family().get(root));
        let exists =
            |member: &&Member| member.standing != Standing::Gone || above.contains(&member.located);
        members.filter(exists).collect()
    }

    /// Is it an own image that lies where was looked?
    pub(crate) fn is_listed(&self, found: &Descendant<'_>) -> bool {
        found.member.is_own && self.regions.contains(&found.member.located.region)
    }

    pub(crate) async fn uses(&self, images: impl Iterator<Item = &Located>) -> Uses {
        match self.request.used_by {
            true => uses::find(self.context, images, &self.failed).await,
            false => Uses::Unasked,
        }
    }
}

async fn enabled_regions(context: &Context, nearby: &Region) -> Result<BTreeSet<Region>, Error> {
    let gateway = context.session.ec2(nearby).await;
    let regions = gateway.enabled_regions().await;
    let regions = regions.map_err(|error| match error.code() {
        Some("UnauthorizedOperation") => {
            let hint = "or name the regions with --regions";
            error.of(nearby).adding(hint)
        }
        _ => error.of(nearby),
    })?;
    Ok(regions.into_iter().collect())
}
