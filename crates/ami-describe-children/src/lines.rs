//! Descendants as lines.

use ami_core::output::Gone;
use ami_core::reference::Located;
use ami_lineage::family::Descendant;
use ami_lineage::record::say_differences;

use crate::record::Child;
use crate::run::Run;
use crate::uses::Uses;

impl Run<'_> {
    /// Prints what descends from the roots.
    ///
    /// # Errors
    /// When standard output is gone.
    pub(crate) async fn show(&mut self, roots: Vec<Located>) -> Result<(), Gone> {
        let roots = self.add_roots(roots).await;
        let mut found = self.descendants(&roots).await;
        found.retain(|found| self.is_listed(found));
        let uses = self
            .uses(found.iter().map(|found| &found.member.located))
            .await;
        let references = found.iter().map(|found| &found.member.located);
        self.context.settle_width(references).await;
        let mut seen = Vec::with_capacity(found.len());
        for descendant in found {
            let located = &descendant.member.located;
            if self.seen.contains(located) {
                continue;
            }
            seen.push(located.clone());
            say_differences(self.context, descendant.member).await;
            self.print(descendant, &uses).await?;
        }
        self.seen.extend(seen);
        self.told.clear();
        Ok(())
    }

    async fn print(&self, descendant: Descendant<'_>, uses: &Uses) -> Result<(), Gone> {
        let parent = descendant.member.origin.parent.as_ref();
        let source = match parent {
            Some(parent) => self.context.reference(parent).await,
            None => String::new(),
        };
        let users = uses.of(&descendant.member.located);
        if self.request.used_by {
            let child = Child::<true> {
                descendant,
                source,
                users,
            };
            return self.context.print(&child).await;
        }
        let child = Child::<false> {
            descendant,
            source,
            users,
        };
        self.context.print(&child).await
    }
}
