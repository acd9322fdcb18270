//! Copies of disk files: shared where the file system can do that, else with their holes.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{SeekFrom, copy_file_range, ioctl_ficlone, seek};
use rustix::io::Errno;

/// What is copied between two looks at whether to stop.
const CHUNK: u64 = 16 << 20;
/// What is copied at once by hand.
const BUFFER: usize = 1 << 20;

/// Makes an empty file a copy of another. It ends early, with an error, when it is told to stop.
pub(crate) fn copy(from: &File, to: &File, stop: &AtomicBool) -> io::Result<()> {
    if ioctl_ficlone(to.as_fd(), from.as_fd()).is_ok() {
        return Ok(());
    }
    to.set_len(seek(from, SeekFrom::End(0))?)?;
    copy_data(from, to, 0, stop)
}

/// Copies all that is no hole to the same place, moved by an offset, in a file or block device.
pub(crate) fn copy_data(from: &File, to: &File, offset: u64, stop: &AtomicBool) -> io::Result<()> {
    let length = seek(from, SeekFrom::End(0))?;
    let mut at = 0;
    while let Some((start, end)) = next_data(from, at, length)? {
        copy_range(from, to, start..end, offset, stop)?;
        at = end;
    }
    Ok(())
}

/// Copies a part with its holes, which become zeros unless there are holes already.
pub(crate) fn copy_part(
    from: &File,
    to: &File,
    part: Range<u64>,
    offset: u64,
    stop: &AtomicBool,
) -> io::Result<()> {
    let end = part.end + offset;
    match next_data(to, part.start + offset, end)? {
        Some((start, _)) if start < end => copy_range(from, to, part, offset, stop),
        _ => Ok(()),
    }
}

/// The next part that is no hole.
fn next_data(from: &File, at: u64, length: u64) -> io::Result<Option<(u64, u64)>> {
    if at >= length {
        return Ok(None);
    }
    match seek(from, SeekFrom::Data(at)) {
        Ok(start) => {
            let end = seek(from, SeekFrom::Hole(start))?;
            Ok(Some((start, end.min(length))))
        }
        Err(Errno::NXIO) => Ok(None),
        // Block devices have no holes that could be told.
        Err(Errno::INVAL) => Ok(Some((at, length))),
        Err(error) => Err(error.into()),
    }
}

fn copy_range(
    from: &File,
    to: &File,
    part: Range<u64>,
    offset: u64,
    stop: &AtomicBool,
) -> io::Result<()> {
    let mut at = part.start;
    while at < part.end {
        if stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let wanted = CHUNK.min(part.end - at);
        at += match in_kernel(from, to, at, offset, wanted)? {
            Some(copied) => copied,
            None => by_hand(from, to, at, offset, wanted)?,
        };
    }
    Ok(())
}

/// None where the kernel cannot copy between these two.
fn in_kernel(from: &File, to: &File, at: u64, offset: u64, wanted: u64) -> io::Result<Option<u64>> {
    let (mut here, mut there) = (at, at + offset);
    let wanted = usize::try_from(wanted).unwrap_or(BUFFER);
    match copy_file_range(from, Some(&mut here), to, Some(&mut there), wanted) {
        Ok(0) => Ok(None),
        Ok(copied) => Ok(Some(copied as u64)),
        Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn by_hand(from: &File, to: &File, at: u64, offset: u64, wanted: u64) -> io::Result<u64> {
    let length = usize::try_from(wanted).unwrap_or(BUFFER).min(BUFFER);
    let mut buffer = vec![0; length];
    let read = from.read_at(&mut buffer, at)?;
    if read == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    to.write_all_at(&buffer[..read], at + offset)?;
    Ok(read as u64)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::{FileExt, MetadataExt};
    use std::sync::atomic::AtomicBool;

    use super::copy;

    fn copied() -> (std::io::Result<()>, File, File) {
        let from = tempfile::tempfile().expect("a file");
        from.set_len(64 << 20).expect("a length");
        for at in [0, 5 << 20, (64 << 20) - 3] {
            from.write_all_at(b"abc", at).expect("written");
        }
        let to = tempfile::tempfile().expect("a file");
        let result = copy(&from, &to, &AtomicBool::new(false));
        (result, from, to)
    }

    #[test]
    fn holes_stay_holes() {
        let (result, from, to) = copied();
        result.expect("copied");
        let (from, to) = (&from, &to);
        assert_eq!(to.metadata().expect("known").len(), 64 << 20);
        assert!(to.metadata().expect("known").blocks() < 4096);
        for at in [0, 5 << 20, (64 << 20) - 3] {
            let mut bytes = [0; 3];
            to.read_exact_at(&mut bytes, at).expect("read");
            assert_eq!(&bytes, b"abc");
        }
        assert!(from.metadata().expect("known").blocks() < 4096);
    }
}
