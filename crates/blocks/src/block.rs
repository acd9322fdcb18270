//! Blocks, and what they add up to.

use std::fmt;

use sha2::{Digest as _, Sha256};

pub use ami_core::ebs::{BLOCK, BLOCKS_PER_GIB};

/// The largest volume, in GiB (EBS direct API reference, StartSnapshot, VolumeSize).
pub const LARGEST: u64 = 65_536;
/// Bytes in a GiB.
const GIB: u64 = 1 << 30;

/// The SHA-256 of a block's data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// That of some data.
    pub fn of(data: &[u8]) -> Self {
        Self(Sha256::digest(data).into())
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The SHA-256 over the digests of all blocks that were put, in the order of their indexes; EBS
/// calls it LINEAR (EBS direct API reference, CompleteSnapshot, ChecksumAggregationMethod).
pub fn linear<'a>(digests: impl IntoIterator<Item = &'a Digest>) -> [u8; 32] {
    let mut all = Sha256::new();
    for digest in digests {
        all.update(digest.0);
    }
    all.finalize().into()
}

/// Is there nothing but zeros?
pub fn is_zero(data: &[u8]) -> bool {
    // The first bytes of most blocks tell; the rest is compared with itself, one byte further on,
    // which the C library does as fast as memory is read.
    const HEAD: usize = 64;
    let head = &data[..data.len().min(HEAD)];
    head.iter().all(|byte| *byte == 0)
        && (data.len() <= HEAD || data[HEAD..] == data[..data.len() - HEAD])
}

/// Bytes for people: `512 bytes`, `1.5 GiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let (mut value, mut unit) = (count as f64, "bytes");
    for larger in UNITS {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, larger);
    }
    let value = format!("{value:.1}");
    format!("{} {unit}", value.trim_end_matches(".0"))
}

/// The smallest volume that holds so many bytes, in GiB.
pub fn gibibytes(bytes: u64) -> u64 {
    bytes.div_ceil(GIB).max(1)
}

/// How many blocks so many bytes are.
pub fn blocks(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK as u64)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_told_in_their_unit() {
        for (count, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1536, "1.5 KiB"),
            (64 << 30, "64 GiB"),
            (1 << 60, "1048576 TiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
