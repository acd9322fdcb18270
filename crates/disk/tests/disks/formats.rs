//! Formats, as those tools write them that write them most.

use std::path::Path;

use ami_disk::Format;

use super::support::{Scratch, have, open, run};

/// Runs the line that is to make a raw disk, and looks at what came of it.
fn becomes_raw(scratch: &Scratch, file: &Path, raw: &str, format: Format) {
    assert_eq!(Format::of(&*open(file)).expect("read"), format);
    let name = file.file_name().and_then(|name| name.to_str());
    let line = format.to_raw(name.expect("a name")).expect("a line");
    let inside = scratch.path("");
    let script = format!("cd '{}' && {line}\n", inside.display());
    run("sh -e", &[], &script);
    let made = Format::of(&*open(&scratch.path(raw))).expect("read");
    assert!(made.is_raw(), "{line} made {}", made.name());
}

#[test]
fn virtual_disks_of_qemu_img() {
    if !have("formats of virtual disks", &["qemu-img"]) {
        return;
    }
    for (create, format) in [
        ("qcow", Format::Qcow),
        ("qcow2", Format::Qcow2),
        ("qcow2 -o compat=0.10", Format::Qcow2),
        ("vmdk", Format::Vmdk),
        ("vmdk -o subformat=monolithicFlat", Format::Vmdk),
        ("vmdk -o subformat=streamOptimized", Format::Vmdk),
        ("vpc", Format::Vhd),
        ("vpc -o subformat=fixed", Format::Vhd),
        ("vhdx", Format::Vhdx),
        ("vdi", Format::Vdi),
        ("qed", Format::Qed),
        ("parallels", Format::Parallels),
    ] {
        let scratch = Scratch::new("formats-qemu");
        let file = scratch.path("disk.vhd");
        run(
            &format!("qemu-img create -q -f {create}"),
            &[&file, Path::new("8M")],
            "",
        );
        becomes_raw(&scratch, &file, "disk.raw", format);
    }
}

#[test]
fn what_packs_disks() {
    for (tool, ending, format) in [
        ("gzip -k", "gz", Format::Gzip),
        ("xz -k", "xz", Format::Xz),
        ("bzip2 -k", "bz2", Format::Bzip2),
        ("zstd -q -k", "zst", Format::Zstd),
        ("lz4 -q -k -m", "lz4", Format::Lz4),
    ] {
        let program = tool.split(' ').next().expect("a program");
        if !have("formats of compressors", &[program]) {
            continue;
        }
        for size in [0, 1 << 20] {
            let scratch = Scratch::new(&format!("formats-{program}"));
            let disk = scratch.disk("disk.raw", size);
            run(tool, &[&disk], "");
            std::fs::remove_file(&disk).expect("the disk");
            let packed = scratch.path(&format!("disk.raw.{ending}"));
            becomes_raw(&scratch, &packed, "disk.raw", format);
        }
    }
}

#[test]
fn archives() {
    for (tool, format) in [("tar -C", Format::Tar), ("zip -q -j", Format::Zip)] {
        let program = tool.split(' ').next().expect("a program");
        if !have("formats of archives", &["tar", "zip", "unzip"]) {
            continue;
        }
        let scratch = Scratch::new(&format!("formats-{program}"));
        let disk = scratch.disk("disk.raw", 4096);
        let packed = scratch.path("disk.pack");
        match format {
            Format::Tar => {
                let words = [
                    &*scratch.path(""),
                    Path::new("-cf"),
                    &*packed,
                    Path::new("disk.raw"),
                ];
                run(tool, &words, "")
            }
            _ => run(tool, &[&packed.with_extension("zip"), &disk], ""),
        };
        std::fs::remove_file(&disk).expect("the disk");
        let packed = match format {
            Format::Tar => packed,
            _ => packed.with_extension("zip"),
        };
        becomes_raw(&scratch, &packed, "disk.raw", format);
    }
}
