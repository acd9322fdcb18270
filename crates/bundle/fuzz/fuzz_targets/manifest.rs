//! Whatever the bytes, a manifest is read or refused; what was read is written and read the same.
#![no_main]

use ami_bundle_format::{Manifest, manifest::Signature};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut manifest) = Manifest::parse(bytes) else {
        return;
    };
    // Written in their order, and without the signature.
    manifest.mappings.sort();
    manifest.signature = Signature::Missing;
    let Ok(again) = Manifest::parse(manifest.to_xml().as_bytes()) else {
        panic!("what was read cannot be read again");
    };
    assert_eq!(again, manifest);
});
