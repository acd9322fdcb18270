//! Who descends from whom, seen from the parents.

use super::Node;

/// A family by its places in the list.
pub(super) struct Descent {
    /// Images without a parent here, oldest first.
    pub roots: Vec<usize>,
    /// The children of each image, oldest first.
    pub children: Vec<Vec<usize>>,
}

/// A parent and its child.
pub(super) struct Edge {
    /// The place of the parent.
    pub parent: usize,
    /// The place of the child.
    pub child: usize,
    /// Do they lie in different regions?
    pub crosses: bool,
}

impl Descent {
    pub(super) fn of(nodes: &[Node]) -> Self {
        let mut descent = Self {
            roots: Vec::new(),
            children: vec![Vec::new(); nodes.len()],
        };
        for place in 0..nodes.len() {
            match parent(nodes, place) {
                Some(parent) => descent.children[parent].push(place),
                None => descent.roots.push(place),
            }
        }
        descent
    }

    /// How many images each one's own family has, itself among them.
    pub(super) fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![1; self.children.len()];
        // Children stand behind their parents, so from the end each is complete when it is added.
        for (place, children) in self.children.iter().enumerate().rev() {
            sizes[place] += children.iter().map(|child| sizes[*child]).sum::<usize>();
        }
        sizes
    }
}

/// All parents and children, by the place of the child.
pub(super) fn edges(nodes: &[Node]) -> impl Iterator<Item = Edge> {
    (0..nodes.len()).filter_map(|child| {
        let parent = parent(nodes, child)?;
        let crosses = nodes[parent].located.region != nodes[child].located.region;
        Some(Edge {
            parent,
            child,
            crosses,
        })
    })
}

/// A parent that does not stand before its child would make a circle, and is left out.
fn parent(nodes: &[Node], place: usize) -> Option<usize> {
    nodes[place].parent.filter(|parent| *parent < place)
}
