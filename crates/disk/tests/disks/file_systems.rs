//! Superblocks as the programs write them that make file systems.

use std::path::Path;

use ami_disk::Superblock;
use ami_disk::superblock::Kind;

use super::support::{Scratch, have, layout, open, patch, run};

const MIB: u64 = 1 << 20;
const UUID: &str = "01234567-89ab-cdef-0123-456789abcdef";

fn superblock(disk: &Path) -> Superblock {
    let read = Superblock::read(&*open(disk)).expect("readable");
    read.unwrap_or_else(|| panic!("nothing known on {}", disk.display()))
}

fn made(test: &str, line: &str, size: u64) -> Option<Superblock> {
    let tool = line.split(' ').next().expect("a tool");
    have(test, &[tool]).then(|| {
        let scratch = Scratch::new(test);
        let disk = scratch.disk("disk", size);
        run(line, &[&disk], "");
        superblock(&disk)
    })
}

#[test]
fn ext_in_its_three_forms() {
    for (tool, kind) in [
        ("mkfs.ext2", Kind::Ext2),
        ("mkfs.ext3", Kind::Ext3),
        ("mkfs.ext4", Kind::Ext4),
    ] {
        let line = format!("{tool} -q -b 1024 -L a-label -U {UUID}");
        let Some(found) = made(&format!("superblock-{kind}"), &line, 8 * MIB) else {
            continue;
        };
        let expected = Superblock {
            kind,
            size: Some(8 * MIB),
            block_size: Some(1024),
            uuid: Some(UUID.to_owned()),
            label: Some("a-label".to_owned()),
        };
        assert_eq!(found, expected);
    }
}

#[test]
fn xfs() {
    let line = format!("mkfs.xfs -q -L a-label -m uuid={UUID}");
    if let Some(found) = made("superblock-xfs", &line, 320 * MIB) {
        let expected = Superblock {
            kind: Kind::Xfs,
            size: Some(320 * MIB),
            block_size: Some(4096),
            uuid: Some(UUID.to_owned()),
            label: Some("a-label".to_owned()),
        };
        assert_eq!(found, expected);
    }
}

#[test]
fn btrfs() {
    let line = format!("mkfs.btrfs -q -L a-label -U {UUID}");
    if let Some(found) = made("superblock-btrfs", &line, 128 * MIB) {
        let expected = Superblock {
            kind: Kind::Btrfs,
            size: Some(128 * MIB),
            block_size: Some(4096),
            uuid: Some(UUID.to_owned()),
            label: Some("a-label".to_owned()),
        };
        assert_eq!(found, expected);
    }
}

#[test]
fn fat_in_its_three_widths() {
    for (width, size) in [(12, 2 * MIB), (16, 32 * MIB), (32, 64 * MIB)] {
        let test = format!("superblock-fat{width}");
        let line = format!("mkfs.vfat -F {width} -i 1a2b3c4d -n LABEL");
        let Some(found) = made(&test, &line, size) else {
            continue;
        };
        assert_eq!(found.kind, Kind::Vfat);
        assert_eq!(found.size, Some(size));
        assert_eq!(found.uuid.as_deref(), Some("1A2B-3C4D"));
        assert_eq!(found.label.as_deref(), Some("LABEL"));
        // A disk that is one FAT ends its first sector like an MBR.
        let scratch = Scratch::new(&test);
        let disk = scratch.disk("disk", size);
        run(&line, &[&disk], "");
        assert!(layout(&disk).table.partitions.is_empty());
    }
}

#[test]
fn swap() {
    let line = format!("mkswap -q -L a-label -U {UUID}");
    if let Some(found) = made("superblock-swap", &line, MIB) {
        assert_eq!(found.kind, Kind::Swap);
        assert_eq!(found.uuid.as_deref(), Some(UUID));
        assert_eq!(found.label.as_deref(), Some("a-label"));
    }
}

/// Magics where the formats have them, for those whose tools CI does not have.
#[test]
fn what_is_known_by_its_magic() {
    let mut raid = [0; 256];
    raid[..8].copy_from_slice(&[0xfc, 0x4e, 0x2b, 0xa9, 1, 0, 0, 0]);
    raid[144] = 8;
    let mut lvm = [0; 32];
    lvm[..8].copy_from_slice(b"LABELONE");
    lvm[24..].copy_from_slice(b"LVM2 001");
    let mut uberblocks = [0; 4 * 1024];
    for uberblock in uberblocks.chunks_mut(1024) {
        uberblock[..8].copy_from_slice(&0x00ba_b10c_u64.to_le_bytes());
    }
    let known: [(u64, &[u8], Kind); 11] = [
        (0, b"LUKS\xba\xbe\0\x02", Kind::Luks),
        (512, &lvm, Kind::Lvm),
        (4096, &raid, Kind::Raid),
        (128 << 10, &uberblocks, Kind::Zfs),
        (3, b"NTFS    ", Kind::Ntfs),
        (3, b"EXFAT   ", Kind::Exfat),
        (0, b"hsqs", Kind::Squashfs),
        (1024, b"\xe2\xe1\xf5\xe0", Kind::Erofs),
        (1024, b"\x10\x20\xf5\xf2", Kind::F2fs),
        (65526, b"SWAPSPACE2", Kind::Swap),
        (32768, b"\x01CD001\x01", Kind::Iso9660),
    ];
    let scratch = Scratch::new("superblock-magics");
    for (at, magic, kind) in known {
        let disk = scratch.disk("disk", MIB);
        assert!(Superblock::read(&*open(&disk)).expect("zeros").is_none());
        patch(&disk, at, magic);
        assert_eq!(superblock(&disk).kind, kind);
    }
    // RAID of version 1.0 describes itself behind what it holds.
    let disk = scratch.disk("disk", MIB);
    patch(&disk, 0, b"XFSB\0\0\x10\0");
    assert_eq!(superblock(&disk).kind, Kind::Xfs);
    let at = MIB - 8192;
    raid[144..152].copy_from_slice(&(at / 512).to_le_bytes());
    patch(&disk, at, &raid);
    assert_eq!(superblock(&disk).kind, Kind::Raid);
}
