//! The images that were asked about.

use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::reference::{Located, Reference};
use ami_lineage::family::Member;

use crate::run::Run;

/// Puts references into their regions; those that cannot be are told.
pub(crate) async fn locate(
    context: &Context,
    batch: Vec<Result<Reference, Error>>,
) -> Vec<Located> {
    let mut located = Vec::new();
    for reference in batch {
        let found = match reference {
            Ok(reference) => context.session.locate(reference).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(found) => located.push(found),
            Err(error) => context.fail(&error),
        }
    }
    located
}

impl Run<'_> {
    /// Learns of the roots that are not among the own images: somebody else's, those of regions that
    /// are not looked in, those that are gone. Then finds out what lies between the roots and the
    /// images whose parent is not among the own ones either, because it was deregistered or is
    /// somebody else's. Gives the roots that were not asked about before.
    pub(crate) async fn add_roots(&mut self, mut roots: Vec<Located>) -> Vec<Located> {
        roots.retain(|root| self.asked.insert(root.clone()));
        let family = self.search.family();
        let is_stranger = |root: &&Located| family.get(root).is_none();
        let strangers: Vec<_> = roots.iter().filter(is_stranger).cloned().collect();
        self.search.find(&strangers).await;
        let orphans = self.orphans(&roots);
        self.search.find(&orphans).await;
        for error in self.search.take_failures() {
            self.context.fail(&error);
        }
        roots.iter().for_each(|root| self.search.mention(root));
        roots
    }

    /// Own images without a known parent that may descend from one of the roots: what is older than
    /// all of them cannot.
    fn orphans(&self, roots: &[Located]) -> Vec<Located> {
        let family = self.search.family();
        let created = |root: &Located| family.get(root).and_then(|root| root.origin.created);
        let oldest = roots.iter().map(created).min().flatten();
        let is_young = |member: &&Member| member.origin.created >= oldest;
        let orphans = family.orphans().filter(is_young);
        orphans.map(|member| member.located.clone()).collect()
    }
}
