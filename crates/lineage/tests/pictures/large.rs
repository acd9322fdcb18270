//! Families as large as they come: deep ones on a small stack, and none in more than linear space.

use ami_lineage::picture::{Letters, Node, Style, draw};

use crate::family::{binary, copied_line, fork, grown, line, now};

const STYLES: [Style; 4] = [Style::Tree, Style::Dot, Style::Mermaid, Style::Svg];
/// The most that an image may take, in bytes.
const ROOM: usize = 1000;

fn on_a_small_stack(nodes: Vec<Node>) {
    let job = move || {
        for style in STYLES {
            let picture = draw(style, Letters::Unicode, &nodes, now());
            assert!(
                picture.len() < nodes.len() * ROOM,
                "{style:?}: {}",
                picture.len()
            );
        }
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(job);
    thread.expect("a thread").join().expect("pictures");
}

#[test]
fn twenty_thousand_generations() {
    on_a_small_stack(line(20_000));
}

#[test]
fn ten_thousand_generations_with_copies() {
    on_a_small_stack(copied_line(20_000));
}

#[test]
fn ten_thousand_siblings() {
    on_a_small_stack(fork(10_000));
}

#[test]
fn ten_thousand_strangers() {
    on_a_small_stack(
        (0..10_000)
            .map(|number| crate::family::image(number, None))
            .collect(),
    );
}

#[test]
fn forks_over_forks() {
    on_a_small_stack(binary(10_000));
}

#[test]
fn ten_thousand_of_all_kinds() {
    on_a_small_stack(grown(10_000));
}
