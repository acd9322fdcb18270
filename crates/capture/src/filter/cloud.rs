//! Keys of cloud accounts, tokens and passwords, told by what stands before them.

use std::sync::LazyLock;

use memchr::memmem::{Finder, find};

/// Files that may hold a secret or not, and what tells. A name with a slash is the end of a path.
const SECRET_LINES: [(&[u8], &[&[u8]]); 9] = [
    (b".npmrc", &[b"_authToken", b"_auth", b"_password"]),
    (b".yarnrc.yml", &[b"npmAuthToken", b"npmAuthIdent"]),
    (b".pypirc", &[b"password", b"token"]),
    (b".docker/config.json", &[b"\"auth\"", b"\"identitytoken\""]),
    (b".my.cnf", &[b"password"]),
    (b".wgetrc", &[b"password"]),
    (b".curlrc", &[b"user", b"oauth2-bearer"]),
    (b".m2/settings.xml", &[b"<password>"]),
    (b"pip.conf", &[b"@"]),
];

/// What names the secret half of an AWS key, in lower case without `_` and `-`: the AWS tools' files
/// and variables, their JSON, the classic credential file, s3cmd.
const SECRET_NAMES: [&str; 6] = [
    "awssecretaccesskey",
    "awssecretkey",
    "secretaccesskey",
    "ec2secretkey",
    "secretkey",
    "s3secretkey",
];
/// A secret access key has this many characters.
const SECRET_LENGTH: usize = 40;

/// Does it hold keys or passwords?
pub(super) fn holds_credentials(path: &[u8], name: &[u8], head: &[u8]) -> bool {
    holds_secret_line(path, name, head) || holds_aws_key(head) || holds_kubernetes_key(head)
}

fn holds_secret_line(path: &[u8], name: &[u8], head: &[u8]) -> bool {
    let matches = |known: &[u8]| match known.contains(&b'/') {
        true => path.ends_with(known),
        false => name == known,
    };
    SECRET_LINES
        .iter()
        .filter(|(known, _)| matches(known))
        .any(|(_, words)| words.iter().any(|word| find(head, word).is_some()))
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
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
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
    const BETWEEN: usize = 12;
    let after_name = &head[at + head[at..].iter().take_while(|b| is_name(**b)).count()..];
    let between = after_name
        .iter()
        .take(BETWEEN)
        .take_while(|byte| {
            byte.is_ascii_whitespace()
                || matches!(byte, b'=' | b':' | b'"' | b'\'' | b'>' | b'\\' | b',')
        })
        .count();
    let value = &after_name[between..];
    let length = value
        .iter()
        .take(SECRET_LENGTH + 1)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        .count();
    between > 0 && length == SECRET_LENGTH && !value[..length].ends_with(b"EXAMPLEKEY")
}
