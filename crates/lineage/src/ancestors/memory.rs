//! What EC2 remembers of images that it does not describe any more.

use std::collections::{HashMap, HashSet};

use ami_core::ec2::Ancestor;
use ami_core::error::{Error, Fault};
use ami_core::reference::Located;
use ami_core::region::Region;
use futures_util::stream::{self, StreamExt};

use super::Ancestors;
use crate::family::{End, Line, Member, Standing};
use crate::origin::{Origin, Witness};

/// Lines that EC2 is asked to go on with, a call each, before a list of all images is cheaper.
pub(super) const FEW: usize = 5;
/// Calls that are made side by side.
const AT_ONCE: usize = 10;
/// Refusals that will be the same for every image: of a permission, or by an EC2 that is not AWS's.
const FOR_ALL: [&str; 2] = ["UnauthorizedOperation", "InvalidAction"];

impl Ancestors<'_> {
    /// Where lines go on with an image that EC2 has recorded: its ancestry may tell all the rest.
    pub(super) fn recorded_ends(&self, starts: &[Located]) -> HashSet<Located> {
        let mut whom = HashMap::new();
        for Line { members, end } in starts.iter().map(|start| self.line(start)) {
            if let (End::Missing(next), Some(last)) = (end, members.last())
                && last.origin.is_recorded
            {
                whom.insert(next, &last.located);
            }
        }
        self.unasked(&whom)
    }

    /// Where lines end with an image that EC2 does not know any more: what it remembers of it, it
    /// tells of any child, if it is EC2 that says the child's parent. Thousands may have been made
    /// from the same image, and one answer is enough for all.
    pub(super) fn gone_ends(&self, starts: &[Located]) -> HashSet<Located> {
        let mut whom = HashMap::new();
        for Line { members, end } in starts.iter().map(|start| self.line(start)) {
            let mut upwards = members.into_iter().rev();
            let gone = upwards
                .next()
                .filter(|last| last.standing == Standing::Gone);
            let (Some(gone), End::Root) = (gone, end) else {
                continue;
            };
            match upwards.next().filter(|child| child.origin.is_recorded) {
                Some(child) => whom.insert(gone.located.clone(), &child.located),
                None => Some(*whom.entry(gone.located.clone()).or_insert(&gone.located)),
            };
        }
        self.unasked(&whom)
    }

    /// Of images and whom to ask about each, those who were not asked yet.
    fn unasked(&self, whom: &HashMap<Located, &Located>) -> HashSet<Located> {
        if !self.has_ancestry {
            return HashSet::new();
        }
        let is_new = |(image, asked): &(&Located, &&Located)| {
            !self.remembered.contains(*image)
                && !self.asked.contains(**asked)
                && self.answers(asked)
        };
        let new = whom.iter().filter(is_new);
        new.map(|(_, asked)| (*asked).clone()).collect()
    }

    /// Asks EC2 for what it remembers. Lines do without where it may not be asked.
    pub(super) async fn ask(&mut self, questions: HashSet<Located>) {
        let mut calls = Vec::new();
        for located in questions {
            let gateway = self.context.session.ec2(&located.region).await;
            calls.push(async move {
                let answer = gateway.ancestry(&located.id).await;
                (located, answer)
            });
        }
        let mut answers = stream::iter(calls).buffer_unordered(AT_ONCE);
        // After a refusal that holds for all, what is not asked yet need not be.
        while self.has_ancestry
            && let Some((located, answer)) = answers.next().await
        {
            match answer {
                Ok(ancestors) => self.learn(&located, ancestors),
                Err(error) if error.fault() == Fault::Final => self.do_without(&located, error),
                Err(error) => {
                    self.failed.insert(located.region, error);
                    continue;
                }
            }
            self.note_asked(located);
        }
    }

    fn note_asked(&mut self, located: Located) {
        let origin = self.family.get(&located).map(|member| &member.origin);
        let parent = origin.filter(|origin| origin.is_recorded);
        self.remembered
            .extend(parent.and_then(|origin| origin.parent.clone()));
        self.asked.insert(located);
    }

    fn do_without(&mut self, located: &Located, error: Error) {
        let is_for_all = error.code().is_some_and(|code| FOR_ALL.contains(&code));
        let error = if is_for_all { error } else { error.of(located) };
        if !is_for_all || std::mem::replace(&mut self.has_ancestry, false) {
            let text = format!("{error}; a line may end early at an ancestor that is gone");
            self.context.progress.hint(&text);
        }
    }

    /// Adds what EC2 remembers. What an image says of itself is better, so it stays.
    fn learn(&mut self, first: &Located, ancestors: Vec<Ancestor>) {
        let mut region = first.region.clone();
        for ancestor in ancestors {
            let located = Located {
                id: ancestor.id.clone(),
                region: region.clone(),
            };
            let origin = remembered(&ancestor, &region);
            if let Some(parent) = &origin.parent {
                region = parent.region.clone();
            }
            let known = self.family.get(&located);
            if known.is_some_and(|known| known.standing != Standing::Gone) {
                continue;
            }
            let standing = known.map_or(Standing::Unknown, |known| known.standing.clone());
            self.family.insert(Member {
                owner: ancestor.owner_alias,
                recorded_at: ancestor.created,
                origin,
                ..Member::bare(located, standing)
            });
        }
    }
}

fn remembered(ancestor: &Ancestor, region: &Region) -> Origin {
    let parent = ancestor.source_image.clone().map(|id| Located {
        id,
        region: ancestor
            .source_region
            .clone()
            .unwrap_or_else(|| region.clone()),
    });
    Origin {
        witness: parent.as_ref().map(|_| Witness::Ec2),
        is_recorded: parent.is_some(),
        created: ancestor.created,
        parent,
        ..Origin::default()
    }
}
