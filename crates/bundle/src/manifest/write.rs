//! Writes a manifest in the one form that every reader and verifier takes.
//!
//! The order of elements is that of the tools that began this format, and so are the single quotes
//! around attributes: their verifier writes what it read once more before it verifies, with single
//! quotes, and finds any other signature wrong. EC2 wants `type` directly after `user`.

use super::{ImageElement, Manifest};
use crate::digest::to_hex;

/// The whole file, with `signature` as its last element if there is one. No line ends in it.
pub(super) fn manifest(manifest: &Manifest, signature: Option<&str>) -> String {
    let mut out = String::from("<?xml version='1.0'?><manifest>");
    text(&mut out, "version", &manifest.version);
    let bundler = &manifest.bundler;
    out.push_str("<bundler>");
    text(&mut out, "name", &bundler.name);
    text(&mut out, "version", &bundler.version);
    text(&mut out, "release", &bundler.release);
    out.push_str("</bundler>");
    signed(&mut out, manifest);
    if let Some(signature) = signature {
        text(&mut out, "signature", signature);
    }
    out.push_str("</manifest>");
    out
}

/// The bytes that the signature is over: two elements, one directly after the other.
pub(super) fn signed_bytes(manifest: &Manifest) -> Vec<u8> {
    let mut out = String::new();
    signed(&mut out, manifest);
    out.into_bytes()
}

fn signed(out: &mut String, manifest: &Manifest) {
    machine(out, manifest);
    image(out, &manifest.image);
}

fn machine(out: &mut String, manifest: &Manifest) {
    out.push_str("<machine_configuration>");
    maybe(out, "architecture", manifest.architecture.as_deref());
    let mut mappings: Vec<_> = manifest.mappings.iter().collect();
    mappings.sort();
    list(out, "block_device_mapping", &mappings, |out, mapping| {
        out.push_str("<mapping>");
        text(out, "virtual", &mapping.virtual_name);
        text(out, "device", &mapping.device);
        out.push_str("</mapping>");
    });
    maybe(out, "kernel_id", manifest.kernel.as_deref());
    maybe(out, "ramdisk_id", manifest.ramdisk.as_deref());
    list(
        out,
        "product_codes",
        &manifest.product_codes,
        |out, code| {
            text(out, "product_code", code);
        },
    );
    out.push_str("</machine_configuration>");
}

fn image(out: &mut String, image: &ImageElement) {
    out.push_str("<image>");
    text(out, "name", &image.name);
    text(out, "user", &image.user);
    text(out, "type", &image.kind);
    maybe(out, "kernel_name", image.kernel_name.as_deref());
    list(out, "ancestry", &image.ancestors, |out, ancestor| {
        text(out, "ancestor_ami_id", ancestor);
    });
    with_attribute(out, "digest", "algorithm='SHA1'", &image.digest.to_string());
    text(out, "size", &image.size.to_string());
    text(out, "bundled_size", &image.bundled_size.to_string());
    let (keys, algorithm) = (&image.keys, "algorithm='AES-128-CBC'");
    with_attribute(out, "ec2_encrypted_key", algorithm, &hex(&keys.ec2_key));
    with_attribute(out, "user_encrypted_key", algorithm, &hex(&keys.user_key));
    text(out, "ec2_encrypted_iv", &hex(&keys.ec2_iv));
    text(out, "user_encrypted_iv", &hex(&keys.user_iv));
    parts(out, image);
    out.push_str("</image>");
}

fn parts(out: &mut String, image: &ImageElement) {
    out.push_str(&format!("<parts count='{}'>", image.parts.len()));
    for (index, part) in image.parts.iter().enumerate() {
        out.push_str(&format!("<part index='{index}'>"));
        text(out, "filename", &part.file_name);
        with_attribute(out, "digest", "algorithm='SHA1'", &part.digest.to_string());
        out.push_str("</part>");
    }
    out.push_str("</parts>");
}

/// EC2 refuses a manifest in which one of the four encrypted elements is missing, so an absent one
/// is written empty.
fn hex(bytes: &Option<Vec<u8>>) -> String {
    bytes.as_deref().map(to_hex).unwrap_or_default()
}

fn list<T>(out: &mut String, name: &str, items: &[T], each: impl Fn(&mut String, &T)) {
    if items.is_empty() {
        return;
    }
    out.push_str(&format!("<{name}>"));
    for item in items {
        each(out, item);
    }
    out.push_str(&format!("</{name}>"));
}

fn maybe(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        text(out, name, value);
    }
}

fn text(out: &mut String, name: &str, value: &str) {
    out.push_str(&format!("<{name}>"));
    escape(out, value);
    out.push_str(&format!("</{name}>"));
}

fn with_attribute(out: &mut String, name: &str, attribute: &str, value: &str) {
    out.push_str(&format!("<{name} {attribute}>"));
    escape(out, value);
    out.push_str(&format!("</{name}>"));
}

/// A text as it stands in a manifest.
pub(super) fn escaped(value: &str) -> String {
    let mut out = String::new();
    escape(&mut out, value);
    out
}

fn escape(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
}
