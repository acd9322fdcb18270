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

    /// How many there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
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
mod tests {
    use super::{End, Family, Member, Standing};
    use crate::origin::Origin;
    use ami_core::reference::{Located, Reference};
    use ami_core::time::Moment;

    /// An image in a region that does not matter here.
    fn located(number: usize) -> Located {
        let text = format!("ami-{number:08x}@us-east-1");
        let reference: Reference = text.parse().expect("a reference");
        reference.locate(|| unreachable!("it says its region"))
    }

    /// A family of numbers: each with its parent, made at the second of its number.
    fn family(members: &[(usize, Option<usize>)]) -> Family {
        let mut family = Family::default();
        for (number, parent) in members {
            family.insert(member(*number, *parent, *number as i64));
        }
        family
    }

    fn member(number: usize, parent: Option<usize>, second: i64) -> Member {
        Member {
            origin: Origin {
                parent: parent.map(located),
                created: Moment::from_timestamp(second),
                ..Origin::default()
            },
            ..Member::bare(located(number), Standing::Unknown)
        }
    }

    fn line(family: &Family, start: usize) -> (Vec<Located>, End) {
        let line = family.line(&located(start));
        let members = line.members.iter().map(|member| member.located.clone());
        (members.collect(), line.end)
    }

    fn all(numbers: &[usize]) -> Vec<Located> {
        numbers.iter().map(|number| located(*number)).collect()
    }

    /// What descends from the roots: who, in which generation, of whom.
    fn below(family: &Family, roots: &[usize], depth: usize) -> Vec<(Located, usize, Located)> {
        let found = family.descent();
        let roots = all(roots);
        let found = found.of(&roots, depth, |root| panic!("{root} is in no circle"));
        found
            .iter()
            .map(|one| (one.member.located.clone(), one.generation, one.of.clone()))
            .collect()
    }

    /// The same, with the roots that are in a circle.
    fn below_circles(family: &Family, roots: &[usize]) -> (Vec<Located>, Vec<Located>) {
        let (roots, mut circles) = (all(roots), Vec::new());
        let descent = family.descent();
        let found = descent.of(&roots, usize::MAX, |root| circles.push(root.clone()));
        let found = found.iter().map(|one| one.member.located.clone()).collect();
        (found, circles)
    }

    #[test]
    fn a_line_ends_with_a_root_an_unknown_parent_or_a_circle() {
        let family = family(&[
            (1, None),
            (2, Some(1)),
            (3, Some(2)),
            (4, Some(99)),
            (5, Some(6)),
            (6, Some(5)),
            (7, Some(6)),
            (8, Some(8)),
        ]);
        assert_eq!(line(&family, 3), (all(&[3, 2, 1]), End::Root));
        assert_eq!(line(&family, 4), (all(&[4]), End::Missing(located(99))));
        assert_eq!(line(&family, 77), (all(&[]), End::Missing(located(77))));
        assert_eq!(line(&family, 5), (all(&[5, 6]), End::Circle(located(5))));
        assert_eq!(line(&family, 7), (all(&[7, 6, 5]), End::Circle(located(6))));
        assert_eq!(line(&family, 8), (all(&[8]), End::Circle(located(8))));
    }

    #[test]
    fn an_image_with_the_same_id_elsewhere_is_another() {
        let mut family = family(&[(1, None), (2, Some(1))]);
        let mut abroad = member(1, Some(2), 9);
        abroad.located.region = "eu-west-1".parse().expect("a region");
        family.insert(abroad.clone());
        let line = family.line(&abroad.located);
        assert_eq!((line.members.len(), line.end), (3, End::Root));
    }

    #[test]
    fn descendants_are_counted_from_the_nearest_root() {
        let family = family(&[
            (1, None),
            (2, Some(1)),
            (3, Some(2)),
            (4, Some(3)),
            (5, Some(1)),
        ]);
        let one = |number, generation, of| (located(number), generation, located(of));
        assert_eq!(
            below(&family, &[1], usize::MAX),
            [one(2, 1, 1), one(3, 2, 1), one(4, 3, 1), one(5, 1, 1)]
        );
        for roots in [[1, 3], [3, 1]] {
            assert_eq!(
                below(&family, &roots, usize::MAX),
                [one(2, 1, 1), one(3, 2, 1), one(4, 1, 3), one(5, 1, 1)],
            );
            assert_eq!(
                below(&family, &roots, 1),
                [one(2, 1, 1), one(4, 1, 3), one(5, 1, 1)]
            );
        }
        assert_eq!(below(&family, &[4, 99], usize::MAX), []);
    }

    #[test]
    fn parents_come_first_also_where_a_child_claims_to_be_older() {
        let mut family = family(&[(1, None), (5, Some(1)), (7, Some(1))]);
        family.insert(member(3, Some(5), -1000));
        let mut undated = member(9, Some(7), 0);
        undated.origin.created = None;
        family.insert(undated);
        let found = below(&family, &[1], usize::MAX);
        let order: Vec<Located> = found.into_iter().map(|(located, ..)| located).collect();
        assert_eq!(order, all(&[5, 3, 7, 9]));
    }

    #[test]
    fn a_root_in_a_circle_is_told_and_does_not_descend_from_itself() {
        let family = family(&[
            (1, Some(3)),
            (2, Some(1)),
            (3, Some(2)),
            (4, Some(3)),
            (8, Some(8)),
        ]);
        assert_eq!(below_circles(&family, &[1]), (all(&[2, 3, 4]), all(&[1])));
        assert_eq!(below_circles(&family, &[8]), (all(&[]), all(&[8])));
    }

    #[test]
    fn a_root_below_a_circle_is_a_descendant_like_any_other() {
        let family = family(&[(1, Some(2)), (2, Some(1)), (3, Some(2)), (4, Some(3))]);
        assert_eq!(
            below_circles(&family, &[1, 3]),
            (all(&[2, 3, 4]), all(&[1]))
        );
    }

    #[test]
    fn a_line_of_any_length_is_walked() {
        let members: Vec<_> = (0..100_000)
            .map(|number: usize| (number, number.checked_sub(1)))
            .collect();
        let family = family(&members);
        assert_eq!(family.line(&located(99_999)).members.len(), 100_000);
        assert_eq!(below(&family, &[0], usize::MAX).len(), 99_999);
    }
}
