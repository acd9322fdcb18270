//! Loop devices: a part of a file as a block device, for as long as somebody has it open.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

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

impl AsFd for Loop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}
