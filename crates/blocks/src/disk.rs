//! A disk that is read: a file or a block device by one descriptor, or a pipe.
//!
//! Holes are found with SEEK_DATA and SEEK_HOLE and never read.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::{FileExt, FileTypeExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ami_core::error::{Error, Kind};
use rustix::fs::SeekFrom as Whence;
use rustix::io::Errno;

use crate::block::{self, BLOCK, LARGEST};
use crate::journal::Identity;

/// A file or a block device.
#[derive(Debug)]
pub struct Disk {
    file: File,
    path: PathBuf,
    size: u64,
    identity: Identity,
    is_device: bool,
}

impl Disk {
    /// Opens it for reading.
    ///
    /// # Errors
    /// What is not there, may not be read, is neither a file nor a block device, is empty, or is
    /// larger than any volume.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let cannot = |error: io::Error| {
            let error = Error::new(Kind::Usage, format!("cannot be opened: {error}"));
            error.of(path.display())
        };
        // Opening a pipe would wait for its writer.
        check(&path.metadata().map_err(cannot)?).map_err(|why| why.of(path.display()))?;
        let file = File::open(path).map_err(cannot)?;
        Self::new(file, path)
    }

    /// Takes an open file or block device; `path` is what messages call it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn new(mut file: File, path: &Path) -> Result<Self, Error> {
        let usage = |what: &str| Error::new(Kind::Usage, what).of(path.display());
        let metadata = file.metadata().map_err(|error| usage(&error.to_string()))?;
        check(&metadata).map_err(|why| why.of(path.display()))?;
        // The metadata of a block device give no size.
        let size = file.seek(SeekFrom::End(0));
        let size = size.map_err(|error| usage(&format!("its size cannot be told: {error}")))?;
        if size == 0 {
            return Err(usage("is empty"));
        }
        if block::gibibytes(size) > LARGEST {
            return Err(usage("is larger than a volume can be, which is 64 TiB"));
        }
        Ok(Self {
            path: path.to_owned(),
            size,
            is_device: !metadata.is_file(),
            identity: Identity::of(&file, size).map_err(|error| usage(&error.to_string()))?,
            file,
        })
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The descriptor that it is read by.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Which file it was when it was opened, and as of when.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Is it a block device? Those do not tell whether they were written to.
    pub fn is_device(&self) -> bool {
        self.is_device
    }

    /// Was it changed since it was opened, as far as it can be told?
    pub fn has_changed(&self) -> bool {
        let now = Identity::of(&self.file, self.file.metadata().map_or(0, |now| now.len()));
        !self.is_device && now.ok().as_ref() != Some(&self.identity)
    }

    /// How many blocks it has, the last one perhaps not a whole one.
    pub fn blocks(&self) -> u32 {
        // No volume has more than 2^27.
        u32::try_from(block::blocks(self.size)).unwrap_or(u32::MAX)
    }

    /// The runs of blocks that hold data, in their order; all others are holes.
    ///
    /// # Errors
    /// What the system says. A file system that knows no holes is no error: all is data then.
    pub fn data(&self) -> io::Result<Vec<Range<u32>>> {
        let mut runs: Vec<Range<u32>> = Vec::new();
        let mut at = 0;
        while at < self.size {
            let start = match rustix::fs::seek(&self.file, Whence::Data(at)) {
                Ok(start) => start,
                // There is no more data.
                Err(Errno::NXIO) => break,
                Err(Errno::INVAL | Errno::OPNOTSUPP) => {
                    return Ok(std::iter::once(0..self.blocks()).collect());
                }
                Err(error) => return Err(error.into()),
            };
            let end = match rustix::fs::seek(&self.file, Whence::Hole(start)) {
                Ok(end) => end.min(self.size),
                Err(Errno::NXIO) => break,
                Err(error) => return Err(error.into()),
            };
            if start >= self.size {
                break;
            }
            if end <= start {
                // Such a file system does not know its holes.
                return Ok(std::iter::once(0..self.blocks()).collect());
            }
            let run = number(start / BLOCK as u64)..number(block::blocks(end));
            match runs.last_mut() {
                // Two extents may share a block.
                Some(last) if last.end >= run.start => last.end = run.end,
                _ => runs.push(run),
            }
            at = end;
        }
        Ok(runs)
    }

    /// Reads a block; what lies behind the end of the disk is zeros.
    ///
    /// # Errors
    /// What the system says, and `UnexpectedEof` when the disk has become shorter.
    pub fn read_block(&self, index: u32, buffer: &mut [u8]) -> io::Result<()> {
        let offset = u64::from(index) * BLOCK as u64;
        let there = self.size.saturating_sub(offset).min(buffer.len() as u64);
        let (data, rest) = buffer.split_at_mut(usize::try_from(there).unwrap_or(0));
        self.file.read_exact_at(data, offset)?;
        rest.fill(0);
        Ok(())
    }
}

