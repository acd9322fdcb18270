//! Uploads that were cut short, and the same command again.

use std::time::Duration;

use ami_sandbox::{Sandbox, SnapshotState};
use ami_testkit::{Signal, tool};

use crate::{BLOCK, Disk, assert_holds, only_snapshot, puts, sandbox, snapshots, upload, uploaded};

const BLOCKS: usize = 400;

/// A disk of 200 MiB, and a sandbox that takes its time.
fn slow() -> (Sandbox, Disk) {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.block_delay = Duration::from_millis(30));
    (sandbox, Disk::dense(BLOCKS as u64 * BLOCK))
}

/// Begins an upload and ends it by a signal when half of the blocks are there.
fn interrupted(sandbox: &Sandbox, words: &[&str], signal: Signal) -> ami_testkit::Outcome {
    let mut running = upload(sandbox, words).spawn();
    running.wait_until("half is sent", |_| puts(sandbox) >= BLOCKS / 2);
    running.signal(signal);
    running.wait()
}

fn speed_up(sandbox: &Sandbox) {
    sandbox.configure(|settings| settings.block_delay = Duration::ZERO);
}

#[test]
fn after_sigkill_no_more_is_sent_than_was_missing() {
    let (sandbox, disk) = slow();
    let words = ["--calls", "8", disk.text()];
    interrupted(&sandbox, &words, Signal::KILL);
    let pending = only_snapshot(&sandbox);
    assert_eq!(disk.neighbours(), [".disk.raw.ami-upload"]);
    speed_up(&sandbox);
    let again = upload(&sandbox, &words).run();
    let again = again.expect().stderr_has("going on with").done();
    assert_eq!(again.stdout.trim_end(), pending.id);
    // A call that was under way may have been done without its answer being read.
    assert!(puts(&sandbox) <= BLOCKS + 8, "{}", puts(&sandbox));
    assert_holds(&sandbox, &pending.id, &disk.path);
    assert_eq!(disk.neighbours(), [""; 0]);
}

#[test]
fn with_a_journal_the_snapshot_is_kept_and_named() {
    let (sandbox, disk) = slow();
    let outcome = interrupted(&sandbox, &[disk.text()], Signal::TERM);
    let pending = only_snapshot(&sandbox);
    assert_eq!(pending.state(), SnapshotState::Pending);
    let outcome = outcome.expect().dies_of(Signal::TERM).stdout_is("");
    let outcome = outcome.stderr_has(&pending.id).stderr_has("is kept");
    outcome.stderr_has("aws ec2 delete-snapshot").done();
    speed_up(&sandbox);
    assert_eq!(uploaded(&sandbox, &[disk.text()]), pending.id);
    assert_holds(&sandbox, &pending.id, &disk.path);
}

#[test]
fn without_a_journal_the_snapshot_is_deleted() {
    let (sandbox, disk) = slow();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        sandbox.clear_calls();
        let outcome = interrupted(&sandbox, &["--no-journal", disk.text()], signal);
        outcome
            .expect()
            .dies_of(signal)
            .stdout_is("")
            .stderr_any()
            .done();
        assert!(snapshots(&sandbox).is_empty());
        assert_eq!(disk.neighbours(), [""; 0]);
    }
}

#[test]
fn a_disk_that_changed_meanwhile_is_uploaded_from_the_start() {
    for is_smaller in [false, true] {
        let (sandbox, disk) = slow();
        interrupted(&sandbox, &[disk.text()], Signal::KILL);
        let stale = only_snapshot(&sandbox).id;
        match is_smaller {
            true => {
                let file = std::fs::File::options().write(true).open(&disk.path);
                file.and_then(|file| file.set_len(40 * BLOCK))
                    .expect("smaller");
            }
            false => disk.write(5 * BLOCK, &vec![0; BLOCK as usize]),
        }
        speed_up(&sandbox);
        let again = upload(&sandbox, &[disk.text()]).run();
        let again = again.expect().stderr_has("has changed since").done();
        let snapshot = only_snapshot(&sandbox).id;
        assert_eq!(again.stdout.trim_end(), snapshot);
        assert_ne!(snapshot, stale);
        assert_holds(&sandbox, &snapshot, &disk.path);
    }
}

#[test]
fn a_refused_completion_is_tried_again_by_the_next_run() {
    let sandbox = sandbox();
    sandbox.deny("CompleteSnapshot");
    let disk = Disk::dense(10 * BLOCK);
    for _ in 0..2 {
        let outcome = upload(&sandbox, &[disk.text()]).run();
        let outcome = outcome.expect().fails(1).stdout_is("");
        outcome.stderr_has("ebs:CompleteSnapshot").done();
    }
    sandbox.allow("CompleteSnapshot");
    let pending = only_snapshot(&sandbox);
    assert_eq!(uploaded(&sandbox, &[disk.text()]), pending.id);
    assert_eq!(puts(&sandbox), 10);
    assert_holds(&sandbox, &pending.id, &disk.path);
}

