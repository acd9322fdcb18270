//! Partition tables as fdisk's tools write them.

use std::path::Path;

use ami_disk::partitions::{Purpose, TableKind};
use ami_disk::{Layout, Table};

use super::support::{Scratch, have, open, patch, run};

const MIB: u64 = 1 << 20;

/// The layout of Debian's images for clouds.
const CLOUD: &str = "label: gpt
1 : start=8M, type=4f68bce3-e8cd-4db1-96e7-fbcaf984b709, name=\"root ä\"
14 : start=1M, size=3M, type=21686148-6449-6E6F-744E-656564454649
15 : start=4M, size=4M, type=uefi, attrs=LegacyBIOSBootable
";
const LOGICAL: &str = "label: dos
label-id: 0x89abcdef
1 : start=1M, size=1M, type=83, bootable
2 : start=2M, type=f
5 : start=3M, size=1M, type=82
6 : start=5M, size=1M, type=8e
7 : start=7M, type=83
";

fn table(disk: &Path) -> Result<Table, String> {
    Table::read(&*open(disk)).map_err(|error| error.to_string())
}

/// What `sfdisk` says of its own work, line by line: start and size in sectors, and the UUID.
fn agrees_with_sfdisk(disk: &Path, table: &Table) {
    let dump = run("sfdisk --dump", &[disk], "");
    let prefix = disk.to_str().expect("a path");
    let field = |line: &str, key: &str| -> Option<String> {
        let value = line.split_once(&format!("{key}="))?.1.trim_start();
        Some(value.split(',').next()?.trim_matches(['"', ' ']).to_owned())
    };
    let is_extended = |line: &&str| matches!(field(line, "type").as_deref(), Some("f" | "5"));
    let lines = dump.lines().filter(|line| line.starts_with(prefix));
    let lines: Vec<&str> = lines.filter(|line| !is_extended(line)).collect();
    assert_eq!(lines.len(), table.partitions.len(), "{dump}");
    for (line, partition) in lines.iter().zip(&table.partitions) {
        let number = format!("{prefix}{} ", partition.number);
        assert!(line.starts_with(&number), "{line}");
        let sectors = |bytes: u64| Some((bytes / u64::from(table.sector_size)).to_string());
        assert_eq!(field(line, "start"), sectors(partition.start), "{line}");
        assert_eq!(field(line, "size"), sectors(partition.length), "{line}");
        let uuid = field(line, "uuid").map(|uuid| uuid.to_lowercase());
        assert!(uuid.is_none() || uuid == partition.part_uuid, "{line}");
    }
}

#[test]
fn a_gpt_and_its_backup() {
    if !have("GPT", &["sfdisk"]) {
        return;
    }
    let scratch = Scratch::new("tables-gpt");
    let disk = scratch.disk("disk", 64 * MIB);
    run("sfdisk -q", &[&disk], CLOUD);
    let read = table(&disk).expect("a table");
    agrees_with_sfdisk(&disk, &read);
    let from_backup = false;
    assert_eq!(read.kind, TableKind::Gpt { from_backup });
    let purposes: Vec<Purpose> = read.partitions.iter().map(|p| p.purpose).collect();
    let x86_64 = Some(ami_disk::Architecture::X86_64);
    assert_eq!(
        purposes,
        [Purpose::Root(x86_64), Purpose::BiosBoot, Purpose::EfiSystem]
    );
    assert_eq!(read.partitions[0].name.as_deref(), Some("root ä"));
    assert!(read.partitions[2].bootable && !read.partitions[0].bootable);

    // A wrong byte in the entries spoils their checksum, one in the header its own.
    for at in [1024 + 300, 512 + 72] {
        patch(&disk, at, &[0xff]);
        let backup = table(&disk).expect("the backup");
        let from_backup = true;
        assert_eq!(backup.kind, TableKind::Gpt { from_backup });
        assert_eq!(backup.partitions, read.partitions);
    }
    patch(&disk, 64 * MIB - 512, b"no EFI PART");
    let why = table(&disk).expect_err("neither copy");
    assert_eq!(why, "its MBR announces a GPT, but no copy of that is whole");
}

