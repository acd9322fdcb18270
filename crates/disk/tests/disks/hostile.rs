//! Disks with bits that fell over, or that end too early: nothing may panic, hang or take much
//! memory. Which bits is decided by a generator that always begins alike.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ami_disk::contents::{architecture, look_for_roots, os_name};
use ami_disk::{Format, Layout, ReadAt};

use super::contents::tree;
use super::support::{Scratch, have, loader, open, put, run};

const MIB: u64 = 1 << 20;
/// How long each kind of disk is tried, unless `AMI_DISK_TORTURE` says for how many seconds: nobody
/// waits long for tests, but a change to a reader deserves it.
const LONG: Duration = Duration::from_millis(300);

/// A disk, of which some bytes are others and the end may be missing.
struct Mutated {
    disk: Arc<dyn ReadAt>,
    bytes: BTreeMap<u64, u8>,
    size: u64,
}

impl ReadAt for Mutated {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        let Some(end) = end.filter(|end| *end <= self.size) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        self.disk.read_exact_at(offset, buffer)?;
        for (at, byte) in self.bytes.range(offset..end) {
            buffer[usize::try_from(at - offset).expect("small")] = *byte;
        }
        Ok(())
    }
}

/// Marsaglia, "Xorshift RNGs".
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end.max(1)
    }

    /// A byte that formats have something against.
    fn byte(&mut self, before: u8) -> u8 {
        match self.below(4) {
            0 => 0xff,
            1 => 0,
            2 => before ^ (1 << self.below(8)),
            _ => u8::try_from(self.below(256)).expect("a byte"),
        }
    }
}

/// Asks all there is to ask.
fn ask(disk: &Arc<dyn ReadAt>) {
    let _ = Format::of(&**disk);
    let Ok(mut layout) = Layout::read(&**disk) else {
        return;
    };
    let _ = layout.boot_mode();
    look_for_roots(disk, &mut layout);
    let root = layout.root().ok().map(|root| root.value);
    let _ = architecture(disk, &layout, root);
    for volume in &layout.volumes {
        let _ = os_name(disk, volume);
        let _ = architecture(disk, &layout, Some(volume));
    }
    let _ = layout.partition(1);
}

/// Where blocks of 512 bytes begin that are not all zeros: those are not read for what they say.
fn written(disk: &dyn ReadAt) -> Vec<u64> {
    const STEP: u64 = 1 << 16;
    let mut found = Vec::new();
    for start in (0..disk.size()).step_by(1 << 16) {
        let left = STEP.min(disk.size() - start);
        let mut bytes = vec![0; usize::try_from(left).expect("small")];
        disk.read_exact_at(start, &mut bytes).expect("inside");
        if bytes.iter().any(|byte| *byte != 0) {
            let blocks = (start..).step_by(512).zip(bytes.chunks(512));
            let used = blocks.filter(|(_, block)| block.iter().any(|byte| *byte != 0));
            found.extend(used.map(|(at, _)| at));
        }
    }
    found
}

fn torture(disk: &Path) {
    let disk = open(disk);
    let blocks = written(&*disk);
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    let start = Instant::now();
    let mut turns = 0;
    let long = std::env::var("AMI_DISK_TORTURE").map_or(LONG, |seconds| {
        Duration::from_secs(seconds.parse().expect("seconds"))
    });
    while start.elapsed() < long {
        let mut bytes = BTreeMap::new();
        for _ in 0..=chance.below(8) {
            let block = chance.below(blocks.len() as u64);
            let at = blocks[usize::try_from(block).expect("small")] + chance.below(512);
            let mut before = [0];
            disk.read_exact_at(at, &mut before).expect("inside");
            bytes.insert(at, chance.byte(before[0]));
        }
        let size = match chance.below(8) {
            0 => chance.below(disk.size()),
            1 => chance.below(4096),
            _ => disk.size(),
        };
        let disk = Arc::clone(&disk);
        let asked = Instant::now();
        let mutated: Arc<dyn ReadAt> = Arc::new(Mutated { disk, bytes, size });
        ask(&mutated);
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(10), "turn {turns} took {took:?}");
        turns += 1;
    }
    assert!(turns > 0);
}

#[test]
fn tables() {
    if !have("hostile tables", &["sfdisk"]) {
        return;
    }
    let scratch = Scratch::new("hostile-tables");
    for (name, script) in [
        ("gpt", "label: gpt\nsize=1M\nsize=1M, type=uefi\n"),
        (
            "mbr",
            "label: dos\n1: size=1M\n2: type=5\n5: size=1M\n6: size=1M\n",
        ),
    ] {
        let disk = scratch.disk(name, 8 * MIB);
        run("sfdisk -q", &[&disk], script);
        torture(&disk);
    }
}

#[test]
fn file_systems() {
    // Without checksums, where there is a choice, so that what is wrong gets further.
    for (kind, size, line) in [
        ("ext4", 8 * MIB, "mkfs.ext4 -q -O ^metadata_csum,^64bit -d"),
        ("ext2", 8 * MIB, "mkfs.ext2 -q -d"),
        ("btrfs", 128 * MIB, "mkfs.btrfs -q --rootdir"),
    ] {
        let test = format!("hostile-{kind}");
        if have(&test, &[&format!("mkfs.{kind}")]) {
            let scratch = Scratch::new(&test);
            let root = tree(&scratch, "root", 62);
            let disk = scratch.disk("disk", size);
            run(line, &[&root, &disk], "");
            torture(&disk);
        }
    }
}

#[test]
fn xfs() {
    if !have("hostile-xfs", &["mkfs.xfs"]) {
        return;
    }
    let scratch = Scratch::new("hostile-xfs");
    let root = tree(&scratch, "root", 62);
    let prototype = super::contents::prototype(&root);
    let prototype = scratch.write("prototype", prototype.as_bytes());
    let disk = scratch.disk("disk", 320 * MIB);
    run("mkfs.xfs -q -m crc=0 -p", &[&prototype, &disk], "");
    torture(&disk);
}

#[test]
fn fat() {
    if !have("hostile-fat", &["mkfs.vfat", "mmd", "mcopy"]) {
        return;
    }
    for (width, size) in [(12, MIB), (32, 64 * MIB)] {
        let scratch = Scratch::new(&format!("hostile-fat{width}"));
        let disk = scratch.disk("disk", size);
        run(&format!("mkfs.vfat -F {width}"), &[&disk], "");
        run(
            "mmd -i",
            &[&disk, Path::new("::EFI"), Path::new("::EFI/BOOT")],
            "",
        );
        let boot = scratch.write("bootx64.efi", &loader(0x8664));
        run("mcopy -i", &[&disk, &boot, Path::new("::EFI/BOOT")], "");
        torture(&disk);
        // The same at an odd place, behind something else.
        let shifted = scratch.disk("shifted", size + 4096);
        put(&shifted, 4096, &disk);
        torture(&shifted);
    }
}
