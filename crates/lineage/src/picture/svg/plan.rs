//! Where boxes and lines are on the canvas.

use unicode_width::UnicodeWidthStr;

use super::super::Node;
use super::super::descent::Descent;
use super::boxes::facts;
use super::layout::{Layout, Spot};

/// How wide a column of text is at most: monospace letters of 12 pixels take 7.2 of them.
pub(super) const COLUMN: f64 = 7.5;
/// Between text and the sides of its box.
pub(super) const PADDING: f64 = 12.0;
const HEIGHT: f64 = 70.0;
/// Room for a reference with its region, and for most names.
const COLUMNS: std::ops::RangeInclusive<usize> = 24..=40;
/// Room for all facts, however many things use an image. Beyond this a state is none of EC2's.
const FACTS: usize = 66;
const MARGIN: f64 = 24.0;
/// Between siblings.
const BESIDE: f64 = 22.0;
/// Between generations, where the lines are.
const BETWEEN: f64 = 64.0;

/// A layout at its size and turned into its direction.
pub(super) struct Plan {
    layout: Layout,
    width: f64,
    direction: Direction,
}

/// Where the next generation is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// Boxes are wider than high, so children one below the other take least room.
    Right,
    /// A long line reads like a list.
    Down,
}

impl Plan {
    pub(super) fn of(nodes: &[Node]) -> Self {
        let mut plan = Self {
            layout: Layout::of(&Descent::of(nodes)),
            width: count(columns(nodes)) * COLUMN + 2.0 * PADDING,
            direction: Direction::Down,
        };
        let (width, height) = plan.size();
        let downwards = width.max(height);
        plan.direction = Direction::Right;
        let (width, height) = plan.size();
        if downwards < width.max(height) {
            plan.direction = Direction::Down;
        }
        plan
    }

    /// The size of the canvas.
    pub(super) fn size(&self) -> (f64, f64) {
        let (mut right, mut bottom) = (0.0_f64, 0.0_f64);
        for place in 0..self.layout.spots.len() {
            let (x, y) = self.corner(place);
            (right, bottom) = (right.max(x + self.width), bottom.max(y + HEIGHT));
        }
        (right + MARGIN, bottom + MARGIN)
    }

    /// The size of all boxes.
    pub(super) fn box_size(&self) -> (f64, f64) {
        (self.width, HEIGHT)
    }

    /// Where an image's box begins.
    pub(super) fn corner(&self, place: usize) -> (f64, f64) {
        let Spot { generation, row } = self.layout.spots[place];
        let generation = count(generation);
        let (x, y) = match self.direction {
            Direction::Right => (generation * (self.width + BETWEEN), row * (HEIGHT + BESIDE)),
            Direction::Down => (row * (self.width + BESIDE), generation * (HEIGHT + BETWEEN)),
        };
        (MARGIN + x, MARGIN + y)
    }

    /// A line from parent to child, bent halfway. It keeps to the room between their generations,
    /// where no box is.
    pub(super) fn path(&self, parent: usize, child: usize) -> String {
        let ((x, y), (to_x, to_y)) = (self.corner(parent), self.corner(child));
        match self.direction {
            Direction::Right => {
                let (x, y, to_y) = (x + self.width, y + HEIGHT / 2.0, to_y + HEIGHT / 2.0);
                let half = (x + to_x) / 2.0;
                format!("M{x} {y}C{half} {y} {half} {to_y} {to_x} {to_y}")
            }
            Direction::Down => {
                let (x, to_x) = (x + self.width / 2.0, to_x + self.width / 2.0);
                let y = y + HEIGHT;
                let half = (y + to_y) / 2.0;
                format!("M{x} {y}C{x} {half} {to_x} {half} {to_x} {to_y}")
            }
        }
    }
}

/// How many columns the longest line takes that boxes are made for.
fn columns(nodes: &[Node]) -> usize {
    let named = |node: &Node| node.reference.width().max(node.shown_name().width());
    let named = nodes.iter().map(named).max().unwrap_or(0);
    let facts = nodes.iter().map(|node| facts(node).width()).max();
    let facts = facts.unwrap_or(0).min(FACTS);
    named.clamp(*COLUMNS.start(), *COLUMNS.end()).max(facts)
}

/// As a number to measure with.
#[expect(
    clippy::cast_precision_loss,
    reason = "a list has fewer than 2^52 images"
)]
fn count(number: usize) -> f64 {
    number as f64
}
