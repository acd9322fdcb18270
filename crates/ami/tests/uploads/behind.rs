//! What a volume has behind the end of a pipe.

use ami_sandbox::Sandbox;

use crate::{BLOCK, Disk, GIB, assert_holds, puts, sandbox, shell, uploaded};

/// Uploads `$DISK` through a pipe, and gives the snapshot's ID.
#[track_caller]
fn piped(sandbox: &Sandbox, disk: &Disk, words: &str) -> String {
    let script = format!("cat $DISK | ami-register-image --snapshot-only --size 1G {words} -");
    let line = shell(&script).sandbox(sandbox).env("DISK", disk.text());
    let outcome = line.run().expect().stderr_any().done();
    outcome.stdout.trim_end().to_owned()
}

/// Asserts that the snapshot begins with the disk, and has zeros behind it.
#[track_caller]
fn assert_ends(sandbox: &Sandbox, snapshot: &str, disk: &Disk) {
    let file = std::fs::File::options().write(true).open(&disk.path);
    file.and_then(|file| file.set_len(GIB))
        .expect("a longer one");
    assert_holds(sandbox, snapshot, &disk.path);
}

#[test]
fn blocks_of_the_parent_do_not_show_there() {
    for with in ["", "--parent-disk", "--parent-digests"] {
        let sandbox = sandbox();
        let old = Disk::dense(20 * BLOCK);
        let digests = old.beside("digests");
        let parent = uploaded(&sandbox, &["--save-digests", &digests, old.text()]);
        let words = match with {
            "" => format!("--parent {parent}"),
            "--parent-disk" => format!("--parent {parent} --parent-disk {}", old.text()),
            _ => format!("--parent-digests {digests}"),
        };
        sandbox.clear_calls();
        let new = Disk::new(5 * BLOCK);
        new.fill(0, 4 * BLOCK, 1);
        new.fill(4 * BLOCK, BLOCK, 2);
        let snapshot = piped(&sandbox, &new, &words);
        assert_ends(&sandbox, &snapshot, &new);
    }
}

#[test]
fn an_encrypted_snapshot_has_zeros_there() {
    let sandbox = sandbox();
    let disk = Disk::dense(3 * BLOCK + 1);
    let snapshot = piped(&sandbox, &disk, "--encrypt");
    assert_eq!(puts(&sandbox), 2048);
    assert_ends(&sandbox, &snapshot, &disk);
}

#[test]
fn a_pipe_that_holds_nothing_is_not_filled_up() {
    let sandbox = sandbox();
    let script = "ami-register-image --snapshot-only --size 1G --encrypt - </dev/null";
    let outcome = shell(script).sandbox(&sandbox).run();
    outcome.expect().fails(1).stderr_has("held nothing").done();
    assert_eq!(puts(&sandbox), 0);
}

#[test]
fn zeros_without_end_are_too_much() {
    let sandbox = sandbox();
    let script = "ami-register-image --snapshot-only --size 1G - </dev/zero";
    let outcome = shell(script).sandbox(&sandbox).run();
    outcome.expect().fails(1).stderr_has("more than").done();
}
