//! Whole disks with a root on them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use ami_disk::contents::{architecture, look_for_roots, os_name};
use ami_disk::layout::BootMode;
use ami_disk::{Architecture, Layout};

use super::support::{Scratch, have, layout, loader, open, patch, program, put, run};

const MIB: u64 = 1 << 20;
const X86_64: u8 = 62;
const ARM64: u8 = 183;

/// A root in a directory, with the links that one has today. `init` is absolute and leads through
/// another link; `sh` leads to a file beside it.
pub fn tree(scratch: &Scratch, name: &str, machine: u8) -> PathBuf {
    let file = |path: &str, bytes: &[u8]| scratch.write(&format!("{name}/{path}"), bytes);
    file("usr/lib/systemd/systemd", &program(machine));
    file("usr/bin/dash", &program(machine));
    let os = b"NAME=\"Linux\"\nPRETTY_NAME=\"A Linux 1.0 (first)\"\n";
    file("usr/lib/os-release", os);
    file("etc/fstab", b"");
    file("boot/config", b"");
    fs::create_dir_all(scratch.path(&format!("{name}/usr/sbin"))).expect("a directory");
    for (target, link) in [
        ("usr/bin", "bin"),
        ("usr/sbin", "sbin"),
        ("usr/lib", "lib"),
        ("/lib/systemd/systemd", "usr/sbin/init"),
        ("dash", "usr/bin/sh"),
        ("../usr/lib/os-release", "etc/os-release"),
        ("loop", "usr/bin/bash"),
        ("bash", "usr/bin/loop"),
    ] {
        symlink(target, scratch.path(&format!("{name}/{link}"))).expect("a link");
    }
    scratch.path(name)
}

/// A file system with the files of a directory.
fn file_system(scratch: &Scratch, kind: &str, name: &str, size: u64, from: &Path) -> PathBuf {
    let disk = scratch.disk(&format!("{name}.{kind}"), size);
    match kind {
        "ext4" => run("mkfs.ext4 -q -d", &[from, &disk], ""),
        "btrfs" => run("mkfs.btrfs -q --rootdir", &[from, &disk], ""),
        _ => {
            let prototype = prototype(from);
            let file = scratch.write("prototype", prototype.as_bytes());
            run("mkfs.xfs -q -p", &[&file, &disk], "")
        }
    };
    disk
}

/// The files of a directory as mkfs.xfs wants them (mkfs.xfs(8), -p).
pub fn prototype(from: &Path) -> String {
    fn list(directory: &Path, text: &mut String) {
        for entry in fs::read_dir(directory).expect("a directory") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("UTF-8");
            let path = entry.path();
            let kind = entry.file_type().expect("its type");
            if kind.is_symlink() {
                let target = fs::read_link(&path).expect("a link");
                text.push_str(&format!("{name} l--777 0 0 {}\n", target.display()));
            } else if kind.is_dir() {
                text.push_str(&format!("{name} d--755 0 0\n"));
                list(&path, text);
                text.push_str("$\n");
            } else {
                text.push_str(&format!("{name} ---755 0 0 {}\n", path.display()));
            }
        }
    }
    let mut text = "/\n0 0\nd--755 0 0\n".to_owned();
    list(from, &mut text);
    text.push_str("$\n");
    text
}

fn told(disk: &Path, layout: &Layout) -> Result<Option<(Architecture, String)>, String> {
    let root = layout.root().ok().map(|root| root.value);
    let told = architecture(&open(disk), layout, root).map_err(|error| error.to_string())?;
    Ok(told.map(|told| (told.value, told.reason)))
}

#[test]
fn a_root_alone_on_a_disk() {
    for (kind, size) in [("ext4", 16 * MIB), ("xfs", 320 * MIB), ("btrfs", 128 * MIB)] {
        let test = format!("contents-{kind}");
        if !have(&test, &[&format!("mkfs.{kind}")]) {
            continue;
        }
        let scratch = Scratch::new(&test);
        let root = tree(&scratch, "root", ARM64);
        let disk = file_system(&scratch, kind, "disk", size, &root);
        let mut layout = layout(&disk);
        look_for_roots(&open(&disk), &mut layout);
        let root = layout.root().expect("a root");
        assert_eq!(
            root.reason,
            format!("the disk is {kind} and has no partitions")
        );
        assert_eq!(root.value.looks_like_root, Some(true), "{kind}");
        let name = os_name(&open(&disk), root.value);
        assert_eq!(name.as_deref(), Some("A Linux 1.0 (first)"));
        let reason = "/usr/lib/systemd/systemd on the whole disk is made for it";
        let arm64 = (Architecture::Arm64, reason.to_owned());
        assert_eq!(told(&disk, &layout), Ok(Some(arm64)));
        assert_eq!(layout.boot_mode(), None);
    }
}

