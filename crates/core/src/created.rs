//! When an image was made, as users and tags say it.

use crate::escape::escape;
use crate::time::Moment;

/// Reads Unix seconds, up to the year 9999.
pub fn from_timestamp(text: &str) -> Option<Moment> {
    if !is_number(text) {
        return None;
    }
    Moment::from_timestamp(text.parse().ok()?)
}

/// Reads `20110909T233600Z`, from 1970 on.
pub fn from_date(text: &str) -> Option<Moment> {
    let moment = Moment::from_compact(text).filter(|_| has_shape(text))?;
    (moment.timestamp() >= 0).then_some(moment)
}

/// Reads the value of `--create-timestamp`.
///
/// # Errors
/// What is wrong with it.
pub fn parse_timestamp(text: &str) -> Result<Moment, String> {
    if let Some(moment) = from_timestamp(text) {
        return Ok(moment);
    }
    let shown = escape(text);
    if text.strip_prefix('-').is_some_and(is_number) {
        return Err(format!("'{shown}' lies before 1970"));
    }
    if !is_number(text) {
        return Err(format!("'{shown}' is no number of seconds since 1970"));
    }
    let beyond = format!("'{shown}' lies beyond the year 9999");
    Err(match seconds_in(text) {
        Some(seconds) => {
            format!("{beyond} and looks like milliseconds; in seconds it is {seconds}")
        }
        None => beyond,
    })
}

/// The seconds in a number of milliseconds. No clock counts seconds so far, but many count those.
fn seconds_in(text: &str) -> Option<i64> {
    let seconds = text.parse::<i64>().ok()? / 1000;
    Moment::from_timestamp(seconds).map(Moment::timestamp)
}

/// Reads the value of `--create-date`.
///
/// # Errors
/// What is wrong with it.
pub fn parse_date(text: &str) -> Result<Moment, String> {
    if let Some(moment) = from_date(text) {
        return Ok(moment);
    }
    let shown = escape(text);
    if !has_shape(text) {
        return Err(format!("'{shown}' is no date like 20110909T233600Z"));
    }
    Err(match Moment::from_compact(text) {
        Some(_) => format!("'{shown}' lies before 1970"),
        None => format!("'{shown}' is no moment that exists"),
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn has_shape(text: &str) -> bool {
    let like = |byte: u8, wanted: u8| match wanted {
        b'0' => byte.is_ascii_digit(),
        _ => byte == wanted,
    };
    let shape = b"00000000T000000Z";
    text.len() == shape.len()
        && text
            .bytes()
            .zip(*shape)
            .all(|(byte, wanted)| like(byte, wanted))
}

#[cfg(test)]
mod tests {
    use super::{from_date, from_timestamp, parse_date, parse_timestamp};

    #[test]
    fn both_forms_are_the_same_moment() {
        for (seconds, date) in [
            ("0", "19700101T000000Z"),
            ("1315611360", "20110909T233600Z"),
            ("1330473600", "20120229T000000Z"),
            ("253402300799", "99991231T235959Z"),
        ] {
            let moment = from_timestamp(seconds).expect(seconds);
            assert_eq!(moment.compact(), date);
            assert_eq!(from_date(date), Some(moment));
        }
    }

    #[test]
    fn what_is_wrong_with_a_timestamp_is_said() {
        for (text, why) in [
            ("", "no number"),
            ("soon", "no number"),
            ("1315611360.5", "no number"),
            ("+1315611360", "no number"),
            ("1e9", "no number"),
            ("-1", "before 1970"),
            ("1315611360000", "in seconds it is 1315611360"),
            ("99999999999999999999999", "beyond the year 9999"),
        ] {
            let error = parse_timestamp(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
        let error = parse_timestamp("253402300800000000").expect_err("too much");
        assert!(!error.contains("milliseconds"), "{error}");
    }

    #[test]
    fn what_is_wrong_with_a_date_is_said() {
        for (text, why) in [
            ("20110931T000000Z", "no moment that exists"),
            ("20110229T000000Z", "no moment that exists"),
            ("20110909T250000Z", "no moment that exists"),
            ("20110909T236000Z", "no moment that exists"),
            ("2011-09-09T23:36:00Z", "no date like"),
            ("20110909", "no date like"),
            ("20110909T233600", "no date like"),
            ("+2011909T233600Z", "no date like"),
            ("19691231T235959Z", "before 1970"),
        ] {
            let error = parse_date(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
