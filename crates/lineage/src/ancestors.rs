//! Finds the ancestors of images, with few calls.
//!
//! Images are described by ID first: most lines are short, and end with an image of somebody else.
//! Where a line still goes on after two steps, EC2's own record tells the next fifty at once, if it
//! was EC2 that recorded them. What is longer still is read out of the list of all own images of the
//! region, a thousand a call, or goes on by ID for a while where that list is long. Where an image is
//! gone, EC2 is asked for what it remembers of it.

mod list;
mod look;
mod memory;

use std::collections::{BTreeMap, HashSet};

use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::reference::Located;
use ami_core::region::Region;

use crate::family::{End, Family, Line, Member, Standing};
use list::List;
use look::Wanted;
use memory::FEW;

/// Steps that are made by ID before a region's images are listed at all.
const SHORT: usize = 2;

/// A search that remembers what it has found.
#[derive(Debug)]
pub struct Ancestors<'a> {
    context: &'a Context,
    /// Do lines end where they leave the region in which they begin?
    same_region: bool,
    family: Family,
    /// Images whose ancestry EC2 was asked for.
    asked: HashSet<Located>,
    /// Images of which a child was asked about, so that EC2 has told all that it remembers of them.
    remembered: HashSet<Located>,
    /// May EC2 be asked for an ancestry at all?
    has_ancestry: bool,
    /// How far the own images of regions are listed.
    lists: BTreeMap<Region, List>,
    /// Regions that could not be asked, and why.
    failed: BTreeMap<Region, Error>,
    /// Regions of which it was told.
    told: HashSet<Region>,
}

impl<'a> Ancestors<'a> {
    /// A search that knows nothing yet.
    pub fn new(context: &'a Context, same_region: bool) -> Self {
        Self {
            context,
            same_region,
            family: Family::default(),
            asked: HashSet::new(),
            remembered: HashSet::new(),
            has_ancestry: true,
            lists: BTreeMap::new(),
            failed: BTreeMap::new(),
            told: HashSet::new(),
        }
    }

    /// A search that knows a family already, in which all own images of the regions `listed` are.
    /// Those that `failed`, which was told, are not asked again.
    pub fn beginning_with(
        context: &'a Context,
        family: Family,
        listed: impl IntoIterator<Item = Region>,
        failed: BTreeMap<Region, Error>,
    ) -> Self {
        Self {
            family,
            lists: listed
                .into_iter()
                .map(|region| (region, List::complete()))
                .collect(),
            told: failed.keys().cloned().collect(),
            failed,
            ..Self::new(context, false)
        }
    }

    /// Adds an image of which nothing could be found out, unless it is there.
    pub fn mention(&mut self, located: &Located) {
        if self.family.get(located).is_none() {
            self.family
                .insert(Member::bare(located.clone(), Standing::Unknown));
        }
    }

    /// All that is known by now.
    pub fn family(&self) -> &Family {
        &self.family
    }

    /// Finds the lines of all `starts`.
    pub async fn find(&mut self, starts: &[Located]) {
        let mut steps = 0;
        let mut may_ask_early = true;
        loop {
            let wanted = self.wanted(starts);
            let is_long = steps >= SHORT && !wanted.going_on.is_empty();
            if is_long && std::mem::take(&mut may_ask_early) {
                let questions = self.recorded_ends(starts);
                if questions.len() <= FEW {
                    self.ask(questions).await;
                }
            } else if !wanted.is_empty() {
                self.describe(wanted, steps).await;
                steps += 1;
            } else {
                let questions = self.gone_ends(starts);
                if questions.is_empty() {
                    return;
                }
                self.ask(questions).await;
            }
        }
    }

    /// The line of an image as it was found, up to the border of its region if that was wished.
    pub fn line(&self, start: &Located) -> Line<'_> {
        let mut line = self.family.line(start);
        let is_abroad = |other: &Located| self.same_region && other.region != start.region;
        let abroad = |member: &&Member| is_abroad(&member.located);
        if let Some(border) = line.members.iter().position(abroad) {
            line.members.truncate(border);
            line.end = End::Root;
        }
        if matches!(&line.end, End::Missing(next) if is_abroad(next)) {
            line.end = End::Root;
        }
        line
    }

    /// The regions that could not be asked and of which that was not told yet, and why.
    pub fn take_failures(&mut self) -> Vec<(Region, Error)> {
        let told = &mut self.told;
        let failed = self.failed.iter();
        failed
            .filter(|(region, _)| told.insert((*region).clone()))
            .map(|(region, error)| (region.clone(), error.clone()))
            .collect()
    }

    /// Why a region could not be asked, if it could not.
    pub fn failure(&self, region: &Region) -> Option<&Error> {
        self.failed.get(region)
    }

    /// Lets regions be asked again that failed in passing: an outage may be over.
    pub fn forgive(&mut self) {
        self.failed.retain(|_, error| !error.is_passing());
    }

    /// What has to be described to go on.
    fn wanted(&self, starts: &[Located]) -> Wanted {
        let mut wanted = Wanted::default();
        let parents = self.family.parents();
        for start in starts {
            let line = self.line(start);
            let unknown = line
                .members
                .iter()
                .filter(|member| member.standing == Standing::Unknown);
            for member in unknown.filter(|member| self.answers(&member.located)) {
                wanted.add(&member.located);
            }
            if let End::Missing(next) = &line.end
                && self.answers(next)
            {
                if next != start {
                    wanted.going_on.insert(next.region.clone());
                } else if !parents.contains(next) {
                    wanted.name(next);
                    continue;
                }
                wanted.add(next);
            }
        }
        wanted
    }

    fn answers(&self, located: &Located) -> bool {
        !self.failed.contains_key(&located.region)
    }
}
