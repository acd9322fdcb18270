//! What tells which volume a disk is: its serial number, asked of all who may know it.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::OFlags;

use super::{Devices, numbers_of};
use crate::kernel;

/// What EBS calls its disks (EC2 User Guide, "Map Amazon EBS volumes to NVMe device names").
const MODEL: &str = "Amazon Elastic Block Store";
/// Where udev links to them by their serial numbers, from the directory of the nodes.
const LINKS: &str = "disk/by-id/nvme-Amazon_Elastic_Block_Store_";

impl Devices {
    /// What a disk says its serial number is.
    pub(super) fn serial(&self, name: &str) -> Option<String> {
        self.told(name).or_else(|| self.identified(name))
    }

    /// Of NVMe sysfs tells it with the controller, of virtio with the disk.
    fn told(&self, name: &str) -> Option<String> {
        let disk = self.sys.join("block").join(name);
        let read = |path: &str| std::fs::read_to_string(disk.join(path)).ok();
        let serial = read("device/serial").or_else(|| read("serial"))?;
        let serial = serial.trim();
        (!serial.is_empty()).then(|| serial.to_owned())
    }

    /// Where sysfs does not tell it the NVMe controller itself is asked, which changes nothing.
    fn identified(&self, name: &str) -> Option<String> {
        if !name.starts_with("nvme") {
            return None;
        }
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut options = File::options();
        let node = options.read(true).custom_flags(flags);
        let node = node.open(self.dev.join(name)).ok()?;
        if numbers_of(&node).ok() != self.numbers(name) {
            return None;
        }
        serial_in(&kernel::identify_nvme(node.as_fd()).ok()?)
    }

    /// The disk that udev has linked to by this serial number. A link may be older than the disk that
    /// it leads to: one that has a serial number is told by that alone.
    pub(super) fn by_link<'a>(&self, disks: &'a [String], serial: &str) -> Option<&'a String> {
        let link = self.dev.join(format!("{LINKS}{serial}"));
        let node = link.canonicalize().ok()?;
        if node.parent()? != self.dev.canonicalize().ok()? {
            return None;
        }
        let mut disks = disks.iter();
        let disk = disks.find(|disk| node.ends_with(disk) && disk.starts_with("nvme"))?;
        self.serial(disk).is_none().then_some(disk)
    }
}

/// The serial number in what a controller of EBS says of itself: bytes 4 to 23, before its model in
/// bytes 24 to 63, both filled with blanks (NVM Express Base Specification 1.4, figure 247).
fn serial_in(identity: &[u8; 4096]) -> Option<String> {
    let text = |bytes: &[u8]| Some(std::str::from_utf8(bytes).ok()?.trim().to_owned());
    let serial = text(&identity[4..24])?;
    let is_volume = text(&identity[24..64])? == MODEL && !serial.is_empty();
    is_volume.then_some(serial)
}

#[cfg(test)]
mod tests {
    use super::serial_in;

    fn identity(serial: &str, model: &str) -> [u8; 4096] {
        let mut bytes = [0; 4096];
        bytes[4..24].copy_from_slice(format!("{serial:<20}").as_bytes());
        bytes[24..64].copy_from_slice(format!("{model:<40}").as_bytes());
        bytes
    }

    #[test]
    fn a_controller_of_ebs_says_which_volume_it_is() {
        let ebs = "Amazon Elastic Block Store";
        let serial = |serial, model| serial_in(&identity(serial, model));
        let volume = "vol0123456789abcdef0";
        assert_eq!(serial(volume, ebs).as_deref(), Some(volume));
        assert_eq!(serial("vol01234567", ebs).as_deref(), Some("vol01234567"));
        // A disk of the instance's own may say anything.
        let store = "Amazon EC2 NVMe Instance Storage";
        assert_eq!(serial(volume, store), None);
        assert_eq!(serial("", ebs), None);
        assert_eq!(serial_in(&[0; 4096]), None);
        assert_eq!(serial_in(&[0xff; 4096]), None);
    }
}
