//! The frame of gzip (RFC 1952): a header, deflated data and a trailer.

mod read;

pub use read::Reader;

/// A header without a name or time: deflate, made on Unix.
pub(crate) const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

/// The trailer: a checksum of what was compressed, and how long that was.
pub(crate) fn trailer(checksum: u32, length: u64) -> [u8; 8] {
    let mut trailer = [0; 8];
    trailer[..4].copy_from_slice(&checksum.to_le_bytes());
    // The format keeps the lowest 32 bits.
    trailer[4..].copy_from_slice(&(length as u32).to_le_bytes());
    trailer
}
