//! Pictures for Graphviz.

use std::io::Write;
use std::process::{Command, Stdio};

use ami_lineage::picture::{Letters, Node, Style, draw};

use crate::family::{hostile, hostile_texts, line, mixed, now, shown};
use crate::snapshot::assert_kept;

fn dot(nodes: &[Node]) -> String {
    draw(Style::Dot, Letters::Unicode, nodes, now())
}

#[test]
fn a_mixed_family() {
    assert_kept("mixed.dot", &dot(&mixed()));
}

#[test]
fn hostile_names() {
    assert_kept("hostile.dot", &dot(&hostile()));
}

/// What Graphviz makes of a picture, unless it is not here.
fn drawn_by_graphviz(picture: &str) -> Option<String> {
    let mut command = Command::new("dot");
    command
        .arg("-Tsvg")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        // Not by way of print!, whose output nobody sees of a test that passes.
        let _ = std::io::stderr().write_all(b"skipped: dot is not installed\n");
        return None;
    };
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(picture.as_bytes()).expect("dot reads");
    drop(stdin);
    let output = child.wait_with_output().expect("dot ends");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaints.is_empty(),
        "{complaints}"
    );
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn graphviz_shows_names_as_they_are() {
    let Some(drawn) = drawn_by_graphviz(&dot(&hostile())) else {
        return;
    };
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    let drawn = roxmltree::Document::parse_with_options(&drawn, options).expect("XML");
    let text = drawn.descendants().filter(|node| node.has_tag_name("text"));
    let lines: Vec<_> = text.filter_map(|node| node.text()).map(blanks).collect();
    for name in hostile_texts()
        .iter()
        .filter(|name| !name.trim().is_empty())
    {
        let name = shown(name);
        assert!(lines.contains(&name), "{name}\n{lines:?}");
    }
}

/// Graphviz writes blanks that must not be joined as blanks that cannot be broken.
fn blanks(text: &str) -> String {
    text.replace('\u{a0}', " ")
}

#[test]
fn graphviz_takes_the_rest() {
    for nodes in [mixed(), line(100), Vec::new()] {
        drawn_by_graphviz(&dot(&nodes));
    }
}
