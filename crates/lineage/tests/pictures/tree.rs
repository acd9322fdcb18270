//! Pictures for a terminal.

use ami_lineage::picture::{Letters, Node, Style, draw};

use crate::family::{binary, copied_line, fork, grown, hostile, image, line, mixed, now};
use crate::snapshot::assert_kept;

fn tree(nodes: &[Node]) -> String {
    draw(Style::Tree, Letters::Unicode, nodes, now())
}

#[test]
fn a_mixed_family() {
    assert_kept("mixed.txt", &tree(&mixed()));
}

#[test]
fn in_ascii() {
    let picture = draw(Style::Tree, Letters::Ascii, &mixed(), now());
    assert!(picture.is_ascii());
    assert_kept("mixed.ascii.txt", &picture);
}

#[test]
fn hostile_names() {
    let picture = tree(&hostile());
    assert_kept("hostile.txt", &picture);
    assert_eq!(picture.lines().count(), hostile().len());
    let obeyed =
        |letter: char| letter.is_control() && letter != '\n' || "\u{202e}\u{200b}".contains(letter);
    assert!(!picture.contains(obeyed));
}

#[test]
fn nobody() {
    assert_eq!(tree(&[]), "");
}

#[test]
fn a_line_with_copies_stays_in_its_column() {
    assert_kept("copied.txt", &tree(&copied_line(11)));
}

/// Reads a picture by the one rule that it is drawn by.
fn parents(picture: &str) -> Vec<(String, Option<String>)> {
    let mut above: Vec<String> = Vec::new();
    let mut read = Vec::new();
    for line in picture.lines() {
        if line.is_empty() {
            above.clear();
            continue;
        }
        let column = line
            .chars()
            .position(|letter| "●○".contains(letter))
            .expect("a mark");
        let is_joined = line.contains(['├', '└']);
        let reference = line.split(['●', '○']).nth(1).expect("a reference");
        let reference = reference
            .split_whitespace()
            .next()
            .expect("a reference")
            .to_owned();
        let level = column / 2;
        let parent = if is_joined {
            level.checked_sub(1)
        } else {
            Some(level)
        };
        let parent = parent.and_then(|level| above.get(level).cloned());
        above.truncate(level);
        above.push(reference.clone());
        read.push((reference, parent));
    }
    read
}

#[test]
fn whoever_knows_the_rule_reads_the_family() {
    for nodes in [
        mixed(),
        line(50),
        copied_line(51),
        fork(30),
        binary(100),
        grown(2000),
    ] {
        let mut expected: Vec<_> = nodes
            .iter()
            .map(|node| {
                (
                    node.reference.clone(),
                    node.parent.map(|parent| nodes[parent].reference.clone()),
                )
            })
            .collect();
        let mut read = parents(&tree(&nodes));
        expected.sort();
        read.sort();
        assert_eq!(read, expected);
    }
}

#[test]
fn columns_begin_below_each_other() {
    let picture = tree(&grown(300));
    let state = |line: &str| {
        line.chars()
            .collect::<Vec<_>>()
            .windows(9)
            .position(|letters| letters.iter().collect::<String>() == "available")
    };
    let mut columns = picture.lines().filter(|line| !line.is_empty()).map(state);
    let first = columns.next().expect("a line");
    assert!(first.is_some() && columns.all(|column| column == first));
}

#[test]
fn no_blanks_at_ends_of_lines() {
    let mut node = image(1, None);
    node.name = Some("  ".to_owned());
    for picture in [tree(&mixed()), tree(&[node])] {
        assert!(picture.lines().all(|line| line == line.trim_end()));
    }
}
