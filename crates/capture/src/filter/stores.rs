//! Stores of keys and certificates under a password. Those with certificates only are what programs
//! trust, and systems do not work without them.

use super::keys::{has_extension, inner};

/// Object identifiers of bags that hold a key: keyBag, pkcs8ShroudedKeyBag and secretBag (RFC 7292,
/// 4.2). Bags of keys stand in the open, what is in them is encrypted; those of certificates are
/// encrypted as a whole.
const KEY_BAGS: [&[u8]; 3] = [
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x05",
];

/// Does it hold private keys under a password, or may it? `is_whole`: it has no more than its head.
pub(super) fn is_store(name: &[u8], head: &[u8], is_whole: bool) -> bool {
    let named = has_extension(
        name,
        &[
            "p12",
            "pfx",
            "pkcs12",
            "jks",
            "ks",
            "keystore",
            "truststore",
        ],
    );
    named && pkcs12_has_key(head, is_whole) || java_store_has_key(head)
}

/// PKCS#12 is a sequence that begins with version 3 (RFC 7292, 4). Of what is in parts (BER), or larger
/// than what is seen, it is not known.
fn pkcs12_has_key(head: &[u8], is_whole: bool) -> bool {
    if matches!(head, [0x30, 0x80, 2, 1, 3, ..]) {
        return true;
    }
    let has = |bag: &&[u8]| memchr::memmem::find(head, bag).is_some();
    matches!(inner(head), Some([2, 1, 3, 0x30, ..])) && (!is_whole || KEY_BAGS.iter().any(has))
}

/// Is there a private or secret key in a store of Java (JKS, JCEKS)? Those with certificates only are
/// what programs trust. What cannot be followed counts as a key.
fn java_store_has_key(head: &[u8]) -> bool {
    let Some(mut rest) = head
        .strip_prefix(b"\xfe\xed\xfe\xed")
        .or_else(|| head.strip_prefix(b"\xce\xce\xce\xce"))
    else {
        return false;
    };
    let Some(count) = rest.get(4..8).and_then(be32) else {
        return true;
    };
    rest = &rest[8..];
    for _ in 0..count {
        let Some(2) = rest.get(..4).and_then(be32) else {
            // Beyond what is looked at more certificates follow certificates.
            return rest.len() >= 4;
        };
        match after_certificate(&rest[4..]) {
            Some(next) => rest = next,
            None => return false,
        }
    }
    false
}

/// Skips an alias, a date, a type and a certificate.
fn after_certificate(entry: &[u8]) -> Option<&[u8]> {
    let alias = entry.get(..2).and_then(be16)?;
    let rest = entry.get(2 + alias + 8..)?;
    let kind = rest.get(..2).and_then(be16)?;
    let rest = rest.get(2 + kind..)?;
    let length = rest.get(..4).and_then(be32)?;
    rest.get(4 + usize::try_from(length).ok()?..)
}

fn be32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

fn be16(bytes: &[u8]) -> Option<usize> {
    Some(u16::from_be_bytes(bytes.try_into().ok()?).into())
}