#[test]
fn a_disk_for_a_cloud() {
    let tools = ["sfdisk", "mkfs.ext4", "mkfs.vfat", "mmd", "mcopy"];
    if !have("contents-cloud", &tools) {
        return;
    }
    let scratch = Scratch::new("contents-cloud");
    let disk = scratch.disk("disk", 96 * MIB);
    let script = "label: gpt
1 : start=80M, size=12M, type=linux
2 : start=72M, size=8M, type=linux
14 : start=1M, size=3M, type=21686148-6449-6E6F-744E-656564454649
15 : start=4M, size=64M, type=uefi
";
    run("sfdisk -q", &[&disk], script);
    let root = tree(&scratch, "root", X86_64);
    let data = scratch.write("data/etc", b"not a directory");
    let data = data.parent().expect("data");
    put(
        &disk,
        80 * MIB,
        &file_system(&scratch, "ext4", "data", 12 * MIB, data),
    );
    put(
        &disk,
        72 * MIB,
        &file_system(&scratch, "ext4", "root", 8 * MIB, &root),
    );
    let esp = scratch.disk("esp", 64 * MIB);
    run("mkfs.vfat -F 32", &[&esp], "");
    run(
        "mmd -i",
        &[&esp, Path::new("::EFI"), Path::new("::EFI/almalinux")],
        "",
    );
    let shim = scratch.write("shimx64.efi", &loader(0x8664));
    let place = Path::new("::EFI/almalinux");
    run("mcopy -i", &[&esp, &shim, place], "");
    put(&disk, 4 * MIB, &esp);
    patch(&disk, 0x180, b"GRUB ");

    let mut layout = layout(&disk);
    // The larger one is not the root, and nobody can know who does not look.
    assert_eq!(layout.root().expect("one").value.number(), Some(1));
    look_for_roots(&open(&disk), &mut layout);
    let root = layout.root().expect("one");
    assert_eq!(root.value.number(), Some(2));
    let reason = "it alone of partition 1 (ext4) and partition 2 (ext4) looks like a root";
    assert_eq!(root.reason, reason);
    let mode = layout.boot_mode().expect("it boots");
    assert_eq!(mode.value, BootMode::UefiPreferred);
    let reason = "/usr/lib/systemd/systemd on partition 2 is made for it".to_owned();
    let x86_64 = (Architecture::X86_64, reason);
    assert_eq!(told(&disk, &layout), Ok(Some(x86_64)));
    // Without a root the boot loader tells.
    let alone = architecture(&open(&disk), &layout, None).expect("no contradiction");
    let reason = "EFI/ALMALI~1/SHIMX64.EFI on partition 15 is made for it";
    assert_eq!(alone.expect("told").reason, reason);

    // A boot loader for another processor is no help.
    let wrong = scratch.write("shimx64.efi", &loader(0xaa64));
    run("mcopy -o -i", &[&esp, &wrong, place], "");
    put(&disk, 4 * MIB, &esp);
    let why = told(&disk, &layout).expect_err("a contradiction");
    assert_eq!(
        why,
        "/usr/lib/systemd/systemd on partition 2 is made for x86_64, but \
         EFI/ALMALI~1/SHIMX64.EFI on partition 15 for arm64"
    );
}

#[test]
fn boot_loaders_on_every_width_of_fat() {
    if !have("contents-fat", &["mkfs.vfat", "mmd", "mcopy"]) {
        return;
    }
    let scratch = Scratch::new("contents-fat");
    // Behind others, so that it is not in the first cluster of its directory.
    for (width, size) in [(12, 2 * MIB), (16, 32 * MIB), (32, 64 * MIB)] {
        let disk = scratch.disk("disk", size);
        run(&format!("mkfs.vfat -s 1 -F {width}"), &[&disk], "");
        run(
            "mmd -i",
            &[&disk, Path::new("::EFI"), Path::new("::EFI/BOOT")],
            "",
        );
        for number in 0..40 {
            let other = scratch.write(&format!("a-long-name-{number}"), b"");
            run("mcopy -i", &[&disk, &other, Path::new("::EFI/BOOT")], "");
        }
        let boot = scratch.write("bootaa64.efi", &loader(0xaa64));
        run("mcopy -i", &[&disk, &boot, Path::new("::EFI/BOOT")], "");
        let reason = "EFI/BOOT/BOOTAA64.EFI on the whole disk is made for it";
        let arm64 = (Architecture::Arm64, reason.to_owned());
        assert_eq!(told(&disk, &layout(&disk)), Ok(Some(arm64)), "{width}");
    }
}

#[test]
fn a_root_in_a_subvolume() {
    // Making a subvolume takes a mounted file system, but a directory of that name is found alike.
    if !have("contents-subvolume", &["mkfs.btrfs"]) {
        return;
    }
    let scratch = Scratch::new("contents-subvolume");
    tree(&scratch, "top/@", X86_64);
    let top = scratch.path("top");
    let disk = file_system(&scratch, "btrfs", "disk", 128 * MIB, &top);
    let mut layout = layout(&disk);
    look_for_roots(&open(&disk), &mut layout);
    assert_eq!(layout.volumes[0].looks_like_root, Some(true));
    let told = told(&disk, &layout).expect("no contradiction");
    assert_eq!(told.map(|told| told.0), Some(Architecture::X86_64));
}
