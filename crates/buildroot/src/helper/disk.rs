//! The disk of a build, and the block device that its root file system is mounted from.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::loops::Loop;
use crate::fault::{Because, Result};
use crate::kernel::size_of_file;
use crate::protocol::{Fault, FaultKind};

/// How long the kernel may take to let go of a device that is not mounted any more: programs that
/// watch for devices look into it for a moment.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked at meanwhile.
const TICK: Duration = Duration::from_millis(2);

/// The disk: a file or a block device.
#[derive(Debug)]
pub(crate) struct Disk {
    file: File,
    /// Its length in bytes.
    pub size: u64,
    /// The numbers of the device, if it is one.
    device: Option<u64>,
}

/// A part of a disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Region {
    /// Where it begins.
    pub start: u64,
    /// How long it is.
    pub length: u64,
}

/// A block device, held open.
#[derive(Debug)]
pub(crate) struct Device {
    name: String,
    held: Held,
}

#[derive(Debug)]
enum Held {
    Loop(Loop),
    Own(File),
}

impl Disk {
    /// Takes an open file or block device.
    pub(crate) fn new(descriptor: OwnedFd) -> Result<Self> {
        let file = File::from(descriptor);
        let what = || "the disk".to_owned();
        let size = size_of_file(&file).because(FaultKind::Disk, what)?;
        let metadata = file.metadata().because(FaultKind::Disk, what)?;
        let device = metadata
            .file_type()
            .is_block_device()
            .then(|| metadata.rdev());
        Ok(Self { file, size, device })
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Region {
        Region {
            start: 0,
            length: self.size,
        }
    }

    /// Its bytes.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// A block device that shows this part: the kernel's own where there is one.
    pub(crate) fn device(&self, region: Region) -> Result<Device> {
        let end = region.start.checked_add(region.length);
        if region.length == 0 || end.is_none_or(|end| end > self.size) {
            let message = format!(
                "the root file system would be {} bytes from byte {} on, but the disk has {}",
                region.length, region.start, self.size
            );
            return Err(Fault::new(FaultKind::Disk, message));
        }
        let own = match self.device {
            Some(_) if region == self.whole() => self.name(),
            Some(_) => self.partition(region),
            None => None,
        };
        if let Some(name) = own {
            return open_device(&name);
        }
        let device = Loop::over(self.file.as_fd(), region.start, region.length, false)
            .because(FaultKind::Host, || "a loop device".to_owned())?;
        Ok(Device {
            name: device.name(),
            held: Held::Loop(device),
        })
    }

    /// A block device for all of it, while a part of it is mounted. Where the kernel looks for
    /// partitions on loop devices, it finds those of a file.
    pub(crate) fn whole_device(&self) -> Result<Device> {
        if let Some(name) = self.name() {
            let path = format!("/dev/{name}");
            let file = File::options().read(true).write(true).open(&path);
            let held = Held::Own(file.because(FaultKind::Disk, || path.clone())?);
            return Ok(Device { name, held });
        }
        let device = Loop::over(self.file.as_fd(), 0, self.size, true)
            .because(FaultKind::Host, || "a loop device".to_owned())?;
        Ok(Device {
            name: device.name(),
            held: Held::Loop(device),
        })
    }

    /// What the kernel knows of the device.
    fn sysfs(&self) -> Option<PathBuf> {
        let device = self.device?;
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        Some(format!("/sys/dev/block/{major}:{minor}").into())
    }

    fn name(&self) -> Option<String> {
        device_name(&self.sysfs()?)
    }

    /// The kernel's device for a partition that is just this region.
    fn partition(&self, region: Region) -> Option<String> {
        let entries = std::fs::read_dir(self.sysfs()?).ok()?;
        entries
            .flatten()
            .map(|entry| entry.path())
            .find_map(|path| {
                let sectors = |name| -> Option<u64> {
                    let text = std::fs::read_to_string(path.join(name)).ok()?;
                    text.trim().parse::<u64>().ok()?.checked_mul(512)
                };
                let found = sectors("start")? == region.start && sectors("size")? == region.length;
                found.then(|| device_name(&path)).flatten()
            })
    }

    /// Waits until all that was written is on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

fn device_name(sysfs: &Path) -> Option<String> {
    let text = std::fs::read_to_string(sysfs.join("uevent")).ok()?;
    let mut lines = text.lines();
    lines.find_map(|line| Some(line.strip_prefix("DEVNAME=")?.to_owned()))
}

/// Opens a device that the kernel has a node for, if nothing uses it: a file system that is mounted
/// already would be mounted once more.
fn open_device(name: &str) -> Result<Device> {
    let path = format!("/dev/{name}");
    let in_use = || format!("{path}: the device cannot be used alone");
    open_alone(&path).because(FaultKind::Disk, in_use)?;
    let file = File::options().read(true).write(true).open(&path);
    Ok(Device {
        name: name.to_owned(),
        held: Held::Own(file.because(FaultKind::Disk, || path.clone())?),
    })
}

fn open_alone(path: &str) -> io::Result<File> {
    let exclusively = rustix::fs::OFlags::EXCL.bits().cast_signed();
    File::options()
        .read(true)
        .custom_flags(exclusively)
        .open(path)
}

impl Device {
    /// Its path on the host.
    pub(crate) fn path(&self) -> String {
        format!("/dev/{}", self.name)
    }

    /// Its name, as the kernel has it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Waits until it is mounted nowhere.
    ///
    /// # Errors
    /// Something still uses it.
    pub(crate) fn wait_until_unused(&self) -> io::Result<()> {
        let path = self.path();
        // A mount and an open that is exclusive exclude each other, so this proves that there is
        // no mount left, in no namespace.
        wait_until(|| open_alone(&path).is_ok())
    }

    /// Waits until it is mounted nowhere, and lets go of it.
    ///
    /// # Errors
    /// Something still uses it.
    pub(crate) fn release(self) -> io::Result<()> {
        self.wait_until_unused()?;
        if let Held::Loop(_) = self.held {
            let file = format!("/sys/block/{}/loop/backing_file", self.name);
            let ours = std::fs::read(&file)?;
            drop(self);
            // Another build may have the device of that number by now, with a file of its own.
            return wait_until(|| std::fs::read(&file).ok().as_ref() != Some(&ours));
        }
        Ok(())
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.held {
            Held::Loop(device) => device.as_fd(),
            Held::Own(file) => file.as_fd(),
        }
    }
}

fn wait_until(done: impl Fn() -> bool) -> io::Result<()> {
    let end = Instant::now() + PATIENCE;
    while !done() {
        if Instant::now() >= end {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        std::thread::sleep(TICK);
    }
    Ok(())
}
