//! Volumes among disks that a directory shows.

use std::fs;
use std::path::PathBuf;

use super::{Devices, serial_of};
use crate::helper::caller::Caller;
use crate::protocol::{FaultKind, OpenVolume};

const SOMEBODY: Caller = Caller {
    user: 1000,
    group: 1000,
};

struct Host(PathBuf);

impl Host {
    fn new(name: &str) -> Self {
        let host = std::env::temp_dir().join(format!("ami-devices-{}-{name}", std::process::id()));
        fs::create_dir_all(host.join("sys/block")).expect("made");
        fs::create_dir_all(host.join("dev")).expect("made");
        Self(host)
    }

    fn disk(&self, name: &str, serial: Option<(&str, &str)>) {
        let disk = self.0.join("sys/block").join(name);
        fs::create_dir_all(disk.join("device")).expect("made");
        if let Some((file, serial)) = serial {
            fs::write(disk.join(file), format!("{serial}\n")).expect("written");
        }
    }

    /// A link of udev's, to a node of that name.
    fn link(&self, serial: &str, name: &str) {
        let links = self.0.join("dev/disk/by-id");
        fs::create_dir_all(&links).expect("made");
        let link = links.join(format!("nvme-Amazon_Elastic_Block_Store_{serial}"));
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(format!("../../{name}"), link).expect("a link");
    }

    fn linked(&self, devices: &Devices, serial: &str) -> Option<String> {
        let disks = devices.disks();
        devices.by_link(&disks, serial).cloned()
    }

