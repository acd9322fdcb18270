//! What a superblock asks of the kernel, and is not given.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::killed::signal;
use crate::site::{Kind, Site, have, shell, skip, wait};

/// A loop device of root's, taken down at the end.
struct Loop(String);

impl Loop {
    fn over(file: &Path) -> Self {
        let made = shell(&["losetup", "--find", "--show"], file);
        Self(made.trim().to_owned())
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").args(["--detach", &self.0]).status();
    }
}

fn has_btrfs() -> bool {
    let known = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let has = have("mkfs.btrfs") && have("btrfs") && known.contains("btrfs");
    if !has {
        skip("needs btrfs");
    }
    has
}

/// Two halves of a mirror: one is what somebody builds in, of the other the kernel has heard.
fn mirror(site: &Site) -> (PathBuf, PathBuf, Loop) {
    let (one, other) = (site.path("one"), site.path("other"));
    for file in [&one, &other] {
        let file = File::create(file).expect("a file");
        file.set_len(160 << 20).expect("a length");
    }
    let tree = site.tree();
    let script = format!(
        "mkfs.btrfs -q -m raid1 -d raid1 {0} \"$0\" && \
         first=$(losetup --find --show {0}) && second=$(losetup --find --show \"$0\") && \
         btrfs device scan $second >/dev/null && mount -o device=$second $first /mnt && \
         cp -a {1}/. /mnt && umount /mnt; code=$?; losetup -d $first $second; exit $code",
        one.display(),
        tree.display()
    );
    shell(&["unshare", "--mount", "sh", "-c", &script], &other);
    let device = Loop::over(&other);
    shell(&["btrfs", "device", "scan"], Path::new(&device.0));
    (one, other, device)
}

fn change_superblock(disk: &Path, change: impl FnOnce(&mut [u8])) {
    let file = File::options().read(true).write(true).open(disk);
    let file = file.expect("the disk");
    let mut block = [0; 4096];
    file.read_exact_at(&mut block, 64 << 10).expect("read");
    change(&mut block);
    let sum = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI).checksum(&block[32..]);
    block[..4].copy_from_slice(&sum.to_le_bytes());
    file.write_all_at(&block, 64 << 10).expect("written");
}

fn sum(file: &Path) -> String {
    shell(&["sync"], file);
    shell(&["sha256sum"], file)
}

#[test]
fn a_btrfs_takes_no_other_device_in() {
    let Some(site) = Site::new() else { return };
    if !has_btrfs() {
        return;
    }
    let (one, other, device) = mirror(&site);
    let before = sum(&other);
    let built = site.build(&[], &one, &["true"]);
    let words = "the btrfs is one of 2 devices";
    assert!(built.expect(125).stderr.contains(words), "{built:#?}");
    assert_eq!(sum(&other), before);
    // It says that it is alone, and the kernel knows of another of its UUID all the same.
    change_superblock(&one, |block| {
        block[136..144].copy_from_slice(&1_u64.to_le_bytes())
    });
    site.build(&[], &one, &["true"]).expect(125);
    assert_eq!(sum(&other), before, "the other half was written to");
    shell(
        &["btrfs", "device", "scan", "--forget"],
        Path::new(&device.0),
    );
    drop(device);
    site.expect_nothing_left(Duration::from_secs(3));
}

#[test]
fn a_btrfs_is_built_in_twice_at_once() {
    let Some(site) = Site::new() else { return };
    if !has_btrfs() {
        return;
    }
    let disk = site.disk(&site.tree(), Kind::Btrfs);
    let other = site.path("other");
    fs::copy(&disk, &other).expect("a copy");
    let first = site.running(&disk, ":", &[]);
    let built = site.build(&[], &other, &["true"]);
    // Linux before 6.7 does not mount two of one UUID.
    let refused = built.stderr.contains("Linux 6.7 and later can mount both");
    assert!(built.code == Some(0) || refused, "{built:#?}");
    signal(first.id(), "-TERM");
    site.built(wait(first)).expect(128 + 15);
}

#[test]
fn an_ext4_does_not_choose_to_panic() {
    let Some(site) = Site::new() else { return };
    for options in [&[][..], &["--disposable"]] {
        let disk = site.usual_disk();
        shell(&["tune2fs", "-e", "panic"], &disk);
        let built = site.sh(options, &disk, "grep -c errors=remount-ro /proc/mounts");
        assert_eq!(built.expect(0).stdout, "1\n");
    }
    let disk = site.usual_disk();
    shell(&["tune2fs", "-E", "mount_opts=errors=panic"], &disk);
    let built = site.build(&[], &disk, &["true"]);
    let words = "asks for mount options of its own";
    assert!(built.expect(125).stderr.contains(words), "{built:#?}");
}

#[test]
fn an_ext4_takes_no_other_device_for_its_journal() {
    let Some(site) = Site::new() else { return };
    let journal = site.path("journal");
    let file = File::create(&journal).expect("a file");
    file.set_len(32 << 20).expect("a length");
    shell(
        &["mkfs.ext4", "-q", "-F", "-O", "journal_dev", "-b", "4096"],
        &journal,
    );
    let device = Loop::over(&journal);
    let disk = site.path("disk");
    let file = File::create(&disk).expect("a file");
    file.set_len(64 << 20).expect("a length");
    let tree = site.tree().display().to_string();
    let outside = format!("device={}", device.0);
    let words = [
        "mkfs.ext4",
        "-q",
        "-F",
        "-b",
        "4096",
        "-J",
        &outside,
        "-d",
        &tree,
    ];
    shell(&words, &disk);
    let before = sum(&journal);
    let built = site.build(&[], &disk, &["true"]);
    let words = "has its journal on another device";
    assert!(built.expect(125).stderr.contains(words), "{built:#?}");
    assert_eq!(sum(&journal), before);
}
