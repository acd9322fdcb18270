//! Disk files that cannot be made.

use crate::{BLOCK, Disk, HOME, sandbox, shell};

#[test]
fn a_file_that_cannot_have_its_size_leaves_nothing() {
    let sandbox = sandbox();
    let disk = Disk::dense(BLOCK);
    let made = sandbox.snapshot_from_file(HOME, &disk.path, |_| {});
    let snapshot = made.expect("a snapshot");
    // Ignored, the signal of the limit leaves the error to be told.
    let script = format!(
        "trap '' XFSZ; ulimit -f 100; ami-register-image --fetch -o {} {snapshot}",
        disk.beside("back.raw")
    );
    let outcome = shell(&script).sandbox(&sandbox).run();
    outcome.expect().fails(1).stderr_has("back.raw").done();
    assert_eq!(disk.neighbours(), [""; 0]);
}
