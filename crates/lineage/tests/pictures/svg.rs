//! Pictures for a browser.

use std::collections::BTreeSet;

use ami_lineage::picture::{Letters, Node, Style, draw};
use roxmltree::Document;

use crate::family::{
    binary, copied_line, fork, grown, hostile, hostile_texts, line, mixed, now, shown,
};
use crate::snapshot::assert_kept;

fn svg(nodes: &[Node]) -> String {
    draw(Style::Svg, Letters::Unicode, nodes, now())
}

/// A number of an element.
fn number(node: roxmltree::Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).expect(name).parse().expect(name)
}

/// The corners of all boxes.
fn boxes(picture: &Document<'_>) -> Vec<(f64, f64)> {
    let boxes = picture
        .descendants()
        .filter(|node| node.has_tag_name("rect"));
    boxes
        .map(|node| (number(node, "x"), number(node, "y")))
        .collect()
}

#[test]
fn a_mixed_family() {
    assert_kept("mixed.svg", &svg(&mixed()));
}

#[test]
fn nobody() {
    let picture = svg(&[]);
    let picture = Document::parse(&picture).expect("XML");
    assert_eq!(boxes(&picture), []);
}

#[test]
fn nothing_but_shapes_and_text() {
    let known = [
        "defs", "g", "marker", "path", "rect", "style", "svg", "text", "title",
    ];
    let picture = svg(&hostile());
    assert_kept("hostile.svg", &picture);
    let picture = Document::parse(&picture).expect("XML");
    let elements: BTreeSet<_> = picture
        .descendants()
        .filter(|node| node.is_element())
        .collect();
    for element in elements {
        assert!(known.contains(&element.tag_name().name()), "{element:?}");
        for attribute in element.attributes() {
            assert!(!attribute.name().starts_with("on") && attribute.name() != "href");
        }
    }
}

#[test]
fn names_are_whole_in_titles_and_cut_in_boxes() {
    let picture = svg(&hostile());
    let picture = Document::parse(&picture).expect("XML");
    let text = |tag| {
        picture
            .descendants()
            .filter(move |node| node.has_tag_name(tag))
            .filter_map(|node| node.text())
    };
    let titles: Vec<_> = text("title").collect();
    for name in hostile_texts()
        .iter()
        .filter(|name| !name.trim().is_empty())
    {
        let name = shown(name);
        assert!(
            titles
                .iter()
                .any(|title| title.lines().any(|line| line == name)),
            "{name}"
        );
    }
    assert!(text("text").all(|line| unicode_width::UnicodeWidthStr::width(line) <= 56));
    assert!(text("text").any(|line| line.ends_with("漢…")));
}

#[test]
fn boxes_do_not_overlap_and_siblings_keep_their_order() {
    for nodes in [
        mixed(),
        line(50),
        fork(30),
        copied_line(101),
        binary(200),
        grown(3000),
    ] {
        let picture = svg(&nodes);
        let picture = Document::parse(&picture).expect("XML");
        let boxes = boxes(&picture);
        let rect = picture
            .descendants()
            .find(|node| node.has_tag_name("rect"))
            .expect("a box");
        no_overlap(&boxes, number(rect, "width"), number(rect, "height"));
        siblings_in_order(&nodes, &boxes);
    }
}

fn no_overlap(boxes: &[(f64, f64)], width: f64, height: f64) {
    let mut sorted = boxes.to_vec();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (place, (x, y)) in sorted.iter().enumerate() {
        let near = sorted[place + 1..]
            .iter()
            .take_while(|other| other.0 < x + width);
        for other in near {
            assert!((other.1 - y).abs() >= height, "{x} {y} {other:?}");
        }
    }
}

fn siblings_in_order(nodes: &[Node], boxes: &[(f64, f64)]) {
    for (place, node) in nodes.iter().enumerate() {
        let older = (0..place)
            .rev()
            .find(|older| node.parent.is_some() && nodes[*older].parent == node.parent);
        if let Some(older) = older {
            let (one, other) = (boxes[older], boxes[place]);
            assert!(one.0 < other.0 || one.1 < other.1, "{older} {place}");
        }
    }
}

#[test]
fn forks_are_high_and_lines_are_long() {
    for nodes in [fork(30), line(50)] {
        let picture = svg(&nodes);
        let picture = Document::parse(&picture).expect("XML");
        let root = picture.root_element();
        assert!(number(root, "height") > 2.0 * number(root, "width"));
    }
}
