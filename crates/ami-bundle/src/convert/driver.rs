//! Whether a disk has a driver of the Elastic Network Adapter, told while the disk passes by: it is never
//! there as a whole, so its files cannot be looked up.
//!
//! Linux writes the paths of all of a kernel's modules into `modules.dep`, and of what is built into it
//! into `modules.builtin` (depmod(8)), as plain text. Whoever compresses the file system hides them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ami_registration::Driver;
use memchr::memmem::Finder;

/// How the path of the module ends, wherever distributions put it; `.xz`, `.gz` or `.zst` may follow.
const MODULE: &[u8] = b"/ena.ko";

/// Looks for the driver in what passes by.
pub(super) struct Watch {
    finder: Finder<'static>,
    /// The end of what has passed, shorter than what is looked for.
    tail: Vec<u8>,
    seen: Driver,
}

impl Watch {
    /// With the flag that it sets.
    pub(super) fn new() -> (Self, Driver) {
        let seen: Driver = Arc::new(AtomicBool::new(false));
        let watch = Self {
            finder: Finder::new(MODULE),
            tail: Vec::new(),
            seen: Arc::clone(&seen),
        };
        (watch, seen)
    }

    /// These bytes follow those before.
    pub(super) fn data(&mut self, bytes: &[u8]) {
        if self.seen.load(Ordering::Relaxed) {
            return;
        }
        let most = MODULE.len() - 1;
        self.tail.extend(&bytes[..bytes.len().min(most)]);
        let is_there = |bytes: &[u8]| self.finder.find(bytes).is_some();
        if is_there(&self.tail) || is_there(bytes) {
            self.seen.store(true, Ordering::Release);
        }
        if bytes.len() >= most {
            self.tail.clear();
            self.tail.extend(&bytes[bytes.len() - most..]);
        } else {
            self.tail.drain(..self.tail.len().saturating_sub(most));
        }
    }

    /// Zeros follow.
    pub(super) fn hole(&mut self) {
        self.tail.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::Watch;
    use std::sync::atomic::Ordering;

    fn told(pieces: &[&str]) -> bool {
        let (mut watch, seen) = Watch::new();
        for piece in pieces {
            match piece.is_empty() {
                true => watch.hole(),
                false => watch.data(piece.as_bytes()),
            }
        }
        seen.load(Ordering::Acquire)
    }

    #[test]
    fn the_path_of_the_module_tells_wherever_it_is_cut() {
        let line = "kernel/drivers/net/ethernet/amazon/ena/ena.ko.xz: kernel/x.ko";
        assert!(told(&[line]));
        for at in 1..line.len() {
            assert!(told(&[&line[..at], &line[at..]]), "{at}");
        }
        let letters: Vec<String> = line.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(|letter| &**letter).collect();
        assert!(told(&letters));
    }

    #[test]
    fn what_is_not_the_module_does_not() {
        for pieces in [
            &["kernel/drivers/net/athena.ko: x/ena.k"][..],
            &["a/ena", "", ".ko"],
            &["a/ena", "x", ".ko"],
            &[],
        ] {
            assert!(!told(pieces), "{pieces:?}");
        }
    }
}
