//! What an image is made of, told by the shape of the word that names it.

use std::ffi::{OsStr, OsString};

use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::id::Kind;
use ami_core::reference::Reference;
use ami_registration::{Source, manifest_place};

/// Reads the only operand.
pub(crate) fn read(operands: &[OsString]) -> Result<Source, Error> {
    let word = only(
        operands,
        "a disk file, a snapshot, a bundle in S3, or '-' for standard input",
    )?;
    match word.to_str() {
        Some(text) => of_text(text).map_err(Error::usage),
        None => Ok(Source::Path(word.into())),
    }
}

fn of_text(text: &str) -> Result<Source, String> {
    let shown = escape(text);
    if text.is_empty() {
        return Err("SOURCE is empty".to_owned());
    }
    if text == "-" {
        return Ok(Source::Input);
    }
    if text.starts_with("arn:") {
        return Reference::parse(text, &[Kind::Snapshot]).map(Source::Snapshot);
    }
    if text.starts_with("snap-") && !text.contains('/') {
        return Reference::parse(text, &[Kind::Snapshot])
            .map(Source::Snapshot)
            .map_err(|why| format!("{why}; a file of that name is ./{shown}"));
    }
    if text.starts_with("s3://") {
        return manifest_place(text).map(Source::Bundle);
    }
    if let Some(instead) = text.parse::<Reference>().ok().and_then(instead) {
        return Err(format!(
            "'{shown}' is no source; {instead}; a file of that name is ./{shown}"
        ));
    }
    Ok(Source::Path(text.into()))
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ami_registration::Source;

    use super::of_text as read;

    #[test]
    fn sources_are_told_by_their_shape() {
        for text in [
            "snap-12345678",
            "snap-0123456789abcdef0@eu-west-1",
            "arn:aws:ec2:eu-west-1::snapshot/snap-12345678",
        ] {
            assert!(matches!(read(text), Ok(Source::Snapshot(_))), "{text}");
        }
        assert!(matches!(read("-"), Ok(Source::Input)));
        let bundle = "s3://web/a b/image.manifest.xml";
        assert!(matches!(read(bundle), Ok(Source::Bundle(place)) if place.to_string() == bundle));
        for path in [
            "disk.raw",
            "./snap-12345678",
            "/dev/nvme1n1",
            "ami-build.raw",
            "./-",
        ] {
            let read = read(path);
            assert!(
                matches!(read, Ok(Source::Path(its)) if its == Path::new(path)),
                "{path}"
            );
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
