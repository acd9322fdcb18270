//! Private keys in formats that one program has for itself.

use std::sync::LazyLock;

use memchr::memmem::{Finder, find};

use super::{has_extension, holds_base64};

/// How files begin that are a private key: BIND (dnssec-keygen), Tor, BorgBackup, GnuPG's agent.
const BEGINNINGS: [&[u8]; 8] = [
    b"Private-key-format:",
    b"== ed25519v1-secret:",
    b"== c25519v1-secret:",
    b"BORG_KEY ",
    b"BORG_KEY\n",
    b"(11:private-key",
    b"(21:protected-private-key",
    b"(20:shadowed-private-key",
];

/// Blocks that do not call themselves private: OpenVPN's (`--secret`, `--tls-crypt`, `--tls-crypt-v2`),
/// and the token of a tunnel of Cloudflare.
const BLOCKS: [&str; 4] = [
    "-----BEGIN OpenVPN Static key V1-----",
    "-----BEGIN OpenVPN tls-crypt-v2 client key-----",
    "-----BEGIN OpenVPN tls-crypt-v2 server key-----",
    "-----BEGIN ARGO TUNNEL TOKEN-----",
];

/// Is it such a key as a whole?
pub(super) fn is_key(name: &[u8], head: &[u8]) -> bool {
    BEGINNINGS.iter().any(|known| head.starts_with(known))
        || is_agent_key(head)
        || is_signing_key(head)
        || is_tsig(name, head)
}

/// Does it hold such a key, among other things?
pub(super) fn holds_key(head: &[u8]) -> bool {
    static BLOCK: LazyLock<[Finder<'static>; 4]> = LazyLock::new(|| BLOCKS.map(Finder::new));
    let block = |finder: &Finder<'_>| {
        let mut places = finder.find_iter(head);
        places.any(|at| holds_base64(&head[at + finder.needle().len()..]))
    };
    BLOCK.iter().any(block) || holds_age(head)
}

/// An identity of age, as sops and others use it: Bech32 in capital letters behind its prefix (age's
/// specification, "The X25519 recipient type"; later types have a further word in the prefix).
fn holds_age(head: &[u8]) -> bool {
    const LEAST: usize = 50;
    static KEY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("AGE-SECRET-KEY-"));
    KEY.find_iter(head).any(|at| {
        let rest = head[at + b"AGE-SECRET-KEY-".len()..].iter();
        let is_plain = |b: &&u8| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b'-';
        rest.take_while(is_plain).count() >= LEAST
    })
}

/// A key of gpg-agent in its extended format (GnuPG's agent/keyformat.txt): names and values, of which
/// one is the key.
fn is_agent_key(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n').take(12);
    head.len() < 64 << 10
        && lines.any(|line| {
            let key = line.strip_prefix(b"Key: (");
            key.is_some_and(|rest| find(&rest[..rest.len().min(40)], b"private-key").is_some())
        })
}

/// A key of signify or minisign: its first line says so.
fn is_signing_key(head: &[u8]) -> bool {
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let comment = first.strip_prefix(b"untrusted comment: ");
    comment.is_some_and(|text| find(text, b"secret key").is_some())
}

/// A key of rndc, or of updates of zones (TSIG), in a file of its own. Configurations that have one
/// among other things stay: a name server does not start without them.
fn is_tsig(name: &[u8], head: &[u8]) -> bool {
    let has = |word: &[u8]| find(head, word).is_some();
    has_extension(name, &["key"]) && head.len() < 4096 && has(b"algorithm") && has(b"secret")
}
