//! Keys of cloud accounts, told by what stands before them.

use std::sync::LazyLock;

use memchr::memmem::{Finder, find};

/// How the names of the secret half of an AWS key end, in lower case without `_`, `-` and dots: those of
/// the AWS tools' files and variables, of their JSON, the classic credential file, s3cmd, Hadoop
/// (`fs.s3a.secret.key`).
const SECRET_NAMES: [&str; 4] = ["secretaccesskey", "secretkey", "awssecret", "s3secret"];
/// A secret access key has this many characters.
const SECRET_LENGTH: usize = 40;

/// Does it hold the key of an account?
pub(super) fn holds_key(head: &[u8]) -> bool {
    holds_aws_key(head) || holds_kubernetes_key(head)
}

/// A client's key in a configuration of kubectl, which is PEM in base64.
fn holds_kubernetes_key(head: &[u8]) -> bool {
    static KEY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("client-key-data"));
    KEY.find(head).is_some_and(|at| {
        let rest = &head[at + b"client-key-data".len()..];
        find(&rest[..rest.len().min(16)], b"LS0tLS1C").is_some()
    })
}

/// Is there a name of the secret half of an AWS key with a key behind it? Names alone are in many
/// scripts and documents, as are the examples of AWS, which end in EXAMPLEKEY.
fn holds_aws_key(head: &[u8]) -> bool {
    static LOWER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("ecret"));
    static UPPER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("ECRET"));
    let mut places = LOWER.find_iter(head).chain(UPPER.find_iter(head));
    places.any(|at| names_key(head, at) && key_follows(head, at))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn names_key(head: &[u8], at: usize) -> bool {
    let left = head[..at]
        .iter()
        .rev()
        .take_while(|b| is_name(**b))
        .take(64);
    let start = at - left.count();
    let right = head[at..].iter().take_while(|b| is_name(**b)).take(64);
    let name: String = head[start..at + right.count()]
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    SECRET_NAMES.iter().any(|known| name.ends_with(known))
}

fn key_follows(head: &[u8], at: usize) -> bool {
    let after_name = &head[at + head[at..].iter().take_while(|b| is_name(**b)).count()..];
    let value = skip_between(after_name);
    let length = value
        .iter()
        .take(SECRET_LENGTH + 1)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        .count();
    value.len() < after_name.len()
        && length == SECRET_LENGTH
        && !value[..length].ends_with(b"EXAMPLEKEY")
}

/// Skips what stands between a name and its value: some signs, and the tags of XML.
fn skip_between(text: &[u8]) -> &[u8] {
    const SIGNS: usize = 12;
    const TAG: usize = 32;
    let (mut rest, mut signs) = (text, 0);
    loop {
        rest = match rest {
            [b'<', after @ ..] => {
                let tag = &after[..after.len().min(TAG)];
                match tag.iter().position(|byte| *byte == b'>') {
                    Some(end) => after[end + 1..].trim_ascii_start(),
                    None => return rest,
                }
            }
            [first, after @ ..] if signs < SIGNS && is_between(*first) => {
                signs += 1;
                after
            }
            _ => return rest,
        };
    }
}

fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'=' | b':' | b'"' | b'\'' | b'>' | b'\\' | b',')
}
