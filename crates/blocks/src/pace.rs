//! How many calls may be under way at once, and how many a second.
//!
//! The number at once doubles with every round of answers until these come markedly later than the
//! first ones did: then there is a queue somewhere. From there on it follows the answers' times, as
//! they are now beside what is usual: it grows by a few a round while they keep step, and shrinks in
//! proportion where they fall behind (the gradient rule of TCP Vegas' descendants). A throttled or a
//! lost call shrinks it at once, but only one time a round, since calls that were under way together
//! fail together.

use std::time::{Duration, Instant};

/// How many calls are under way at the beginning. The ramp costs less than it would from fewer: every
/// doubling takes a whole round of answers, which disks with little data feel most.
const FIRST: f64 = 32.0;
/// How many always may be.
const LEAST: f64 = 2.0;
/// What a round adds at most, once the doubling is over.
const STEP: f64 = 4.0;
/// How much later than usual answers may come before the number shrinks.
const TOLERANCE: f64 = 1.5;
/// How much later than at first they may come before the doubling ends.
const QUEUE: f64 = 2.5;
/// What a throttled call leaves of the number.
const THROTTLED: f64 = 0.7;
/// The part of a second whose calls may be made at once.
const BURST: f64 = 0.1;

/// Decides when the next call may be made.
#[derive(Debug)]
pub struct Pace {
    window: f64,
    most: f64,
    is_doubling: bool,
    /// The shortest time to an answer so far, in seconds.
    shortest: f64,
    /// The usual time, over many rounds.
    usual: f64,
    /// The time now, over a few.
    recent: f64,
    last_shrink: Option<Instant>,
    rate: f64,
    tokens: f64,
    filled: Instant,
}

impl Pace {
    /// At most so many calls at once, and so many a second.
    pub fn new(most: usize, rate: u32, now: Instant) -> Self {
        let most = most.max(1) as f64;
        let rate = f64::from(rate.max(1));
        Self {
            window: FIRST.min(most),
            most,
            is_doubling: true,
            shortest: f64::INFINITY,
            usual: 0.0,
            recent: 0.0,
            last_shrink: None,
            rate,
            tokens: (rate * BURST).max(1.0),
            filled: now,
        }
    }

    /// How many calls may be under way.
    pub fn window(&self) -> usize {
        // At least one, at most what was asked for.
        self.window as usize
    }

    /// Makes a call count. Where there have been too many within the second, it says how long to
    /// wait first.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + passed * self.rate).min((self.rate * BURST).max(1.0));
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / self.rate))
    }

    /// A call was answered after `time`, while `under_way` were under way, it included.
    pub fn answered(&mut self, time: Duration, under_way: usize) {
        let time = time.as_secs_f64().max(1e-6);
        self.shortest = self.shortest.min(time);
        let blend = |old: f64, share: f64| match old {
            0.0 => time,
            old => old + (time - old) * share,
        };
        self.recent = blend(self.recent, 0.1);
        // What is usual is what the last ten rounds have shown.
        self.usual = blend(self.usual, 0.1 / self.window);
        // Where there are fewer calls than there might be, their times tell nothing of more. There
        // are never more than the whole part of the window.
        if (under_way as f64) < self.window.floor() * 0.8 {
            return;
        }
        if self.is_doubling {
            if self.recent > self.shortest * QUEUE {
                self.is_doubling = false;
                self.usual = self.recent;
            }
            self.set(self.window + 1.0);
            return;
        }
        let gradient = (TOLERANCE * self.usual / self.recent).clamp(0.5, 1.0);
        // Each answer brings its share of what the round as a whole is to change.
        let target = self.window * gradient + STEP;
        self.set(self.window + (target - self.window) / self.window);
    }

    /// A call was refused because there were too many, or failed in passing.
    pub fn throttled(&mut self, now: Instant) {
        let round = Duration::from_secs_f64(self.recent.clamp(0.01, 5.0));
        if self
            .last_shrink
            .is_some_and(|last| now.saturating_duration_since(last) < round)
        {
            return;
        }
        self.last_shrink = Some(now);
        self.is_doubling = false;
        self.set(self.window * THROTTLED);
    }

    fn set(&mut self, window: f64) {
        self.window = window.clamp(LEAST.min(self.most), self.most);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Pace;

    const TIME: Duration = Duration::from_millis(100);

    #[test]
    fn it_doubles_to_the_most_while_answers_keep_their_time() {
        let mut pace = Pace::new(128, 1000, Instant::now());
        let mut rounds = 0;
        while pace.window() < 128 {
            for _ in 0..pace.window() {
                pace.answered(TIME, pace.window());
            }
            rounds += 1;
        }
        assert!(rounds <= 3, "{rounds}");
    }

    #[test]
    fn it_shrinks_once_a_round_when_throttled_and_recovers() {
        let mut now = Instant::now();
        let mut pace = Pace::new(100, 1000, now);
        for _ in 0..1000 {
            pace.answered(TIME, pace.window());
        }
        assert_eq!(pace.window(), 100);
        for _ in 0..50 {
            pace.throttled(now);
        }
        assert_eq!(pace.window(), 70);
        for _ in 0..30 {
            now += TIME * 2;
            pace.throttled(now);
        }
        assert_eq!(pace.window(), 2);
        for _ in 0..2000 {
            pace.answered(TIME, pace.window());
        }
        assert_eq!(pace.window(), 100);
    }

    #[test]
    fn it_recovers_from_however_few() {
        for hundredths in 200..=500 {
            let mut pace = Pace::new(64, 1000, Instant::now());
            pace.is_doubling = false;
            pace.window = f64::from(hundredths) / 100.0;
            for _ in 0..2000 {
                pace.answered(TIME, pace.window());
            }
            assert_eq!(pace.window(), 64, "from {hundredths} hundredths");
        }
    }

    #[test]
    fn it_shrinks_when_answers_come_late() {
        let mut pace = Pace::new(128, 1000, Instant::now());
        for _ in 0..1000 {
            pace.answered(TIME, pace.window());
        }
        // Each more call makes each answer later: the link is full.
        for _ in 0..300 {
            pace.answered(TIME * 6, pace.window());
        }
        assert!(pace.window() < 80, "{}", pace.window());
        // Few calls say nothing of what many would meet.
        let before = pace.window();
        for _ in 0..300 {
            pace.answered(TIME, 1);
        }
        assert_eq!(pace.window(), before);
    }

    #[test]
    fn so_many_a_second_and_no_more() {
        let start = Instant::now();
        let mut pace = Pace::new(128, 1000, start);
        let mut now = start;
        let mut calls = 0;
        while now < start + Duration::from_secs(2) {
            match pace.take(now) {
                Ok(()) => calls += 1,
                Err(wait) => now += wait.max(Duration::from_micros(10)),
            }
        }
        assert!((1990..=2101).contains(&calls), "{calls}");
    }
}
