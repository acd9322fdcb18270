//! Decisions about made-up layouts, without a disk.

use super::{BootMode, Layout, Volume};
use crate::Architecture::{Arm64, X86_64};
use crate::partitions::{BootCode, Partition, Purpose, Table, TableKind, TypeId};
use crate::superblock::{Kind, Superblock};

fn volume(number: u32, purpose: Purpose, kind: Option<Kind>) -> Volume {
    let partition = Partition {
        number,
        start: u64::from(number) << 20,
        length: 1 << 20,
        type_id: TypeId::Mbr(0),
        purpose,
        name: None,
        part_uuid: None,
        bootable: false,
    };
    Volume {
        start: partition.start,
        length: partition.length,
        partition: Some(partition),
        superblock: kind.map(Superblock::of_kind),
        looks_like_root: None,
    }
}

fn linux(number: u32, kind: Kind) -> Volume {
    volume(number, Purpose::Linux, Some(kind))
}

fn looked(mut volume: Volume, looks: bool) -> Volume {
    volume.looks_like_root = Some(looks);
    volume
}

fn layout(volumes: Vec<Volume>) -> Layout {
    let partitions = volumes.iter().filter_map(|v| v.partition.clone());
    let from_backup = false;
    Layout {
        size: 1 << 30,
        table: Table {
            kind: TableKind::Gpt { from_backup },
            sector_size: 512,
            boot_code: BootCode::None,
            partitions: partitions.collect(),
        },
        volumes,
    }
}

fn root(volumes: Vec<Volume>) -> Result<(Option<u32>, String), String> {
    let layout = layout(volumes);
    let root = layout.root().map_err(|error| error.to_string())?;
    Ok((root.value.number(), root.reason))
}

#[test]
fn a_type_says_which_is_the_root() {
    let typed = volume(2, Purpose::Root(Some(Arm64)), Some(Kind::Ext4));
    let found = root(vec![linux(1, Kind::Ext4), typed.clone()]);
    let reason = "its type says that it is a root".to_owned();
    assert_eq!(found, Ok((Some(2), reason)));
    let other = volume(1, Purpose::Root(Some(X86_64)), Some(Kind::Ext4));
    let why = root(vec![other.clone(), typed.clone()]).expect_err("two");
    assert!(
        why.starts_with("partition 1 (ext4) and partition 2 (ext4) may be"),
        "{why}"
    );
    let found = root(vec![looked(other, true), looked(typed, false)]);
    assert_eq!(found.expect("one looks like it").0, Some(1));
    let crypted = volume(1, Purpose::Root(Some(X86_64)), Some(Kind::Luks));
    let why = root(vec![crypted]).expect_err("LUKS");
    assert!(why.contains("--partition does not help"), "{why}");
}

#[test]
fn the_only_file_system_is_the_root() {
    let efi = volume(15, Purpose::EfiSystem, Some(Kind::Vfat));
    let boot = volume(2, Purpose::Boot, Some(Kind::Ext4));
    let found = root(vec![linux(1, Kind::Xfs), boot, efi.clone()]);
    let reason = "no other partition is ext2 to ext4, xfs or btrfs".to_owned();
    assert_eq!(found, Ok((Some(1), reason)));
    let why = root(vec![efi]).expect_err("only vfat");
    assert_eq!(why, "none of partition 15 (vfat) can be a root");
}

#[test]
fn of_several_the_one_that_looks_like_it_or_the_largest() {
    let (small, mut large) = (linux(1, Kind::Ext4), linux(2, Kind::Xfs));
    let why = root(vec![small.clone(), large.clone()]).expect_err("alike");
    assert!(why.ends_with("choose one with --partition"), "{why}");
    large.length += 1;
    let both = "partition 1 (ext4) and partition 2 (xfs)";
    let found = root(vec![small.clone(), large.clone()]);
    let reason = format!("it is the largest of {both}");
    assert_eq!(found, Ok((Some(2), reason)));
    let found = root(vec![
        looked(small.clone(), true),
        looked(large.clone(), false),
    ]);
    let reason = format!("it alone of {both} looks like a root");
    assert_eq!(found, Ok((Some(1), reason)));
    let why = root(vec![
        looked(small.clone(), false),
        looked(large.clone(), false),
    ]);
    let none = format!("none of {both} looks like a root; choose one with --partition");
    assert_eq!(why, Err(none));
    let why = root(vec![looked(small, true), looked(large, true)]);
    assert!(why.expect_err("two").contains("look like a root"));
}

