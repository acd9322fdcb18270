//! Pictures for Mermaid.

use ami_lineage::picture::{Letters, Node, Style, draw};

use crate::family::{fork, hostile, line, mixed, now};
use crate::snapshot::assert_kept;

fn mermaid(nodes: &[Node]) -> String {
    draw(Style::Mermaid, Letters::Unicode, nodes, now())
}

#[test]
fn a_mixed_family() {
    assert_kept("mixed.mmd", &mermaid(&mixed()));
}

#[test]
fn hostile_names() {
    let picture = mermaid(&hostile());
    assert_kept("hostile.mmd", &picture);
    for line in picture.lines().filter(|line| line.contains('[')) {
        let label = line
            .split('"')
            .nth(1)
            .expect("a label")
            .replace("<br/>", "");
        assert_eq!(line.matches('"').count(), 2, "{line}");
        let plain = |letter: char| letter.is_alphanumeric() || " -#;".contains(letter);
        assert!(label.chars().all(plain), "{label}");
    }
}

#[test]
fn nobody() {
    assert!(mermaid(&[]).ends_with("flowchart TD\n"));
}

#[test]
fn what_is_too_large_says_so() {
    assert!(!mermaid(&line(200)).contains("maxTextSize"));
    assert!(mermaid(&fork(501)).contains("maxTextSize 50000 and maxEdges 501"));
    let picture = mermaid(&line(2000));
    let limit = picture
        .split("maxTextSize ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    let limit: usize = limit.expect("a limit").parse().expect("a limit");
    assert!(picture.encode_utf16().count() <= limit);
}