    fn find(&self, devices: &Devices, attached_as: &str) -> Option<String> {
        let disks = devices.disks();
        devices.by_name(&disks, attached_as).cloned()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn ask(volume: &str) -> OpenVolume {
    OpenVolume {
        volume: volume.to_owned(),
        attached_as: "/dev/sdf".to_owned(),
        timeout_ms: 0,
    }
}

#[test]
fn ids_are_serial_numbers() {
    assert_eq!(
        serial_of("vol-0123456789abcdef0").as_deref(),
        Some("vol0123456789abcdef0")
    );
    assert_eq!(serial_of("vol-01234567").as_deref(), Some("vol01234567"));
    for wrong in [
        "vol-",
        "vol-0123456g",
        "vol-0123",
        "vol0123456789abcdef0",
        "snap-01234567",
        "vol-../../x",
    ] {
        assert_eq!(serial_of(wrong), None, "{wrong}");
    }
}

#[test]
fn what_was_there_before_is_not_for_everyone() {
    let host = Host::new("before");
    let serial = Some(("device/serial", "vol0123456789abcdef0"));
    host.disk("nvme0n1", serial);
    let devices = Devices::new(&host.0);
    let refused = devices.open(&ask("vol-0123456789abcdef0"), SOMEBODY);
    assert_eq!(refused.expect_err("refused").kind, FaultKind::Refused);
    let absent = devices.open(&ask("vol-00000000000000000"), SOMEBODY);
    assert!(absent.expect("no fault").is_none());
    // A name that was there, of a disk that has gone since.
    host.disk("nvme0n1", Some(("device/serial", "vol00000000000000001")));
    let waiting = devices.open(&ask("vol-00000000000000001"), SOMEBODY);
    assert!(waiting.expect("no fault").is_none());
    // A number that was there under another name.
    host.disk("nvme7n1", serial);
    assert!(
        devices
            .open(&ask("vol-0123456789abcdef0"), SOMEBODY)
            .is_err()
    );
    // A new one, whose node is not there yet.
    host.disk("nvme1n1", Some(("device/serial", "vol00000000000000002")));
    let waiting = devices.open(&ask("vol-00000000000000002"), SOMEBODY);
    assert!(waiting.expect("no fault").is_none());
}

/// A disk without a serial number is told by the kernel's number of it, and by its name alone where
/// the kernel gives none.
#[test]
fn a_letter_may_be_anothers_later() {
    let host = Host::new("letters");
    let numbered = |number: &str| host.disk("xvdf", Some(("diskseq", number)));
    numbered("7");
    let devices = Devices::new(&host.0);
    let open = |devices: &Devices| devices.open(&ask("vol-00000000000000001"), SOMEBODY);
    assert!(open(&devices).is_err());
    numbered("8");
    assert!(open(&devices).expect("no fault").is_none());
    // One whose serial number could not be read at first is still the same.
    host.disk("nvme0n1", Some(("diskseq", "9")));
    let devices = Devices::new(&host.0);
    host.disk("nvme0n1", Some(("device/serial", "vol00000000000000001")));
    assert!(open(&devices).is_err());
    let host = Host::new("unnumbered");
    host.disk("xvdf", None);
    assert!(open(&Devices::new(&host.0)).is_err());
}

#[test]
fn virtio_tells_its_number_itself() {
    let host = Host::new("virtio");
    host.disk("vdb", Some(("serial", "vol0123456789abcdef0")));
    let devices = Devices::new(&host.0);
    assert_eq!(
        devices.serial("vdb").as_deref(),
        Some("vol0123456789abcdef0")
    );
}

#[test]
fn xen_has_letters_only() {
    let host = Host::new("xen");
    host.disk("xvda", None);
    host.disk("xvdf", None);
    let devices = Devices::new(&host.0);
    for name in ["/dev/sdf", "/dev/xvdf", "xvdf"] {
        assert_eq!(host.find(&devices, name).as_deref(), Some("xvdf"), "{name}");
    }
    assert_eq!(host.find(&devices, "/dev/sdb"), None);
    assert_eq!(host.find(&devices, "/dev/nvme1n1"), None);
    // Some kernels count from `e`.
    let host = Host::new("xen-late");
    host.disk("xvde", None);
    host.disk("xvdk", None);
    let devices = Devices::new(&host.0);
    assert_eq!(host.find(&devices, "/dev/sdg").as_deref(), Some("xvdk"));
    assert_eq!(host.find(&devices, "/dev/sdk"), None);
}

#[test]
fn links_lead_to_disks_that_say_nothing_else() {
    let host = Host::new("links");
    let (volume, other) = ("vol0123456789abcdef0", "vol00000000000000001");
    host.disk("nvme1n1", None);
    host.disk("nvme2n1", Some(("device/serial", other)));
    host.disk("sda", None);
    for name in ["nvme1n1", "nvme2n1", "sda", "loop0", "disk/nvme1n1"] {
        fs::create_dir_all(host.0.join("dev/disk")).expect("made");
        fs::write(host.0.join("dev").join(name), "").expect("written");
    }
    let devices = Devices::new(&host.0);
    assert_eq!(host.linked(&devices, volume), None);
    host.link(volume, "nvme1n1");
    assert_eq!(host.linked(&devices, volume).as_deref(), Some("nvme1n1"));
    assert_eq!(host.linked(&devices, other), None);
    // One that is older than the disk it leads to, and such as udev would not make.
    for name in ["nvme2n1", "sda", "loop0", "disk/nvme1n1", "nvme9n1", "../x"] {
        host.link(volume, name);
        assert_eq!(host.linked(&devices, volume), None, "{name}");
    }
    // Whoever may not have the disk does not get it by its link.
    host.link(volume, "nvme1n1");
    let refused = devices.open(&ask("vol-0123456789abcdef0"), SOMEBODY);
    assert_eq!(refused.expect_err("refused").kind, FaultKind::Refused);
}

#[test]
fn what_is_no_controller_says_nothing() {
    let host = Host::new("identify");
    host.disk("nvme1n1", None);
    fs::write(host.0.join("dev/nvme1n1"), "").expect("written");
    let devices = Devices::new(&host.0);
    assert_eq!(devices.serial("nvme1n1"), None);
    // A node with the right numbers, of a device that is no NVMe disk.
    fs::remove_file(host.0.join("dev/nvme1n1")).expect("removed");
    std::os::unix::fs::symlink("/dev/null", host.0.join("dev/nvme1n1")).expect("a link");
    fs::write(host.0.join("sys/block/nvme1n1/dev"), "1:3\n").expect("written");
    assert_eq!(devices.serial("nvme1n1"), None);
    let null = fs::File::open("/dev/null").expect("it");
    assert!(crate::kernel::identify_nvme(std::os::fd::AsFd::as_fd(&null)).is_err());
}
