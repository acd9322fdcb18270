//! Image names: EC2's rules for them, and names made up for images that get none.

use crate::escape::escape;

/// Letters that an image's name may hold beside ASCII letters and digits (EC2 API Reference,
/// CreateImage, Name).
const ALLOWED: &str = "()[] ./-'@_";
/// Shortest and longest name in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 3..=128;
/// What an automatic name adds to its prefix at most: two dashes, ten digits of seconds (until the
/// year 2286) and fifteen of chance.
const AUTOMATIC: usize = 27;

/// Checks an image's name.
///
/// # Errors
/// What EC2 would refuse, in words.
pub fn parse(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if !LENGTH.contains(&length) {
        return Err(format!(
            "an image's name has 3 to 128 characters, '{}' has {length}",
            escape(text)
        ));
    }
    letters(text)?;
    Ok(text.to_owned())
}

/// Checks the prefix of automatic names.
///
/// # Errors
/// A prefix that no valid name can begin with.
pub fn parse_prefix(text: &str) -> Result<String, String> {
    letters(text)?;
    let longest = LENGTH.end() - AUTOMATIC;
    if text.is_empty() || text.chars().count() > longest {
        return Err(format!("a prefix has 1 to {longest} characters"));
    }
    Ok(text.to_owned())
}

/// A name like `AMI-1366162881-135159873121564`: prefix, seconds since 1970, and chance.
pub fn automatic(prefix: &str, seconds: i64, chance: u64) -> String {
    format!("{prefix}-{seconds}-{:015}", chance % 1_000_000_000_000_000)
}

fn letters(text: &str) -> Result<(), String> {
    let good = |c: &char| c.is_ascii_alphanumeric() || ALLOWED.contains(*c);
    match text.chars().find(|c| !good(c)) {
        None => Ok(()),
        Some(bad) => Err(format!(
            "an image's name cannot hold '{}'; it takes letters, digits and {ALLOWED}",
            escape(&bad.to_string())
        )),
    }
}

/// Characters of a description (EC2 API Reference, CreateImage and CopyImage, Description).
const LONGEST_DESCRIPTION: usize = 255;

/// Checks the description of an image.
///
/// # Errors
/// One that is empty or too long.
pub fn parse_description(text: &str) -> Result<String, String> {
    match text.chars().count() {
        1..=LONGEST_DESCRIPTION => Ok(text.to_owned()),
        length => Err(format!(
            "a description has 1 to {LONGEST_DESCRIPTION} characters, this one has {length}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{automatic, parse, parse_prefix};

    #[test]
    fn ec2_s_rules() {
        for good in ["abc", "Web (v1.2)/[x]'@_-", &"a".repeat(128)] {
            assert_eq!(parse(good).as_deref(), Ok(good));
        }
        assert!(parse("ab").expect_err("short").contains("has 2"));
        assert!(
            parse(&"a".repeat(129))
                .expect_err("long")
                .contains("has 129")
        );
        for bad in ["web:1", "grün", "tab\there", "a,b,c"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn automatic_names_are_valid_and_read_like_the_classic_ones() {
        assert_eq!(
            automatic("AMI", 1_366_162_881, 135_159_873_121_564),
            "AMI-1366162881-135159873121564"
        );
        let longest = "p".repeat(101);
        assert_eq!(parse_prefix(&longest).as_deref(), Ok(&*longest));
        assert!(parse(&automatic(&longest, 9_999_999_999, u64::MAX)).is_ok());
        assert!(parse_prefix(&"p".repeat(102)).is_err());
        assert!(parse_prefix("").is_err() && parse_prefix("a:b").is_err());
    }
}