#[test]
fn a_list_is_written_for_what_an_earlier_run_has_sent() {
    let (sandbox, disk) = slow();
    let digests = disk.beside("digests");
    let words = ["--save-digests", &digests, disk.text()];
    interrupted(&sandbox, &words, Signal::KILL);
    speed_up(&sandbox);
    uploaded(&sandbox, &words);
    sandbox.clear_calls();
    uploaded(&sandbox, &["--parent-digests", &digests, disk.text()]);
    assert_eq!(puts(&sandbox), 0);
}

#[test]
fn a_snapshot_that_has_expired_is_begun_anew() {
    for is_gone in [false, true] {
        let (sandbox, disk) = slow();
        interrupted(&sandbox, &[disk.text()], Signal::KILL);
        let expired = only_snapshot(&sandbox).id;
        match is_gone {
            true => {
                let delete = format!("ami-sandbox call DeleteSnapshot SnapshotId={expired}");
                let delete = ami_testkit::shell(&delete).sandbox(&sandbox);
                delete.run().expect().stderr_any().done();
            }
            false => sandbox.expire_snapshot(&expired),
        }
        speed_up(&sandbox);
        let again = upload(&sandbox, &[disk.text()]).run();
        let again = again.expect().stderr_has("beginning anew").done();
        let snapshot = again.stdout.trim_end();
        assert_ne!(snapshot, expired);
        assert_holds(&sandbox, snapshot, &disk.path);
    }
}

#[test]
fn another_command_does_not_take_the_journal_for_its_own() {
    let (sandbox, disk) = slow();
    interrupted(&sandbox, &[disk.text()], Signal::KILL);
    let pending = only_snapshot(&sandbox).id;
    for words in [&["-r", "eu-west-1"][..], &["--encrypt"], &["--size", "2G"]] {
        let words: Vec<_> = words.iter().copied().chain([disk.text()]).collect();
        let outcome = upload(&sandbox, &words).run();
        let outcome = outcome.expect().fails(1).stderr_has(&pending);
        outcome.stderr_has("run the same command as then").done();
    }
    assert_eq!(sandbox.count_calls("StartSnapshot"), 1);
}

#[test]
fn two_runs_do_not_share_a_journal() {
    let (sandbox, disk) = slow();
    let mut first = upload(&sandbox, &[disk.text()]).spawn();
    first.wait_until("something is sent", |_| puts(&sandbox) > 0);
    let second = upload(&sandbox, &[disk.text()]).run();
    second.expect().fails(1).stderr_has("another run").done();
    speed_up(&sandbox);
    first.wait().expect().stderr_any().done();
    assert_eq!(snapshots(&sandbox).len(), 1);
}

#[test]
fn a_journal_is_where_it_was_asked_for() {
    let (sandbox, disk) = slow();
    let words = ["--journal", &disk.beside("named"), disk.text()];
    interrupted(&sandbox, &words, Signal::KILL);
    assert_eq!(disk.neighbours(), ["named"]);
    speed_up(&sandbox);
    uploaded(&sandbox, &words);
    assert_eq!(disk.neighbours(), [""; 0]);
    assert_eq!(snapshots(&sandbox).len(), 1);
}

#[test]
fn a_killed_fetch_goes_on_where_it_was() {
    let (sandbox, disk) = slow();
    speed_up(&sandbox);
    let snapshot = uploaded(&sandbox, &[disk.text()]);
    sandbox.configure(|settings| settings.block_delay = Duration::from_millis(30));
    let back = disk.beside("back.raw");
    let fetch = || {
        let fetch = tool("ami-register-image").sandbox(&sandbox);
        fetch.args(["--fetch", "-o", &back, &snapshot])
    };
    let gets = || {
        let calls = sandbox.block_calls("GetSnapshotBlock");
        calls.iter().filter(|call| call.status == 200).count()
    };
    let mut running = fetch().spawn();
    running.wait_until("half is fetched", |_| gets() >= BLOCKS / 2);
    running.signal(Signal::KILL);
    running.wait();
    assert!(!std::path::Path::new(&back).exists());
    speed_up(&sandbox);
    fetch().run().expect().stderr_any().done();
    let (back, disk) = (std::fs::read(&back), std::fs::read(&disk.path));
    let (back, disk) = (back.expect("back"), disk.expect("disk"));
    assert!(back[..disk.len()] == disk[..]);
    assert!(gets() <= BLOCKS + 140, "{}", gets());
}
