//! Where an image comes from, with its holes, and where one goes.

mod extents;

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, FileTypeExt},
};

pub use extents::Extent;

use crate::{Error, tar};

/// An image to be packed.
pub struct Image {
    source: Source,
    size: u64,
    /// Where it has data, in order. What is between is a hole and reads as zeros.
    extents: Vec<Extent>,
}

enum Source {
    File(File),
    Stream(Box<dyn Read + Send>),
}

impl Image {
    /// A file, of which only what is no hole is read, or a block device.
    ///
    /// It may be of no bytes at all; the format has a place for that, though EC2 and other tools have
    /// no use for it.
    ///
    /// # Errors
    ///
    /// When it is something else, or cannot be read.
    pub fn open(file: File) -> Result<Self, Error> {
        let failed = |cause| Error::Image { offset: 0, cause };
        let metadata = file.metadata().map_err(failed)?;
        let kind = metadata.file_type();
        if !kind.is_file() && !kind.is_block_device() {
            let cause = io::Error::other("it is neither a file nor a block device");
            return Err(failed(cause));
        }
        let size = (&file).seek(SeekFrom::End(0)).map_err(failed)?;
        // A block device knows no holes.
        let extents = if kind.is_file() {
            extents::of(&file, size).map_err(failed)?
        } else {
            extents::dense(size)
        };
        Ok(Self {
            source: Source::File(file),
            size,
            extents,
        })
    }

    /// What `reader` gives, which must be `size` bytes.
    #[must_use]
    pub fn stream(reader: Box<dyn Read + Send>, size: u64) -> Self {
        Self {
            source: Source::Stream(reader),
            size,
            extents: extents::dense(size),
        }
    }

    /// Its size in bytes, holes included.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many bytes of it are no holes.
    #[must_use]
    pub fn data(&self) -> u64 {
        self.extents.iter().map(|extent| extent.length).sum()
    }

    /// How many bytes its tar archive has at most: what is compressed.
    #[must_use]
    pub fn stored(&self) -> u64 {
        tar::archive_size(self.data(), self.extents.len())
    }

    pub(crate) fn extents(&self) -> &[Extent] {
        &self.extents
    }

    /// Fills `buffer` with what is at `offset`. A stream is read from front to end.
    pub(crate) fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        let mut filled = 0;
        while filled < buffer.len() {
            let at = offset + filled as u64;
            let rest = &mut buffer[filled..];
            let read = match &mut self.source {
                Source::File(file) => file.read_at(rest, at),
                Source::Stream(reader) => reader.read(rest),
            };
            match read {
                Ok(0) => return Err(self.wrong_size(format!("it ends after {at}"))),
                Ok(count) => filled += count,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(Error::Image { offset: at, cause }),
            }
        }
        Ok(())
    }

    /// Checks that a stream has nothing more.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        let Source::Stream(reader) = &mut self.source else {
            return Ok(());
        };
        match reader.take(1).read_to_end(&mut Vec::new()) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.wrong_size("it goes on after them".into())),
            Err(cause) => Err(Error::Image {
                offset: self.size,
                cause,
            }),
        }
    }

    fn wrong_size(&self, what: String) -> Error {
        Error::ImageSize {
            expected: self.size,
            what,
        }
    }
}

/// Takes an image in order: every byte of it is in exactly one piece, and each piece begins where the
/// one before ended.
pub trait ImageSink {
    /// Takes bytes.
    ///
    /// # Errors
    ///
    /// When they cannot be kept; unpacking then ends with [`Error::Sink`].
    fn data(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Takes `length` zeros that the image has no storage for.
    ///
    /// # Errors
    ///
    /// When they cannot be kept.
    fn hole(&mut self, offset: u64, length: u64) -> io::Result<()>;
}

/// An image as one stream, holes written as zeros: for a pipe.
pub struct InOrder<W>(pub W);

impl<W: Write> ImageSink for InOrder<W> {
    fn data(&mut self, _offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn hole(&mut self, _offset: u64, length: u64) -> io::Result<()> {
        io::copy(&mut io::repeat(0).take(length), &mut self.0).map(drop)
    }
}
