//! Moments and durations as users read and write them.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// The tag format `20110909T233600Z`.
const COMPACT: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");
/// What date(1) prints in plain English: `Wed Apr 17 18:18:25 UTC 2013`.
const PLAIN: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short] [month repr:short] [day padding:space] [hour]:[minute]:[second] UTC [year]"
);
/// Longer waits than this are typing errors; and a clock can be moved by it without overflow.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A moment, to the second, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(OffsetDateTime);

impl Moment {
    /// This second.
    pub fn now() -> Self {
        Self::truncated(OffsetDateTime::now_utc())
    }

    /// From Unix seconds, when they lie in the years 0 to 9999: no format here can write others.
    pub fn from_timestamp(seconds: i64) -> Option<Self> {
        Self::writable(OffsetDateTime::from_unix_timestamp(seconds).ok()?)
    }

    /// From `20110909T233600Z`.
    pub fn from_compact(text: &str) -> Option<Self> {
        let moment = PrimitiveDateTime::parse(text, COMPACT).ok()?;
        Self::writable(moment.assume_utc())
    }

    /// From RFC 3339, as EC2 writes times.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let moment = moment.checked_to_offset(time::UtcOffset::UTC)?;
        Self::writable(Self::truncated(moment).0)
    }

    /// Unix seconds.
    pub fn timestamp(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// As `20110909T233600Z`.
    pub fn compact(self) -> String {
        // Writing to a string fails only for years beyond the format, which no constructor lets in.
        self.0.format(COMPACT).unwrap_or_default()
    }

    /// As date(1) prints it: `Wed Apr 17 18:18:25 UTC 2013`.
    pub fn plain(self) -> String {
        self.0.format(PLAIN).unwrap_or_default()
    }

    fn writable(moment: OffsetDateTime) -> Option<Self> {
        (moment.year() >= 0).then_some(Self(moment))
    }

    fn truncated(moment: OffsetDateTime) -> Self {
        Self(moment.replace_nanosecond(0).unwrap_or(moment))
    }
}

/// As RFC 3339.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).unwrap_or_default())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads a duration: `90s`, `2h`, `1h30m`, or plain seconds as timeout(1) reads them.
///
/// # Errors
/// Anything else, and more than a year.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration = parse_any_duration(text)?;
    if duration > LONGEST {
        return Err(format!("'{text}' is longer than a year"));
    }
    Ok(duration)
}

/// Reads a duration of any length.
///
/// # Errors
/// What is none.
pub fn parse_any_duration(text: &str) -> Result<Duration, String> {
    let wrong = || {
        format!(
            "'{}' is no duration like 90s, 15m, 2h or 1h30m",
            crate::escape::escape(text)
        )
    };
    match text.parse::<u32>() {
        Ok(seconds) => Ok(Duration::from_secs(seconds.into())),
        Err(_) => humantime::parse_duration(text).map_err(|_| wrong()),
    }
}

/// Reads a duration that must not be zero.
///
/// # Errors
/// As [`parse_duration`], and zero.
pub fn parse_positive_duration(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("must be longer than nothing".to_owned()),
        duration => Ok(duration),
    }
}

/// Writes a duration in words that [`parse_duration`] reads: `2h`, `1m 30s`.
pub fn format_duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Moment, format_duration, parse_duration, parse_positive_duration};
    use std::time::Duration;

    #[test]
    fn the_heritage_formats_are_the_same_moment() {
        let moment = Moment::from_compact("20110909T233600Z").expect("compact");
        assert_eq!(moment.timestamp(), 1_315_611_360);
        assert_eq!(Moment::from_timestamp(1_315_611_360), Some(moment));
        assert_eq!(moment.compact(), "20110909T233600Z");
        assert_eq!(moment.to_string(), "2011-09-09T23:36:00Z");
        assert_eq!(
            Moment::from_rfc3339("2011-09-09T23:36:00.000Z"),
            Some(moment)
        );
    }

    #[test]
    fn plain_dates_are_those_of_date() {
        for (seconds, text) in [
            (1_366_222_705, "Wed Apr 17 18:18:25 UTC 2013"),
            (1_315_611_360, "Fri Sep  9 23:36:00 UTC 2011"),
        ] {
            let moment = Moment::from_timestamp(seconds).expect("moment");
            assert_eq!(moment.plain(), text);
        }
    }

    #[test]
    fn moments_that_do_not_exist() {
        for text in [
            "20110931T000000Z",
            "20110909T250000Z",
            "20110909",
            "20110909T233600",
        ] {
            assert_eq!(Moment::from_compact(text), None, "{text}");
        }
    }

    #[test]
    fn moments_that_no_format_can_write_are_none() {
        let (first, last) = (-62_167_219_200, 253_402_300_799);
        for seconds in [first, last] {
            let moment = Moment::from_timestamp(seconds).expect("a moment");
            assert_eq!(Moment::from_rfc3339(&moment.to_string()), Some(moment));
            assert_eq!(Moment::from_compact(&moment.compact()), Some(moment));
        }
        for seconds in [first - 1, last + 1, i64::MIN, i64::MAX] {
            assert_eq!(Moment::from_timestamp(seconds), None, "{seconds}");
        }
        assert_eq!(Moment::from_compact("-01990101T000000Z"), None);
        // In UTC it lies in the year 10000.
        assert_eq!(Moment::from_rfc3339("9999-12-31T23:59:59-23:59"), None);
    }

    #[test]
    fn durations_in_human_words() {
        for (text, seconds) in [
            ("90s", 90),
            ("2h", 7200),
            ("1h30m", 5400),
            ("1h 30m", 5400),
            ("45", 45),
            ("0", 0),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        for text in [
            "",
            "abc",
            "-5",
            "1.5 weeks and",
            "2 fortnights",
            "999999h",
            "99999999999999999999s",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert!(parse_positive_duration("0s").is_err());
        assert_eq!(format_duration(Duration::from_secs(5400)), "1h 30m");
    }
}
