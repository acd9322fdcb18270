//! A family of images: one graph, and the ways to walk it.
//!
//! Every image has at most one parent, so the graph is a set of trees, but for circles that wrong
//! tags can make. Walks end where a circle closes, and say so.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use ami_core::image::Image;
use ami_core::reference::Located;
use ami_core::region::Region;
use ami_core::resource::State;
use ami_core::time::Moment;

use crate::origin::Origin;

/// What EC2 makes of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It describes it, in that state.
    Described(State),
    /// It does not know it, or does not know it any more: it was deregistered, or belongs to
    /// somebody who does not share it.
    Gone,
    /// It was not asked, or did not answer.
    Unknown,
}

impl Standing {
    /// In a word: EC2's state, `gone` or `unknown`.
    pub fn word(&self) -> &str {
        match self {
            Self::Described(state) => state.as_str(),
            Self::Gone => "gone",
            Self::Unknown => "unknown",
        }
    }
}

/// An image of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What it is.
    pub located: Located,
    /// Its name.
    pub name: Option<String>,
    /// Who owns it: an account, or a word for one of AWS's own.
    pub owner: Option<String>,
    /// Was it found among the caller's own?
    pub is_own: bool,
    /// What EC2 makes of it.
    pub standing: Standing,
    /// Where it comes from.
    pub origin: Origin,
}

impl Member {
    /// An image of that region as EC2 describes it.
    pub fn described(image: Image, region: &Region) -> Self {
        Self {
            origin: Origin::of(&image, region),
            located: Located {
                id: image.id,
                region: region.clone(),
            },
            name: image.name,
            owner: image.owner_alias.or(image.owner),
            is_own: false,
            standing: Standing::Described(image.state),
        }
    }

    /// Says that it is one of the caller's own.
    #[must_use]
    pub fn own(mut self) -> Self {
        self.is_own = true;
        self
    }

    /// Does EC2 know it?
    pub fn is_described(&self) -> bool {
        matches!(self.standing, Standing::Described(_))
    }

    /// An image of which there is no more than its ID.
    pub fn bare(located: Located, standing: Standing) -> Self {
        Self {
            located,
            name: None,
            owner: None,
            is_own: false,
            standing,
            origin: Origin::default(),
        }
    }
}

/// Images by what they are.
#[derive(Debug, Default)]
pub struct Family {
    members: HashMap<Located, Member>,
}

/// The line of descent of an image.
#[derive(Debug)]
pub struct Line<'f> {
    /// Itself first, and the oldest that is known last.
    pub members: Vec<&'f Member>,
    /// How it ends.
    pub end: End,
}

/// How a line of descent ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With an image of which no parent is known.
    Root,
    /// With an image whose parent the family does not hold.
    Missing(Located),
    /// With an image whose parent is on the line already.
    Circle(Located),
}

/// A descendant of an image.
#[derive(Debug, Clone, Copy)]
pub struct Descendant<'f> {
    /// What it is.
    pub member: &'f Member,
    /// How many generations lie between: 1 for a child.
    pub generation: usize,
    /// The image that was asked about.
    pub of: &'f Located,
}

impl Family {
    /// Adds a member; one that is known already is replaced.
    pub fn insert(&mut self, member: Member) {
        self.members.insert(member.located.clone(), member);
    }

    /// The member that is this image.
    pub fn get(&self, located: &Located) -> Option<&Member> {
        self.members.get(located)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, located: &Located) -> Option<&mut Member> {
        self.members.get_mut(located)
    }

    /// Members whose parent is not in the family.
    pub fn orphans(&self) -> impl Iterator<Item = &Member> {
        let is_missing = |parent: &Located| !self.members.contains_key(parent);
        self.members
            .values()
            .filter(move |member| member.origin.parent.as_ref().is_some_and(is_missing))
    }

    /// Walks up from an image, as far as the family reaches.
    pub fn line(&self, start: &Located) -> Line<'_> {
        let mut members = Vec::new();
        let mut seen = HashSet::new();
        let mut next = start;
        let end = loop {
            let Some(member) = self.members.get(next) else {
                break End::Missing(next.clone());
            };
            if !seen.insert(next) {
                break End::Circle(next.clone());
            }
            members.push(member);
            match &member.origin.parent {
                Some(parent) => next = parent,
                None => break End::Root,
            }
        };
        Line { members, end }
    }

    /// Does an image descend from itself? One whose line merely leads into a circle does not.
    fn is_in_circle(&self, located: &Located) -> bool {
        self.line(located).end == End::Circle(located.clone())
    }

    /// The members by their parent.
    pub fn descent(&self) -> Descent<'_> {
        let mut children: HashMap<&Located, Vec<&Member>> = HashMap::new();
        for member in self.members.values() {
            if let Some(parent) = &member.origin.parent {
                children.entry(parent).or_default().push(member);
            }
        }
        Descent {
            family: self,
            children,
        }
    }
}

/// A family seen from above.
#[derive(Debug)]
pub struct Descent<'f> {
    family: &'f Family,
    children: HashMap<&'f Located, Vec<&'f Member>>,
}

/// An image that is to be walked to: when it was made, itself, its generation and its root's place.
type Step<'f> = Reverse<(Option<Moment>, &'f Located, usize, usize)>;

impl<'f> Descent<'f> {
    /// All that descend from `roots` within `depth` generations: parents before their children, and
    /// otherwise the oldest first. None comes twice: where one root descends from another, what
    /// descends from both belongs to the nearer one. A root in a circle does not come as its own
    /// descendant; `closes` is told of it.
    pub fn of<'r>(
        &self,
        roots: &'r [Located],
        depth: usize,
        mut closes: impl FnMut(&Located),
    ) -> Vec<Descendant<'f>>
    where
        'r: 'f,
    {
        let mut steps: BinaryHeap<Step<'f>> = BinaryHeap::new();
        let asked: HashSet<&Located> = roots.iter().collect();
        for (place, root) in roots.iter().enumerate() {
            self.open(root, 1, place, &mut steps);
        }
        let mut found = Vec::new();
        while let Some(Reverse((_, located, generation, place))) = steps.pop() {
            let is_root = asked.contains(located);
            if is_root && self.family.is_in_circle(located) {
                closes(located);
                continue;
            }
            found.extend(self.family.get(located).map(|member| Descendant {
                member,
                generation,
                of: &roots[place],
            }));
            if !is_root && generation < depth {
                self.open(located, generation + 1, place, &mut steps);
            }
        }
        found
    }

    fn open(
        &self,
        parent: &Located,
        generation: usize,
        place: usize,
        steps: &mut BinaryHeap<Step<'f>>,
    ) {
        let children = self.children.get(parent).into_iter().flatten();
        steps.extend(children.map(|child| {
            let created = child.origin.created;
            Reverse((created, &child.located, generation, place))
        }));
    }
}

#[cfg(test)]
mod tests;
