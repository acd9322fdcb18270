//! What the tests of this tool share: disks to build in, a sandbox whose volumes are block devices, and
//! a look at what is left.
//!
//! Building needs root. Where the tests are run by somebody else they say so, and count as skipped.

#![allow(
    dead_code,
    reason = "each test file is a program of its own, and none uses all of this"
)]

mod host;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use host::Host;

use ami_sandbox::{Config, Look, Sandbox, ThisInstance};
use ami_testkit::Tool;
use tempfile::TempDir;

/// The region of this instance.
pub const HOME: &str = "us-east-1";

/// Programs of busybox that commands in the tests use.
const APPLETS: [&str; 16] = [
    "sh", "cat", "echo", "false", "id", "kill", "ls", "mkdir", "ps", "rm", "sleep", "sync",
    "touch", "true", "env", "df",
];

/// A file system on a disk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Ext4,
    Xfs,
    Btrfs,
}

/// How a disk is divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Parts {
    Bare,
    Gpt,
    Mbr,
}

/// A place for one test, gone at its end.
pub struct Place {
    directory: TempDir,
}

impl Place {
    /// None where a test cannot run; it says why.
    pub fn new() -> Option<Self> {
        for program in ["busybox", "mkfs.ext4", "losetup"] {
            if !have(program) {
                skip(&format!("needs {program}"));
                return None;
            }
        }
        if !is_root() {
            skip("needs root");
            return None;
        }
        Some(Self {
            directory: tempfile::tempdir().expect("a directory"),
        })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A tree of files that commands can run in.
    pub fn tree(&self) -> PathBuf {
        let tree = self.path("tree");
        for name in ["bin", "etc", "root", "usr/bin", "var/tmp"] {
            fs::create_dir_all(tree.join(name)).expect("a directory");
        }
        fs::copy(which("busybox").expect("checked"), tree.join("bin/busybox")).expect("busybox");
        for applet in APPLETS {
            let link = tree.join("bin").join(applet);
            if !link.exists() {
                symlink("busybox", link).expect("a link");
            }
        }
        fs::write(tree.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").expect("written");
        tree
    }

    /// A disk file with the tree on it.
    pub fn disk(&self, name: &str, kind: Kind, parts: Parts) -> PathBuf {
        let disk = self.path(name);
        let size: u64 = match kind {
            Kind::Ext4 => 64 << 20,
            Kind::Btrfs => 128 << 20,
            // The least that mkfs.xfs makes.
            Kind::Xfs => 320 << 20,
        };
        let (offset, whole) = match parts {
            Parts::Bare => (0, size),
            _ => (1 << 20, size + (2 << 20)),
        };
        let filesystem = self.path("filesystem");
        make_filesystem(&filesystem, &self.tree(), kind, size);
        let file = fs::File::create(&disk).expect("a disk");
        file.set_len(whole).expect("its size");
        drop(file);
        let script = format!(
            "dd if={} of={} bs=1M seek={} conv=notrunc,sparse status=none",
            filesystem.display(),
            disk.display(),
            offset >> 20
        );
        sh(&script);
        fs::remove_file(&filesystem).expect("removed");
        let label = match parts {
            Parts::Bare => return disk,
            Parts::Gpt => "gpt",
            Parts::Mbr => "dos",
        };
        let sectors = size / 512;
        sh(&format!(
            "printf 'label: {label}\\nstart=2048, size={sectors}, type=linux\\n' | sfdisk -q --no-reread {}",
            disk.display()
        ));
        disk
    }

    /// A disk as most tests need one.
    pub fn usual_disk(&self) -> PathBuf {
        self.disk("base.raw", Kind::Ext4, Parts::Bare)
    }
}

/// A sandbox whose metadata service speaks for an instance with block devices.
pub struct Cloud {
    pub sandbox: Sandbox,
    pub instance: String,
    devices: TempDir,
}

impl Cloud {
    pub fn new(look: Look) -> Self {
        let this = ThisInstance {
            region: HOME.into(),
            instance_type: "t3.micro".into(),
            role: None,
        };
        let config = Config {
            this_instance: Some(this),
            ..Config::default()
        };
        let sandbox = Sandbox::start(config).expect("a sandbox");
        let devices = tempfile::tempdir().expect("a directory");
        sandbox
            .show_devices(devices.path(), look)
            .expect("block devices");
        let instance = sandbox.this_instance().expect("an instance");
        Self {
            sandbox,
            instance,
            devices,
        }
    }

    /// A completed snapshot with the bytes of a disk file.
    pub fn snapshot(&self, disk: &Path, tags: &[(&str, &str)]) -> String {
        let id = self.sandbox.snapshot_from_file(HOME, disk, |snapshot| {
            for (key, value) in tags {
                snapshot.tags.insert((*key).into(), (*value).into());
            }
        });
        id.expect("a snapshot")
    }

    /// The tool with arguments, on this instance.
    pub fn tool(&self, words: &[&str]) -> Tool<'_> {
        ami_testkit::tool("ami-chroot")
            .sandbox(&self.sandbox)
            .metadata()
            .env("AMI_TOOLS_GRACE", "2s")
            .env("AMI_CHROOT_DEVICES_AT", self.devices.path())
            .args(words)
    }

    /// The directory that stands for the host's devices.
    pub fn devices(&self) -> &Path {
        self.devices.path()
    }

    /// The calls to EC2, by name.
    pub fn actions(&self) -> Vec<String> {
        let calls = self.sandbox.calls().into_iter();
        let calls = calls.filter(|call| call.service == "ec2");
        calls.map(|call| call.action).collect()
    }

    /// The IDs of the volumes, snapshots and images that there are.
    pub fn resources(&self) -> BTreeSet<String> {
        let sandbox = &self.sandbox;
        let volumes = sandbox.volumes(HOME).into_iter().map(|one| one.id);
        let snapshots = sandbox.snapshots(HOME).into_iter().map(|one| one.id);
        let images = sandbox.images(HOME).into_iter().map(|one| one.id);
        volumes.chain(snapshots).chain(images).collect()
    }

    /// What a file in the root file system of a snapshot holds: a bare ext4.
    pub fn file_in(&self, place: &Place, snapshot: &str, path: &str) -> String {
        let disk = place.path("exported");
        self.sandbox
            .export_snapshot(snapshot, &disk)
            .expect("a disk");
        let text = debugfs(&disk, &format!("cat {path}"));
        fs::remove_file(disk).expect("removed");
        text
    }

    /// Do loop devices of this sandbox show?
    pub fn has_devices(&self) -> bool {
        let dev = fs::read_dir(self.devices.path().join("dev")).expect("a directory");
        dev.flatten().any(|entry| entry.file_name() != "disk")
    }
}

pub fn debugfs(disk: &Path, request: &str) -> String {
    let output = Command::new("debugfs")
        .args(["-R", request])
        .arg(disk)
        .output()
        .expect("debugfs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn make_filesystem(file: &Path, tree: &Path, kind: Kind, size: u64) {
    let made = fs::File::create(file).expect("a file");
    made.set_len(size).expect("its size");
    drop(made);
    let (file, tree) = (file.display(), tree.display());
    match kind {
        Kind::Ext4 => sh(&format!("mkfs.ext4 -q -d {tree} {file}")),
        Kind::Btrfs => sh(&format!("mkfs.btrfs -q --rootdir {tree} {file}")),
        // It fills no file system by itself.
        Kind::Xfs => sh(&format!(
            "mkfs.xfs -q {file} && unshare --mount sh -ec 'mount -o loop,nouuid {file} /mnt && cp -a {tree}/. /mnt && umount /mnt'"
        )),
    }
}

pub fn sh(script: &str) {
    let output = Command::new("sh")
        .args(["-ec", script])
        .output()
        .expect("sh");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
}

pub fn have(program: &str) -> bool {
    which(program).is_some()
}

fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    places.extend(["/usr/sbin".into(), "/sbin".into()]);
    places
        .into_iter()
        .map(|place| place.join(program))
        .find(|path| path.is_file())
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id");
    output.stdout == b"0\n"
}

pub fn skip(why: &str) {
    tell(&format!("skipped: {why}"));
}

/// Says something whether the test fails or not: what is written with the macros is shown only when it
/// does.
pub fn tell(text: &str) {
    // Nobody is left to be told where this fails.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
