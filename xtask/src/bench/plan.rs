//! What the words after `cargo xtask bench` ask for.

use super::rows::{ROWS, Row};

/// Pairs of runs when nobody says how many; odd, so that the median is one that was measured.
const RUNS: usize = 11;

/// What to measure.
#[derive(Debug, PartialEq)]
pub struct Plan {
    /// Install the peers first.
    pub peers: bool,
    /// How many pairs of runs.
    pub runs: usize,
    /// Which rows.
    pub rows: Vec<&'static Row>,
}

impl Plan {
    /// Reads the words.
    pub fn parse(words: &[&str]) -> Result<Self, String> {
        let mut plan = Self {
            peers: false,
            runs: RUNS,
            rows: Vec::new(),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--peers" => plan.peers = true,
                "--runs" => {
                    let number = words.next().and_then(|word| word.parse().ok());
                    plan.runs = number
                        .filter(|number| *number > 0)
                        .ok_or("bench: --runs needs a number")?;
                }
                word if word.starts_with('-') => {
                    return Err(format!("bench: unexpected word '{word}'"));
                }
                name => plan.rows.push(find(name)?),
            }
        }
        if plan.rows.is_empty() {
            plan.rows = ROWS.iter().collect();
        }
        Ok(plan)
    }
}

fn find(name: &str) -> Result<&'static Row, String> {
    ROWS.iter().find(|row| row.name == name).ok_or_else(|| {
        let names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        format!("bench: no row '{name}'; there are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::{Plan, ROWS};

    #[test]
    fn without_names_all_rows_are_measured() {
        let plan = Plan::parse(&["--runs", "3", "--peers"]).expect("a plan");
        assert_eq!((plan.peers, plan.runs), (true, 3));
        assert_eq!(plan.rows.len(), ROWS.len());
    }

    #[test]
    fn rows_are_chosen_by_name_and_strangers_refused() {
        let plan = Plan::parse(&[ROWS[1].name]).expect("a plan");
        assert_eq!(plan.rows, [&ROWS[1]]);
        for words in [&["no-such-row"][..], &["--runs"], &["--runs", "0"], &["-x"]] {
            assert!(Plan::parse(words).is_err(), "{words:?}");
        }
    }
}
