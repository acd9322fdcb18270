//! The records of a POSIX extended header, which say what has no place in a header.

/// What of them matters here.
#[derive(Default)]
pub(super) struct Records {
    /// The member's name.
    pub(super) path: Option<Vec<u8>>,
    /// The member's size in the archive.
    pub(super) size: Option<u64>,
    /// Whether the member is sparse in the POSIX form.
    pub(super) sparse: bool,
}

/// Reads records, `LENGTH KEY=VALUE\n` each, the length being that of all of it. `None` when they are
/// something else.
pub(super) fn records(mut text: &[u8]) -> Option<Records> {
    let mut found = Records::default();
    while !text.is_empty() {
        let digits = text.iter().position(|&byte| byte == b' ')?;
        let length: usize = std::str::from_utf8(&text[..digits]).ok()?.parse().ok()?;
        let record = text.get(digits + 1..length)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|&byte| byte == b'=')?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        match key {
            b"path" => found.path = Some(value.to_owned()),
            b"size" => found.size = Some(std::str::from_utf8(value).ok()?.parse().ok()?),
            key => found.sparse |= key.starts_with(b"GNU.sparse."),
        }
        text = &text[length..];
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_taken_by_their_length() {
        let found = records(b"12 path=a\nb\n21 size=123456789012\n").expect("records");
        assert_eq!(found.path.as_deref(), Some(&b"a\nb"[..]));
        assert_eq!(found.size, Some(123_456_789_012));
        for wrong in [
            &b"x"[..],
            b"5 a=b",
            b"99 a=b\n",
            b"0 a=b\n",
            b"3 =\n",
            b"6 path\n",
            b"1 \n",
        ] {
            assert!(records(wrong).is_none(), "{wrong:?}");
        }
    }
}
