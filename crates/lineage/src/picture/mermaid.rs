//! A picture in the language of Mermaid.

use std::fmt::Write;

use super::Node;
use super::descent::edges;

/// How long a text and how many edges Mermaid takes unless its host says otherwise. Both limits
/// are among those that a picture cannot raise for itself (Mermaid's `secure` settings: an `init`
/// directive or front matter that names them is ignored), so all that a picture can do is say it.
const MAX_TEXT: usize = 50_000;
const MAX_EDGES: usize = 500;

/// Wide enough for IDs with their regions, which Mermaid would break at their dashes.
const HEAD: &str = "%%{init: {\"flowchart\": {\"wrappingWidth\": 400}}}%%\nflowchart TD\n";

const CLASSES: &str = "  classDef gone stroke-dasharray:5 5
  classDef asked stroke-width:3px
  classDef askedGone stroke-width:3px,stroke-dasharray:5 5
";

pub(super) fn draw(nodes: &[Node]) -> String {
    let body = body(nodes);
    format!("{HEAD}{}{body}", warning(&body, nodes))
}

fn body(nodes: &[Node]) -> String {
    let mut body = String::new();
    for (place, node) in nodes.iter().enumerate() {
        // Writing to a string does not fail.
        let _ = writeln!(body, "  n{place}[\"{}\"]{}", label(node), class(node));
    }
    for edge in edges(nodes) {
        let arrow = if edge.crosses { "-.->" } else { "-->" };
        let _ = writeln!(body, "  n{} {arrow} n{}", edge.parent, edge.child);
    }
    if !nodes.is_empty() {
        body.push_str(CLASSES);
    }
    body
}

/// What the reader of a large picture has to do. Mermaid counts in UTF-16, and the first lines too.
fn warning(body: &str, nodes: &[Node]) -> String {
    let (text, edges) = (body.encode_utf16().count() + 300, edges(nodes).count());
    if text <= MAX_TEXT && edges <= MAX_EDGES {
        return String::new();
    }
    format!(
        "  %% Larger than Mermaid takes by itself: call mermaid.initialize with maxTextSize {} and maxEdges {}\n",
        text.max(MAX_TEXT),
        edges.max(MAX_EDGES)
    )
}

fn label(node: &Node) -> String {
    let lines: Vec<_> = node.lines().map(|line| literal(&line)).collect();
    lines.join("<br/>")
}

fn class(node: &Node) -> &'static str {
    match (node.is_asked, node.is_gone) {
        (true, true) => ":::askedGone",
        (true, false) => ":::asked",
        (false, true) => ":::gone",
        (false, false) => "",
    }
}

/// Text within a quoted label. Mermaid reads Markdown, HTML and names of icons there, so every sign
/// that is no letter or digit becomes one of its codes. Dashes within words mean nothing to it, and
/// IDs stay legible.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        if OBEYED.contains(&(before, letter)) {
            literal.push_str(JOINER);
        }
        if letter.is_alphanumeric() || letter == ' ' || (letter == '-' && before.is_alphanumeric())
        {
            literal.push(letter);
        } else {
            let _ = write!(literal, "#{};", u32::from(letter));
        }
        before = letter;
    }
    literal
}

/// Pairs that Mermaid 11 obeys even when they come from codes: an end of a line, the bounds of a
/// formula, an icon, and the marks by which it knows its own codes. A sign without width keeps them
/// apart.
const OBEYED: [(char, char); 5] = [('\\', 'n'), ('$', '$'), (':', 'f'), ('ﬂ', '°'), ('¶', 'ß')];
const JOINER: &str = "#8288;";
