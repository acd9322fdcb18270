//! Lines of the files that are kept beside a disk: read with a bound, one block each.

use std::io::{BufRead, BufReader, Read, Result};

use crate::block::Digest;

/// The longest line that tells of a block.
pub(crate) const BLOCK_LINE: usize = 10 + 1 + 64;

/// `INDEX DIGEST` and the end of the line.
pub(crate) fn block_line(index: u32, digest: &Digest) -> String {
    format!("{index} {digest}\n")
}

/// Reads what [`block_line`] writes, and nothing else: no signs, zeros in front or capitals.
pub(crate) fn parse_block(line: &[u8]) -> Option<(u32, Digest)> {
    let line = std::str::from_utf8(line).ok()?;
    let (index, digest) = line.split_once(' ')?;
    Some((u32::try_from(number(index)?).ok()?, hex(digest)?))
}

/// A number in its only spelling.
pub(crate) fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_short = text == "0" || !text.starts_with('0');
    (is_plain && is_short).then(|| text.parse().ok()).flatten()
}

/// A digest in its only spelling.
pub(crate) fn hex(text: &str) -> Option<Digest> {
    let is_plain = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.bytes()
        .all(is_plain)
        .then(|| Digest::from_hex(text))
        .flatten()
}

/// A line as it was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// Without the end of the line.
    Whole(&'a [u8]),
    /// The last one, which has no end.
    Cut(&'a [u8]),
    /// There is more of it than was asked for; the rest is not read yet.
    TooLong,
    /// There is none left.
    None,
}

/// Reads lines, never more of one than it is told to.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader: BufReader::with_capacity(1 << 16, reader),
            line: Vec::new(),
            number: 0,
        }
    }

    /// The number of the line that was read last, from 1 on.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The next line, of up to `longest` bytes without its end.
    pub(crate) fn next(&mut self, longest: usize) -> Result<Line<'_>> {
        self.line.clear();
        let most = longest as u64 + 1;
        let mut bounded = self.reader.by_ref().take(most);
        bounded.read_until(b'\n', &mut self.line)?;
        self.number += 1;
        Ok(match self.line.split_last() {
            None => Line::None,
            Some((b'\n', line)) => Line::Whole(line),
            Some(_) if self.line.len() as u64 == most => Line::TooLong,
            Some(_) => Line::Cut(&self.line),
        })
    }

    /// Does the line that was too long become zeros, and nothing but zeros up to the end?
    pub(crate) fn ends_in_zeros(&mut self) -> Result<bool> {
        if self.line.last() != Some(&0) {
            return Ok(false);
        }
        loop {
            let piece = self.reader.fill_buf()?;
            if piece.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            match piece.len() {
                0 => return Ok(true),
                read => self.reader.consume(read),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_LINE, Line, Lines, block_line, parse_block};
    use crate::block::Digest;

    #[test]
    fn a_block_has_one_spelling() {
        let digest = Digest::of(b"data");
        let line = block_line(u32::MAX, &digest);
        let line = line.trim_end();
        assert_eq!(line.len(), BLOCK_LINE);
        assert_eq!(parse_block(line.as_bytes()), Some((u32::MAX, digest)));
        let hex = digest.to_string();
        for wrong in [
            String::new(),
            hex.clone(),
            format!("1  {hex}"),
            format!("01 {hex}"),
            format!("+1 {hex}"),
            format!("-1 {hex}"),
            format!("4294967296 {hex}"),
            format!("1 {}", hex.to_uppercase()),
            format!("1 +{}", &hex[1..]),
            format!("1 {hex}0"),
            format!("1 {}", &hex[1..]),
            format!("1 {hex} "),
        ] {
            assert_eq!(parse_block(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn lines_are_read_with_a_bound() {
        let mut lines = Lines::new(&b"abc\n\nabcd\n"[..]);
        assert_eq!(lines.next(3).expect("a line"), Line::Whole(b"abc"));
        assert_eq!(lines.next(3).expect("a line"), Line::Whole(b""));
        assert_eq!(lines.next(3).expect("a line"), Line::TooLong);
        assert_eq!(lines.number(), 3);
        let mut lines = Lines::new(&b"abc"[..]);
        assert_eq!(lines.next(3).expect("a line"), Line::Cut(b"abc"));
        assert_eq!(lines.next(3).expect("a line"), Line::None);
    }
}
