//! A disk that is made anew: only what differs from the parent is sent.

use ami_sandbox::Sandbox;

use crate::{BLOCK, Disk, assert_holds, encrypt_by_default, puts, sandbox, upload, uploaded};

/// A disk of 200 blocks, 150 of them data.
fn old_disk() -> Disk {
    let disk = Disk::new(200 * BLOCK);
    disk.fill(0, 100 * BLOCK, 1);
    disk.fill(150 * BLOCK, 50 * BLOCK, 2);
    disk
}

/// The same with one block changed, a hole where there was data, and data where there was a hole.
fn new_disk() -> Disk {
    let disk = Disk::new(200 * BLOCK);
    disk.fill(0, 99 * BLOCK, 1);
    disk.fill(150 * BLOCK, 50 * BLOCK, 2);
    disk.write(10 * BLOCK + 5, b"changed");
    disk.fill(120 * BLOCK, BLOCK, 3);
    disk
}

const CHANGED: usize = 3;

/// Uploads an old disk, and says where its digests are.
fn parent(sandbox: &Sandbox) -> (Disk, String, String) {
    let old = old_disk();
    let digests = old.beside("old.digests");
    let parent = uploaded(sandbox, &["--save-digests", &digests, old.text()]);
    sandbox.clear_calls();
    (old, parent, digests)
}

#[test]
fn in_comparison_with_the_parent_s_disk() {
    let sandbox = sandbox();
    let (old, parent, _) = parent(&sandbox);
    let new = new_disk();
    let words = ["--parent", &parent, "--parent-disk", old.text(), new.text()];
    let child = uploaded(&sandbox, &words);
    assert_eq!(puts(&sandbox), CHANGED);
    assert_holds(&sandbox, &child, &new.path);
}

#[test]
fn in_comparison_with_digests() {
    let sandbox = sandbox();
    let (_old, _, digests) = parent(&sandbox);
    let new = new_disk();
    let next = new.beside("next.digests");
    let words = [
        "--parent-digests",
        &digests,
        "--save-digests",
        &next,
        new.text(),
    ];
    let child = uploaded(&sandbox, &words);
    assert_eq!(puts(&sandbox), CHANGED);
    assert_holds(&sandbox, &child, &new.path);

    // What was kept now serves the next generation.
    sandbox.clear_calls();
    let grandchild = uploaded(&sandbox, &["--parent-digests", &next, new.text()]);
    assert_eq!(puts(&sandbox), 0);
    assert_holds(&sandbox, &grandchild, &new.path);
}

#[test]
fn in_comparison_with_the_parent_s_blocks() {
    let sandbox = sandbox();
    let (_old, parent, _) = parent(&sandbox);
    let new = new_disk();
    let child = uploaded(&sandbox, &["--parent", &parent, new.text()]);
    assert_eq!(puts(&sandbox), CHANGED);
    // Of the parent's blocks those are fetched that the disk has, or has no more.
    assert_eq!(sandbox.block_calls("GetSnapshotBlock").len(), 150);
    assert_holds(&sandbox, &child, &new.path);
}

#[test]
fn one_block_of_a_hundred_changed_is_one_of_a_hundred_sent() {
    let sandbox = sandbox();
    let disk = Disk::dense(200 * BLOCK);
    let digests = disk.beside("digests");
    uploaded(&sandbox, &["--save-digests", &digests, disk.text()]);
    sandbox.clear_calls();
    disk.write(17 * BLOCK, b"x");
    disk.write(177 * BLOCK, b"x");
    uploaded(&sandbox, &["--parent-digests", &digests, disk.text()]);
    assert_eq!(puts(&sandbox), 2);
}

#[test]
fn of_an_encrypted_parent_too() {
    let sandbox = sandbox();
    encrypt_by_default(&sandbox);
    let (old, parent, digests) = parent(&sandbox);
    let new = new_disk();
    for words in [
        vec!["--parent", &parent, "--parent-disk", old.text()],
        vec!["--parent-digests", &digests],
        vec!["--parent", &parent],
    ] {
        sandbox.clear_calls();
        let words: Vec<_> = words.into_iter().chain([new.text()]).collect();
        let child = uploaded(&sandbox, &words);
        assert_eq!(puts(&sandbox), CHANGED, "{words:?}");
        assert_holds(&sandbox, &child, &new.path);
    }
}

