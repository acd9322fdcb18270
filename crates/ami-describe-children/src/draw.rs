//! Descendants as a picture.

use std::collections::HashSet;

use ami_core::output::Gone;
use ami_core::reference::Located;
use ami_lineage::drawing::Drawing;
use ami_lineage::family::Descendant;
use ami_lineage::picture::Style;
use ami_lineage::record::say_differences;

use crate::listed::with_what_leads_to;
use crate::record::short;
use crate::run::Run;
use crate::uses::Uses;

impl Run<'_> {
    /// Draws the roots, what is listed of their descendants, and what leads to it.
    ///
    /// # Errors
    /// When standard output is gone.
    pub(crate) async fn draw(&mut self, roots: Vec<Located>, style: Style) -> Result<(), Gone> {
        let roots = self.add_roots(roots).await;
        let asked: HashSet<_> = roots.iter().collect();
        let is_root = |found: &Descendant<'_>| asked.contains(&found.member.located);
        let found = with_what_leads_to(&self.descendants(&roots).await, |found| {
            self.is_listed(found) || is_root(found)
        });
        let shown = found.iter().map(|found| &found.member.located);
        let uses = self.uses(shown.chain(&roots)).await;
        let mut drawing = Drawing::default();
        for root in self.tops(&roots, &found) {
            let users = words(&uses, &root.located);
            drawing.add(self.context, root, None, users).await;
        }
        for descendant in &found {
            let Descendant { member, .. } = descendant;
            say_differences(self.context, member).await;
            let users = words(&uses, &member.located);
            let parent = member.origin.parent.as_ref();
            drawing.add(self.context, member, parent, users).await;
        }
        roots.iter().for_each(|root| drawing.mark(root));
        drawing.print(self.context, style)
    }
}

/// What uses an image, in few letters; `None` where that is not known.
fn words(uses: &Uses, image: &Located) -> Option<Vec<String>> {
    Some(uses.of(image)?.iter().map(short).collect())
}
