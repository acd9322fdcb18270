//! The disk itself, shown to a build that installs a boot loader.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{fstat, major, minor};

use super::disk::{Device, Disk};
use crate::fault::{Because, Result};
use crate::init::plan::Node;
use crate::protocol::FaultKind;

/// A device for the whole disk, and what to show of it.
#[derive(Debug)]
pub(crate) struct Bootable {
    whole: Device,
    /// It, its partitions, and what the root is mounted from.
    pub nodes: Vec<Node>,
}

impl Bootable {
    /// Makes a device for the whole disk where there is none.
    pub(crate) fn new(disk: &Disk, root: &Device) -> Result<Self> {
        let whole = disk.whole_device()?;
        let mut nodes = vec![node(&whole)?];
        if root.name() != whole.name() {
            nodes.push(node(root)?);
        }
        let partitions = partitions(whole.name());
        nodes.extend(
            partitions
                .into_iter()
                .filter(|node| node.name != root.name()),
        );
        Ok(Self { whole, nodes })
    }

    /// Lets go of the device, with all that was written to it on the disk.
    pub(crate) fn release(self) -> std::io::Result<()> {
        rustix::fs::fsync(self.whole.as_fd())?;
        self.whole.release()
    }
}

fn node(device: &Device) -> Result<Node> {
    let stat = fstat(device).because(FaultKind::Disk, || device.path())?;
    Ok(Node {
        name: device.name().to_owned(),
        major: major(stat.st_rdev),
        minor: minor(stat.st_rdev),
    })
}

/// The partitions that the kernel has devices for.
fn partitions(disk: &str) -> Vec<Node> {
    let directory = Path::new("/sys/class/block").join(disk);
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            path.join("partition").exists().then_some(())?;
            let text = std::fs::read_to_string(path.join("dev")).ok()?;
            let (major, minor) = text.trim().split_once(':')?;
            Some(Node {
                name: entry.file_name().into_string().ok()?,
                major: major.parse().ok()?,
                minor: minor.parse().ok()?,
            })
        })
        .collect()
}
