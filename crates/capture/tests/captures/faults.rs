//! What cannot be done: one clear line, and nothing left.

use std::sync::atomic::{AtomicBool, Ordering};

use ami_capture::{ErrorKind, Fstab, Order, Progress, Size, Stage, Watch, capture, check};

use crate::support::{Mounted, can, captured, order, sh, write};

/// The error of an order, after which the work directory is empty.
fn error(order: &Order) -> (ErrorKind, String) {
    let error = capture(order, &Watch::default()).expect_err("no image");
    let left = std::fs::read_dir(&order.work_dir).map_or(0, Iterator::count);
    assert_eq!(left, 0, "{error}");
    (error.kind(), error.to_string())
}

#[test]
fn too_small_an_image_is_told_with_a_size_that_does() {
    let programs = ["mke2fs", "mkfs.xfs", "mkfs.btrfs"];
    if !can(
        "too_small_an_image_is_told_with_a_size_that_does",
        &programs,
    ) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    sh(
        "cd \"$1\"; head -c 450M /dev/zero | tr '\\0' x > big",
        &[tree.path()],
    );
    sh(
        "cd \"$1\"; mkdir many; for i in $(seq 5000); do echo $i > many/$i; done",
        &[tree.path()],
    );
    for kind in ["ext4", "xfs", "btrfs"] {
        let mut order = order(tree.path(), work.path());
        order.file_system = Some(kind.parse().expect("known"));
        let (what, text) = error(&order);
        assert_eq!(what, ErrorKind::TooSmall, "{text}");
        let told = text
            .strip_prefix("the image of 400 MiB is full; ")
            .expect("a line");
        let size = told.strip_suffix(" MiB would do").expect("a size");
        let size: u64 = size.parse().expect("a number");
        assert!(size < 1100, "{text}");
        order.size = Size::Bytes(size << 20);
        captured(&order);
        std::fs::remove_file(work.path().join("image")).expect("an image");
    }
}

#[test]
fn too_few_inodes_are_too_small_an_image() {
    if !can("too_few_inodes_are_too_small_an_image", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    sh("cd \"$1\"; seq 9000 | xargs touch", &[tree.path()]);
    let mut order = order(tree.path(), work.path());
    order.file_system = Some("ext4".parse().expect("known"));
    order.size = Size::Bytes(32 << 20);
    let (what, text) = error(&order);
    assert_eq!(what, ErrorKind::TooSmall);
    let size = text
        .rsplit("; ")
        .next()
        .and_then(|end| end.split(' ').next());
    let size: u64 = size.and_then(|size| size.parse().ok()).expect("a size");
    order.size = Size::Bytes(size << 20);
    captured(&order);
}

#[test]
fn a_full_work_directory_is_told() {
    if !can("a_full_work_directory_is_told", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    write(tree.path(), "big", vec![b'x'; 40 << 20]);
    let place = tempfile::tempdir().expect("a directory");
    let disk = place.path().join("disk");
    sh(
        "truncate -s 24M \"$1\"; mke2fs -q -F -t ext2 -m 0 \"$1\"",
        &[&disk],
    );
    let work = Mounted::new(&disk, "rw");
    sh("rmdir \"$1/lost+found\"", &[&work.path]);
    let mut order = order(tree.path(), &work.path);
    order.file_system = Some("ext4".parse().expect("known"));
    order.size = Size::Bytes(100 << 20);
    let (what, text) = error(&order);
    assert_eq!(what, ErrorKind::Failed);
    assert!(
        text.contains("is full") && text.contains(&*work.path.to_string_lossy()),
        "{text}"
    );
}

#[test]
fn wrong_orders_are_told_before_anything_is_made() {
    if !can("wrong_orders_are_told_before_anything_is_made", &[]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    write(tree.path(), "patterns", "good\n\n# a comment [\n[a\n");
    write(tree.path(), "plain", "no program");
    let wrong = |change: &dyn Fn(&mut Order), part: &str| {
        let mut order = order(tree.path(), work.path());
        change(&mut order);
        let checked = check(&order).expect_err("wrong");
        assert!(checked.to_string().contains(part), "{checked}");
        assert_eq!(error(&order).0, ErrorKind::Order, "{part}");
    };
    let inside = |name: &str| tree.path().join(name);
    wrong(&|order| order.volume = inside("none"), "is no directory");
    wrong(
        &|order| order.excludes = vec!["/none".into()],
        "/none to exclude is not there",
    );
    wrong(
        &|order| order.excludes = vec!["plain".into()],
        "is not absolute",
    );
    wrong(&|order| order.excludes = vec!["/a/../plain".into()], "'..'");
    wrong(
        &|order| order.exclude_from = Some(inside("patterns")),
        "line 4: the pattern",
    );
    wrong(
        &|order| order.exclude_from = Some(inside("none")),
        "none: No such file",
    );
    wrong(&|order| order.includes = vec!["/".into()], "names nothing");
    wrong(
        &|order| order.fstab = Fstab::Replace(inside("none")),
        "No such file",
    );
    wrong(
        &|order| order.script = Some(inside("plain")),
        "is no program",
    );
    wrong(
        &|order| order.file_name = Some("a/b".into()),
        "is no file name",
    );
    wrong(&|order| order.size = Size::Bytes(1 << 20), "at least");
    write(work.path(), "image", "there");
    let checked = check(&order(tree.path(), work.path())).expect_err("there");
    assert!(checked.to_string().contains("is there already"));
}

#[test]
fn it_stops_at_each_stage() {
    if !can("it_stops_at_each_stage", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    write(tree.path(), "script", "#!/bin/sh\nsleep 1000\n");
    sh("chmod +x \"$1/script\"", &[tree.path()]);
    let mut order = order(tree.path(), work.path());
    order.script = Some(tree.path().join("script"));
    for stage in [Stage::Making, Stage::Copying, Stage::Script] {
        let stop = AtomicBool::new(false);
        let told = |progress: Progress| {
            if progress.stage == stage {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let watch = Watch {
            stop: Some(&stop),
            progress: Some(&told),
        };
        let error = capture(&order, &watch).expect_err("stopped");
        assert_eq!(error.kind(), ErrorKind::Stopped, "{stage:?}: {error}");
        assert_eq!(
            std::fs::read_dir(work.path()).expect("a directory").count(),
            0
        );
    }
}

#[test]
fn a_script_that_fails_fails_the_capture() {
    if !can("a_script_that_fails_fails_the_capture", &["mke2fs"]) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    let work = tempfile::tempdir().expect("a directory");
    write(tree.path(), "script", "#!/bin/sh\nexit 7\n");
    sh("chmod +x \"$1/script\"", &[tree.path()]);
    let mut order = order(tree.path(), work.path());
    order.script = Some(tree.path().join("script"));
    let (what, text) = error(&order);
    assert_eq!(what, ErrorKind::Failed);
    assert!(text.ends_with("script: exit status: 7"), "{text}");
}
