//! What an image is made of, told by the shape of the word that names it.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::id::{Id, Kind};
use ami_core::reference::Reference;

/// What every manifest's name ends with (ec2-ami-tools).
const MANIFEST: &str = ".manifest.xml";
/// Names of buckets; those of old ones in us-east-1 may be longer than others and hold more letters
/// (S3 User Guide, "Bucket naming rules").
const BUCKET: std::ops::RangeInclusive<usize> = 3..=255;

/// What an image is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A snapshot that is there.
    Snapshot(Reference),
    /// A bundle in S3, by the place of its manifest, `BUCKET/PREFIX/NAME.manifest.xml`.
    Bundle(String),
    /// A disk on standard input.
    Input,
    /// A disk that has a path.
    Path(PathBuf),
}

impl Source {
    /// Reads the only operand.
    pub(crate) fn read(operands: &[OsString]) -> Result<Self, Error> {
        let word = only(
            operands,
            "a disk file, a snapshot, a bundle in S3, or '-' for standard input",
        )?;
        match word.to_str() {
            Some(text) => Self::of_text(text).map_err(Error::usage),
            None => Ok(Self::Path(word.into())),
        }
    }

    fn of_text(text: &str) -> Result<Self, String> {
        let shown = escape(text);
        if text.is_empty() {
            return Err("SOURCE is empty".to_owned());
        }
        if text == "-" {
            return Ok(Self::Input);
        }
        if text.starts_with("arn:") {
            return Reference::parse(text, &[Kind::Snapshot]).map(Self::Snapshot);
        }
        if text.starts_with("snap-") && !text.contains('/') {
            return Reference::parse(text, &[Kind::Snapshot])
                .map(Self::Snapshot)
                .map_err(|why| format!("{why}; a file of that name is ./{shown}"));
        }
        if let Some(place) = text.strip_prefix("s3://") {
            return bundle(place).map(Self::Bundle).map_err(|why| {
                format!("'{shown}' is no s3://BUCKET/PREFIX/NAME{MANIFEST}: {why}")
            });
        }
        if let Some(instead) = text.parse::<Reference>().ok().and_then(instead) {
            return Err(format!(
                "'{shown}' is no source; {instead}; a file of that name is ./{shown}"
            ));
        }
        Ok(Self::Path(text.into()))
    }
}

/// What is meant to be fetched: a snapshot or an image.
pub(crate) fn to_fetch(operands: &[OsString]) -> Result<Reference, Error> {
    let word = only(operands, "a snapshot or an image")?;
    Reference::parse(&word.to_string_lossy(), &[Kind::Snapshot, Kind::Image]).map_err(Error::usage)
}

fn only<'a>(operands: &'a [OsString], what: &str) -> Result<&'a OsStr, Error> {
    match operands {
        [word] => Ok(word),
        [] => Err(Error::usage(format!("name {what}"))),
        all => Err(Error::usage(format!(
            "one SOURCE is read, and {} are named",
            all.len()
        ))),
    }
}

/// Which tool is for what cannot be a source here.
fn instead(reference: Reference) -> Option<&'static str> {
    match reference.id.kind() {
        Kind::Image => Some("images are copied with ami-copy-image and ami-clone"),
        Kind::Instance => Some("images of instances are made with ami-create-image"),
        Kind::Volume => Some("make a snapshot of the volume and name that"),
        Kind::Snapshot => None,
    }
}

fn bundle(place: &str) -> Result<String, String> {
    let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
    if !BUCKET.contains(&bucket.len()) || !bucket.chars().all(plain) {
        return Err(format!("'{}' is no bucket", escape(bucket)));
    }
    let name = key.rsplit('/').next().unwrap_or_default();
    if name.len() <= MANIFEST.len() || !name.ends_with(MANIFEST) {
        return Err("a bundle is named by its manifest".to_owned());
    }
    if key.starts_with('/') || key.chars().any(char::is_control) {
        return Err("that is no key of an object".to_owned());
    }
    Ok(place.to_owned())
}

/// Reads `snap-ID`, `snap-ID@REGION` or an ARN.
pub(crate) fn snapshot(text: &str) -> Result<Reference, String> {
    Reference::parse(text, &[Kind::Snapshot])
}

/// Reads `ami-ID`, `ami-ID@REGION` or an ARN.
pub(crate) fn image(text: &str) -> Result<Reference, String> {
    Reference::parse(text, &[Kind::Image])
}

/// How a snapshot is deleted by hand.
pub(crate) fn removal(snapshot: &Id, region: &ami_core::region::Region) -> String {
    format!("aws ec2 delete-snapshot --region {region} --snapshot-id {snapshot}")
}

#[cfg(test)]
mod tests {
    use super::Source;

    fn read(text: &str) -> Result<Source, String> {
        Source::of_text(text)
    }

    #[test]
    fn sources_are_told_by_their_shape() {
        for text in [
            "snap-12345678",
            "snap-0123456789abcdef0@eu-west-1",
            "arn:aws:ec2:eu-west-1::snapshot/snap-12345678",
        ] {
            assert!(matches!(read(text), Ok(Source::Snapshot(_))), "{text}");
        }
        assert_eq!(read("-"), Ok(Source::Input));
        assert_eq!(
            read("s3://web/a b/image.manifest.xml"),
            Ok(Source::Bundle("web/a b/image.manifest.xml".to_owned()))
        );
        for path in [
            "disk.raw",
            "./snap-12345678",
            "/dev/nvme1n1",
            "ami-build.raw",
            "./-",
        ] {
            assert_eq!(read(path), Ok(Source::Path(path.into())));
        }
    }

    #[test]
    fn what_is_no_source_is_told_with_what_is() {
        for (text, why) in [
            ("", "is empty"),
            ("snap-build.raw", "a file of that name is ./snap-build.raw"),
            ("snap-123", "8 or 17 hexadecimal digits"),
            ("ami-12345678", "copied with ami-copy-image"),
            ("i-12345678@eu-west-1", "made with ami-create-image"),
            ("vol-12345678", "make a snapshot of the volume"),
            (
                "arn:aws:ec2:eu-west-1::image/ami-12345678",
                "of another kind",
            ),
            ("s3://web", "named by its manifest"),
            ("s3://web/image.tar", "named by its manifest"),
            ("s3://web/.manifest.xml", "named by its manifest"),
            ("s3://we b/image.manifest.xml", "is no bucket"),
            ("s3:///image.manifest.xml", "is no bucket"),
            ("s3://web//image.manifest.xml", "no key"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
