//! Which block device an EBS volume is, and whether this caller may have it.
//!
//! A program on the host cannot see a volume's tags. What it can see is when the volume came: one
//! that was not there when the helper began has been attached since, by somebody whom AWS lets
//! attach volumes to this instance. The host's own disks were there before, and no caller but root
//! gets one of these, nor one that anything uses.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, major, minor};

use super::caller::Caller;
use crate::fault::{Because, Result};
use crate::protocol::{Fault, FaultKind, OpenVolume};

mod identity;

/// Where the kernel tells of devices, and where their nodes are.
#[derive(Debug, Clone)]
pub(crate) struct Devices {
    sys: PathBuf,
    dev: PathBuf,
    /// The disks that were there when the helper began.
    before: Vec<Identity>,
}

/// What tells a disk from another one that has its name later.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    name: String,
    serial: Option<String>,
    /// The kernel's number of it, which no disk gets again (Linux 5.15 and later).
    sequence: Option<String>,
}

impl Identity {
    /// Can it be the same disk? If nothing else tells, a name is taken for its disk.
    fn may_be(&self, other: &Self) -> bool {
        let by_serial = match (&self.serial, &other.serial) {
            (Some(own), Some(others)) => Some(own == others),
            _ => None,
        };
        let by_sequence = match (&self.sequence, &other.sequence) {
            (Some(own), Some(others)) => Some(own == others),
            _ => None,
        };
        let same_name = self.name == other.name;
        by_serial == Some(true) || (same_name && by_sequence.or(by_serial).unwrap_or(true))
    }
}

/// A volume that was found and opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub device: OwnedFd,
    pub name: String,
}

impl Devices {
    /// Those of this host, or of a directory that stands for it, with `sys` and `dev` in it.
    pub(crate) fn new(host: &Path) -> Self {
        let mut devices = Self {
            sys: host.join("sys"),
            dev: host.join("dev"),
            before: Vec::new(),
        };
        let disks = devices.disks();
        devices.before = disks.iter().map(|name| devices.identity(name)).collect();
        devices
    }

    /// Opens a volume if it is there. None if it is not there yet.
    pub(crate) fn open(&self, ask: &OpenVolume, caller: Caller) -> Result<Option<Opened>> {
        let Some(serial) = serial_of(&ask.volume) else {
            let message = format!("'{}' is no volume ID", ask.volume.escape_debug());
            return Err(Fault::new(FaultKind::Refused, message));
        };
        let disks = self.disks();
        let found = disks
            .iter()
            .find(|name| self.serial(name).as_deref() == Some(serial.as_str()))
            .or_else(|| self.by_link(&disks, &serial))
            .or_else(|| self.by_name(&disks, &ask.attached_as));
        let Some(name) = found else {
            return Ok(None);
        };
        let found = self.identity(name);
        let was_there = self.before.iter().any(|other| found.may_be(other));
        if was_there && !caller.is_root() {
            let message = format!(
                "{} was attached before this build began: only root may build in it",
                ask.volume
            );
            return Err(Fault::new(FaultKind::Refused, message));
        }
        self.open_disk(name, &ask.volume)
    }

    /// Opens its node, if that is there already and is what sysfs speaks of.
    fn open_disk(&self, name: &str, volume: &str) -> Result<Option<Opened>> {
        let path = self.dev.join(name);
        let what = || format!("{volume}, which is {}", path.display());
        let Some(numbers) = self.numbers(name) else {
            return Ok(None);
        };
        // It fails if the disk or a part of it is mounted, is swap, or is part of something else.
        let alone = open_node(&path, OFlags::EXCL);
        let alone = match alone {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            alone => alone.because(FaultKind::Volume, what)?,
        };
        let device = open_node(&path, OFlags::empty()).because(FaultKind::Volume, what)?;
        drop(alone);
        let found = numbers_of(&device).because(FaultKind::Volume, what)?;
        if found != numbers {
            let message = format!("{}: it is another device, {found}", what());
            return Err(Fault::new(FaultKind::Volume, message));
        }
        Ok(Some(Opened {
            device: device.into(),
            name: name.to_owned(),
        }))
    }

