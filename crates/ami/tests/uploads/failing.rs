//! What goes wrong stays small: it is said, and nothing is left.

use std::fs::File;
use std::process::Command;
use std::time::Duration;

use ami_sandbox::{Fault, Rate};

use crate::{BLOCK, Disk, assert_holds, puts, sandbox, snapshots, upload, uploaded};

#[test]
fn refusals_stop_everything_at_once() {
    for (status, code) in [
        (403, "AccessDeniedException"),
        (400, "ValidationException"),
        (402, "ServiceQuotaExceededException"),
    ] {
        let sandbox = sandbox();
        let fault = Fault::on("PutSnapshotBlock").always();
        sandbox.inject(fault.error(status, code, "No"));
        let disk = Disk::dense(400 * BLOCK);
        let outcome = upload(&sandbox, &[disk.text()]).run();
        let outcome = outcome.expect().fails(1).stdout_is("").stderr_has(code);
        outcome.done();
        let puts = sandbox.count_calls("PutSnapshotBlock");
        assert!(puts <= 64, "{puts}");
        assert!(snapshots(&sandbox).is_empty());
        assert_eq!(disk.neighbours(), [""; 0]);
    }
}

#[test]
fn a_missing_permission_is_named() {
    let sandbox = sandbox();
    let fault = Fault::on("StartSnapshot").always();
    sandbox.inject(fault.error(403, "AccessDeniedException", "No"));
    let disk = Disk::dense(BLOCK);
    let outcome = upload(&sandbox, &[disk.text()]).run();
    outcome
        .expect()
        .fails(1)
        .stderr_has("ebs:StartSnapshot")
        .done();
    assert_eq!(disk.neighbours(), [""; 0]);
}

#[test]
fn a_snapshot_that_is_unknown_at_first_is_waited_for() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.unknown_puts = 40);
    let disk = Disk::dense(100 * BLOCK);
    let snapshot = uploaded(&sandbox, &[disk.text()]);
    assert_holds(&sandbox, &snapshot, &disk.path);
}

#[test]
fn a_storm_of_throttles_only_takes_its_time() {
    let sandbox = sandbox();
    sandbox.configure(|settings| {
        settings.throttle = true;
        settings.limits.put_block = Rate {
            burst: 20.0,
            per_second: 60.0,
        };
    });
    let disk = Disk::dense(150 * BLOCK);
    let snapshot = uploaded(&sandbox, &[disk.text()]);
    assert_eq!(puts(&sandbox), 150);
    assert_holds(&sandbox, &snapshot, &disk.path);
}

#[test]
fn a_file_that_becomes_shorter_or_changes_is_no_snapshot() {
    for is_shorter in [true, false] {
        let sandbox = sandbox();
        sandbox.configure(|settings| settings.block_delay = Duration::from_millis(50));
        let disk = Disk::dense(400 * BLOCK);
        let mut running = upload(&sandbox, &["--no-journal", disk.text()]).spawn();
        running.wait_until("something is sent", |_| puts(&sandbox) > 0);
        let why = match is_shorter {
            true => {
                let file = File::options().write(true).open(&disk.path);
                file.and_then(|file| file.set_len(10 * BLOCK))
                    .expect("shorter");
                "became shorter"
            }
            false => {
                disk.write(0, b"changed");
                "was changed while it was read"
            }
        };
        running.wait().expect().fails(1).stderr_has(why).done();
        assert!(snapshots(&sandbox).is_empty());
    }
}

/// Ends a loop device when the test does.
struct Loop(String);

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").args(["-d", &self.0]).status();
    }
}

#[test]
fn a_device_that_cannot_be_read_is_named_with_the_place() {
    if !rustix::process::geteuid().is_root() {
        crate::say("skipped: a_device_that_cannot_be_read_is_named_with_the_place: not root");
        return;
    }
    let sandbox = sandbox();
    let disk = Disk::dense(100 * BLOCK);
    let losetup = Command::new("losetup")
        .args(["--show", "-f", disk.text()])
        .output()
        .expect("losetup");
    assert!(losetup.status.success());
    let device = Loop(String::from_utf8_lossy(&losetup.stdout).trim().to_owned());
    let good = uploaded(&sandbox, &[&device.0]);
    assert_holds(&sandbox, &good, &disk.path);
    let flushed = Command::new("blockdev")
        .args(["--flushbufs", &device.0])
        .status();
    assert!(flushed.expect("blockdev").success());
    sandbox.configure(|settings| settings.block_delay = Duration::from_millis(50));
    sandbox.clear_calls();
    let mut running = upload(&sandbox, &["--calls", "2", &device.0]).spawn();
    running.wait_until("something is sent", |_| puts(&sandbox) > 0);
    // What lies behind the end of the file from now on is an error of the device.
    let file = File::options().write(true).open(&disk.path);
    file.and_then(|file| file.set_len(50 * BLOCK))
        .expect("shorter");
    let outcome = running.wait().expect().fails(1);
    outcome.stderr_has("cannot be read at byte").done();
    assert_eq!(snapshots(&sandbox).len(), 1, "the good one");
}
