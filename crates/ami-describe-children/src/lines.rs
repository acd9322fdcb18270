//! Descendants as lines.

use std::collections::HashSet;

use ami_core::output::Gone;
use ami_core::reference::Located;
use ami_lineage::family::Descendant;
use ami_lineage::record::say_differences;

use crate::listed::with_what_leads_to;
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
        if self.request.used_by {
            found = self.with_roots(&roots, &found);
        } else {
            found.retain(|found| self.is_listed(found));
        }
        let uses = self
            .uses(found.iter().map(|found| &found.member.located))
            .await;
        let asked: HashSet<_> = roots.iter().collect();
        found.retain(|found| {
            let is_root = asked.contains(&found.member.located);
            self.is_listed(found) || is_in_question(found, is_root, &uses)
        });
        let images = found.iter().map(|found| found.member);
        let references = images.flat_map(|member| {
            let parent = member.origin.parent.as_ref();
            std::iter::once(&member.located).chain(parent)
        });
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

    /// The roots themselves before what is listed of their descendants and what leads to it: what
    /// uses them was asked for too.
    fn with_roots<'f>(
        &'f self,
        roots: &'f [Located],
        found: &[Descendant<'f>],
    ) -> Vec<Descendant<'f>> {
        let asked: HashSet<_> = roots.iter().collect();
        let tops = self.tops(roots, found).into_iter();
        let mut all: Vec<_> = tops
            .map(|member| Descendant {
                member,
                generation: 0,
                of: &member.located,
            })
            .collect();
        all.extend(with_what_leads_to(found, |found| {
            self.is_listed(found) || asked.contains(&found.member.located)
        }));
        all
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

/// Is it shown for the sake of what uses it? A root that EC2 describes always is; what is gone, or
/// only leads to others, is where something still uses it.
fn is_in_question(found: &Descendant<'_>, is_root: bool, uses: &Uses) -> bool {
    let has_users = uses
        .of(&found.member.located)
        .is_some_and(|users| !users.is_empty());
    has_users || (is_root && found.member.is_described())
}
