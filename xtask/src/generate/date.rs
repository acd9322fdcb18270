//! The date in the foot of manual pages.
//!
//! It is never today's: pages made from the same sources are to be the same.

/// Seconds in a day; POSIX time has no leap seconds.
const DAY: i64 = 86_400;

/// The day of `SOURCE_DATE_EPOCH` in UTC, as `2026-11-20`; without that variable, nothing.
pub fn of_manuals(epoch: Option<&str>) -> Result<String, String> {
    let Some(epoch) = epoch.filter(|epoch| !epoch.is_empty()) else {
        return Ok(String::new());
    };
    // Up to the year 9999, beyond which a date has another shape.
    let seconds = epoch
        .parse()
        .ok()
        .filter(|seconds| (0..=253_402_300_799).contains(seconds))
        .ok_or_else(|| format!("SOURCE_DATE_EPOCH: '{epoch}' is not a time in seconds"))?;
    let (year, month, day) = civil(i64::div_euclid(seconds, DAY));
    Ok(format!("{year:04}-{month:02}-{day:02}"))
}

/// Year, month and day of a day counted from 1970-01-01.
///
/// The year is taken to begin in March, so that the leap day is its last day, and days are counted
/// from 0000-03-01, where a cycle of 400 years begins.
fn civil(days: i64) -> (i64, i64, i64) {
    const CYCLE: i64 = 146_097;
    let since = days + 719_468;
    let cycle = since.div_euclid(CYCLE);
    let of_cycle = since.rem_euclid(CYCLE);
    // Leap days are every 4 years but not every 100, and the cycle's very last day is one again.
    let year_of_cycle =
        (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / (CYCLE - 1)) / 365;
    let of_year = of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    // March to July and August to December are 153 days each, and so would the rest be.
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = 400 * cycle + year_of_cycle + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::{DAY, civil, of_manuals};

    #[test]
    fn known_seconds_have_their_days() {
        for (epoch, date) in [
            ("0", "1970-01-01"),
            ("86399", "1970-01-01"),
            ("86400", "1970-01-02"),
            ("951782399", "2000-02-28"),
            ("951782400", "2000-02-29"),
            ("951868800", "2000-03-01"),
            ("1315611360", "2011-09-09"),
            ("1709164800", "2024-02-29"),
            ("4107542399", "2100-02-28"),
            ("4107542400", "2100-03-01"),
            ("253402300799", "9999-12-31"),
        ] {
            assert_eq!(of_manuals(Some(epoch)).as_deref(), Ok(date), "{epoch}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = |year, month| match month {
            2 if leap(year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..253_402_300_800 / DAY {
            assert_eq!(civil(days), (year, month, day));
            day += 1;
            if day > last(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!((year, month, day), (10_000, 1, 1));
    }

    #[test]
    fn without_the_variable_there_is_no_date() {
        assert_eq!(of_manuals(None).as_deref(), Ok(""));
        assert_eq!(of_manuals(Some("")).as_deref(), Ok(""));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for epoch in ["today", "1.5", "-1", "253402300800", "99999999999999999999"] {
            let error = of_manuals(Some(epoch)).expect_err(epoch);
            assert!(error.contains(epoch), "{error}");
        }
    }
}
