//! Encrypted snapshots, in which blocks that were never written read as noise.

use ami_sandbox::Fault;

use crate::{
    BLOCK, Disk, GIB, MIB, assert_holds, encrypt_by_default, only_snapshot, puts, sandbox, upload,
    uploaded,
};

/// A disk of 16 blocks, four of which hold data and four written zeros.
fn disk() -> Disk {
    let disk = Disk::new(16 * BLOCK);
    disk.fill(0, 2 * BLOCK, 1);
    disk.write(4 * BLOCK, &vec![0; 4 * BLOCK as usize]);
    disk.fill(14 * BLOCK, 2 * BLOCK, 2);
    disk
}

#[test]
fn holes_are_sent_as_zeros() {
    let sandbox = sandbox();
    let disk = disk();
    let outcome = upload(&sandbox, &["--encrypt", disk.text()]).run();
    let outcome = outcome.expect().stderr_has("reads as noise").done();
    assert!(only_snapshot(&sandbox).encrypted);
    assert_eq!(puts(&sandbox), 16);
    assert_holds(&sandbox, outcome.stdout.trim_end(), &disk.path);
}

#[test]
fn an_account_that_encrypts_by_default_counts_as_well() {
    let sandbox = sandbox();
    encrypt_by_default(&sandbox);
    let disk = disk();
    let snapshot = uploaded(&sandbox, &[disk.text()]);
    assert!(only_snapshot(&sandbox).encrypted);
    assert_eq!(puts(&sandbox), 16);
    assert_holds(&sandbox, &snapshot, &disk.path);
}

#[test]
fn who_knows_better_may_leave_holes_out() {
    let sandbox = sandbox();
    let disk = disk();
    let snapshot = uploaded(&sandbox, &["--encrypt", "--skip-holes", disk.text()]);
    assert_eq!(puts(&sandbox), 4);
    let zeros = vec![0; BLOCK as usize];
    let hole = sandbox.snapshot_bytes(&snapshot, 5 * BLOCK, zeros.len());
    assert!(hole.expect("bytes") != zeros, "the sandbox gives noise");
}

#[test]
fn where_the_default_may_not_be_asked_for_holes_are_sent() {
    let sandbox = sandbox();
    let no = Fault::on("GetEbsEncryptionByDefault").always();
    sandbox.inject(no.error(403, "UnauthorizedOperation", "You are not authorized"));
    let disk = disk();
    let outcome = upload(&sandbox, &[disk.text()]).run();
    outcome.expect().stderr_has("--skip-holes").done();
    assert_eq!(puts(&sandbox), 16);
}

#[test]
fn a_disk_that_is_smaller_than_its_volume_is_sent_to_its_own_end() {
    let sandbox = sandbox();
    let disk = Disk::dense(3 * MIB);
    uploaded(&sandbox, &["--encrypt", "--size", "2G", disk.text()]);
    assert_eq!(puts(&sandbox), 6);
    assert_eq!(u64::from(only_snapshot(&sandbox).size) * GIB, 2 * GIB);
}
