//! Block devices, as disks and as places for them. Loop devices stand for them, which only root can make;
//! where there are none the tests say so and are skipped.

mod support;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use ami_testkit::assert_no_calls;
use support::{BLOCK, MIB, disk, printed, register, sandbox};

/// A loop device, gone when it is dropped.
struct Loop(String);

impl Loop {
    fn of(file: &Path, test: &str) -> Option<Self> {
        let mut losetup = Command::new("losetup");
        let output = losetup.args(["--find", "--show"]).arg(file).output().ok();
        let output = output.filter(|output| output.status.success());
        let Some(output) = output else {
            support::say(&format!("skipped: {test}: no loop devices"));
            return None;
        };
        let name = String::from_utf8(output.stdout).expect("a name");
        Some(Self(name.trim_end().to_owned()))
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        // One that stays is seen by whoever lists them, and does no harm.
        let _ = Command::new("losetup").args(["--detach", &self.0]).status();
    }
}

#[test]
fn a_device_becomes_an_image_and_leaves_nothing_beside_it() {
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("disk.raw");
    disk(&file, 3 * MIB, &[0, 5 * BLOCK]);
    let test = "a_device_becomes_an_image_and_leaves_nothing_beside_it";
    let Some(device) = Loop::of(&file, test) else {
        return;
    };
    let sandbox = sandbox();
    let outcome = register(&sandbox, &["--arch=x86_64", &device.0])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let image = printed(&sandbox, &outcome.stdout);
    let snapshot = image.snapshots().next().expect("a snapshot");
    assert_eq!(sandbox.written_blocks(snapshot).expect("blocks"), [0, 5]);
    let beside = device.0.replace("/dev/", "/dev/.") + ".ami-upload";
    assert!(!Path::new(&beside).exists());
}

#[test]
fn a_device_is_written_to_only_when_that_is_said() {
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("disk.raw");
    disk(&file, 1 << 30, &[1, 3 * BLOCK]);
    let test = "a_device_is_written_to_only_when_that_is_said";
    let Some(device) = Loop::of(&file, test) else {
        return;
    };
    let sandbox = sandbox();
    let source = home.path().join("source.raw");
    disk(&source, MIB, &[BLOCK]);
    let snapshot = sandbox.snapshot_from_file(support::HOME, &source, |_| {});
    let snapshot = snapshot.expect("a snapshot");
    let first = ["--fetch", "-o", &device.0, &snapshot];
    register(&sandbox, &first)
        .run()
        .expect()
        .fails(2)
        .stderr_has("is a device, and what is on it would be lost; --overwrite writes to it")
        .done();
    assert_no_calls(&sandbox);
    let again = ["--fetch", "--overwrite", "-o", &device.0, &snapshot];
    let outcome = register(&sandbox, &again).run().expect();
    outcome.stdout_is(&format!("{}\n", device.0)).done();
    let read = |at: u64| {
        let mut byte = [0];
        let device = File::open(&device.0).expect("the device");
        device.read_exact_at(&mut byte, at).expect("a byte");
        byte[0]
    };
    assert_eq!((read(1), read(BLOCK), read(3 * BLOCK)), (0, b'x', 0));
}
