//! Loop devices: a part of a file as a block device, for as long as somebody has it open.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use linux_raw_sys::loop_device::{LO_FLAGS_AUTOCLEAR, LO_FLAGS_PARTSCAN};

use crate::kernel;

/// How often another process may take the free device before we do. Each time it is one that
/// got its own, so this ends.
const ATTEMPTS: u32 = 1000;

/// A loop device. The kernel takes it down when it is neither mounted nor open any more, however
/// that comes about.
#[derive(Debug)]
pub(crate) struct Loop {
    device: File,
    number: u32,
}

impl Loop {
    /// Shows a part of a file.
    pub(crate) fn over(
        file: BorrowedFd<'_>,
        start: u64,
        length: u64,
        partitions: bool,
    ) -> io::Result<Self> {
        let control = File::options()
            .read(true)
            .write(true)
            .open("/dev/loop-control")?;
        let mut flags = LO_FLAGS_AUTOCLEAR as u32;
        if partitions {
            flags |= LO_FLAGS_PARTSCAN as u32;
        }
        for _ in 0..ATTEMPTS {
            let number = kernel::free_loop_device(control.as_fd())?;
            let path = format!("/dev/loop{number}");
            let device = File::options().read(true).write(true).open(path)?;
            match kernel::configure_loop_device(device.as_fd(), file, start, length, flags) {
                Ok(()) => return Ok(Self { device, number }),
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// The kernel's name of it.
    pub(crate) fn name(&self) -> String {
        format!("loop{}", self.number)
    }
}

/// The loop device that shows a file already, or a part of it.
///
/// What is mounted from one, and a build, would each write over what the other wrote.
pub(crate) fn showing(file: BorrowedFd<'_>) -> io::Result<Option<String>> {
    let stat = rustix::fs::fstat(file)?;
    for entry in std::fs::read_dir("/sys/block")? {
        let entry = entry?;
        if !entry.path().join("loop/backing_file").exists() {
            continue;
        }
        let path = Path::new("/dev").join(entry.file_name());
        // One that has gone meanwhile shows nothing.
        let shown =
            File::open(&path).and_then(|device| kernel::file_of_loop_device(device.as_fd()));
        if shown.is_ok_and(|shown| shown == (stat.st_dev, stat.st_ino)) {
            return Ok(Some(path.display().to_string()));
        }
    }
    Ok(None)
}

impl AsFd for Loop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}
