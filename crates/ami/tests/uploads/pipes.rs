//! Disks that come through pipes.

use ami_testkit::{assert_no_calls, shell};

use crate::{BLOCK, Disk, assert_holds, puts, sandbox, snapshots};

/// Runs a line of shell with `$DISK`.
fn line<'s>(sandbox: &'s ami_sandbox::Sandbox, disk: &Disk, script: &str) -> ami_testkit::Tool<'s> {
    shell(script).sandbox(sandbox).env("DISK", disk.text())
}

#[test]
fn a_disk_on_standard_input_or_in_a_fifo_arrives() {
    for script in [
        "cat $DISK | ami-register-image --snapshot-only --size 1G -",
        "mkfifo pipe; cat $DISK >pipe & ami-register-image --snapshot-only --size 1G pipe",
        "cat $DISK | ami-register-image --snapshot-only --size 1G /dev/stdin",
    ] {
        let sandbox = sandbox();
        let disk = Disk::new(40 * BLOCK + 99);
        disk.fill(0, 3 * BLOCK, 1);
        disk.fill(30 * BLOCK, 10 * BLOCK + 99, 2);
        let outcome = line(&sandbox, &disk, script).run();
        let outcome = outcome.expect().stderr_any().done();
        assert_holds(&sandbox, outcome.stdout.trim_end(), &disk.path);
        // Zeros are not sent, though a pipe has no holes.
        assert_eq!(puts(&sandbox), 14);
    }
}

#[test]
fn its_size_must_be_said() {
    let sandbox = sandbox();
    let disk = Disk::dense(BLOCK);
    for script in [
        "cat $DISK | ami-register-image --snapshot-only -",
        "mkfifo pipe; ami-register-image --snapshot-only pipe",
    ] {
        let outcome = line(&sandbox, &disk, script).run();
        outcome.expect().fails(2).stderr_has("--size").done();
    }
    assert_no_calls(&sandbox);
}

#[test]
fn nothing_is_no_disk_and_too_much_is_no_disk() {
    let sandbox = sandbox();
    let disk = Disk::new(1 << 30);
    let empty = "ami-register-image --snapshot-only --size 1G - </dev/null";
    let outcome = line(&sandbox, &disk, empty).run();
    outcome.expect().fails(1).stderr_has("held nothing").done();
    let long = "(cat $DISK; echo) | ami-register-image --snapshot-only --size 1G -";
    let outcome = line(&sandbox, &disk, long).run();
    outcome.expect().fails(1).stderr_has("more than").done();
    assert!(snapshots(&sandbox).is_empty());
}
