//! In which rows images stand, so that no lines cross and families stay together.
//!
//! rust-sugiyama finds the rows. It was chosen over other crates because its lines are straight
//! where they can be, siblings keep their order, and it takes less than 0.1 s and about 10 MB for
//! 10,000 images, without unsafe code. dagre takes 4 to 22 s and 240 MB for as many, and layout-rs
//! 47 s; ascii-dag is as fast, but packs rows without regard to parents; tidy-tree is faster and
//! draws as well, but joins images by raw pointers and depends on much more.

use std::thread;

use rust_sugiyama::configure::{Config, RankingType};
use rust_sugiyama::from_vertices_and_edges;

use super::super::descent::Descent;

/// The library recurses down lines and along siblings, so it is given a stack that is sure to
/// suffice: four times what a step takes without optimisation, and what all else takes. Of this
/// only what is used costs memory, which is much less in a program that was built for use.
const STACK_OF_STEP: usize = 4 << 10;
const STACK: usize = 1 << 20;

/// Where images stand, without a direction yet.
pub(super) struct Layout {
    pub spots: Vec<Spot>,
}

/// Where an image stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spot {
    /// How many ancestors it has.
    pub generation: usize,
    /// Which row; it may be between two of others.
    pub row: f64,
}

impl Layout {
    /// Lays out all families, one after the other.
    pub(super) fn of(descent: &Descent) -> Self {
        let spots = generations(descent);
        let stack = STACK + spots.len() * STACK_OF_STEP;
        let laid_out = thread::scope(|scope| {
            let job = || rows(descent, spots.clone());
            let thread = thread::Builder::new().stack_size(stack);
            thread.spawn_scoped(scope, job).ok()?.join().ok()
        });
        // Where there is no memory for a thread, a row for each image is still a picture.
        let spots = laid_out.unwrap_or_else(|| one_row_each(spots));
        Self { spots }
    }
}

/// All images in row 0 of their generation.
fn generations(descent: &Descent) -> Vec<Spot> {
    let mut spots = vec![
        Spot {
            generation: 0,
            row: 0.0
        };
        descent.children.len()
    ];
    // Parents stand before their children, so each is complete when its children need it.
    for (place, children) in descent.children.iter().enumerate() {
        let generation = spots[place].generation + 1;
        for child in children {
            spots[*child].generation = generation;
        }
    }
    spots
}

fn rows(descent: &Descent, mut spots: Vec<Spot>) -> Vec<Spot> {
    let mut free = 0.0;
    for root in &descent.roots {
        let family = family(descent, *root);
        let rows = rows_of_family(descent, &family);
        let first = rows.iter().copied().fold(f64::INFINITY, f64::min);
        let last = rows.iter().copied().fold(first, f64::max);
        for (place, row) in family.iter().zip(rows) {
            spots[*place].row = free + row - first;
        }
        free += last - first + 1.0;
    }
    spots
}

/// A root and all that descend from it, ancestors first.
fn family(descent: &Descent, root: usize) -> Vec<usize> {
    let mut family = vec![root];
    let mut looked_at = 0;
    while let Some(place) = family.get(looked_at) {
        family.extend(&descent.children[*place]);
        looked_at += 1;
    }
    family
}

/// The rows of a family's images, in its order.
fn rows_of_family(descent: &Descent, family: &[usize]) -> Vec<f64> {
    let mut rows = vec![0.0; family.len()];
    if family.len() == 1 {
        return rows;
    }
    let vertices: Vec<_> = (0..)
        .take(family.len())
        .map(|vertex| (vertex, (1.0, 1.0)))
        .collect();
    let config = Config {
        vertex_spacing: 0.0,
        dummy_vertices: false,
        ranking_type: RankingType::Up,
        // Trees have no crossings that it could remove.
        transpose: false,
        ..Config::default()
    };
    for (spots, _, _) in from_vertices_and_edges(&vertices, &lines(descent, family), &config) {
        for (vertex, (row, _)) in spots {
            rows[vertex] = row;
        }
    }
    rows
}

/// Who descends from whom, by places in the family. The library takes the last line first, and the
/// oldest sibling should be first.
fn lines(descent: &Descent, family: &[usize]) -> Vec<(u32, u32)> {
    let children = family.iter().map(|place| descent.children[*place].len());
    let parents = (0..)
        .zip(children)
        .flat_map(|(parent, children)| std::iter::repeat_n(parent, children));
    // Generation by generation, the root first: children come in the order of their parents.
    let mut lines: Vec<_> = parents.zip(1..).collect();
    lines.reverse();
    lines
}

fn one_row_each(spots: Vec<Spot>) -> Vec<Spot> {
    let mut row = -1.0;
    let spots = spots.into_iter().map(|spot| {
        row += 1.0;
        Spot { row, ..spot }
    });
    spots.collect()
}
