//! Numbers by chance: for jitter, for names, and to mark a run.

/// A number from 0 to 1.
pub fn fraction() -> f64 {
    // Without randomness there is no jitter, which is no reason to fail.
    let number = getrandom::u32().unwrap_or(u32::MAX / 2);
    f64::from(number) / f64::from(u32::MAX)
}

/// Any number.
pub fn number() -> u64 {
    // Without randomness the clock tells one run from another; a name that is taken is refused by
    // EC2 and followed by another.
    getrandom::u64().unwrap_or_else(|_| {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
        now.map_or(0, |now| u64::from(now.subsec_nanos()))
    })
}

/// A UUID that marks what one run makes.
pub fn run_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

#[cfg(test)]
mod tests {
    use super::{fraction, number, run_id};

    #[test]
    fn fractions_lie_between_nothing_and_one() {
        assert!((0..100).all(|_| (0.0..=1.0).contains(&fraction())));
    }

    #[test]
    fn chance_does_not_repeat_itself() {
        assert_ne!(number(), number());
        assert_ne!(run_id(), run_id());
    }
}
