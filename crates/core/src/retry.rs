//! How long to pause before trying again.

use std::time::Duration;

/// Growing, jittered pauses between tries.
///
/// Each pause lies between half of its step and the whole of it ("equal jitter": many clients that
/// failed at once do not come back at once, and none comes back at once either).
#[derive(Debug, Clone)]
pub struct Backoff {
    step: Duration,
    longest: Duration,
    growth: f64,
}

impl Backoff {
    /// Pauses of up to `first`, then `growth` times more each, never over `longest`.
    pub fn new(first: Duration, longest: Duration, growth: f64) -> Self {
        Self {
            step: first.min(longest),
            longest,
            growth,
        }
    }

    /// For calls that failed in passing: half a second to 15 seconds.
    pub fn for_calls() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(15), 2.0)
    }

    /// The next pause. `chance` is a number from 0 to 1.
    pub fn next(&mut self, chance: f64) -> Duration {
        let pause = self.step.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0));
        self.step = self.step.mul_f64(self.growth).min(self.longest);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use std::time::Duration;

    #[test]
    fn pauses_grow_to_the_longest_and_stay_in_their_bounds() {
        let mut low = Backoff::for_calls();
        let mut high = Backoff::for_calls();
        let mut last = Duration::ZERO;
        for _ in 0..20 {
            let (least, most) = (low.next(0.0), high.next(1.0));
            assert_eq!(least * 2, most);
            assert!(most >= last && most <= Duration::from_secs(15));
            last = most;
        }
        assert_eq!(last, Duration::from_secs(15));
    }
}
