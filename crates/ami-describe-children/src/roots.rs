//! The images that were asked about.

use ami_core::reference::Located;
use ami_lineage::family::Member;

use crate::run::Run;

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
        self.tell_failures(&roots);
        roots.iter().for_each(|root| self.search.mention(root));
        roots
    }

    /// Says which regions could not be asked. One that is neither searched nor a root's was only to
    /// tell of parents: a tag may have made it up, or a policy close it to everybody.
    fn tell_failures(&mut self, roots: &[Located]) {
        for (region, error) in self.search.take_failures() {
            let error = error.of(&region);
            let is_wished =
                self.regions.contains(&region) || roots.iter().any(|root| root.region == region);
            if is_wished {
                self.context.fail(&error);
            } else {
                let follows = format!("descendants that lead through {region} may be missing");
                self.context
                    .progress
                    .hint(&error.adding(&follows).to_string());
            }
            self.told.insert(region);
        }
    }

    /// Own images without a known parent that may descend from one of the roots: what is older than
    /// all of them cannot. That counts by EC2's record, for a tag may say any time.
    fn orphans(&self, roots: &[Located]) -> Vec<Located> {
        let family = self.search.family();
        let recorded_at = |root: &Located| family.get(root).and_then(|root| root.recorded_at);
        // Of a root whose time is not known all may descend.
        let oldest = roots.iter().map(recorded_at).min().flatten();
        let is_young = |member: &&Member| match (member.recorded_at, oldest) {
            (Some(made), Some(oldest)) => made >= oldest,
            _ => true,
        };
        let orphans = family.orphans().filter(is_young);
        orphans.map(|member| member.located.clone()).collect()
    }
}