#[test]
fn a_disk_that_has_shrunk_or_grown_is_right_at_its_end() {
    let sandbox = sandbox();
    let (old, parent, digests) = parent(&sandbox);
    let smaller = Disk::new(160 * BLOCK);
    smaller.fill(0, 100 * BLOCK, 1);
    let larger = Disk::new(250 * BLOCK);
    larger.fill(0, 100 * BLOCK, 1);
    larger.fill(150 * BLOCK, 50 * BLOCK, 2);
    larger.fill(249 * BLOCK, BLOCK, 7);
    for (disk, expected) in [(&smaller, 50), (&larger, 1)] {
        for words in [
            vec!["--parent", &parent, "--parent-disk", old.text()],
            vec!["--parent-digests", &digests],
            vec!["--parent", &parent],
        ] {
            sandbox.clear_calls();
            let words: Vec<_> = words.into_iter().chain([disk.text()]).collect();
            let child = uploaded(&sandbox, &words);
            assert_eq!(puts(&sandbox), expected, "{words:?}");
            assert_holds(&sandbox, &child, &disk.path);
        }
    }
}

#[test]
fn written_zeros_behind_the_old_end_are_no_noise() {
    let sandbox = sandbox();
    encrypt_by_default(&sandbox);
    let (old, parent, digests) = parent(&sandbox);
    let larger = Disk::new(220 * BLOCK);
    larger.fill(0, 100 * BLOCK, 1);
    larger.fill(150 * BLOCK, 50 * BLOCK, 2);
    larger.write(200 * BLOCK, &vec![0; 20 * BLOCK as usize]);
    for words in [
        vec!["--parent", &parent, "--parent-disk", old.text()],
        vec!["--parent-digests", &digests],
        vec!["--parent", &parent],
    ] {
        sandbox.clear_calls();
        let words: Vec<_> = words.into_iter().chain([larger.text()]).collect();
        let child = uploaded(&sandbox, &words);
        assert_eq!(puts(&sandbox), 20, "{words:?}");
        assert_holds(&sandbox, &child, &larger.path);
    }
}

#[test]
fn zeros_that_a_parent_lacks_are_sent_to_its_child() {
    let sandbox = sandbox();
    encrypt_by_default(&sandbox);
    let old = old_disk();
    let digests = old.beside("digests");
    let words = ["--skip-holes", "--save-digests", &digests, old.text()];
    uploaded(&sandbox, &words);
    sandbox.clear_calls();
    let child = uploaded(&sandbox, &["--parent-digests", &digests, old.text()]);
    assert_eq!(puts(&sandbox), 50);
    assert_holds(&sandbox, &child, &old.path);
}

#[test]
fn a_list_that_was_cut_or_is_of_another_snapshot_is_refused_before_anything_is_called() {
    let sandbox = sandbox();
    let (old, _, digests) = parent(&sandbox);
    let text = std::fs::read_to_string(&digests).expect("digests");
    let cut = old.beside("cut.digests");
    std::fs::write(&cut, &text[..text.len() / 2]).expect("written");
    for words in [
        vec!["--parent-digests", &cut, old.text()],
        vec!["--parent-digests", old.text(), old.text()],
        vec![
            "--parent",
            "snap-0123456789abcdef0",
            "--parent-digests",
            &digests,
            old.text(),
        ],
    ] {
        let outcome = upload(&sandbox, &words).run();
        outcome.expect().fails(2).stderr_any().done();
    }
    assert_eq!(sandbox.count_calls("StartSnapshot"), 0);
}

#[test]
fn a_disk_that_is_not_the_parent_s_is_refused() {
    let sandbox = sandbox();
    let (old, parent, _) = parent(&sandbox);
    let new = new_disk();
    let other = Disk::dense(200 * BLOCK);
    let small = Disk::dense(BLOCK);
    for (wrong, code) in [(&other, 1), (&small, 1), (&new, 2)] {
        let words = [
            "--parent",
            &parent,
            "--parent-disk",
            wrong.text(),
            new.text(),
        ];
        let outcome = upload(&sandbox, &words).run();
        outcome.expect().fails(code).stderr_has(wrong.text()).done();
    }
    assert_eq!(sandbox.count_calls("StartSnapshot"), 0);
    drop(old);
}

#[test]
fn a_list_of_digests_takes_no_other_file_s_place() {
    let sandbox = sandbox();
    let disk = Disk::dense(BLOCK);
    let notes = disk.beside("notes");
    std::fs::write(&notes, "of another kind").expect("written");
    for there in [disk.text(), &notes] {
        let before = std::fs::read(there).expect("what was there");
        let words = ["--save-digests", there, disk.text()];
        let outcome = upload(&sandbox, &words).run();
        outcome.expect().fails(2).stderr_any().done();
        assert!(std::fs::read(there).expect("what is there") == before);
    }
    ami_testkit::assert_no_calls(&sandbox);
}

#[test]
fn an_unknown_parent_is_named() {
    let sandbox = sandbox();
    let disk = Disk::dense(BLOCK);
    let words = ["--parent", "snap-0123456789abcdef0", disk.text()];
    let outcome = upload(&sandbox, &words).run();
    let outcome = outcome.expect().fails(5);
    outcome
        .stderr_has("snap-0123456789abcdef0: does not exist")
        .done();
    assert_eq!(sandbox.count_calls("StartSnapshot"), 0);
}
