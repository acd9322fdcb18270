//! Pictures of a family: for a terminal, Graphviz, Mermaid, or as SVG.
//!
//! Names and all other texts come from AWS and from users; each format escapes them for itself.

use ami_core::reference::Located;
use ami_core::time::Moment;

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
    /// What uses it.
    pub users: Vec<String>,
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
