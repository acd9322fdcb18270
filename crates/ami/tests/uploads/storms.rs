//! Calls that fail in passing: they are made again, and do not call up more of their kind.

use std::collections::BTreeSet;

use ami_sandbox::{Fault, Rate, Sandbox};
use ami_testkit::tool;

use crate::{BLOCK, Disk, HOME, assert_holds, puts, sandbox, shell, upload, uploaded};

/// A sandbox that takes 100 blocks a second, and gives as many.
fn stormy() -> Sandbox {
    let sandbox = sandbox();
    sandbox.configure(|settings| {
        settings.throttle = true;
        let rate = Rate {
            burst: 20.0,
            per_second: 100.0,
        };
        settings.limits.put_block = rate;
        settings.limits.get_block = rate;
    });
    sandbox
}

#[test]
fn zeros_of_an_encrypted_disk_wait_for_those_that_failed() {
    let sandbox = stormy();
    let disk = Disk::new(300 * BLOCK);
    disk.fill(0, 2 * BLOCK, 1);
    let snapshot = uploaded(&sandbox, &["--encrypt", disk.text()]);
    assert_holds(&sandbox, &snapshot, &disk.path);
    assert_eq!(puts(&sandbox), 300);
    let calls = sandbox.count_calls("PutSnapshotBlock");
    assert!(calls < 2 * 300, "{calls}");
}

#[test]
fn what_was_listed_waits_for_what_failed() {
    let sandbox = stormy();
    let disk = Disk::dense(300 * BLOCK);
    let made = sandbox.snapshot_from_file(HOME, &disk.path, |_| {});
    let snapshot = made.expect("a snapshot");
    let back = disk.beside("back.raw");
    let fetch = tool("ami-register-image").sandbox(&sandbox);
    let fetch = fetch.args(["--fetch", "-o", &back, &snapshot]);
    fetch.run().expect().stderr_any().done();
    let calls = sandbox.count_calls("GetSnapshotBlock");
    assert!((300..600).contains(&calls), "{calls}");
}

#[test]
fn no_other_block_is_tried_while_all_are_throttled() {
    let sandbox = sandbox();
    sandbox.inject(Fault::on("PutSnapshotBlock").times(64).throttle());
    let disk = Disk::new(1000 * BLOCK);
    disk.fill(0, BLOCK, 1);
    let snapshot = uploaded(&sandbox, &["--encrypt", disk.text()]);
    assert_eq!(puts(&sandbox), 1000);
    assert_eq!(sandbox.count_calls("PutSnapshotBlock"), 1064);
    let calls = sandbox.block_calls("PutSnapshotBlock");
    let refused = calls.iter().filter(|call| call.status != 201);
    let blocks: BTreeSet<_> = refused.map(|call| call.index).collect();
    // No block but those of the first calls was tried before these had come through.
    assert!(blocks.len() <= 64, "{}", blocks.len());
    assert_holds(&sandbox, &snapshot, &disk.path);
}

#[test]
fn a_pipe_that_was_idle_survives_a_reset() {
    let sandbox = sandbox();
    sandbox.inject(Fault::on("PutSnapshotBlock").skip(3).reset_before());
    let disk = Disk::dense(8 * BLOCK);
    let script = "(head -c 1572864 $DISK; sleep 1; tail -c +1572865 $DISK) |
        ami-register-image --snapshot-only --size 1G -";
    let line = shell(script).sandbox(&sandbox).env("DISK", disk.text());
    let outcome = line.run().expect().stderr_any().done();
    assert_holds(&sandbox, outcome.stdout.trim_end(), &disk.path);
}

#[test]
fn who_refuses_a_block_is_told_with_the_snapshot() {
    let sandbox = sandbox();
    let fault = Fault::on("PutSnapshotBlock").always();
    sandbox.inject(fault.error(403, "AccessDeniedException", "No"));
    let disk = Disk::dense(BLOCK);
    let outcome = upload(&sandbox, &[disk.text()]).run();
    outcome.expect().fails(1).stderr_has("snap-").done();
}
