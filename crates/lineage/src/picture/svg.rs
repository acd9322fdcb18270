//! A picture that needs nothing else: no scripts, fonts, links or images from anywhere.

mod boxes;
mod layout;
mod plan;
mod shorten;
mod xml;

use std::fmt::Write;

use super::Node;
use super::descent::edges;
use plan::Plan;
use xml::escape_xml;

/// Colours and fonts. Boxes bring their own background, and lines are of a grey that shows on any,
/// because nobody knows what lies below the picture.
const STYLE: &str = include_str!("svg/style.css");

pub(super) fn draw(nodes: &[Node]) -> String {
    let plan = Plan::of(nodes);
    let mut picture = head(&plan, nodes.len());
    for edge in edges(nodes) {
        let class = if edge.crosses {
            "edge crossing"
        } else {
            "edge"
        };
        let path = plan.path(edge.parent, edge.child);
        // Writing to a string does not fail.
        let _ = writeln!(
            picture,
            "<path class=\"{class}\" d=\"{path}\" marker-end=\"url(#ami-lineage-arrow)\"/>"
        );
    }
    for (place, node) in nodes.iter().enumerate() {
        boxes::draw(&mut picture, &plan, place, node);
    }
    picture.push_str("</svg>\n");
    picture
}

fn head(plan: &Plan, images: usize) -> String {
    let (width, height) = plan.size();
    let title = match images {
        1 => "Descent of 1 image".to_owned(),
        images => format!("Descent of {images} images"),
    };
    let title = escape_xml(&title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ami-lineage\" role=\"img\" \
         aria-label=\"{title}\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n\
         <title>{title}</title>\n\
         <style>\n{STYLE}</style>\n\
         <defs><marker id=\"ami-lineage-arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
         <path class=\"head\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n"
    )
}
