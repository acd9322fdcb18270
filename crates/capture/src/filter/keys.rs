//! Private keys, told by their formats.

mod others;
mod wireguard;

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Does a text hold a private key?
pub(super) fn holds_private_text(head: &[u8]) -> bool {
    static KEY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("PRIVATE KEY"));
    KEY.find_iter(head).any(|at| is_armor(head, at))
        || others::holds_key(head)
        || wireguard::holds_key(head)
}

/// Does a text block of a private key surround the words `PRIVATE KEY` at this place?
///
/// The formats: RFC 7468 and 1421 (`-----BEGIN RSA PRIVATE KEY-----`), OpenSSH's PROTOCOL.key, RFC 9580
/// (`PGP PRIVATE KEY BLOCK`), and SSH2's with four hyphens and blanks. Text about keys has the words
/// too, so a key must follow: base64, if need be after headers. Within JSON and shell words line ends
/// are written as `\n`.
fn is_armor(text: &[u8], at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let Some(begin) = memchr::memmem::rfind(before, b"BEGIN ") else {
        return false;
    };
    let between = &before[begin + 6..];
    let hyphens = before[..begin].trim_ascii_end().ends_with(b"----");
    let plain = between.len() <= 32 && between.iter().all(|byte| is_kind(*byte));
    if !hyphens || !plain {
        return false;
    }
    let after = &after[b"PRIVATE KEY".len()..];
    let after = after.strip_prefix(b" BLOCK").unwrap_or(after);
    let Some(rest) = after.trim_ascii_start().strip_prefix(b"----") else {
        return false;
    };
    holds_base64(rest.strip_prefix(b"-").unwrap_or(rest))
}

fn is_kind(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

/// Is there a line of base64 after at most some lines of headers?
pub(super) fn holds_base64(text: &[u8]) -> bool {
    const LINES: usize = 12;
    const LEAST: usize = 16;
    let text = &text[..text.len().min(2048)];
    let mut rest = text;
    for _ in 0..LINES {
        rest = skip_line_end(rest);
        let word = rest.iter().take_while(|byte| is_base64(**byte)).count();
        if word >= LEAST {
            return true;
        }
        // A header: to the end of its line, written out or not.
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\\'))
            .unwrap_or(rest.len());
        if rest[..end].starts_with(b"----") || end == rest.len() {
            return false;
        }
        rest = &rest[end..];
    }
    false
}

/// Skips line ends, as they are and as `\n`, and what indents or quotes lines.
fn skip_line_end(mut text: &[u8]) -> &[u8] {
    loop {
        text = match text {
            [b'\\', b'n' | b'r' | b't', rest @ ..] => rest,
            [b'\\' | b'"' | b'\'' | b'+' | b',' | b'>' | b'|', rest @ ..] => rest,
            [first, rest @ ..] if first.is_ascii_whitespace() => rest,
            _ => return text,
        };
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Is it a private key in a format of its own?
pub(super) fn is_private(name: &[u8], head: &[u8]) -> bool {
    head.starts_with(b"PuTTY-User-Key-File-")
        || head.starts_with(b"SSH PRIVATE KEY FILE FORMAT 1.")
        || others::is_key(name, head)
        || wireguard::is_key(name, head)
        || is_openpgp(name, head)
        || is_der(name, head)
        || is_keytab(name, head)
        || is_jwk(head)
}

/// A secret key in OpenPGP's binary form: a packet with tag 5 comes first (RFC 9580, 4.2).
fn is_openpgp(name: &[u8], head: &[u8]) -> bool {
    let named = has_extension(name, &["gpg", "pgp", "key", "asc", "sec", "priv"]);
    named && matches!(head, [0x94..=0x97 | 0xc5, _, ..])
}

/// A private key in DER: a sequence that begins with version 0 (PKCS#1, PKCS#8) or 1 (RFC 5915), or
/// an encrypted one, which begins with the name of PBES2 (RFC 8018).
fn is_der(name: &[u8], head: &[u8]) -> bool {
    let named = has_extension(name, &["key", "der", "pk8", "p8", "priv", "pkcs8"]);
    let Some(body) = inner(head).filter(|_| named) else {
        return false;
    };
    match body {
        [2, 1, 0, 0x30 | 2, ..] | [2, 1, 1, 4, ..] | [2, 1, 1, 0x30, ..] => true,
        [0x30, _, 6, 9, rest @ ..] => rest.starts_with(b"\x2a\x86\x48\x86\xf7\x0d\x01\x05"),
        _ => false,
    }
}

/// What is in a DER sequence.
pub(super) fn inner(head: &[u8]) -> Option<&[u8]> {
    match head {
        [0x30, 0x82, _, _, body @ ..] | [0x30, 0x81, _, body @ ..] => Some(body),
        [0x30, 0x83, _, _, _, body @ ..] => Some(body),
        [0x30, length, body @ ..] if *length < 0x80 => Some(body),
        _ => None,
    }
}

/// Keys of Kerberos (MIT's keytab file format).
fn is_keytab(name: &[u8], head: &[u8]) -> bool {
    has_extension(name, &["keytab"]) && matches!(head, [5, 1 | 2, ..])
}

/// A private key as JSON (RFC 7517): `"kty"` and a private exponent or secret `"d"`.
fn is_jwk(head: &[u8]) -> bool {
    if !head.trim_ascii_start().starts_with(b"{") || head.len() > 64 << 10 {
        return false;
    }
    let has = |word: &[u8]| memchr::memmem::find(head, word).is_some();
    has(b"\"kty\"") && has(b"\"d\"")
}

pub(super) fn has_extension(name: &[u8], extensions: &[&str]) -> bool {
    let mut parts = name.rsplit(|byte| *byte == b'.');
    parts.next().is_some_and(|last| {
        extensions
            .iter()
            .any(|known| known.as_bytes().eq_ignore_ascii_case(last))
    }) && parts.next().is_some()
}