fn check(metadata: &Metadata) -> Result<(), Error> {
    let kind = metadata.file_type();
    if kind.is_file() || kind.is_block_device() {
        return Ok(());
    }
    let what = match kind.is_dir() {
        true => "is a directory, not a disk",
        false => "is neither a file nor a block device",
    };
    Err(Error::new(Kind::Usage, what))
}

fn number(block: u64) -> u32 {
    u32::try_from(block).unwrap_or(u32::MAX)
}

/// A pipe: bytes of a disk from its start on, until they end.
#[derive(Clone)]
pub struct Stream {
    from: Arc<Mutex<dyn Read + Send>>,
    name: String,
    /// What was read of it already.
    head: Vec<u8>,
    /// The bytes that it has given.
    read: u64,
}

impl Stream {
    /// Takes an open pipe, or whatever else gives the bytes of a disk; messages call it by that name.
    pub fn new(from: impl Read + Send + 'static, name: String) -> Self {
        Self {
            from: Arc::new(Mutex::new(from)),
            name,
            head: Vec::new(),
            read: 0,
        }
    }

    /// Puts bytes in front that were read of it to see what they are.
    #[must_use]
    pub fn after(mut self, head: Vec<u8>) -> Self {
        self.head = head;
        self
    }

    /// How it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many bytes it has given.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Reads the next block; a last one that is not whole is filled up with zeros. False when there
    /// is none any more.
    ///
    /// # Errors
    /// What the system says.
    pub fn next_block(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        let mut filled = self.head.len().min(buffer.len());
        for (place, byte) in buffer.iter_mut().zip(self.head.drain(..filled)) {
            *place = byte;
        }
        let mut from = self.from.lock().unwrap_or_else(PoisonError::into_inner);
        while filled < buffer.len() {
            match from.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        buffer[filled..].fill(0);
        self.read += filled as u64;
        Ok(filled > 0)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::unix::fs::FileExt;
    use std::path::{Path, PathBuf};

    use super::{Disk, Stream};
    use crate::block::BLOCK;

    const MIB: u64 = 1 << 20;

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir();
        dir.join(format!("ami-disk-{}-{name}", std::process::id()))
    }

    #[test]
    fn holes_are_told_from_data() {
        let path = scratch("holes");
        let file = File::create_new(&path).expect("file");
        file.set_len(64 * MIB + 10).expect("length");
        file.write_all_at(&[1; 4096], 8 * MIB).expect("data");
        file.write_all_at(&[1; 4096], 8 * MIB + BLOCK as u64 - 4096)
            .expect("data in the same block");
        file.write_all_at(&[1], 64 * MIB + 9).expect("the end");
        let disk = Disk::open(&path).expect("disk");
        assert_eq!(disk.blocks(), 129);
        assert_eq!(disk.data().expect("runs"), [16..17, 128..129]);
        let mut block = vec![7; BLOCK];
        disk.read_block(128, &mut block).expect("the last block");
        assert_eq!((block[9], block[10], block[BLOCK - 1]), (1, 0, 0));
        assert!(!disk.has_changed());
        file.set_len(MIB).expect("shorter");
        assert!(disk.has_changed());
        disk.read_block(16, &mut block).expect_err("gone");
        std::fs::remove_file(path).expect("clean");
    }

    #[test]
    fn what_is_no_disk_is_refused() {
        let path = scratch("empty");
        File::create_new(&path).expect("file");
        for (path, why) in [
            (path.as_path(), "is empty"),
            (Path::new("/"), "is a directory"),
            (Path::new("/dev/null"), "is neither"),
            (Path::new("/nowhere"), "cannot be opened"),
        ] {
            let error = Disk::open(path).expect_err("refused").to_string();
            assert!(error.contains(why), "{error}");
        }
        std::fs::remove_file(path).expect("clean");
    }

    #[test]
    fn pipes_are_read_in_blocks() {
        let (read, mut write) = std::io::pipe().expect("pipe");
        let writer = std::thread::spawn(move || {
            for _ in 0..300 {
                write.write_all(&[3; 2000]).expect("written");
            }
        });
        let read = File::from(std::os::fd::OwnedFd::from(read));
        let mut head = vec![0; 1000];
        (&read).read_exact(&mut head).expect("the head");
        let mut stream = Stream::new(read, "standard input".to_owned()).after(head);
        let mut block = vec![0; BLOCK];
        assert!(stream.next_block(&mut block).expect("first"));
        assert!(block.iter().all(|byte| *byte == 3));
        assert!(stream.next_block(&mut block).expect("second"));
        assert_eq!((block[600_000 - BLOCK - 1], block[600_000 - BLOCK]), (3, 0));
        assert!(!stream.next_block(&mut block).expect("end"));
        assert_eq!(stream.read(), 600_000);
        writer.join().expect("writer");
    }
}
