//! Places in S3, as people write them: `s3://BUCKET/KEY`.

use std::fmt;
use std::ops::RangeInclusive;

use crate::escape::escape;

/// What people put before a bucket's name.
const SCHEME: &str = "s3://";
/// Letters of a bucket's name (S3 User Guide, "General purpose bucket naming rules"); buckets made
/// before 2018 in us-east-1 could have more, in capitals and with underscores.
const BUCKET: RangeInclusive<usize> = 3..=255;
/// Bytes of a key (S3 User Guide, "Naming Amazon S3 objects").
const KEY: usize = 1024;

/// An object, or what the keys of several begin with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    /// The key of an object or a prefix without a slash at its end; empty for the whole bucket.
    pub key: String,
}

impl Place {
    /// Reads `s3://BUCKET/KEY`.
    ///
    /// # Errors
    /// Why it is none.
    pub fn object(text: &str) -> Result<Self, String> {
        let place = Self::read(text)?;
        match place.key.is_empty() || place.key.ends_with('/') {
            true => Err(format!("'{}' names no object", escape(text))),
            false => Ok(place),
        }
    }

    /// Reads `s3://BUCKET` or `s3://BUCKET/PREFIX`, with or without a slash at its end.
    ///
    /// # Errors
    /// Why it is none.
    pub fn prefix(text: &str) -> Result<Self, String> {
        let mut place = Self::read(text)?;
        place.key.truncate(place.key.trim_end_matches('/').len());
        Ok(place)
    }

    fn read(text: &str) -> Result<Self, String> {
        let shown = escape(text);
        let place = text.strip_prefix(SCHEME);
        let place = place.ok_or_else(|| format!("'{shown}' is no place in S3: s3://BUCKET/KEY"))?;
        let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
        let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
        if !BUCKET.contains(&bucket.len()) || !bucket.chars().all(plain) {
            return Err(format!("'{}' is no bucket", escape(bucket)));
        }
        // EC2 does not find what lies behind two slashes, and the SDK would take dots for steps.
        let steps = key.trim_end_matches('/').split('/');
        let is_odd = |step: &str| step.is_empty() || step == "." || step == "..";
        if key.len() > KEY
            || key.chars().any(char::is_control)
            || (!key.is_empty() && steps.into_iter().any(is_odd))
        {
            return Err(format!("'{}' is no key of an object", escape(key)));
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// The object of that name below this prefix.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        let key = match self.key.is_empty() {
            true => name.to_owned(),
            false => format!("{}/{name}", self.key),
        };
        Self {
            bucket: self.bucket.clone(),
            key,
        }
    }

    /// The object of that name beside this one.
    #[must_use]
    pub fn beside(&self, name: &str) -> Self {
        let directory = self
            .key
            .rsplit_once('/')
            .map_or("", |(directory, _)| directory);
        Self {
            bucket: self.bucket.clone(),
            key: directory.to_owned(),
        }
        .below(name)
    }

    /// The name, without what stands before the last slash.
    pub fn name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or_default()
    }

    /// `BUCKET/KEY`, as EC2 wants the location of an image.
    pub fn location(&self) -> String {
        self.below("").to_string()[SCHEME.len()..]
            .trim_end_matches('/')
            .to_owned()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, key } = self;
        match key.is_empty() {
            true => write!(f, "{SCHEME}{bucket}"),
            false => write!(f, "{SCHEME}{bucket}/{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn objects_have_keys() {
        let place = Place::object("s3://web/a b/image.manifest.xml").expect("a place");
        assert_eq!(place.bucket, "web");
        assert_eq!(place.name(), "image.manifest.xml");
        assert_eq!(place.to_string(), "s3://web/a b/image.manifest.xml");
        assert_eq!(place.location(), "web/a b/image.manifest.xml");
        assert_eq!(place.beside("image.part.0").key, "a b/image.part.0");
        for (text, why) in [
            ("web/image", "no place in S3"),
            ("s3://web", "names no object"),
            ("s3://web/a/", "names no object"),
            ("s3://we b/image", "is no bucket"),
            ("s3:///image", "is no bucket"),
            ("s3://web//image", "is no key"),
            ("s3://web/../image", "is no key"),
            ("s3://web/a\nb", "is no key"),
        ] {
            let error = Place::object(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn prefixes_may_be_empty() {
        for (text, key, below) in [
            ("s3://web", "", "s3://web/x"),
            ("s3://web/", "", "s3://web/x"),
            ("s3://web/a/b/", "a/b", "s3://web/a/b/x"),
        ] {
            let place = Place::prefix(text).expect(text);
            assert_eq!(place.key, key);
            assert_eq!(place.below("x").to_string(), below);
        }
        assert_eq!(
            Place::prefix("s3://web").expect("a place").location(),
            "web"
        );
        assert_eq!(
            Place::object("s3://web/x")
                .expect("a place")
                .beside("y")
                .to_string(),
            "s3://web/y"
        );
    }
}
