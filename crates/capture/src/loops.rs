//! A loop device: a file as a block device, for as long as somebody has it open or mounted.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use crate::kernel;

/// How often another process may take the free device before we do. Each time it is one that got its
/// own, so this ends.
const ATTEMPTS: u32 = 1000;

/// How often it is looked whether a device is gone, in hundredths of a second.
const PATIENCE: u32 = 500;

/// A loop device. The kernel takes it down when it is neither mounted nor open any more.
#[derive(Debug)]
pub(crate) struct Loop {
    device: File,
    path: String,
}

impl Loop {
    /// Shows a file.
    pub(crate) fn over(file: BorrowedFd<'_>) -> io::Result<Self> {
        let open = |path: &str| File::options().read(true).write(true).open(path);
        let control = open("/dev/loop-control")?;
        for _ in 0..ATTEMPTS {
            let number = kernel::free_loop_device(control.as_fd())?;
            let path = format!("/dev/loop{number}");
            let device = open(&path)?;
            match kernel::configure_loop_device(device.as_fd(), file) {
                Ok(()) => return Ok(Self { device, path }),
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Brings all that was written to it to the file, and lets go of it. It must not be mounted.
    ///
    /// What is written to the file afterwards a device that still is would not show, and mount(8)
    /// takes one that is there for a file. So this waits until it is gone: a process that another
    /// thread starts has it open for a moment, until it is a program.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.device.sync_all()?;
        let name = self.path.trim_start_matches("/dev/");
        let shown = format!("/sys/block/{name}/loop/backing_file");
        // It has the inode's number where the file has no name, so no two are the same.
        let before = std::fs::read(&shown).unwrap_or_default();
        drop(self.device);
        for _ in 0..PATIENCE {
            if !std::fs::read(&shown).is_ok_and(|now| now == before) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}
