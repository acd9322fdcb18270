//! Keys of WireGuard: 32 bytes in base64, which are told from others by what stands before them.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// How many letters a key has, of which the last is `=`.
const LENGTH: usize = 44;

/// Does it give a private key, as `PrivateKey = …` of wg(8) and systemd.netdev(5) or `private-key=…`
/// of NetworkManager?
pub(super) fn holds_key(head: &[u8]) -> bool {
    static NAMES: LazyLock<[Finder<'static>; 4]> = LazyLock::new(|| {
        ["PrivateKey", "private-key", "PresharedKey", "preshared-key"].map(Finder::new)
    });
    NAMES.iter().any(|name| {
        name.find_iter(head).any(|at| {
            let rest = head[at + name.needle().len()..].trim_ascii_start();
            rest.strip_prefix(b"=")
                .is_some_and(|value| is_value(value.trim_ascii_start()))
        })
    })
}

/// Is it nothing but a key, as `wg genkey` prints it? Public ones look the same: the name tells.
pub(super) fn is_key(name: &[u8], head: &[u8]) -> bool {
    let says = |word: &str| memchr::memmem::find(name, word.as_bytes()).is_some();
    let named = says("priv") || says("psk") || name.ends_with(b".key");
    named && !says("pub") && head.trim_ascii().len() == LENGTH && is_value(head)
}

fn is_value(text: &[u8]) -> bool {
    let is_letter = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let letters = text.iter().take_while(is_letter).count();
    let after = text.get(LENGTH);
    letters == LENGTH - 1
        && text.get(letters) == Some(&b'=')
        && after.is_none_or(u8::is_ascii_whitespace)
}