    /// The numbers of a disk's device, as sysfs tells them.
    fn numbers(&self, name: &str) -> Option<String> {
        let path = self.sys.join("block").join(name).join("dev");
        let text = std::fs::read_to_string(path).ok()?;
        Some(text.trim().to_owned())
    }

    /// The names of all disks, without partitions, loop devices and the like.
    fn disks(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.sys.join("block")) else {
            return Vec::new();
        };
        let names = entries
            .flatten()
            .map(|entry| entry.file_name().into_string());
        let disks = names.flatten().filter(|name| {
            let prefixes = ["nvme", "xvd", "sd", "vd"];
            prefixes.iter().any(|prefix| name.starts_with(prefix))
        });
        disks.collect()
    }

    fn identity(&self, name: &str) -> Identity {
        let sequence = self.sys.join("block").join(name).join("diskseq");
        Identity {
            name: name.to_owned(),
            serial: self.serial(name),
            sequence: std::fs::read_to_string(sequence).ok(),
        }
    }

    /// On Xen a disk has no serial number, but the letter that it was attached by. Some kernels
    /// begin with `e` where EC2 begins with `a`.
    fn by_name<'a>(&self, disks: &'a [String], attached_as: &str) -> Option<&'a String> {
        let name = attached_as.strip_prefix("/dev/").unwrap_or(attached_as);
        let letters = name
            .strip_prefix("xvd")
            .or_else(|| name.strip_prefix("sd"))?;
        let shifted = || -> Option<String> {
            let (first, rest) = letters.split_at_checked(1)?;
            let letter = char::from(first.bytes().next()?.checked_add(4)?);
            Some(format!("xvd{letter}{rest}"))
        };
        let has = |wanted: &str| disks.iter().find(|disk| *disk == wanted);
        let begins_late = has("xvda").is_none() && has("xvde").is_some();
        let wanted = if begins_late {
            shifted()?
        } else {
            format!("xvd{letters}")
        };
        // Whatever has a serial number is told by that.
        has(&wanted).filter(|disk| self.serial(disk).is_none())
    }
}

fn numbers_of(device: &File) -> io::Result<String> {
    let metadata = device.metadata()?;
    Ok(format!(
        "{}:{}",
        major(metadata.rdev()),
        minor(metadata.rdev())
    ))
}

fn open_node(path: &Path, flags: OFlags) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .custom_flags((flags | OFlags::NOFOLLOW).bits().cast_signed())
        .open(path)
}

/// A volume's ID as its serial number: without the dash.
fn serial_of(volume: &str) -> Option<String> {
    let digits = volume.strip_prefix("vol-")?;
    let hexadecimal = digits
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (hexadecimal && matches!(digits.len(), 8 | 17)).then(|| format!("vol{digits}"))
}

/// A directory that stands for the host, in tests: only root may have made it what it is.
///
/// # Errors
/// Anyone else might change what is in it.
pub(crate) fn check_stand_in(directory: &Path) -> std::result::Result<PathBuf, String> {
    let problem = |why: &str| format!("--devices-at {}: {why}", directory.display());
    let whole = directory
        .canonicalize()
        .map_err(|error| problem(&crate::fault::words(&error)))?;
    let below = ["sys", "sys/block", "dev"].map(|part| whole.join(part));
    let sticky = 0o1000;
    for path in whole.ancestors().chain(below.iter().map(PathBuf::as_path)) {
        let metadata =
            std::fs::metadata(path).map_err(|error| problem(&crate::fault::words(&error)))?;
        // In a directory like /tmp others cannot rename what is root's.
        let others = metadata.mode() & 0o022 != 0 && metadata.mode() & sticky == 0;
        if metadata.uid() != 0 || others {
            return Err(problem("others than root can change it"));
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests;
