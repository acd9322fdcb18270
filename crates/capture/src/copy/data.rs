//! The content of files: with their holes, shared where the kernel can do that, else by hand.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{SeekFrom, Stat, copy_file_range, fstat, ftruncate, seek};
use rustix::io::{Errno, pread, pwrite};

use crate::walk::failed;
use crate::{Error, Reason, Watch, filter};

/// What is copied between two looks at whether to stop.
const CHUNK: u64 = 16 << 20;

/// A buffer, and what it holds of the file that is being copied.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    held: usize,
    in_kernel: bool,
}

/// A copy of a content.
pub(super) struct Outcome {
    /// What the file was when its content was read.
    pub stat: Stat,
    /// How many bytes were copied.
    pub bytes: u64,
    /// Whether it was written to in the meantime.
    pub changed: bool,
}

/// What went wrong, and on which side.
pub(super) enum Fault {
    Source(io::Error),
    Image(io::Error),
    Stopped,
}

impl Fault {
    /// The error of a path.
    pub(super) fn into_error(self, path: &[u8]) -> Error {
        match self {
            Self::Source(error) => failed(path, error),
            Self::Image(error) => super::target(path, error),
            Self::Stopped => Error::stopped(),
        }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self {
            bytes: vec![0; filter::HEAD],
            held: 0,
            in_kernel: true,
        }
    }
}

impl Buffer {
    /// Looks how a file begins, and why it is left out. What was read is not read again.
    pub(super) fn look(
        &mut self,
        file: BorrowedFd<'_>,
        stat: &Stat,
        path: &[u8],
    ) -> io::Result<Option<Reason>> {
        self.forget();
        let wanted = usize::try_from(stat.st_size).unwrap_or(usize::MAX);
        let wanted = wanted.min(self.bytes.len());
        while self.held < wanted {
            let at = self.held as u64;
            match pread(file, &mut self.bytes[self.held..wanted], at) {
                Ok(0) => break,
                Ok(read) => self.held += read,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(filter::by_content(path, &self.bytes[..self.held]))
    }

    /// Begins with another file.
    pub(super) fn forget(&mut self) {
        self.held = 0;
    }

    /// Copies a content to an empty file.
    pub(super) fn copy(
        &mut self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        before: &Stat,
        watch: &Watch<'_>,
    ) -> Result<Outcome, Fault> {
        let bytes = self.transfer(from, to, before, watch)?;
        let stat = fstat(from).map_err(|error| Fault::Source(error.into()))?;
        let version = |stat: &Stat| (stat.st_mtime, stat.st_mtime_nsec, stat.st_size);
        Ok(Outcome {
            changed: version(&stat) != version(before),
            stat: *before,
            bytes,
        })
    }

    fn transfer(
        &mut self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        stat: &Stat,
        watch: &Watch<'_>,
    ) -> Result<u64, Fault> {
        let size = u64::try_from(stat.st_size).unwrap_or_default();
        let stored = u64::try_from(stat.st_blocks).unwrap_or_default() * 512;
        if self.held as u64 == size && stored >= size {
            write_all(to, &self.bytes[..self.held], 0)?;
            return Ok(size);
        }
        ftruncate(to, size).map_err(|error| Fault::Image(error.into()))?;
        let (mut at, mut copied) = (0, 0);
        while let Some((start, end)) = next_data(from, at, size)? {
            at = start;
            while at < end {
                if watch.stopped() {
                    return Err(Fault::Stopped);
                }
                match self.part(from, to, at, CHUNK.min(end - at))? {
                    // It became shorter.
                    0 => return Ok(copied),
                    part => (at, copied) = (at + part, copied + part),
                }
            }
        }
        Ok(copied)
    }

    /// Copies a part, and says how much; nothing at the end.
    fn part(
        &mut self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        at: u64,
        wanted: u64,
    ) -> Result<u64, Fault> {
        let length = usize::try_from(wanted).unwrap_or(self.bytes.len());
        if self.in_kernel {
            let (mut here, mut there) = (at, at);
            match copy_file_range(from, Some(&mut here), to, Some(&mut there), length) {
                // Some file systems say so of what they cannot copy in this way.
                Ok(0) => {}
                Ok(copied) => return Ok(copied as u64),
                Err(Errno::NOSPC) => return Err(Fault::Image(Errno::NOSPC.into())),
                // By hand it shows which side it is, if it is not that the kernel cannot.
                Err(_) => self.in_kernel = false,
            }
        }
        self.held = 0;
        let length = length.min(self.bytes.len());
        let buffer = &mut self.bytes[..length];
        let read = loop {
            match pread(from, &mut *buffer, at) {
                Err(Errno::INTR) => {}
                result => break result.map_err(|error| Fault::Source(error.into()))?,
            }
        };
        write_all(to, &buffer[..read], at)?;
        Ok(read as u64)
    }
}

/// The next part that is no hole.
fn next_data(from: BorrowedFd<'_>, at: u64, size: u64) -> Result<Option<(u64, u64)>, Fault> {
    if at >= size {
        return Ok(None);
    }
    match seek(from, SeekFrom::Data(at)) {
        Ok(start) if start >= size => Ok(None),
        Ok(start) => {
            let end = seek(from, SeekFrom::Hole(start)).unwrap_or(size);
            Ok(Some((start, end.min(size))))
        }
        Err(Errno::NXIO) => Ok(None),
        // Here holes are not told.
        Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(Some((at, size))),
        Err(error) => Err(Fault::Source(error.into())),
    }
}

fn write_all(to: BorrowedFd<'_>, mut bytes: &[u8], mut at: u64) -> Result<(), Fault> {
    while !bytes.is_empty() {
        match pwrite(to, bytes, at) {
            Ok(written) => {
                bytes = &bytes[written..];
                at += written as u64;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(Fault::Image(error.into())),
        }
    }
    Ok(())
}
