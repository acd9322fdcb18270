//! What a file contains.

use super::{cloud, keys, settings, stores};
use crate::Reason;

/// How much of a file is looked at. Keys and lists of them are smaller.
pub(crate) const HEAD: usize = 256 << 10;

/// Where the mark of a swap area is: at the end of a page, of one of these sizes (mkswap(8)).
const PAGES: [usize; 3] = [4 << 10, 16 << 10, 64 << 10];

/// Why a file is left out, if what it begins with tells.
pub(crate) fn by_content(path: &[u8], head: &[u8]) -> Option<Reason> {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    if head.starts_with(b"\x7fELF") {
        return is_core(head).then_some(Reason::CoreDump);
    }
    if is_swap(head) {
        return Some(Reason::Swap);
    }
    if head.starts_with(b"b0VIM ") {
        return Some(Reason::EditorSwap);
    }
    if stores::is_store(name, head, head.len() < HEAD) {
        return Some(Reason::KeyStore);
    }
    if keys::is_private(name, head) || keys::holds_private_text(head) {
        return Some(Reason::PrivateKey);
    }
    let credentials = settings::hold_secret(path, name, head) || cloud::holds_key(head);
    credentials.then_some(Reason::Credentials)
}

/// The memory of a program: ELF of type 4 (elf(5)).
fn is_core(head: &[u8]) -> bool {
    matches!(head.get(5..18), Some([1, .., 4, 0] | [2, .., 0, 4]))
}

fn is_swap(head: &[u8]) -> bool {
    PAGES.iter().any(|page| {
        let mark = head.get(page - 10..*page);
        mark == Some(b"SWAPSPACE2") || mark == Some(b"SWAP-SPACE")
    })
}
