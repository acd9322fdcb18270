//! From members of a family to a picture of them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use ami_cli::args::Args;
use ami_core::app::Context;
use ami_core::output::Gone;
use ami_core::reference::Located;
use ami_core::time::Moment;

use crate::family::Member;
use crate::picture::{self, Letters, Node, Style};

/// The style that was asked for, if a picture was.
pub fn style(args: &Args) -> Option<Style> {
    let styles = [
        ("tree", Style::Tree),
        ("dot", Style::Dot),
        ("mermaid", Style::Mermaid),
        ("svg", Style::Svg),
    ];
    let mut asked = None;
    for (name, style) in styles {
        if args.flag(name) {
            asked = Some(style);
        }
    }
    asked
}

/// A picture in the making.
#[derive(Debug, Default)]
pub struct Drawing {
    nodes: Vec<Node>,
    /// What each node is drawn below, and what it was made from; neither need be in the picture.
    parents: Vec<[Option<Located>; 2]>,
    places: HashMap<Located, usize>,
}

impl Drawing {
    /// Adds a member below its parent, which may follow later; one without is a root. What is there
    /// already stays as it is.
    pub async fn add(
        &mut self,
        context: &Context,
        member: &Member,
        parent: Option<&Located>,
        users: Option<Vec<String>>,
    ) {
        if self.places.contains_key(&member.located) {
            return;
        }
        self.places.insert(member.located.clone(), self.nodes.len());
        self.nodes.push(Node {
            located: member.located.clone(),
            reference: context.reference(&member.located).await,
            name: member.name.clone(),
            state: member.standing.word().to_owned(),
            is_gone: !member.is_described(),
            is_asked: false,
            created: member.origin.created,
            contradiction: contradiction(member),
            closes_circle: false,
            users,
            parent: None,
        });
        self.parents
            .push([parent.cloned(), member.origin.parent.clone()]);
    }

    /// Marks an image as one that was asked about.
    pub fn mark(&mut self, asked: &Located) {
        if let Some(place) = self.places.get(asked) {
            self.nodes[*place].is_asked = true;
        }
    }

    /// Prints the picture.
    ///
    /// # Errors
    /// When standard output is gone.
    pub fn print(self, context: &Context, style: Style) -> Result<(), Gone> {
        if self.nodes.is_empty() {
            // Why there is nothing to be seen was told; a picture of nothing would say that all is well.
            return Ok(());
        }
        let letters = Letters::from_environment();
        let text = picture::draw(style, letters, &self.into_nodes(), Moment::now());
        context.print_text(&text)
    }

    /// The nodes, now that all are there.
    fn into_nodes(mut self) -> Vec<Node> {
        let place = |located: &Option<Located>| self.places.get(located.as_ref()?).copied();
        let parents = self.parents.iter();
        let links: Vec<_> = parents
            .map(|[below, source]| (place(below), place(source)))
            .collect();
        for (node, (below, _)) in self.nodes.iter_mut().zip(&links) {
            node.parent = *below;
        }
        for (place, (below, source)) in links.into_iter().enumerate() {
            if below.is_none() {
                self.nodes[place].closes_circle = descends(&self.nodes, source, place);
            }
        }
        oldest_first(self.nodes)
    }
}

/// Is a node drawn below that other one? An image that is its own source is no circle of several.
fn descends(nodes: &[Node], node: Option<usize>, other: usize) -> bool {
    let parent = |place: &usize| nodes[*place].parent;
    // No line is longer than there are nodes.
    let mut above = std::iter::successors(node, parent).take(nodes.len());
    node != Some(other) && above.any(|place| place == other)
}

/// What EC2's record says of the source, where a tag that counts more says something else. Without
/// this a picture would show what the tags say as if all agreed.
fn contradiction(member: &Member) -> Option<String> {
    let differences = member.origin.differences.iter();
    let recorded: Vec<_> = differences
        .filter(|difference| difference.is_of_source() && !difference.is_malformed())
        .filter_map(|difference| difference.ec2.as_deref())
        .collect();
    (!recorded.is_empty()).then(|| recorded.join(", "))
}

/// Puts parents before their children, and otherwise the oldest first.
fn oldest_first(nodes: Vec<Node>) -> Vec<Node> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut ready = BinaryHeap::new();
    let key = |place: usize| Reverse((nodes[place].created, &nodes[place].located, place));
    for (place, node) in nodes.iter().enumerate() {
        match node.parent {
            Some(parent) => children[parent].push(place),
            None => ready.push(key(place)),
        }
    }
    let mut order = Vec::with_capacity(nodes.len());
    let mut places = vec![0; nodes.len()];
    while let Some(Reverse((.., place))) = ready.pop() {
        places[place] = order.len();
        order.push(place);
        ready.extend(children[place].iter().map(|child| key(*child)));
    }
    drop(ready);
    let mut nodes: Vec<_> = nodes.into_iter().map(Some).collect();
    let take = |place: usize| {
        let mut node = nodes[place].take()?;
        node.parent = node.parent.map(|parent| places[parent]);
        Some(node)
    };
    order.into_iter().filter_map(take).collect()
}

#[cfg(test)]
mod tests {
    use super::oldest_first;
    use crate::picture::Node;
    use ami_core::reference::Reference;
    use ami_core::time::Moment;

    /// A node by its number, with the place of its parent, made at that second if at any.
    fn node(number: usize, parent: Option<usize>, second: Option<i64>) -> Node {
        let reference = format!("ami-{number:08x}@us-east-1");
        let located: Reference = reference.parse().expect("a reference");
        Node {
            located: located.locate(|| unreachable!("it says its region")),
            reference,
            name: None,
            state: "available".to_owned(),
            is_gone: false,
            is_asked: false,
            created: second.and_then(Moment::from_timestamp),
            contradiction: None,
            closes_circle: false,
            users: Some(Vec::new()),
            parent,
        }
    }

    /// The order of the nodes, and the parent of each, by their numbers.
    fn ordered(nodes: &[Node]) -> Vec<(usize, Option<usize>)> {
        let sorted = oldest_first(nodes.to_vec());
        let number = |node: &Node| {
            let digits = &node.reference["ami-".len()..][..8];
            usize::from_str_radix(digits, 16).expect("digits")
        };
        sorted
            .iter()
            .map(|node| {
                (
                    number(node),
                    node.parent.map(|place| number(&sorted[place])),
                )
            })
            .collect()
    }

    #[test]
    fn nodes_are_ordered_by_age_and_keep_their_parents() {
        let nodes = [
            node(1, None, Some(10)),
            node(2, Some(0), Some(40)),
            node(3, Some(0), Some(20)),
            node(4, None, Some(5)),
            node(5, Some(3), Some(30)),
        ];
        assert_eq!(
            ordered(&nodes),
            [
                (4, None),
                (1, None),
                (3, Some(1)),
                (5, Some(4)),
                (2, Some(1))
            ]
        );
    }

    #[test]
    fn a_child_that_claims_to_be_older_still_follows_its_parent() {
        let nodes = [
            node(1, None, Some(50)),
            node(2, Some(0), Some(10)),
            node(3, None, Some(60)),
        ];
        assert_eq!(ordered(&nodes), [(1, None), (2, Some(1)), (3, None)]);
    }

    #[test]
    fn nodes_of_the_same_or_of_no_age_are_ordered_by_what_they_are() {
        let nodes = [
            node(3, None, Some(10)),
            node(2, None, Some(10)),
            node(9, None, None),
        ];
        assert_eq!(ordered(&nodes), [(9, None), (2, None), (3, None)]);
        assert_eq!(ordered(&[]), []);
    }
}
