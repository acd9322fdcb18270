//! An archive: where it comes from, and how it is compressed.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use ami_core::error::Error;

use crate::helper::io_error;

/// How files of the compressors begin, and tar's option for each (their file formats; `tar --help`).
const COMPRESSIONS: [(&[u8], &str); 4] = [
    (&[0x1f, 0x8b], "--gzip"),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], "--xz"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "--zstd"),
    (b"BZh", "--bzip2"),
];
/// As much as tells one from another.
const LONGEST: usize = 6;

/// An archive that is open.
pub(super) struct Archive {
    file: File,
    /// What was read of it already and cannot be read again.
    head: Vec<u8>,
    /// tar's option for it.
    pub(super) compression: Option<&'static str>,
}

impl Archive {
    /// Opens a file, or standard input for `-`, and looks how it begins.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |error: io::Error| io_error(path, &error);
        let mut file = match path.as_os_str().as_encoded_bytes() {
            b"-" => File::from(io::stdin().as_fd().try_clone_to_owned().map_err(failed)?),
            _ => File::open(path).map_err(failed)?,
        };
        let mut head = Vec::new();
        let limit = LONGEST as u64;
        Read::by_ref(&mut file)
            .take(limit)
            .read_to_end(&mut head)
            .map_err(failed)?;
        if head.is_empty() {
            return Err(Error::failed("is empty, and no archive").of(path.display()));
        }
        let compression = compression(&head);
        let back = i64::try_from(head.len()).unwrap_or_default();
        // What cannot go back is a pipe.
        if file.seek_relative(-back).is_ok() {
            head.clear();
        }
        Ok(Self {
            file,
            head,
            compression,
        })
    }

    /// A stream of all of it.
    pub(super) fn stream(mut self) -> Result<OwnedFd, Error> {
        if self.head.is_empty() {
            return Ok(self.file.into());
        }
        let (reader, mut writer) =
            io::pipe().map_err(|error| Error::failed(format!("a pipe: {error}")))?;
        // It ends with the input, or when nobody reads any more, or with the tool.
        std::thread::spawn(move || {
            writer
                .write_all(&self.head)
                .and_then(|()| io::copy(&mut self.file, &mut writer))
        });
        Ok(reader.into())
    }
}

fn compression(head: &[u8]) -> Option<&'static str> {
    let known = COMPRESSIONS
        .iter()
        .find(|(magic, _)| head.starts_with(magic));
    known.map(|(_, option)| *option)
}

#[cfg(test)]
mod tests {
    use super::compression;

    #[test]
    fn compressions_are_told_by_their_first_bytes() {
        assert_eq!(compression(b"\x1f\x8b\x08"), Some("--gzip"));
        assert_eq!(compression(b"\xfd7zXZ\0"), Some("--xz"));
        assert_eq!(compression(b"\x28\xb5\x2f\xfd12"), Some("--zstd"));
        assert_eq!(compression(b"./bin/"), None);
    }
}
