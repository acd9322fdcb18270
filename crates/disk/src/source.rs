//! Where a disk's bytes come from: read at a place, never written.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use crate::Error;

/// Bytes that can be read at any place, without a position that readers would have to share.
pub trait ReadAt: Send + Sync {
    /// How many bytes there are.
    fn size(&self) -> u64;

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// What the operating system says; `UnexpectedEof` where fewer bytes are left.
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for [u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|start| self.get(start..start.checked_add(buffer.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

impl ReadAt for Vec<u8> {
    fn size(&self) -> u64 {
        self.as_slice().size()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.as_slice().read_exact_at(offset, buffer)
    }
}

/// A file or a block device.
#[derive(Debug)]
pub struct Source {
    file: File,
    size: u64,
}

impl Source {
    /// Takes an open file or block device; its position does not matter later.
    ///
    /// # Errors
    /// What has no end to seek to, like a pipe.
    pub fn new(mut file: File) -> Result<Self, Error> {
        // The metadata of a block device give no size.
        let size = file.seek(SeekFrom::End(0)).map_err(Error::NoSize)?;
        Ok(Self { file, size })
    }
}

impl ReadAt for Source {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}

/// A part of something, a partition of a disk: nothing outside of it can be read through it.
#[derive(Clone, Copy)]
pub struct Window<'a> {
    inner: &'a dyn ReadAt,
    start: u64,
    size: u64,
}

impl<'a> Window<'a> {
    /// The `size` bytes from `start` on, or those of them that there are.
    pub fn new(inner: &'a dyn ReadAt, start: u64, size: u64) -> Self {
        let left = inner.size().saturating_sub(start);
        Self {
            inner,
            start,
            size: size.min(left),
        }
    }
}

impl ReadAt for Window<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.size) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // `start` plus `size` is within `inner`, so this cannot overflow.
        self.inner.read_exact_at(self.start + offset, buffer)
    }
}

/// Reads up to `size` bytes at `offset`: as many as there are, so perhaps none. Callers bound `size`.
pub(crate) fn up_to(source: &dyn ReadAt, offset: u64, size: usize) -> Result<Vec<u8>, Error> {
    let left = source.size().saturating_sub(offset);
    let size = usize::try_from(left).map_or(size, |left| left.min(size));
    let mut bytes = vec![0; size];
    if size == 0 {
        return Ok(bytes);
    }
    source
        .read_exact_at(offset, &mut bytes)
        .map_err(|cause| Error::Read { offset, cause })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{ReadAt, Window, up_to};

    #[test]
    fn a_window_shows_its_part_only() {
        let bytes: Vec<u8> = (0..10).collect();
        let window = Window::new(&bytes, 4, 4);
        let mut two = [0; 2];
        window.read_exact_at(2, &mut two).expect("inside");
        assert_eq!(two, [6, 7]);
        assert!(window.read_exact_at(3, &mut two).is_err());
        assert!(window.read_exact_at(u64::MAX, &mut two).is_err());
        assert_eq!(Window::new(&bytes, 8, u64::MAX).size(), 2);
        assert_eq!(Window::new(&bytes, u64::MAX, 1).size(), 0);
        assert_eq!(up_to(&window, 2, 9).expect("short"), [6, 7]);
        assert_eq!(up_to(&window, 9, 9).expect("nothing"), []);
    }
}