#[test]
fn a_disk_that_was_cut_off() {
    if !have("cut off disks", &["sfdisk"]) {
        return;
    }
    let scratch = Scratch::new("tables-cut");
    let disk = scratch.disk("disk", 64 * MIB);
    run("sfdisk -q", &[&disk], CLOUD);
    let file = std::fs::OpenOptions::new().write(true).open(&disk);
    file.expect("open").set_len(32 * MIB).expect("cut");
    let why = table(&disk).expect_err("cut");
    assert!(why.starts_with("partition 1 ends beyond the disk"), "{why}");
}

#[test]
fn an_mbr_with_logical_partitions() {
    if !have("MBR", &["sfdisk"]) {
        return;
    }
    let scratch = Scratch::new("tables-mbr");
    let disk = scratch.disk("disk", 16 * MIB);
    run("sfdisk -q", &[&disk], LOGICAL);
    let read = table(&disk).expect("a table");
    agrees_with_sfdisk(&disk, &read);
    assert_eq!(read.kind, TableKind::Mbr);
    let numbers: Vec<u32> = read.partitions.iter().map(|p| p.number).collect();
    assert_eq!(numbers, [1, 5, 6, 7]);
    assert!(read.partitions[0].bootable);
    let uuid = read.partitions[3].part_uuid.as_deref();
    assert_eq!(uuid, Some("89abcdef-07"));

    // The second link of the chain is made to lead to itself.
    let second = read.partitions[2].start - MIB;
    let from_extended = u32::try_from((second - 2 * MIB) / 512).expect("small");
    patch(&disk, second + 446 + 16 + 4, &[5]);
    patch(&disk, second + 446 + 16 + 8, &from_extended.to_le_bytes());
    patch(&disk, second + 446 + 16 + 12, &[1, 0, 0, 0]);
    let why = table(&disk).expect_err("a circle");
    assert_eq!(why, "its list of logical partitions has no end");
    patch(&disk, second + 446 + 16 + 8, &[0xff; 4]);
    let why = table(&disk).expect_err("outside");
    assert!(why.contains("outside of the extended one"), "{why}");
}

#[test]
fn partitions_that_overlap() {
    if !have("overlapping partitions", &["sfdisk"]) {
        return;
    }
    let scratch = Scratch::new("tables-overlap");
    let disk = scratch.disk("disk", 16 * MIB);
    let script = "label: dos\nstart=1M, size=4M\nstart=5M, size=4M\n";
    run("sfdisk -q", &[&disk], script);
    assert!(table(&disk).is_ok());
    // The first entry's length, in sectors.
    patch(&disk, 446 + 12, &8193_u32.to_le_bytes());
    let why = table(&disk).expect_err("overlap");
    assert_eq!(why, "partitions 1 and 2 overlap");
    patch(&disk, 446 + 8, &[0; 4]);
    let why = table(&disk).expect_err("at the start");
    assert!(why.starts_with("partition 1 begins at the start"), "{why}");
}

#[test]
fn a_hybrid_mbr_does_not_count() {
    if !have("hybrid MBR", &["sfdisk", "sgdisk"]) {
        return;
    }
    let scratch = Scratch::new("tables-hybrid");
    let disk = scratch.disk("disk", 64 * MIB);
    run("sfdisk -q", &[&disk], CLOUD);
    let before = table(&disk).expect("a table");
    run("sgdisk --hybrid 1", &[&disk], "");
    let hybrid = table(&disk).expect("a table");
    assert_eq!(hybrid.partitions, before.partitions);
}

#[test]
fn nothing_at_all() {
    let scratch = Scratch::new("tables-none");
    for size in [0, 1, 511, 512, MIB] {
        let disk = scratch.disk("disk", size);
        let layout = Layout::read(&*open(&disk)).expect("a layout");
        assert_eq!(layout.table.kind, TableKind::None);
        assert!(layout.boot_mode().is_none());
        let why = layout.root().expect_err("nothing").to_string();
        let none = "it has neither partitions nor a file system that is known";
        assert_eq!(why, none);
        let why = layout.partition(1).expect_err("none").to_string();
        assert_eq!(why, "has no partition 1; it has no partitions");
    }
}
