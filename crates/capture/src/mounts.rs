//! What is mounted where, as `/proc/self/mountinfo` has it (proc_pid_mountinfo(5)).

use std::io;

/// A mount, as far as we ask. Paths are bytes, since that is what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    /// `MAJOR:MINOR` of its files' device.
    pub device: String,
    /// What of the file system is shown, from its top.
    pub root: Vec<u8>,
    /// Where, from the top of this process's tree.
    pub place: Vec<u8>,
    /// `ext4`, `overlay`
    pub kind: String,
    /// `/dev/xvda1`, `tmpfs`
    pub source: Vec<u8>,
}

/// What the calling thread sees, oldest first.
pub(crate) fn read() -> io::Result<Vec<Mount>> {
    // `self` would be the process's first thread, which is in another namespace.
    let thread = rustix::thread::gettid().as_raw_nonzero();
    let text = std::fs::read(format!("/proc/self/task/{thread}/mountinfo"))?;
    Ok(text
        .split(|byte| *byte == b'\n')
        .filter_map(parse)
        .collect())
}

fn parse(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let device = String::from_utf8(fields.nth(2)?.to_vec()).ok()?;
    let (root, place) = (unescape(fields.next()?), unescape(fields.next()?));
    // Optional fields are between here and the hyphen.
    let mut fields = fields.skip_while(|field| *field != b"-").skip(1);
    let kind = String::from_utf8_lossy(fields.next()?).into_owned();
    let source = unescape(fields.next().unwrap_or_default());
    Some(Mount {
        device,
        root,
        place,
        kind,
        source,
    })
}

/// Blanks, line ends and backslashes are written as `\040`.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, after @ ..] = rest {
        let octal = (*first == b'\\')
            .then(|| after.get(..3))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match octal {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// The rest of a path that is, or is below, another; without a slash before it.
pub(crate) fn below<'a>(path: &'a [u8], top: &[u8]) -> Option<&'a [u8]> {
    let top = top.strip_suffix(b"/").unwrap_or(top);
    let rest = path.strip_prefix(top)?;
    match rest {
        [] => Some(rest),
        [b'/', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// A path below another.
pub(crate) fn join(top: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut path = top.to_vec();
    if !rest.is_empty() {
        if !path.is_empty() && !path.ends_with(b"/") {
            path.push(b'/');
        }
        path.extend_from_slice(rest);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{below, join, parse};

    #[test]
    fn lines_are_read() {
        let line =
            b"36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue";
        let mount = parse(line).expect("a mount");
        assert_eq!(mount.device, "98:0");
        assert_eq!(mount.root, b"/mnt1");
        assert_eq!(mount.place, b"/mnt 2");
        assert_eq!(mount.kind, "ext3");
        assert_eq!(mount.source, b"/dev/root");
        assert_eq!(parse(b""), None);
    }

    #[test]
    fn paths_are_below_others() {
        assert_eq!(below(b"/mnt/x", b"/"), Some(&b"mnt/x"[..]));
        assert_eq!(below(b"/mnt/x", b"/mnt"), Some(&b"x"[..]));
        assert_eq!(below(b"/mnt", b"/mnt"), Some(&b""[..]));
        assert_eq!(below(b"/mntx", b"/mnt"), None);
        assert_eq!(join(b"/", b"a/b"), b"/a/b");
        assert_eq!(join(b"a", b"b"), b"a/b");
        assert_eq!(join(b"", b"b"), b"b");
    }
}
