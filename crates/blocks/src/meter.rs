//! How far many blocks have come, for a person to look at.

use std::time::{Duration, Instant};

use ami_core::progress::{Line, Progress};
use ami_core::time::format_duration;

use crate::block::{BLOCK, bytes};

/// How often the line is drawn anew.
pub(crate) const TICK: Duration = Duration::from_millis(100);
/// Over which time the rate is taken.
const SPAN: Duration = Duration::from_secs(3);

/// Counts blocks and shows them.
#[derive(Debug)]
pub(crate) struct Meter {
    line: Option<Line>,
    verb: &'static str,
    /// Blocks that there are to go through, where that is known.
    total: Option<u64>,
    done: u64,
    moved: u64,
    /// When the rate was begun to be taken, and how much was done and moved by then.
    since: (Instant, u64, u64),
    before: (Instant, u64, u64),
}

impl Meter {
    /// For something called `label`, whose blocks are `verb` ("sent").
    pub(crate) fn new(
        progress: &Progress,
        label: &str,
        verb: &'static str,
        total: Option<u64>,
    ) -> Self {
        let start = (Instant::now(), 0, 0);
        Self {
            line: progress.watch(label),
            verb,
            total,
            done: 0,
            moved: 0,
            since: start,
            before: start,
        }
    }

    /// Blocks need no more work; as many of them as `moved` went over the network.
    pub(crate) fn add(&mut self, blocks: u64, moved: u64) {
        self.done += blocks;
        self.moved += moved;
    }

    /// How many blocks went over the network.
    pub(crate) fn moved(&self) -> u64 {
        self.moved
    }

    /// Draws the line.
    pub(crate) fn show(&mut self) {
        let now = Instant::now();
        if now.duration_since(self.since.0) > SPAN {
            self.before = self.since;
            self.since = (now, self.done, self.moved);
        }
        let Some(line) = &self.line else {
            return;
        };
        let spent = now.duration_since(self.before.0).as_secs_f64().max(0.05);
        let rate = (self.moved - self.before.2) as f64 * BLOCK as f64 / spent;
        let mut text = format!(
            "{} {}, {}/s",
            bytes(self.moved * BLOCK as u64),
            self.verb,
            bytes(rate as u64)
        );
        let mut percent = None;
        if let Some(total) = self.total.filter(|total| *total > 0) {
            let skipped = self.done.saturating_sub(self.moved) * BLOCK as u64;
            if skipped > 0 {
                text.push_str(&format!(", {} skipped", bytes(skipped)));
            }
            let speed = (self.done - self.before.1) as f64 / spent;
            let left = total.saturating_sub(self.done);
            if speed > 0.0 {
                let left = Duration::from_secs((left as f64 / speed).ceil() as u64);
                text.push_str(&format!(", {} left", format_duration(left)));
            }
            percent = u8::try_from((self.done * 100 / total).min(100)).ok();
        }
        line.show(&text, percent);
    }
}
