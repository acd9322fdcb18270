//! Descendants as a picture.

use std::collections::HashSet;

use ami_core::output::Gone;
use ami_core::reference::Located;
use ami_lineage::drawing::Drawing;
use ami_lineage::family::{Descendant, Member, Standing};
use ami_lineage::picture::Style;
use ami_lineage::record::say_differences;

use crate::record::short;
use crate::run::Run;

impl Run<'_> {
    /// Draws the roots and what descends from them.
    ///
    /// # Errors
    /// When standard output is gone.
    pub(crate) async fn draw(&mut self, roots: Vec<Located>, style: Style) -> Result<(), Gone> {
        let roots = self.add_roots(roots).await;
        let found = self.descendants(&roots).await;
        let all = found.iter().map(|found| &found.member.located);
        let uses = self.uses(all.chain(&roots)).await;
        let mut drawing = Drawing::default();
        let words = |located: &Located| Some(uses.of(located)?.iter().map(short).collect());
        for root in self.tops(&roots, &found) {
            drawing
                .add(self.context, root, None, words(&root.located))
                .await;
        }
        for Descendant { member, .. } in found {
            say_differences(self.context, member).await;
            let parent = member.origin.parent.as_ref();
            drawing
                .add(self.context, member, parent, words(&member.located))
                .await;
        }
        roots.iter().for_each(|root| drawing.mark(root));
        drawing.print(self.context, style)
    }

    /// The roots that descend from no other. One that does not exist, and from which nothing
    /// descends, was told and is not drawn.
    fn tops<'s>(&'s self, roots: &[Located], found: &[Descendant<'_>]) -> Vec<&'s Member> {
        let below: HashSet<_> = found.iter().map(|found| &found.member.located).collect();
        let above: HashSet<_> = found.iter().map(|found| found.of).collect();
        let tops = roots.iter().filter(|root| !below.contains(root));
        let members = tops.filter_map(|root| self.search.family().get(root));
        let exists =
            |member: &&Member| member.standing != Standing::Gone || above.contains(&member.located);
        members.filter(exists).collect()
    }
}
