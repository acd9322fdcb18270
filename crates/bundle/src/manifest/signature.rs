//! Verifies the signature of a manifest's bytes as they stand in its file.
//!
//! Writers differ in quotes and in the order of elements, so the signed bytes are cut out of the
//! file: from the first start tag of an element to the first end tag after it.

use super::{Manifest, Signature};
use crate::{Certificate, Error};

/// Checks that the owner of `certificate` signed `bytes`, a manifest's file. The version, the
/// bundler and the declaration are not covered by the format's signature.
///
/// # Errors
///
/// When it is not a manifest, has no signature, or another one. What was signed is compared with
/// what [`Manifest::parse`] would read: a manifest that hides a second element from one of the two is
/// refused.
pub fn verify(bytes: &[u8], certificate: &Certificate) -> Result<Manifest, Error> {
    let manifest = Manifest::parse(bytes)?;
    let Signature::Bytes(signature) = &manifest.signature else {
        return Err(Error::Signature("is not signed"));
    };
    let machine = element(bytes, "machine_configuration").unwrap_or_default();
    let image = element(bytes, "image").ok_or(Error::Signature(
        "has no element image in so many words, so nothing is signed",
    ))?;
    if !reads_the_same(&manifest, machine, image) {
        return Err(Error::Signature(
            "has its signed elements in a form that cannot be verified",
        ));
    }
    if certificate.verifies(&[machine, image].concat(), signature) {
        Ok(manifest)
    } else {
        Err(Error::Signature(
            "was not signed by the owner of this certificate, or changed since",
        ))
    }
}

/// Whether the bytes that were cut out say what the parser read. A comment could hold a signed
/// element while another one counts.
fn reads_the_same(manifest: &Manifest, machine: &[u8], image: &[u8]) -> bool {
    let alone = [b"<manifest>", machine, image, b"</manifest>"].concat();
    Manifest::parse(&alone).is_ok_and(|alone| {
        alone.image == manifest.image
            && alone.architecture == manifest.architecture
            && alone.mappings == manifest.mappings
            && alone.kernel == manifest.kernel
            && alone.ramdisk == manifest.ramdisk
            && alone.product_codes == manifest.product_codes
    })
}

fn element<'a>(bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let start = find(bytes, &format!("<{name}>"))?;
    let end_tag = format!("</{name}>");
    let length = find(&bytes[start..], &end_tag)? + end_tag.len();
    Some(&bytes[start..start + length])
}

fn find(bytes: &[u8], text: &str) -> Option<usize> {
    bytes
        .windows(text.len())
        .position(|window| window == text.as_bytes())
}
