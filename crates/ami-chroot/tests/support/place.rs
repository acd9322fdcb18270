//! A place for a test, and disks to build in.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{have, is_root, sh, skip, which};

/// Programs of busybox that commands in the tests use.
const APPLETS: [&str; 36] = [
    "sh", "cat", "echo", "false", "id", "kill", "ls", "mkdir", "ps", "rm", "sleep", "sync",
    "touch", "true", "env", "df", "head", "tail", "wc", "cut", "dd", "printf", "stty", "tty", "ln",
    "readlink", "setsid", "chroot", "mknod", "mount", "umount", "test", "chmod", "chown", "cp",
    "mkfifo",
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

    /// A disk file with the usual tree on it.
    pub fn disk(&self, name: &str, kind: Kind, parts: Parts) -> PathBuf {
        self.disk_of(name, &self.tree(), kind, parts)
    }

    /// A disk file with a tree on it.
    pub fn disk_of(&self, name: &str, tree: &Path, kind: Kind, parts: Parts) -> PathBuf {
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
        make_filesystem(&filesystem, tree, kind, size);
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

    /// A disk with two roots, in partitions 1 and 2, which say in /etc/which who they are.
    pub fn two_roots(&self, label: &str) -> PathBuf {
        let (disk, tree) = (self.path("two"), self.tree());
        let mut script = format!("truncate -s 132M {}; ", disk.display());
        for (at, which) in ["first", "second"].iter().enumerate() {
            fs::write(tree.join("etc/which"), format!("{which}\n")).expect("written");
            let filesystem = self.path(which);
            make_filesystem(&filesystem, &tree, Kind::Ext4, 64 << 20);
            script.push_str(&format!(
                "dd if={} of={} bs=1M seek={} conv=notrunc,sparse status=none; ",
                filesystem.display(),
                disk.display(),
                1 + at * 64
            ));
        }
        script.push_str(&format!(
            "printf 'label: {label}\\nstart=1MiB, size=64MiB, type=linux\\nstart=65MiB, size=64MiB, type=linux\\n' | \
             sfdisk -q --no-reread {}",
            disk.display()
        ));
        sh(&script);
        disk
    }

    /// A disk as most tests need one.
    pub fn usual_disk(&self) -> PathBuf {
        self.disk("base.raw", Kind::Ext4, Parts::Bare)
    }
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
