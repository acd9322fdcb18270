//! A bundle that ec2-ami-tools 1.5.3 made: read by either key, verified, and written again.

mod support;

use std::{fs, os::unix::fs::MetadataExt, sync::atomic::AtomicBool};

use ami_bundle_format::{
    Error, Manifest,
    directory::{Existing, ImageFile, open_parts},
    manifest::{Signature, verify},
    unpack,
};
use sha2::Digest as _;
use support::{certificate, data, key};

const MANIFEST: &str = "ruby153/disk.img.manifest.xml";
const IMAGE_SHA256: &str = "66815398a4b483d7c898bbc0a5eec6b9b51b1e1bbc70d4898af0144e71fd87a8";

fn file() -> Vec<u8> {
    fs::read(data(MANIFEST)).expect("the fixture is there")
}

#[test]
fn unbundles_to_its_image_with_either_key() {
    let manifest = Manifest::parse(&file()).expect("a manifest");
    for who in ["user", "fake-ec2"] {
        let content = manifest.content_key(&key(who)).expect(who);
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("disk.img");
        let mut sink = ImageFile::create(&path, Existing::Refuse).expect("a file");
        let mut source = open_parts(&data("ruby153"));
        let stop = AtomicBool::new(false);
        unpack(&manifest, &content, &mut source, &stop, &mut sink).expect(who);
        assert!(!path.exists(), "it has its name only when it is finished");
        sink.finish().expect("a name");
        let bytes = fs::read(&path).expect("the image");
        let digest = ami_bundle_format::digest::to_hex(&sha2::Sha256::digest(&bytes));
        assert_eq!(digest, IMAGE_SHA256);
        let metadata = fs::metadata(&path).expect("the image");
        assert!(
            metadata.blocks() * 512 < 1 << 20,
            "its holes are holes again"
        );
        assert_eq!(metadata.mode() & 0o777, 0o600);
    }
}

#[test]
fn its_signature_is_the_owners() {
    let bytes = file();
    verify(&bytes, &certificate("user")).expect("the owner signed it");
    let other = verify(&bytes, &certificate("fake-ec2")).expect_err("EC2 did not sign it");
    assert!(matches!(other, Error::Signature(_)), "{other}");
    let changed = String::from_utf8(bytes)
        .expect("text")
        .replace("aki-00000001", "aki-00000002");
    let changed = verify(changed.as_bytes(), &certificate("user")).expect_err("it was changed");
    assert!(matches!(changed, Error::Signature(_)), "{changed}");
}

#[test]
fn is_written_again_to_the_byte() {
    let bytes = file();
    let manifest = Manifest::parse(&bytes).expect("a manifest");
    assert!(matches!(manifest.signature, Signature::Bytes(_)));
    let again = manifest.to_signed_xml(&key("user")).expect("signed");
    assert_eq!(again, String::from_utf8(bytes).expect("text"));
}

#[test]
fn a_strangers_key_does_not_open_it() {
    let mut manifest = Manifest::parse(&file()).expect("a manifest");
    let keys = &mut manifest.image.keys;
    (keys.user_key, keys.user_iv) = (None, None);
    let refused = manifest
        .content_key(&key("user"))
        .err()
        .expect("EC2's alone is left");
    assert_eq!(
        refused.to_string(),
        "the bundle is not for this private key"
    );
    manifest.content_key(&key("fake-ec2")).expect("EC2's");
}
