//! Region codes: `us-east-1`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A region code of the right shape; whether the region exists only AWS knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

impl Region {
    /// As AWS writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A word that is no region code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is no region code like us-east-1", crate::escape::escape(.0))]
pub struct NotARegion(String);

impl FromStr for Region {
    type Err = NotARegion;

    /// Takes lower-case words joined by dashes with a number at the end. The code becomes part of
    /// a host name, so nothing that is not a host name's label may pass.
    fn from_str(text: &str) -> Result<Self, NotARegion> {
        let words: Vec<&str> = text.split('-').collect();
        let plain = |word: &&str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let number = |word: &&&str| word.bytes().all(|b| b.is_ascii_digit());
        let letters = |word: &&&str| word.bytes().all(|b| b.is_ascii_lowercase());
        let good = (3..=5).contains(&words.len())
            && text.len() <= 30
            && words.iter().all(plain)
            && words.first().filter(letters).is_some()
            && words.last().filter(number).is_some();
        good.then(|| Self(text.to_owned()))
            .ok_or_else(|| NotARegion(text.to_owned()))
    }
}

/// Regions as an option names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Regions {
    /// All that the account has enabled.
    All,
    /// These.
    These(BTreeSet<Region>),
}

impl Regions {
    /// Joins the lists that were given to `option`, as [`list`] has read them; none if there are none.
    ///
    /// # Errors
    /// `all` beside regions.
    pub fn of(option: &str, lists: Vec<List>) -> Result<Option<Self>, String> {
        let has_all = lists.iter().any(|list| list.has_all);
        let named: BTreeSet<Region> = lists.into_iter().flat_map(|list| list.named).collect();
        match (has_all, named.is_empty()) {
            (true, false) => Err(format!("--{option} takes 'all' or regions, not both")),
            (true, true) => Ok(Some(Self::All)),
            (false, true) => Ok(None),
            (false, false) => Ok(Some(Self::These(named))),
        }
    }
}

/// One list as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    has_all: bool,
    named: BTreeSet<Region>,
}

/// Reads one list, `REGION,REGION` or `all`.
///
/// # Errors
/// A word that is neither a region's code nor `all`.
pub fn list(text: &str) -> Result<List, String> {
    let mut list = List::default();
    for word in text.split(',').map(str::trim) {
        if word == "all" {
            list.has_all = true;
        } else {
            let region = word.parse().map_err(|why: NotARegion| why.to_string())?;
            list.named.insert(region);
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::{Region, Regions, list};

    #[test]
    fn lists_name_regions_or_all() {
        let read = |texts: &[&str]| {
            let lists: Result<Vec<_>, _> = texts.iter().map(|text| list(text)).collect();
            Regions::of("regions", lists?)
        };
        let these = |texts: &[&str]| {
            let regions = texts.iter().map(|text| text.parse().expect("a region"));
            Ok(Some(Regions::These(regions.collect())))
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["all", "all,all"]), Ok(Some(Regions::All)));
        assert_eq!(
            read(&["eu-west-1, us-west-2", "eu-west-1"]),
            these(&["eu-west-1", "us-west-2"])
        );
        for wrong in [
            &["all,eu-west-1"][..],
            &["all", "eu-west-1"],
            &["nowhere"],
            &[""],
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn codes_of_all_partitions() {
        for text in [
            "us-east-1",
            "cn-northwest-1",
            "us-gov-west-1",
            "us-iso-east-1",
            "eusc-de-east-1",
        ] {
            assert_eq!(text.parse::<Region>().expect(text).as_str(), text);
        }
    }

    #[test]
    fn what_is_no_code() {
        for text in [
            "",
            "us-east",
            "us-east-1a",
            "US-EAST-1",
            "us east 1",
            "a.b-c-1",
            "us--1",
            "1-1-1",
        ] {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
        let error = "us\u{1b}[31m-1".parse::<Region>().expect_err("escape");
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
    }
}
