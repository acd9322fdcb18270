//! What is uploaded arrives as it is, and nothing is read or sent in vain.

use std::fs;

use ami_testkit::tool;

use crate::{
    BLOCK, Disk, GIB, MIB, assert_holds, only_snapshot, puts, sandbox, snapshots, upload, uploaded,
};

#[test]
fn disks_of_all_sizes_arrive() {
    for size in [1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 12_345] {
        let sandbox = sandbox();
        let disk = Disk::dense(size);
        let snapshot = uploaded(&sandbox, &[disk.text()]);
        assert_holds(&sandbox, &snapshot, &disk.path);
        assert_eq!(puts(&sandbox) as u64, size.div_ceil(BLOCK));
        assert_eq!(only_snapshot(&sandbox).size, 1);
        assert_eq!(disk.neighbours(), [""; 0], "the journal is gone");
    }
}

#[test]
fn a_volume_is_as_large_as_the_disk_needs_or_as_it_was_asked_for() {
    let sandbox = sandbox();
    let disk = Disk::new(2 * GIB + 7);
    disk.fill(2 * GIB, 7, 1);
    let snapshot = uploaded(&sandbox, &[disk.text()]);
    assert_eq!(only_snapshot(&sandbox).size, 3);
    assert_holds(&sandbox, &snapshot, &disk.path);

    let larger = uploaded(&sandbox, &["--size", "5G", disk.text()]);
    let all = snapshots(&sandbox);
    let larger = all.iter().find(|snapshot| snapshot.id == larger);
    assert_eq!(larger.map(|snapshot| snapshot.size), Some(5));

    let calls = sandbox.count_calls("StartSnapshot");
    let smaller = upload(&sandbox, &["--size", "2G", disk.text()]).run();
    smaller
        .expect()
        .fails(2)
        .stderr_has("2 GiB are too few")
        .done();
    assert_eq!(sandbox.count_calls("StartSnapshot"), calls);
}

#[test]
fn holes_and_zeros_are_not_sent() {
    let sandbox = sandbox();
    let disk = Disk::new(64 * GIB);
    for at in 0..8 {
        disk.fill(at * 8 * GIB + 3 * MIB, MIB, at);
    }
    disk.write(GIB, &vec![0; 4 * MIB as usize]);
    let snapshot = uploaded(&sandbox, &[disk.text()]);
    let written = sandbox.written_blocks(&snapshot).expect("blocks");
    assert_eq!(written.len(), 16);
    assert_eq!(puts(&sandbox), 16);
    for at in 0..8 {
        let bytes = sandbox.snapshot_bytes(&snapshot, at * 8 * GIB + 3 * MIB, MIB as usize);
        let mut expected = vec![0; MIB as usize];
        crate::noise(&mut expected, at.wrapping_add(at * 8 * GIB + 3 * MIB));
        assert!(bytes.expect("bytes") == expected);
    }
}

#[test]
fn a_snapshot_bears_its_tags_and_description_from_the_first_moment() {
    let sandbox = sandbox();
    let disk = Disk::dense(MIB);
    uploaded(&sandbox, &["-t", "team=data", "-d", "a disk", disk.text()]);
    let snapshot = only_snapshot(&sandbox);
    assert_eq!(snapshot.description, "a disk");
    for tag in ["team", "create_date", "create_timestamp", "ami_tools_run"] {
        assert!(snapshot.tags.contains_key(tag), "{tag}");
    }
    assert_eq!(sandbox.count_calls("CreateTags"), 0);
}

#[test]
fn what_was_uploaded_comes_back_as_it_was() {
    let sandbox = sandbox();
    let disk = Disk::new(GIB);
    disk.fill(0, 3 * MIB + 77, 1);
    disk.fill(700 * MIB + 1, 2 * MIB, 2);
    disk.fill(GIB - 1, 1, 3);
    let snapshot = uploaded(&sandbox, &[disk.text()]);
    let back = disk.beside("back.raw");
    let fetch = tool("ami-register-image").sandbox(&sandbox);
    let fetch = fetch.args(["--fetch", "-o", &back, &snapshot]);
    fetch.run().expect().stderr_any().done();
    assert!(fs::read(&back).expect("back") == fs::read(&disk.path).expect("disk"));
    assert_eq!(disk.neighbours(), ["back.raw"]);
    // Holes are holes again.
    use std::os::unix::fs::MetadataExt;
    let allocated = fs::metadata(&back).expect("metadata").blocks() * 512;
    assert!(allocated < 16 * MIB, "{allocated}");
}
