//! What one process took, and the middle of what several took.

/// What one process took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Seconds from its start to its end.
    pub wall: f64,
    /// Seconds of CPU, in the program and in the kernel.
    pub cpu: f64,
    /// The most memory that it had at once, in bytes.
    pub peak: f64,
}

impl Figures {
    /// As `bench-child` prints them, with the exit status: `WALL CPU PEAK STATUS`.
    pub fn line(&self, status: u8) -> String {
        format!("{} {} {} {status}", self.wall, self.cpu, self.peak)
    }

    /// Reads that line.
    pub fn read(line: &str) -> Option<(Self, u8)> {
        let mut words = line.split_whitespace();
        let mut number = || words.next()?.parse().ok();
        let figures = Self {
            wall: number()?,
            cpu: number()?,
            peak: number()?,
        };
        let status = words.next()?.parse().ok()?;
        Some((figures, status))
    }

    /// The median of each figure by itself.
    pub fn medians(runs: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(runs.iter().map(figure));
        Self {
            wall: of(|run| run.wall),
            cpu: of(|run| run.cpu),
            peak: of(|run| run.peak),
        }
    }
}

/// The middle value, or the mean of the two in the middle; NaN of nothing.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::{Figures, median};

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 100.0].into_iter()), 3.0);
        assert_eq!(median([4.0, 1.0, 2.0, 100.0].into_iter()), 3.0);
        assert!(median([].into_iter()).is_nan());
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let figures = Figures {
            wall: 0.0123,
            cpu: 1.5,
            peak: 12_345_678.0,
        };
        assert_eq!(Figures::read(&figures.line(4)), Some((figures, 4)));
        for line in ["", "1 2 3", "1 2 x 0", "1 2 3 999"] {
            assert_eq!(Figures::read(line), None, "{line}");
        }
    }
}
