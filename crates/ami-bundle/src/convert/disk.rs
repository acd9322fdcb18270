//! The disk on its way from the bundle to the blocks.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use ami_bundle_format::ImageSink;
use ami_disk::partitions::TableKind;
use ami_disk::{Layout, ReadAt};
use ami_registration::Driver;

use super::driver::Watch;

/// Pieces that wait to be read.
const WAITING: usize = 8;
/// The longest piece, in bytes.
const PIECE: usize = 1 << 20;
/// Bytes that are looked at: tables and superblocks lie at the beginning.
const HEAD: usize = 512 * 1024;
/// What the sink says when nobody reads any more.
pub(crate) const NOBODY_READS: &str = "nobody reads the disk any more";
/// What is said of a disk that is one file system.
pub(crate) const BARE: &str = "is one file system without a partition table";

/// What takes the image, piece by piece in its order.
pub(crate) struct Sink {
    pieces: SyncSender<Vec<u8>>,
    is_whole: Arc<AtomicBool>,
    watch: Watch,
}

/// The disk, to be read once. It ends well only when its sink was finished.
pub(crate) struct Reader {
    pieces: Receiver<Vec<u8>>,
    is_whole: Arc<AtomicBool>,
    piece: Cursor<Vec<u8>>,
}

/// Both ends, and whether a driver of ENA has passed.
pub(crate) fn channel() -> (Sink, Reader, Driver) {
    let (watch, driver) = Watch::new();
    let (give, take) = sync_channel(WAITING);
    let is_whole = Arc::new(AtomicBool::new(false));
    let sink = Sink {
        pieces: give,
        is_whole: Arc::clone(&is_whole),
        watch,
    };
    let reader = Reader {
        pieces: take,
        is_whole,
        piece: Cursor::default(),
    };
    (sink, reader, driver)
}

impl Sink {
    /// Says that all came, and was right.
    pub(crate) fn finish(self) {
        self.is_whole.store(true, Ordering::Release);
    }

    fn give(&self, piece: Vec<u8>) -> io::Result<()> {
        let gone = |_| io::Error::other(NOBODY_READS);
        self.pieces.send(piece).map_err(gone)
    }
}

impl ImageSink for Sink {
    fn data(&mut self, _: u64, bytes: &[u8]) -> io::Result<()> {
        self.watch.data(bytes);
        let mut pieces = bytes.chunks(PIECE);
        pieces.try_for_each(|piece| self.give(piece.to_vec()))
    }

    fn hole(&mut self, _: u64, mut length: u64) -> io::Result<()> {
        self.watch.hole();
        while length > 0 {
            let piece = usize::try_from(length).unwrap_or(PIECE).min(PIECE);
            self.give(vec![0; piece])?;
            length -= piece as u64;
        }
        Ok(())
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.piece.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.pieces.recv() {
                Ok(piece) => self.piece = Cursor::new(piece),
                Err(_) if self.is_whole.load(Ordering::Acquire) => return Ok(0),
                Err(_) => return Err(io::Error::other("the bundle could not be unpacked")),
            }
        }
    }
}

/// Looks at the beginning of the disk, and gives all of it to be read.
///
/// # Errors
/// What is wrong with it: no machine of today starts a file system without a partition table, as those
/// that bundles were made for did by a kernel beside the disk.
pub(crate) fn look(
    mut reader: Reader,
    can_be_bare: bool,
) -> Result<impl Read + Send + use<>, String> {
    let mut head = Vec::new();
    let read = (&mut reader).take(HEAD as u64).read_to_end(&mut head);
    read.map_err(|error| error.to_string())?;
    let head = Head(head);
    if !can_be_bare && is_bare(&head) {
        return Err(BARE.to_owned());
    }
    Ok(Cursor::new(head.0).chain(reader))
}

fn is_bare(head: &Head) -> bool {
    let Ok(layout) = Layout::read(head) else {
        return false;
    };
    let has_superblock = layout
        .volumes
        .iter()
        .any(|volume| volume.superblock.is_some());
    layout.table.kind == TableKind::None && has_superblock
}

/// The first bytes of a disk; the rest is taken for zeros.
struct Head(Vec<u8>);

impl ReadAt for Head {
    fn size(&self) -> u64 {
        1 << 40
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        buffer.fill(0);
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let known = self.0.get(start..).unwrap_or_default();
        let count = known.len().min(buffer.len());
        buffer[..count].copy_from_slice(&known[..count]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{channel, look};
    use ami_bundle_format::ImageSink;
    use std::io::Read;

    fn given(finish: bool, can_be_bare: bool, at: usize, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let (mut sink, reader, _) = channel();
        let bytes = bytes.to_vec();
        let giving = std::thread::spawn(move || {
            // Who reads no more lets it fail, which is for the others to tell.
            let _ = sink.hole(0, at as u64);
            let _ = sink.data(at as u64, &bytes);
            if finish {
                sink.finish();
            }
        });
        let read = look(reader, can_be_bare).and_then(|mut reader| {
            let mut all = Vec::new();
            let read = reader.read_to_end(&mut all);
            read.map(|_| all).map_err(|error| error.to_string())
        });
        giving.join().expect("given");
        read
    }

    #[test]
    fn all_of_it_comes_in_order() {
        let read = given(true, false, 3 << 20, b"end").expect("read");
        assert_eq!(read.len(), (3 << 20) + 3);
        assert!(read.starts_with(&[0; 9]) && read.ends_with(b"end"));
    }

    #[test]
    fn what_was_not_finished_does_not_end_well() {
        let error = given(false, false, 3 << 20, b"end").expect_err("cut");
        assert!(error.contains("could not be unpacked"), "{error}");
    }

    #[test]
    fn a_bare_file_system_is_for_its_own_machines() {
        // The magic number of an ext2 superblock, which lies at byte 1024, and its block count.
        let mut superblock = vec![0; 1024];
        superblock[4] = 64;
        superblock[56..58].copy_from_slice(&[0x53, 0xef]);
        superblock[0x4c] = 1;
        superblock[0x58] = 128;
        let error = given(true, false, 1024, &superblock).expect_err("bare");
        assert!(error.contains("one file system"), "{error}");
        assert!(given(true, true, 1024, &superblock).is_ok());
    }
}
