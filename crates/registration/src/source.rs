//! What an image is made of.

use std::path::PathBuf;

use ami_core::escape::escape;
use ami_core::id::{Id, Kind};
use ami_core::reference::Reference;
use ami_core::region::Region;
use ami_core::s3::Place;

use crate::given::Given;

/// What an image is made of.
#[derive(Debug)]
pub enum Source {
    /// A snapshot that is there.
    Snapshot(Reference),
    /// A bundle in S3, by its manifest.
    Bundle(Place),
    /// A disk on standard input.
    Input,
    /// A disk that has a path.
    Path(PathBuf),
    /// A disk that comes from another part of this program.
    Given(Given),
}

/// What every manifest's name ends with (ec2-ami-tools).
const MANIFEST: &str = ".manifest.xml";

/// Reads the place of a bundle: that of its manifest, `s3://BUCKET/PREFIX/NAME.manifest.xml`.
///
/// # Errors
/// Why it is none.
pub fn manifest_place(text: &str) -> Result<Place, String> {
    if !text.starts_with("s3://") {
        let shown = escape(text);
        return Err(format!("'{shown}' is no s3://BUCKET/PREFIX/NAME{MANIFEST}"));
    }
    let name = text.rsplit('/').next().unwrap_or_default();
    let place = match name.strip_suffix(MANIFEST) {
        None | Some("") => Err("a bundle is named by its manifest".to_owned()),
        Some(_) => Place::object(text),
    };
    place.map_err(|why| {
        format!(
            "'{}' is no s3://BUCKET/PREFIX/NAME{MANIFEST}: {why}",
            escape(text)
        )
    })
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
pub(crate) fn removal(snapshot: &Id, region: &Region) -> String {
    format!("aws ec2 delete-snapshot --region {region} --snapshot-id {snapshot}")
}

#[cfg(test)]
mod tests {
    use super::manifest_place;

    #[test]
    fn a_bundle_is_named_by_its_manifest() {
        let place = manifest_place("s3://web/a b/image.manifest.xml").expect("a place");
        assert_eq!(place.location(), "web/a b/image.manifest.xml");
        for (text, why) in [
            ("s3://web", "named by its manifest"),
            ("s3://web/image.tar", "named by its manifest"),
            ("s3://web/.manifest.xml", "named by its manifest"),
            ("web/image.manifest.xml", "is no s3://BUCKET"),
            ("s3://we b/image.manifest.xml", "is no bucket"),
            ("s3:///image.manifest.xml", "is no bucket"),
            ("s3://web//image.manifest.xml", "is no key"),
            ("s3://web/../image.manifest.xml", "is no key"),
        ] {
            let error = manifest_place(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
