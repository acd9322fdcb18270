//! How old an image is, and on which day it was made.

use ami_core::time::Moment;

/// Lengths of units in seconds, longest first. Months are missing because `m` means minutes.
const UNITS: [(i64, char); 5] = [
    (365 * 86400, 'y'),
    (86400, 'd'),
    (3600, 'h'),
    (60, 'm'),
    (1, 's'),
];

/// An age in one unit, rounded down: `3d`. It is a dash where it is not known, and nothing is
/// younger than `0s`: clocks differ.
pub fn age(created: Option<Moment>, now: Moment) -> String {
    let Some(created) = created else {
        return "-".to_owned();
    };
    let seconds = now.timestamp().saturating_sub(created.timestamp());
    UNITS
        .iter()
        .find(|(length, _)| seconds >= *length)
        .map_or_else(
            || "0s".to_owned(),
            |(length, unit)| format!("{}{unit}", seconds / length),
        )
}

/// The day in UTC, as `2011-09-09`; a dash where it is not known.
pub fn day(created: Option<Moment>) -> String {
    let full = created.map(|moment| moment.to_string());
    match full.as_deref().and_then(|full| full.split('T').next()) {
        Some(day) if !day.is_empty() => day.to_owned(),
        _ => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{age, day};
    use ami_core::time::Moment;

    fn at(seconds: i64) -> Moment {
        Moment::from_timestamp(seconds).expect("a moment")
    }

    #[test]
    fn one_unit_rounded_down() {
        for (seconds, expected) in [
            (-5, "0s"),
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3599, "59m"),
            (3600, "1h"),
            (86399, "23h"),
            (86400, "1d"),
            (365 * 86400 - 1, "364d"),
            (365 * 86400, "1y"),
            (20 * 365 * 86400, "20y"),
        ] {
            assert_eq!(age(Some(at(1_000_000)), at(1_000_000 + seconds)), expected);
        }
        assert_eq!(age(None, at(0)), "-");
    }

    #[test]
    fn days() {
        assert_eq!(day(Moment::from_compact("20110909T233600Z")), "2011-09-09");
        assert_eq!(day(None), "-");
    }
}
