//! Where packages have keys that are everybody's: examples, and what tests and libraries need.

use crate::mounts::below;

/// Where packages have what they ship.
const SHIPPED: [&[u8]; 8] = [
    b"usr", b"bin", b"sbin", b"lib", b"lib32", b"lib64", b"libx32", b"boot",
];

/// Directories of documents and tests there, at any depth.
const EXAMPLES: [&[u8]; 16] = [
    b"doc",
    b"docs",
    b"man",
    b"info",
    b"help",
    b"example",
    b"examples",
    b"sample",
    b"samples",
    b"sample-keys",
    b"demos",
    b"test",
    b"tests",
    b"testing",
    b"testdata",
    b"fixtures",
];

/// Directories of languages and their libraries, right in `lib` and `share` or one deeper
/// (`lib/x86_64-linux-gnu/perl5`), often with a version behind the name; and of packages whose keys
/// are meant for everybody.
const LIBRARIES: [&str; 15] = [
    "python",
    "pypy",
    "perl",
    "ruby",
    "rubygems",
    "rubygems-integration",
    "go",
    "golang",
    "nodejs",
    "php",
    "erlang",
    "rustlib",
    "vagrant",
    "ovmf",
    "OVMF",
];

/// Where the package managers of languages have what they install, at any depth.
const INSTALLED: [&[u8]; 4] = [b"site-packages", b"dist-packages", b"node_modules", b"gems"];

/// Is it in a place of packages?
pub(super) fn is_shipped(path: &[u8]) -> bool {
    let top = path.split(|byte| *byte == b'/').next().unwrap_or_default();
    SHIPPED.contains(&top) && below(path, b"usr/local").is_none()
}

/// Is it where a package has keys as examples?
pub(crate) fn holds_examples(path: &[u8]) -> bool {
    if !is_shipped(path) {
        return false;
    }
    let mut parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    // The last is the file's own name.
    parts.pop();
    let below_lib = 1 + usize::from(parts.first() == Some(&&b"usr"[..]));
    let mut libraries = parts.iter().skip(below_lib);
    let mut library = libraries.next();
    if library.is_some_and(|part| memchr::memmem::find(part, b"-linux-").is_some()) {
        library = libraries.next();
    }
    parts.iter().any(|part| EXAMPLES.contains(part))
        || parts.iter().any(|part| INSTALLED.contains(part))
        || library.is_some_and(|part| is_library(part))
}

/// `perl5`, `python3.12`, `go-1.22`, `php`
fn is_library(part: &[u8]) -> bool {
    let is_version = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-');
    LIBRARIES.iter().any(|known| {
        let version = part.strip_prefix(known.as_bytes());
        version.is_some_and(|version| version.iter().all(is_version))
    })
}

/// Is it not to be judged by what it contains?
pub(crate) fn is_installed(path: &[u8]) -> bool {
    let mut parts = path.split(|byte| *byte == b'/');
    holds_examples(path) || parts.any(|part| INSTALLED.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::holds_examples;

    #[test]
    fn examples_are_where_packages_have_them() {
        for path in [
            "usr/lib/python3.12/test/certdata/keycert.pem",
            "usr/lib64/python3.9/x.pem",
            "usr/lib/x86_64-linux-gnu/perl5/5.38/x.key",
            "usr/share/perl5/Mojo/IOLoop/resources/server.key",
            "usr/share/doc/openvpn/sample-keys/ta.key",
            "usr/lib/go-1.22/src/crypto/tls/testdata/x.pem",
            "usr/share/ovmf/PkKek-1-snakeoil.key",
            "usr/share/nodejs/x/key.pem",
            "lib/python3/x.pem",
            "usr/share/any/tests/x.pem",
        ] {
            assert!(holds_examples(path.as_bytes()), "{path}");
        }
        for path in [
            "usr/share/tomcat/.ssh/id_rsa",
            "usr/share/app/key.pem",
            "usr/share/python-app/key.pem",
            "usr/share/phpmyadmin/key.pem",
            "usr/share/app/python/key.pem",
            "usr/lib/python",
            "usr/local/share/doc/key.pem",
            "srv/tests/key.pem",
            "usr/src/linux/certs/signing_key.pem",
        ] {
            assert!(!holds_examples(path.as_bytes()), "{path}");
        }
    }
}
