//! The volume that is captured: what it is on, and what else is mounted below it.

use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use ami_disk::superblock::Kind;
use ami_disk::{Source, Superblock};

use crate::error::Because;
use crate::mounts::{self, Mount, below, join};
use crate::{Error, FileSystem, OtherFileSystems};

/// Kinds of file systems that are on disks of this machine.
const LOCAL: [&str; 13] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "reiserfs", "nilfs2", "vfat", "exfat",
    "zfs", "bcachefs",
];

/// A volume.
#[derive(Debug)]
pub(crate) struct Volume {
    /// Its path, without links.
    pub path: PathBuf,
    /// What it says of itself; none where its UUID is not that of the tree, or it has none.
    pub identity: Option<Superblock>,
    /// It ought to say something of itself, but its device cannot be read.
    pub unreadable: bool,
    /// The kind of its file system, if images can have it.
    pub file_system: Option<FileSystem>,
    /// What is mounted below, and shown with it. Paths from its top, without a slash before them.
    pub taken: Vec<Vec<u8>>,
    /// What is mounted below, and left out.
    pub mount_points: Vec<Vec<u8>>,
}

impl Volume {
    /// Looks at a directory.
    pub(crate) fn find(path: &Path, others: OtherFileSystems) -> Result<Self, Error> {
        let path = path
            .canonicalize()
            .because(|| format!("volume {}", path.display()))?;
        let mounts = mounts::read().because(|| "what is mounted")?;
        let bytes = path.as_os_str().as_bytes();
        let mount = holding(&mounts, bytes)
            .ok_or_else(|| Error::failed("the volume is on no mounted file system"))?;
        let rest = below(bytes, &mount.place).unwrap_or_default();
        let root = join(&mount.root, rest);
        let is_top = rest.is_empty() && (mount.root == b"/" || mount.kind == "btrfs");
        let superblock = superblock(mount);
        let file_system = superblock
            .as_ref()
            .and_then(|known| of_kind(known.kind))
            .or_else(|| mount.kind.parse().ok());
        let (taken, mount_points) = divide(&mounts, bytes, mount, &root, others);
        Ok(Self {
            path,
            unreadable: is_top && superblock.is_none() && file_system.is_some(),
            identity: superblock.filter(|known| is_top && of_kind(known.kind).is_some()),
            file_system,
            taken,
            mount_points,
        })
    }
}

fn of_kind(kind: Kind) -> Option<FileSystem> {
    kind.as_str().parse().ok()
}

/// The mount that a path is on: of those that it is below, the deepest, and of those the newest.
fn holding<'a>(mounts: &'a [Mount], path: &[u8]) -> Option<&'a Mount> {
    mounts
        .iter()
        .filter(|mount| below(path, &mount.place).is_some())
        .max_by_key(|mount| mount.place.len())
}

/// What the device of a mount says. None where there is no device, or it cannot be read.
fn superblock(mount: &Mount) -> Option<Superblock> {
    let source = Path::new(std::ffi::OsStr::from_bytes(&mount.source)).to_owned();
    // Where /dev is not udev's, or the kernel says `/dev/root`, sysfs knows the name.
    let numbers = PathBuf::from(format!("/dev/block/{}", mount.device));
    let event = std::fs::read_to_string(format!("/sys/dev/block/{}/uevent", mount.device));
    let named = event.ok().and_then(|text| {
        let name = text
            .lines()
            .find_map(|line| line.strip_prefix("DEVNAME="))?;
        Some(Path::new("/dev").join(name))
    });
    let places = [Some(numbers), named, Some(source)];
    places.into_iter().flatten().find_map(|place| {
        use std::os::unix::fs::FileTypeExt;
        let device = place.metadata().ok()?;
        if !device.file_type().is_block_device() {
            return None;
        }
        let source = Source::new(File::open(place).ok()?).ok()?;
        let known = Superblock::read(&source).ok().flatten()?;
        // Old kernels name a device that is no longer what is mounted.
        known.kind.as_str().parse::<FileSystem>().ok()?;
        Some(known)
    })
}

/// What is mounted below a volume, taken and left out.
fn divide(
    mounts: &[Mount],
    path: &[u8],
    volume: &Mount,
    root: &[u8],
    others: OtherFileSystems,
) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let (mut taken, mut left): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    // What was taken must not come twice: a bind mount shows the same files again.
    let mut seen = vec![(volume.device.as_str(), root.to_vec())];
    for mount in mounts {
        let Some(rest @ [_, ..]) = below(&mount.place, path) else {
            continue;
        };
        // The newest mount at a place is the one that is seen.
        taken.retain(|other| other != rest);
        left.retain(|other| other != rest);
        if mount.device == volume.device && mount.root == join(root, rest) {
            // It shows what lies there anyway, as nested subvolumes often are.
            continue;
        }
        let again = seen.iter().any(|(device, root)| {
            *device == mount.device && (mount.kind != "btrfs" || *root == mount.root)
        });
        let local = LOCAL.contains(&mount.kind.as_str());
        if others == OtherFileSystems::TakeLocal && local && !again {
            seen.push((&mount.device, mount.root.clone()));
            taken.push(rest.to_vec());
        } else {
            left.push(rest.to_vec());
        }
    }
    (taken, left)
}

#[cfg(test)]
mod tests {
    use super::{divide, holding};
    use crate::OtherFileSystems::{LeaveOut, TakeLocal};
    use crate::mounts::Mount;

    fn mount(device: &str, root: &str, place: &str, kind: &str) -> Mount {
        Mount {
            device: device.into(),
            root: root.into(),
            place: place.into(),
            kind: kind.into(),
            source: b"none".to_vec(),
        }
    }

    #[test]
    fn mounts_below_are_taken_or_left() {
        let mounts = [
            mount("8:1", "/", "/", "ext4"),
            mount("0:5", "/", "/proc", "proc"),
            mount("8:2", "/", "/home", "xfs"),
            mount("8:2", "/x", "/again", "xfs"),
            mount("8:1", "/srv", "/srv", "ext4"),
            mount("0:9", "/", "/net", "nfs4"),
        ];
        let top = holding(&mounts, b"/etc").expect("the root");
        assert_eq!(top.device, "8:1");
        assert_eq!(holding(&mounts, b"/home/a").expect("home").device, "8:2");
        let (taken, left) = divide(&mounts, b"/", top, b"/", LeaveOut);
        assert!(taken.is_empty());
        assert_eq!(left, [&b"proc"[..], b"home", b"again", b"net"]);
        let (taken, left) = divide(&mounts, b"/", top, b"/", TakeLocal);
        assert_eq!(taken, [&b"home"[..]]);
        assert_eq!(left, [&b"proc"[..], b"again", b"net"]);
    }

    #[test]
    fn subvolumes_are_file_systems_of_their_own() {
        let mounts = [
            mount("0:30", "/@", "/", "btrfs"),
            mount("0:30", "/@/var", "/var", "btrfs"),
            mount("0:30", "/@home", "/home", "btrfs"),
        ];
        let (taken, left) = divide(&mounts, b"/", &mounts[0], b"/@", TakeLocal);
        assert_eq!(taken, [&b"home"[..]]);
        assert!(left.is_empty());
    }
}
