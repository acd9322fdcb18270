//! A picture for a terminal: a line for each image, in columns.

mod branches;

use ami_core::time::Moment;
use unicode_width::UnicodeWidthStr;

use super::age::age;
use super::{Letters, Node, shown};
use branches::{Branch, branches};

/// Between two columns.
const GAP: &str = "  ";

/// The columns whose ends the eye needs; what comes after them may be of any length.
type Columns = [String; 3];

pub(super) fn draw(letters: Letters, nodes: &[Node], now: Moment) -> String {
    let branches = branches(nodes);
    let columns = |branch: &Branch| columns(letters, branch, &nodes[branch.place], now);
    let widths = widths(branches.iter().map(columns));
    let mut picture = String::new();
    for branch in &branches {
        if branch.begins_family && !picture.is_empty() {
            // Without this the next root would stand where an only child stands.
            picture.push('\n');
        }
        let line = line(&columns(branch), widths, &nodes[branch.place]);
        picture.push_str(line.trim_end());
        picture.push('\n');
    }
    picture
}

fn columns(letters: Letters, branch: &Branch, node: &Node, now: Moment) -> Columns {
    let image = format!("{}{}", branch.drawn(letters, node), shown(&node.reference));
    [image, age(node.created, now), shown(&node.state)]
}

fn widths(rows: impl Iterator<Item = Columns>) -> [usize; 3] {
    rows.fold([0; 3], |mut widths, columns| {
        for (width, column) in widths.iter_mut().zip(&columns) {
            *width = column.width().max(*width);
        }
        widths
    })
}

fn line(columns: &Columns, widths: [usize; 3], node: &Node) -> String {
    let mut line = String::new();
    for (column, width) in columns.iter().zip(widths) {
        line.push_str(column);
        line.push_str(&" ".repeat(width - column.width()));
        line.push_str(GAP);
    }
    line.push_str(&node.shown_name());
    for note in node.notes() {
        line.push_str(GAP);
        line.push_str(&note);
    }
    line
}