#[test]
fn what_is_in_lvm_is_not_found() {
    // As Red Hat's installer makes it: /boot beside a physical volume with all the rest.
    let lvm = volume(2, Purpose::Lvm, Some(Kind::Lvm));
    let why = root(vec![linux(1, Kind::Xfs), lvm.clone()]).expect_err("unseen");
    assert!(
        why.contains("if the root is partition 1 (xfs) after all"),
        "{why}"
    );
    let why = root(vec![looked(linux(1, Kind::Xfs), false), lvm.clone()]).expect_err("seen");
    assert_eq!(
        why,
        "partition 2 may hold the root, but is a physical volume of LVM, which is not looked \
         into; --partition does not help there"
    );
    let found = root(vec![looked(linux(1, Kind::Xfs), true), lvm.clone()]);
    assert_eq!(found.expect("seen").0, Some(1));
    let layout = layout(vec![lvm]);
    let why = layout.partition(2).expect_err("asked for").to_string();
    assert!(
        why.starts_with("partition 2 was asked for, but is a physical volume of LVM"),
        "{why}"
    );
}

#[test]
fn a_partition_that_is_asked_for() {
    let swap = volume(3, Purpose::Swap, Some(Kind::Swap));
    let blank = volume(4, Purpose::Linux, None);
    let layout = layout(vec![linux(1, Kind::Btrfs), swap, blank]);
    assert_eq!(layout.partition(1).expect("btrfs").number(), Some(1));
    for (number, why) in [
        (3, "no root can be made of partition 3, which is swap"),
        (4, "partition 4 holds no file system that is known"),
        (
            2,
            "has no partition 2; it has partition 1 (btrfs), partition 3 (swap) and partition 4 \
             (nothing known)",
        ),
    ] {
        let error = layout.partition(number).expect_err(why);
        assert_eq!(error.to_string(), why);
    }
}

#[test]
fn boot_modes() {
    let efi = || volume(15, Purpose::EfiSystem, Some(Kind::Vfat));
    let bios = || volume(14, Purpose::BiosBoot, None);
    let mode = |volumes, boot_code, kind| {
        let mut layout = layout(volumes);
        layout.table.boot_code = boot_code;
        layout.table.kind = kind;
        layout.boot_mode().map(|mode| (mode.value, mode.reason))
    };
    let from_backup = false;
    let gpt = TableKind::Gpt { from_backup };
    let is_efi = "partition 15 is an EFI system partition";
    let is_bios = "partition 14 is a BIOS boot partition with boot code in the first sector";
    let both = mode(vec![efi(), bios()], BootCode::Loader, gpt);
    let reason = format!("{is_efi}, and {is_bios}");
    assert_eq!(both, Some((BootMode::UefiPreferred, reason)));
    // What was made for a BIOS, but never got its boot loader.
    let no_code = mode(vec![efi(), bios()], BootCode::None, gpt);
    assert_eq!(no_code, Some((BootMode::Uefi, is_efi.to_owned())));
    let only_bios = mode(vec![bios()], BootCode::Loader, gpt);
    assert_eq!(only_bios, Some((BootMode::LegacyBios, is_bios.to_owned())));

    let plain = || vec![linux(1, Kind::Ext4)];
    let mut active = plain();
    let partition = active[0].partition.as_mut().expect("a partition");
    partition.bootable = true;
    let bios_mode = |volumes, code| mode(volumes, code, TableKind::Mbr).map(|mode| mode.0);
    let legacy = Some(BootMode::LegacyBios);
    assert_eq!(bios_mode(plain(), BootCode::Loader), legacy);
    assert_eq!(bios_mode(active.clone(), BootCode::Other), legacy);
    assert_eq!(bios_mode(active, BootCode::None), None);
    assert_eq!(bios_mode(plain(), BootCode::Other), None);
    assert_eq!(mode(plain(), BootCode::Loader, gpt), None);
}
