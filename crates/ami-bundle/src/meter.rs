//! How far bytes have come, for a person to look at.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ami_core::progress::{Line, Progress};

const MIB: u64 = 1 << 20;
/// How often the line is drawn anew, so that its time runs on where nothing comes.
const TICK: Duration = Duration::from_millis(250);

/// Bytes that another thread counts.
pub(crate) type Counter = Arc<AtomicU64>;

/// Counts bytes and shows them.
#[derive(Debug)]
pub(crate) struct Meter {
    line: Option<Line>,
    verb: &'static str,
    /// How many there will be, where that is known.
    total: Option<u64>,
    done: Cell<u64>,
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
            done: Cell::new(0),
            start: Instant::now(),
        }
    }

    /// So many more have come.
    pub(crate) fn add(&self, bytes: u64) {
        self.done.set(self.done.get() + bytes);
        self.show();
    }

    /// Does the work, and shows how far it is: what was added meanwhile, or what is counted apart.
    pub(crate) async fn during<T>(
        &self,
        counter: Option<&Counter>,
        work: impl Future<Output = T>,
    ) -> T {
        if self.line.is_none() {
            return work.await;
        }
        let mut work = std::pin::pin!(work);
        let mut ticks = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = ticks.tick() => {
                    if let Some(counter) = counter {
                        self.done.set(counter.load(Ordering::Relaxed));
                    }
                    self.show();
                }
            }
        }
    }

    fn show(&self) {
        let Some(line) = &self.line else {
            return;
        };
        let done = self.done.get();
        let seconds = self.start.elapsed().as_secs_f64().max(0.05);
        let rate = done as f64 / seconds / MIB as f64;
        let text = format!("{} MiB {}, {rate:.1} MiB/s", done / MIB, self.verb);
        let percent = self.total.filter(|total| *total > 0).map(|total| {
            let percent = done.saturating_mul(100) / total;
            u8::try_from(percent.min(100)).unwrap_or(100)
        });
        line.show(&text, percent);
    }
}
