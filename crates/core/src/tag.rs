//! Tags: EC2's rules for them, and the heritage tags that say where an image came from.

use std::collections::BTreeSet;

use crate::escape::escape;
use crate::id::Id;
use crate::region::Region;
use crate::time::Moment;

/// The ID of the image that an image was made from.
pub const SOURCE_IMAGE: &str = "source_image";
/// The ID of the instance that an image was made of.
pub const SOURCE_INSTANCE: &str = "source_instance";
/// The region of the source image.
pub const SOURCE_REGION: &str = "source_region";
/// The snapshot that an image was made from, where it came from one.
pub const SOURCE_SNAPSHOT: &str = "source_snapshot";
/// When the image was made, `20110909T233600Z`.
pub const CREATE_DATE: &str = "create_date";
/// The same moment in Unix seconds.
pub const CREATE_TIMESTAMP: &str = "create_timestamp";
/// The UUID of the run that made a thing.
pub const RUN: &str = "ami_tools_run";
/// The instance and the process that made a thing which is not handed over yet: whoever finds it when
/// these are gone may remove it.
pub const HOST: &str = "ami_tools_host";
/// A digest of what was asked for, by which a second run finds what the first has made.
pub const REQUEST: &str = "ami_tools_request";

/// The names that are ours, which a user's own tags cannot bear.
const OURS: [&str; 9] = [
    SOURCE_IMAGE,
    SOURCE_INSTANCE,
    SOURCE_REGION,
    SOURCE_SNAPSHOT,
    CREATE_DATE,
    CREATE_TIMESTAMP,
    RUN,
    HOST,
    REQUEST,
];
/// Tags of one resource (Amazon EC2 User Guide, "Tag restrictions").
const MOST: usize = 50;
/// Characters of a key (EC2 API Reference, Tag).
const LONGEST_KEY: usize = 127;
/// Characters of a value (same place).
const LONGEST_VALUE: usize = 256;

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value, which may be empty.
    pub value: String,
}

impl Tag {
    /// A tag whose key and value are known to be good.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

/// Reads `KEY=VALUE`; the value may hold more equals signs, or nothing.
///
/// # Errors
/// What EC2 would refuse.
pub fn parse(text: &str) -> Result<Tag, String> {
    let shown = escape(text);
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("'{shown}' is no KEY=VALUE"))?;
    if key.is_empty() {
        return Err(format!("'{shown}' has no key before the '='"));
    }
    let (keys, values) = (key.chars().count(), value.chars().count());
    if keys > LONGEST_KEY {
        return Err(format!(
            "a tag's key has at most {LONGEST_KEY} characters, this one has {keys}"
        ));
    }
    if values > LONGEST_VALUE {
        return Err(format!(
            "a tag's value has at most {LONGEST_VALUE} characters, that of '{}' has {values}",
            escape(key)
        ));
    }
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(format!(
            "'{shown}': keys that begin with 'aws:' are AWS's own"
        ));
    }
    Ok(Tag::new(key, value))
}

/// Is it a tag that these tools set themselves?
pub fn is_ours(key: &str) -> bool {
    OURS.contains(&key)
}

/// Checks a user's tags as a set, beside the heritage tags that will be added.
///
/// # Errors
/// A key given twice, a key that is ours, too many tags.
pub fn check_own(tags: &[Tag]) -> Result<(), String> {
    let mut keys = BTreeSet::new();
    for tag in tags {
        if is_ours(&tag.key) {
            return Err(format!("the tag {} is set by this tool itself", tag.key));
        }
        if !keys.insert(&tag.key) {
            return Err(format!("the tag '{}' is given twice", escape(&tag.key)));
        }
    }
    let room = MOST - OURS.len();
    if tags.len() > room {
        return Err(format!(
            "{} tags are too many: EC2 keeps {MOST}, of which {} are set by this tool",
            tags.len(),
            OURS.len()
        ));
    }
    Ok(())
}

/// Where an image came from and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heritage {
    /// The image that its source ran from.
    pub source_image: Option<Id>,
    /// The instance that it was made of; a copy or a chroot build has none.
    pub source_instance: Option<Id>,
    /// The region of the source image.
    pub source_region: Option<Region>,
    /// When it was made.
    pub created: Moment,
}

impl Heritage {
    /// The heritage tags; a field without a value is left out.
    pub fn tags(&self) -> Vec<Tag> {
        let named = |key: &str, value: Option<String>| value.map(|value| Tag::new(key, value));
        [
            named(SOURCE_IMAGE, self.source_image.as_ref().map(Id::to_string)),
            named(
                SOURCE_INSTANCE,
                self.source_instance.as_ref().map(Id::to_string),
            ),
            named(
                SOURCE_REGION,
                self.source_region.as_ref().map(Region::to_string),
            ),
            named(CREATE_DATE, Some(self.created.compact())),
            named(CREATE_TIMESTAMP, Some(self.created.timestamp().to_string())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Heritage, Tag, check_own, parse};
    use crate::time::Moment;

    #[test]
    fn keys_and_values() {
        assert_eq!(parse("role=web"), Ok(Tag::new("role", "web")));
        assert_eq!(parse("a=b=c"), Ok(Tag::new("a", "b=c")));
        assert_eq!(parse("empty="), Ok(Tag::new("empty", "")));
        let full = format!("{}={}", "k".repeat(127), "ü".repeat(256));
        assert!(parse(&full).is_ok());
        for bad in [
            "web",
            "=web",
            "aws:x=1",
            "AWS:x=1",
            &format!("k{full}"),
            &format!("{full}ü"),
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sets_of_tags() {
        let tag = |key: &str| Tag::new(key, "x");
        assert_eq!(check_own(&[tag("a"), tag("b")]), Ok(()));
        assert!(
            check_own(&[tag("a"), tag("a")])
                .expect_err("twice")
                .contains("twice")
        );
        assert!(check_own(&[tag("source_image")]).is_err());
        let many: Vec<_> = (0..45).map(|n| tag(&n.to_string())).collect();
        assert!(check_own(&many).is_err() && check_own(&many[..41]).is_ok());
    }

    #[test]
    fn heritage_in_the_classic_formats() {
        let heritage = Heritage {
            source_image: Some("ami-12345678".parse().expect("id")),
            source_instance: None,
            source_region: Some("us-east-1".parse().expect("region")),
            created: Moment::from_timestamp(1_315_611_360).expect("moment"),
        };
        let tags: Vec<_> = heritage
            .tags()
            .into_iter()
            .map(|tag| format!("{}={}", tag.key, tag.value))
            .collect();
        assert_eq!(
            tags,
            [
                "source_image=ami-12345678",
                "source_region=us-east-1",
                "create_date=20110909T233600Z",
                "create_timestamp=1315611360"
            ]
        );
    }
}
