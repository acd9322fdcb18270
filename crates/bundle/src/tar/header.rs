//! The fields of a header block, where they are and how numbers stand in them.

use std::ops::Range;

use super::BLOCK;

/// A header or sparse block.
pub(super) type Block = [u8; BLOCK];

pub(super) const NAME: Range<usize> = 0..100;
pub(super) const MODE: Range<usize> = 100..108;
pub(super) const UID: Range<usize> = 108..116;
pub(super) const GID: Range<usize> = 116..124;
pub(super) const SIZE: Range<usize> = 124..136;
pub(super) const MTIME: Range<usize> = 136..148;
pub(super) const CHECKSUM: Range<usize> = 148..156;
pub(super) const KIND: usize = 156;
pub(super) const MAGIC: Range<usize> = 257..265;
pub(super) const USER: Range<usize> = 265..297;
pub(super) const GROUP: Range<usize> = 297..329;
/// Only of POSIX headers: what stands before the name.
const PREFIX: Range<usize> = 345..500;
/// The first entries of a sparse member's map.
pub(super) const SPARSE: Range<usize> = 386..482;
/// Whether a block with more of the map follows.
pub(super) const SPARSE_MORE: usize = 482;
/// The size of a sparse member once its holes are back.
pub(super) const REAL_SIZE: Range<usize> = 483..495;
/// The entries of a block with more of the map.
pub(super) const MAP: Range<usize> = 0..504;
/// Whether a further block follows such a one.
pub(super) const MAP_MORE: usize = 504;
/// An entry: twelve bytes of offset, twelve of length.
pub(super) const ENTRY: usize = 24;

pub(super) const GNU_MAGIC: &[u8; 8] = b"ustar  \0";
const POSIX_MAGIC: &[u8; 6] = b"ustar\0";

/// Writes a number: octal digits and a NUL, or, where these are too few, big-endian bytes after 0x80.
pub(super) fn put(field: &mut [u8], number: u64) {
    let digits = field.len() - 1;
    if digits * 3 >= 64 || number >> (digits * 3) == 0 {
        let text = format!("{number:0digits$o}");
        field[..digits].copy_from_slice(text.as_bytes());
        return;
    }
    let bytes = number.to_be_bytes();
    let start = field.len() - bytes.len();
    field[0] = 0x80;
    field[start..].copy_from_slice(&bytes);
}

/// Reads a number in either form; an empty field is 0, a negative or larger one is `None`.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    if let [first @ 0x80..=0xff, bytes @ ..] = field {
        return bytes
            .iter()
            .try_fold(0_u64, |number, &byte| {
                number.checked_mul(256)?.checked_add(u64::from(byte))
            })
            .filter(|_| *first == 0x80);
    }
    let text = std::str::from_utf8(field).ok()?;
    let digits = text.trim_matches([' ', '\0']);
    if digits.is_empty() {
        return Some(0);
    }
    // Rust's own parser takes a sign.
    Some(digits)
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| u64::from_str_radix(digits, 8).ok())
}

/// The sum of a header's bytes, blanks for the sum's own.
pub(super) fn checksum(block: &Block) -> u64 {
    let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
    let own: u64 = block[CHECKSUM].iter().map(|&byte| u64::from(byte)).sum();
    sum - own + 8 * u64::from(b' ')
}

/// A text up to its first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The member's name as far as the header has it.
pub(super) fn name(block: &Block) -> Vec<u8> {
    let name = text(&block[NAME]);
    if block[MAGIC].starts_with(POSIX_MAGIC) && block[PREFIX.start] != 0 {
        return [text(&block[PREFIX]), b"/", name].concat();
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_in_either_form() {
        for value in [
            0,
            1,
            0o777,
            (8 << 30) - 1,
            8 << 30,
            9 << 30,
            1 << 40,
            u64::MAX,
        ] {
            let mut field = [0; 12];
            put(&mut field, value);
            assert_eq!(number(&field), Some(value));
            assert_eq!(field[0] & 0x80 != 0, value >= 8 << 30, "{value}");
        }
        assert_eq!(number(b"  644 \0\0"), Some(0o644));
        assert_eq!(number(b"\x80\0\0\0\0\0\x01\x02"), Some(258));
        assert_eq!(number(&[0x80; 8]), Some(0x0080_8080_8080_8080));
        assert_eq!(number(&[0xff; 8]), None);
        for wrong in [b"-0000001\0\0\0\0", b"00000000009\0", &[0xff; 12]] {
            assert_eq!(number(wrong), None);
        }
    }
}
