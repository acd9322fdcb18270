//! Bundles that the format's own writer does not make.

use std::path::Path;

use ami_bundle_format::manifest::{ImageElement, Part};
use ami_bundle_format::{Certificate, ContentKey, Manifest, Sha1, keys::Recipients};

use super::{Desk, hex, sh};

/// The name of its manifest.
pub const MANIFEST: &str = "x.manifest.xml";

/// A bundle of one part, whose key is right, and whose part holds this gzip stream. `tar` is what its
/// digest is of.
pub fn of_stream(desk: &Desk, stream: &Path, tar: &[u8], size: u64) {
    let key = ContentKey::random().expect("random numbers");
    let secret = key.secret_bytes();
    let line = format!(
        "openssl enc -aes-128-cbc -K {} -iv {} -in \"$1\" -out \"$2\"",
        hex(&secret[..16]),
        hex(&secret[16..])
    );
    sh(&line, &[stream, &desk.path("x.part.0")]);
    let part = desk.read("x.part.0");
    let mut manifest = Manifest {
        version: "2007-10-10".into(),
        image: ImageElement {
            name: "x".into(),
            user: "111122223333".into(),
            digest: Sha1::of(tar),
            size,
            bundled_size: part.len() as u64,
            parts: vec![Part {
                file_name: "x.part.0".into(),
                digest: Sha1::of(&part),
            }],
            ..ImageElement::default()
        },
        ..Manifest::default()
    };
    let user = Certificate::parse(&desk.read("cert.pem")).expect("a certificate");
    let recipients = Recipients {
        ec2: Some(&user),
        user: Some(&user),
    };
    manifest.set_key(&key, recipients).expect("it is encrypted");
    desk.write(MANIFEST, manifest.to_unsigned_xml().as_bytes());
}
