//! An image's box and what is written in it.

use std::fmt::Write;

use super::super::age::day;
use super::super::{Node, shown};
use super::plan::{COLUMN, PADDING, Plan};
use super::shorten::shorten;
use super::xml::escape_xml;

/// The base lines of the three lines of text, from the top of the box.
const LINES: [f64; 3] = [21.0, 39.0, 57.0];

pub(super) fn draw(picture: &mut String, plan: &Plan, place: usize, node: &Node) {
    let (x, y) = plan.corner(place);
    let (width, height) = plan.box_size();
    // Writing to a string does not fail.
    let _ = write!(
        picture,
        "<g class=\"{}\"><title>{}</title>\
         <rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>",
        class(node),
        escape_xml(&title(node)),
    );
    let lines = [
        ("reference", shown(&node.reference)),
        ("name", node.shown_name()),
        ("facts", facts(node)),
    ];
    for ((class, text), below) in lines.iter().zip(LINES) {
        let (x, y) = (x + PADDING, y + below);
        let text = escape_xml(&shorten(text, columns(width)));
        let _ = write!(
            picture,
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>"
        );
    }
    picture.push_str("</g>\n");
}

/// When it was made, where that is known, its state, whether EC2 says another source, whether its
/// source makes a circle, and how many things use it; the title says the rest.
pub(super) fn facts(node: &Node) -> String {
    let date = node.created.map(|_| day(node.created));
    let uses = match node.users.as_ref().map(Vec::len) {
        None => Some("uses unknown".to_owned()),
        Some(0) => None,
        Some(uses) => Some(format!("used by {uses}")),
    };
    let source = node.contradiction.as_ref();
    let source = source.map(|_| "EC2 differs".to_owned());
    let circle = node.closes_circle.then(|| "circle".to_owned());
    let facts = [date, Some(shown(&node.state)), source, circle, uses];
    facts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// How many columns of text fit between the sides.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small number"
)]
fn columns(width: f64) -> usize {
    ((width - 2.0 * PADDING) / COLUMN) as usize
}

fn class(node: &Node) -> &'static str {
    match (node.is_asked, node.is_gone) {
        (true, true) => "asked gone",
        (true, false) => "asked",
        (false, true) => "gone",
        (false, false) => "other",
    }
}

/// All of it, for those who point at the box.
fn title(node: &Node) -> String {
    let created = node
        .created
        .map_or_else(|| "-".to_owned(), |moment| moment.to_string());
    let mut title = format!(
        "{}\n{}\n{created}\n{}",
        shown(&node.reference),
        node.shown_name(),
        shown(&node.state)
    );
    for note in node.notes() {
        title.push('\n');
        title.push_str(&note);
    }
    title
}
