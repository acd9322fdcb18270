//! How far bytes have come, for a person to look at.

use std::time::Instant;

use ami_core::progress::{Line, Progress};

const MIB: u64 = 1 << 20;

/// Counts bytes and shows them.
#[derive(Debug)]
pub(crate) struct Meter {
    line: Option<Line>,
    verb: &'static str,
    /// How many there will be, where that is known.
    total: Option<u64>,
    done: u64,
    start: Instant,
}

impl Meter {
    /// For something called `label`, whose bytes are `verb` ("sent").
    pub(crate) fn new(
        progress: &Progress,
        label: &str,
        verb: &'static str,
        total: Option<u64>,
    ) -> Self {
        Self {
            line: progress.watch(label),
            verb,
            total,
            done: 0,
            start: Instant::now(),
        }
    }

    /// So many more have come.
    pub(crate) fn add(&mut self, bytes: u64) {
        self.done += bytes;
        let Some(line) = &self.line else {
            return;
        };
        let seconds = self.start.elapsed().as_secs_f64().max(0.05);
        let rate = self.done as f64 / seconds / MIB as f64;
        let text = format!("{} MiB {}, {rate:.1} MiB/s", self.done / MIB, self.verb);
        let percent = self.total.filter(|total| *total > 0).map(|total| {
            let percent = self.done.saturating_mul(100) / total;
            u8::try_from(percent.min(100)).unwrap_or(100)
        });
        line.show(&text, percent);
    }
}
