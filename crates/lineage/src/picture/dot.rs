//! A picture in the language of Graphviz.

use std::fmt::Write;

use super::Node;
use super::descent::edges;

/// Left to right, as lines of descent are read, and siblings in the order in which they are given.
const HEAD: &str = "digraph lineage {
  rankdir=LR;
  ordering=out;
  node [shape=box, fontname=\"monospace\"];
";

pub(super) fn draw(nodes: &[Node]) -> String {
    let mut picture = HEAD.to_owned();
    for node in nodes {
        // Writing to a string does not fail.
        let _ = writeln!(picture, "  {} [{}];", id(node), attributes(node));
    }
    for edge in edges(nodes) {
        let (parent, child) = (id(&nodes[edge.parent]), id(&nodes[edge.child]));
        let style = if edge.crosses { " [style=dashed]" } else { "" };
        let _ = writeln!(picture, "  {parent} -> {child}{style};");
    }
    picture.push_str("}\n");
    picture
}

fn id(node: &Node) -> String {
    format!("\"{}\"", node.located)
}

fn attributes(node: &Node) -> String {
    let lines: Vec<_> = node.lines().map(|line| literal(&line)).collect();
    let style = match (node.is_asked, node.is_gone) {
        (true, true) => ", style=\"bold,dashed\"",
        (true, false) => ", style=bold",
        (false, true) => ", style=dashed",
        (false, false) => "",
    };
    format!("label=\"{}\"{style}", lines.join("\\n"))
}

/// Text within a quoted label. Graphviz obeys more there than quotes: backslashes (`\N` is the
/// node's name, `\G` the graph's, `\l` a line's end), and the entities of HTML.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => literal.push_str("\\\\"),
            '"' => literal.push_str("\\\""),
            '&' => literal.push_str("&amp;"),
            letter => literal.push(letter),
        }
    }
    literal
}
