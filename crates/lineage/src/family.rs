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
    /// When it was made, by EC2's record alone: what tags say of it may be wrong.
    pub recorded_at: Option<Moment>,
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
            recorded_at: image.created,
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
            recorded_at: None,
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

    /// The circles that the lines of `images` lead into: the images that descend from themselves.
    fn circles<'i>(&'i self, images: &'i [Located]) -> HashSet<&'i Located> {
        // By which walk each was come by first: nobody is walked past twice, however many walks meet.
        let mut walks: HashMap<&Located, usize> = HashMap::new();
        let mut circles = HashSet::new();
        for (walk, image) in images.iter().enumerate() {
            let mut next = image;
            while !walks.contains_key(next) {
                walks.insert(next, walk);
                match self.parent(next) {
                    Some(parent) => next = parent,
                    None => break,
                }
            }
            let closes = self.parent(next).is_some() && walks.get(next) == Some(&walk);
            while closes && circles.insert(next) {
                next = self.parent(next).unwrap_or(next);
            }
        }
        circles
    }

    fn parent(&self, image: &Located) -> Option<&Located> {
        self.members.get(image)?.origin.parent.as_ref()
    }

    /// The images that members name as their parents.
    pub fn parents(&self) -> HashSet<&Located> {
        let members = self.members.values();
        members
            .filter_map(|member| member.origin.parent.as_ref())
            .collect()
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
        let places: HashMap<&Located, usize> = roots.iter().zip(0..).collect();
        let mut circles = self.family.circles(roots);
        circles.retain(|image| places.contains_key(image));
        for (root, place) in &places {
            // One that is walked to from another is opened when it comes itself.
            if circles.contains(root) || !self.is_reached(root, &places, depth) {
                self.open(root, 1, *place, &mut steps);
            }
        }
        let mut found = Vec::new();
        while let Some(Reverse((_, located, generation, place))) = steps.pop() {
            if circles.contains(located) {
                closes(located);
                continue;
            }
            found.extend(self.family.get(located).map(|member| Descendant {
                member,
                generation,
                of: &roots[place],
            }));
            match places.get(located) {
                Some(own) => self.open(located, 1, *own, &mut steps),
                None if generation < depth => {
                    self.open(located, generation + 1, place, &mut steps);
                }
                None => {}
            }
        }
        found
    }

    /// Does a root descend from another within `depth` generations? What lies above that other one
    /// does not matter, for every root is opened at some time.
    fn is_reached(&self, root: &Located, roots: &HashMap<&Located, usize>, depth: usize) -> bool {
        let mut next = root;
        let mut seen = HashSet::new();
        for _ in 0..depth {
            match self.family.parent(next) {
                Some(parent) if roots.contains_key(parent) => return true,
                Some(parent) if seen.insert(parent) => next = parent,
                // The line ends, or leads into a circle without a root.
                _ => return false,
            }
        }
        false
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
