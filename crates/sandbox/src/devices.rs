//! Volumes as block devices of this machine: loop devices on their files, shown in a directory as a host
//! on EC2 shows its volumes.
//!
//! A sandbox is in no kernel, so the directory has a `dev` with the nodes and a `sys` with what a kernel
//! would tell of them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, OFlags, makedev, mknodat};

/// The major number of loop devices (Linux, Documentation/admin-guide/devices.txt).
const LOOP: u32 = 7;
/// Where udev names disks by what they are.
const BY_ID: &str = "dev/disk/by-id";

/// What attached volumes look like to their host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// As on Nitro: `nvme1n1`, the lowest number that is free, with the volume's ID for a serial number.
    Nvme,
    /// As on Xen: `xvdf`, by the letter that the call named.
    Xen,
}

/// The devices of this instance.
#[derive(Debug)]
pub(crate) struct Devices {
    directory: PathBuf,
    look: Look,
    /// By volume.
    attached: BTreeMap<String, Loop>,
    /// The volumes that are to be taken away as soon as nothing uses them.
    busy: Vec<String>,
}

/// A loop device, and what shows it. All of it goes when it is dropped.
#[derive(Debug)]
struct Loop {
    device: PathBuf,
    shown: Vec<PathBuf>,
}

impl Devices {
    /// None yet, in a directory that is made if it is not there.
    pub(crate) fn new(directory: &Path, look: Look) -> io::Result<Self> {
        for name in ["sys/block", BY_ID] {
            fs::create_dir_all(directory.join(name))?;
        }
        Ok(Devices {
            directory: directory.to_owned(),
            look,
            attached: BTreeMap::new(),
            busy: Vec::new(),
        })
    }

    /// Makes a device of a volume's file.
    pub(crate) fn attach(&mut self, volume: &str, name: &str, file: &Path) -> io::Result<()> {
        let made = Loop::new(file)?;
        let made = self.attached.entry(volume.to_owned()).or_insert(made);
        let (name, serial) = match self.look {
            // EC2 leaves out the dash.
            Look::Nvme => (
                free_name(&self.directory),
                Some(volume.replacen('-', "", 1)),
            ),
            Look::Xen => {
                let name = name.strip_prefix("/dev/").unwrap_or(name);
                let letters = name.strip_prefix("sd").map(|rest| format!("xvd{rest}"));
                (letters.unwrap_or_else(|| name.to_owned()), None)
            }
        };
        made.show(&self.directory, &name, serial.as_deref())
    }

    /// Takes a device away, unless something uses it and it is not to be taken by force. Says whether it
    /// is gone.
    pub(crate) fn detach(&mut self, volume: &str, force: bool) -> bool {
        let Some(device) = self.attached.get(volume) else {
            return true;
        };
        let is_free = force || device.is_unused();
        self.busy.retain(|busy| busy != volume);
        match is_free {
            true => drop(self.attached.remove(volume)),
            false => self.busy.push(volume.to_owned()),
        }
        is_free
    }

    /// The volumes that were in use when they were to be taken away, and are not any more.
    pub(crate) fn take_free(&mut self) -> Vec<String> {
        let busy = std::mem::take(&mut self.busy);
        busy.into_iter()
            .filter(|volume| self.detach(volume, false))
            .collect()
    }
}

/// A kernel gives a number again as soon as the disk that had it has gone.
fn free_name(directory: &Path) -> String {
    let mut number = 1;
    loop {
        let name = format!("nvme{number}n1");
        if !directory.join("sys/block").join(&name).exists() {
            return name;
        }
        number += 1;
    }
}

impl Loop {
    fn new(file: &Path) -> io::Result<Self> {
        let made = Command::new("losetup")
            .args(["--find", "--show"])
            .arg(file)
            .output()?;
        if !made.status.success() {
            let said = String::from_utf8_lossy(&made.stderr).into_owned();
            return Err(io::Error::other(said));
        }
        let device = String::from_utf8_lossy(&made.stdout).trim().into();
        Ok(Loop {
            device,
            shown: Vec::new(),
        })
    }

    fn show(&mut self, directory: &Path, name: &str, serial: Option<&str>) -> io::Result<()> {
        let device = self.device.to_string_lossy();
        let number = device
            .strip_prefix("/dev/loop")
            .and_then(|n| n.parse().ok());
        let number: u32 = number.ok_or_else(|| io::Error::other("no loop device"))?;
        let sys = directory.join("sys/block").join(name);
        self.shown.push(sys.clone());
        fs::create_dir_all(sys.join("device"))?;
        if let Some(serial) = serial {
            let link = format!("nvme-Amazon_Elastic_Block_Store_{serial}");
            let link = directory.join(BY_ID).join(link);
            symlink(format!("../../{name}"), &link)?;
            self.shown.push(link);
            fs::write(sys.join("device/serial"), format!("{serial:<20}\n"))?;
        }
        let node = directory.join("dev").join(name);
        let mode = Mode::from_raw_mode(0o660);
        mknodat(
            CWD,
            &node,
            FileType::BlockDevice,
            mode,
            makedev(LOOP, number),
        )?;
        self.shown.push(node);
        // By this the device is known to be there, so it comes last.
        fs::write(sys.join("dev"), format!("{LOOP}:{number}\n"))
    }

    /// Is it mounted nowhere, and held by nobody who wants it alone?
    fn is_unused(&self) -> bool {
        let alone = OFlags::EXCL.bits().cast_signed();
        let mut options = fs::OpenOptions::new();
        options
            .read(true)
            .custom_flags(alone)
            .open(&self.device)
            .is_ok()
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        for shown in self.shown.iter().rev() {
            // What is gone already is gone.
            let _ = fs::remove_file(shown).or_else(|_| fs::remove_dir_all(shown));
        }
        let _ = Command::new("losetup")
            .arg("--detach")
            .arg(&self.device)
            .status();
    }
}
