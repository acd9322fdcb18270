//! Numbers and texts at fixed places in bytes that were read. What lies beyond the end is 0, which
//! no format here takes for a length or a count, so callers need not check places twice.

/// Copies `N` bytes, with zeros for those that are not there.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    for (to, from) in array.iter_mut().zip(bytes.iter().skip(at)) {
        *to = *from;
    }
    array
}

pub(crate) fn le16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array(bytes, at))
}

pub(crate) fn le32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

pub(crate) fn le64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

pub(crate) fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(array(bytes, at))
}

pub(crate) fn be64(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(array(bytes, at))
}

/// Does `magic` stand at that place?
pub(crate) fn has(bytes: &[u8], at: usize, magic: &[u8]) -> bool {
    bytes
        .get(at..)
        .is_some_and(|bytes| bytes.starts_with(magic))
}

/// A text in a field of `size` bytes, which ends at the first NUL; none if it is empty.
pub(crate) fn text(bytes: &[u8], at: usize, size: usize) -> Option<String> {
    let field = bytes.get(at..at.checked_add(size)?)?;
    let text = field.split(|byte| *byte == 0).next()?;
    let text = String::from_utf8_lossy(text).trim_end().to_owned();
    (!text.is_empty()).then_some(text)
}

/// A UUID as Linux shows it, byte by byte; none if it is all zeros.
pub(crate) fn uuid(bytes: &[u8], at: usize) -> Option<String> {
    let uuid: [u8; 16] = array(bytes, at);
    if uuid == [0; 16] {
        return None;
    }
    let mut text = String::with_capacity(36);
    for (at, byte) in uuid.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{be32, has, le16, text, uuid};

    #[test]
    fn what_is_not_there_is_zero() {
        assert_eq!(le16(&[1, 2], 0), 0x201);
        assert_eq!(le16(&[1, 2], 1), 2);
        assert_eq!(be32(&[1], usize::MAX), 0);
        assert!(!has(b"ab", 3, b"") && has(b"ab", 1, b"b"));
        assert_eq!(text(b"root\0x  ", 0, 8).as_deref(), Some("root"));
        assert_eq!(text(b"root", 1, usize::MAX), None);
        assert_eq!(uuid(&[0; 16], 0), None);
        let shown = uuid(&(1..=16).collect::<Vec<u8>>(), 0);
        let expected = "01020304-0506-0708-090a-0b0c0d0e0f10";
        assert_eq!(shown.as_deref(), Some(expected));
    }
}
