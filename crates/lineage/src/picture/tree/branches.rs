//! The lines that join images in a terminal.
//!
//! One rule reads every picture: an image with a connector is a child of the image above it in the
//! connector's column; one without is a child of the next image above it in its own column.

use super::super::descent::Descent;
use super::super::{Letters, Node};

/// Where an image stands, and the lines that pass it.
pub(super) struct Branch {
    /// Its place in the list.
    pub place: usize,
    /// Is it the first of a family?
    pub begins_family: bool,
    /// For each column to the left: does a line pass there?
    passing: Vec<bool>,
    joint: Joint,
}

/// How an image hangs on its parent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// In the same column, right below or below all side branches.
    Straight,
    /// To the right, and the parent's column goes on.
    Side,
    /// To the right, and the parent's column ends.
    End,
}

/// An image that is yet to be drawn.
struct Pending {
    place: usize,
    column: usize,
    joint: Joint,
    begins_family: bool,
}

/// All images in the order of their lines.
pub(super) fn branches(nodes: &[Node]) -> Vec<Branch> {
    let descent = Descent::of(nodes);
    let sizes = descent.sizes();
    let mut pending: Vec<_> = descent
        .roots
        .iter()
        .rev()
        .map(|root| Pending::root(*root))
        .collect();
    let mut passing = Vec::new();
    let mut branches = Vec::with_capacity(nodes.len());
    while let Some(next) = pending.pop() {
        passing.truncate(
            next.column
                .saturating_sub(usize::from(next.joint != Joint::Straight)),
        );
        branches.push(next.branch(&passing));
        if next.joint != Joint::Straight {
            passing.push(next.joint == Joint::Side);
        }
        pending.extend(children(&descent.children[next.place], &sizes, next.column).rev());
    }
    branches
}

/// Where children stand under a parent in `column`, in the order of their lines.
fn children(
    children: &[usize],
    sizes: &[usize],
    column: usize,
) -> impl DoubleEndedIterator<Item = Pending> {
    let straight = straight(children, sizes);
    let beside: Vec<usize> = children
        .iter()
        .copied()
        .filter(|child| Some(*child) != straight)
        .collect();
    let last = if straight.is_none() {
        beside.last().copied()
    } else {
        None
    };
    let beside = beside.into_iter().map(move |child| Pending {
        place: child,
        column: column + 1,
        joint: if Some(child) == last {
            Joint::End
        } else {
            Joint::Side
        },
        begins_family: false,
    });
    beside.chain(straight.map(|child| Pending {
        place: child,
        column,
        joint: Joint::Straight,
        begins_family: false,
    }))
}

/// The child that goes on in its parent's column: an only one, or one whose family has more than
/// twice as many images as those of its siblings together. Lines of nightly images of which each
/// was also copied elsewhere stay straight by this, and since a step to the right leaves at most
/// two thirds of a family, a picture of 10,000 images is at most 23 steps wide.
fn straight(children: &[usize], sizes: &[usize]) -> Option<usize> {
    let all: usize = children.iter().map(|child| sizes[*child]).sum();
    let largest = children.iter().copied().max_by_key(|child| sizes[*child])?;
    (sizes[largest] > 2 * (all - sizes[largest])).then_some(largest)
}

impl Pending {
    fn root(place: usize) -> Self {
        Self {
            place,
            column: 0,
            joint: Joint::Straight,
            begins_family: true,
        }
    }

    fn branch(&self, passing: &[bool]) -> Branch {
        Branch {
            place: self.place,
            begins_family: self.begins_family,
            passing: passing.to_vec(),
            joint: self.joint,
        }
    }
}

impl Branch {
    /// The lines and the mark, as they stand before the reference.
    pub(super) fn drawn(&self, letters: Letters, node: &Node) -> String {
        let [passing, side, end, asked, other] = match letters {
            Letters::Unicode => ["│ ", "├─", "└─", "● ", "○ "],
            Letters::Ascii => ["| ", "|-", "`-", "* ", "o "],
        };
        let mut drawn: String = self
            .passing
            .iter()
            .map(|passes| if *passes { passing } else { "  " })
            .collect();
        drawn.push_str(match self.joint {
            Joint::Straight => "",
            Joint::Side => side,
            Joint::End => end,
        });
        drawn.push_str(if node.is_asked { asked } else { other });
        drawn
    }
}
