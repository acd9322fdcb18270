//! Pictures of a family: for a terminal, Graphviz, Mermaid, or as SVG.
//!
//! Names and all other texts come from AWS and from users; each format escapes them for itself.
//!
//! * pure: [`age`] and `descent` know images and nothing of formats; `tree`, `dot`, `mermaid` and
//!   `svg` know them and nothing of each other.
//!
//! Invariant: no picture grows faster than its list, and nothing here recurses by generation but the
//! library that lays out SVG, which has a thread and a stack of its own for that; see `svg/layout.rs`.

pub mod age;
mod descent;
mod dot;
mod letters;
mod mermaid;
mod svg;
mod tree;

use ami_core::escape::escape;
use ami_core::reference::Located;
use ami_core::time::Moment;

pub use letters::Letters;

/// What is said of an image whose source descends from it, wherever there is room for it.
const CIRCLE: &str = "source makes a circle";

/// An image in a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub located: Located,
    /// As it is called here: `ami-ID`, or `ami-ID@REGION`.
    pub reference: String,
    /// Its name, where one is known.
    pub name: Option<String>,
    /// Its state in a word: EC2's own, or another where EC2 does not know the image.
    pub state: String,
    /// Does EC2 not know it any more?
    pub is_gone: bool,
    /// Is it one that was asked about?
    pub is_asked: bool,
    /// When it was made.
    pub created: Option<Moment>,
    /// What EC2's record says of its source, where tags say something else and count.
    pub contradiction: Option<String>,
    /// Would a line to its source close a circle? Then it is left out.
    pub closes_circle: bool,
    /// What uses it; `None` where that is not known, which is something else than nothing.
    pub users: Option<Vec<String>>,
    /// The place of its parent in the list; a parent stands before its children.
    pub parent: Option<usize>,
}

/// How a family is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For a terminal.
    Tree,
    /// The language of Graphviz.
    Dot,
    /// The language of Mermaid.
    Mermaid,
    /// A picture that needs nothing else.
    Svg,
}

/// Draws a family. Only a tree depends on `letters` and on what time it is `now`.
pub fn draw(style: Style, letters: Letters, nodes: &[Node], now: Moment) -> String {
    match style {
        Style::Tree => tree::draw(letters, nodes, now),
        Style::Dot => dot::draw(nodes),
        Style::Mermaid => mermaid::draw(nodes),
        Style::Svg => svg::draw(nodes),
    }
}

/// Text that is safe to show, and that any format can hold: XML forbids these two letters even
/// though they control nothing.
fn shown(text: &str) -> String {
    escape(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

impl Node {
    /// All that a label says of it, safe to show: reference, name, day, state, and its notes.
    fn lines(&self) -> impl Iterator<Item = String> {
        let lines = [
            shown(&self.reference),
            self.shown_name(),
            age::day(self.created),
            shown(&self.state),
        ];
        lines.into_iter().chain(self.notes())
    }

    /// What few images have, safe to show: another source by EC2's record, a source that is left out,
    /// and what uses it.
    fn notes(&self) -> impl Iterator<Item = String> {
        let source = self.contradiction.as_deref();
        let source = source.map(|source| format!("source by EC2: {}", shown(source)));
        let users = match &self.users {
            None => Some("uses unknown".to_owned()),
            Some(users) if users.is_empty() => None,
            Some(users) => Some(format!("used by {}", shown(&users.join(", ")))),
        };
        let circle = self.closes_circle.then(|| CIRCLE.to_owned());
        source.into_iter().chain(circle).chain(users)
    }

    /// Its name, safe to show; a dash where none is known.
    fn shown_name(&self) -> String {
        match self.name.as_deref().map(str::trim) {
            None | Some("") => "-".to_owned(),
            Some(name) => shown(name),
        }
    }
}
