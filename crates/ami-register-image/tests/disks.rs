//! Images of disks.

mod support;

use std::path::Path;

use support::{BLOCK, HOME, JOURNAL, MIB, actions, disk, printed, register, sandbox, with_disk};

/// Keeps the files of one run for the next.
fn copy(from: &Path, to: &Path, name: &str) {
    std::fs::copy(from.join(name), to.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
}

#[test]
fn a_disk_becomes_a_snapshot_and_an_image() {
    let sandbox = sandbox();
    let outcome = with_disk(register(
        &sandbox,
        &[
            "--json",
            "-n",
            "web",
            "-t",
            "role=web",
            "--arch=x86_64",
            "disk.raw",
        ],
    ))
    .run()
    .expect()
    .stdout_has("{")
    .done();
    assert!(!outcome.home().expect("home").join(JOURNAL).exists());
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let image = sandbox
        .find_image(json["id"].as_str().expect("an ID"))
        .expect("an image");
    let root = image.mappings[0].as_ebs().expect("a volume");
    let snapshot = root.snapshot.clone().expect("a snapshot");
    assert_eq!(json["snapshot"], *snapshot);
    assert_eq!((&json["size"], &json["blocks"]), (&1.into(), &2.into()));
    assert_eq!(sandbox.written_blocks(&snapshot).expect("blocks"), [0, 3]);
    assert_eq!(
        sandbox
            .snapshot_bytes(&snapshot, 3 * BLOCK, 2)
            .expect("bytes"),
        b"x\0"
    );
    // One run, one moment, one heritage.
    let tags = sandbox.calls_to("RegisterImage")[0].tags("image");
    let described = sandbox
        .snapshots(HOME)
        .into_iter()
        .find(|s| s.id == snapshot);
    let mut of_snapshot = described.expect("there").tags;
    // By which a second run would know it.
    assert!(of_snapshot.remove("ami_tools_request").is_some());
    assert_eq!(of_snapshot, tags);
    assert_eq!(tags["role"], "web");
    assert!(!tags.contains_key("source_snapshot") && !tags.contains_key("source_region"));
    assert!(sandbox.calls_to("CreateTags").is_empty());
}

#[test]
fn a_snapshot_can_be_all_that_is_wanted() {
    let sandbox = sandbox();
    let before = sandbox.images(HOME).len();
    let outcome = with_disk(register(
        &sandbox,
        &["--snapshot-only", "--encrypt", "disk.raw"],
    ))
    .run()
    .expect()
    .stdout_has("snap-")
    .stderr_has("holes are sent as zeros")
    .done();
    let id = outcome.stdout.trim_end();
    let snapshot = sandbox.snapshots(HOME).into_iter().find(|s| s.id == id);
    assert!(snapshot.expect("there").encrypted);
    assert_eq!(sandbox.images(HOME).len(), before);
    assert!(!outcome.home().expect("home").join(JOURNAL).exists());
}

#[test]
fn a_pipe_needs_a_size_and_an_architecture() {
    let sandbox = sandbox();
    let script = "printf x | ami-register-image --size 2G --arch arm64 -";
    let outcome = ami_testkit::shell(script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let image = printed(&sandbox, &outcome.stdout);
    let root = image.mappings[0].as_ebs().expect("a volume");
    assert_eq!((root.size, image.boot_mode.as_deref()), (2, Some("uefi")));
    let snapshot = root.snapshot.as_deref().expect("a snapshot");
    assert_eq!(sandbox.written_blocks(snapshot).expect("blocks"), [0]);
}

#[test]
fn a_source_image_is_told_in_the_tags() {
    let sandbox = sandbox();
    let source = sandbox.image("eu-west-1", |image| image.architecture = "arm64".to_owned());
    let reference = format!("{source}@eu-west-1");
    let outcome = with_disk(register(
        &sandbox,
        &["--source-image", &reference, "disk.raw"],
    ))
    .run()
    .expect()
    .stdout_has("ami-")
    .stderr_has("neither a partition table nor a file system nor a boot loader was found on it")
    .done();
    let image = printed(&sandbox, &outcome.stdout);
    assert_eq!(
        image.architecture, "arm64",
        "nothing on the disk tells another"
    );
    assert_eq!(
        (&*image.tags["source_image"], &*image.tags["source_region"]),
        (&*source, "eu-west-1")
    );
}

#[test]
fn a_name_that_is_taken_is_refused_before_anything_is_uploaded() {
    let sandbox = sandbox();
    let taken = sandbox.image(HOME, |image| image.name = "web".to_owned());
    with_disk(register(
        &sandbox,
        &["-n", "web", "--arch=x86_64", "disk.raw"],
    ))
    .run()
    .expect()
    .fails(1)
    .stderr_has(&format!("the name 'web' is taken by {taken}"))
    .done();
    assert_eq!(actions(&sandbox), ["DescribeImages"]);
}

#[test]
fn a_dry_run_says_what_would_be_uploaded_and_makes_nothing() {
    let sandbox = sandbox();
    with_disk(register(
        &sandbox,
        &["--dry-run", "-n", "web", "--arch=x86_64", "disk.raw"],
    ))
    .run()
    .expect()
    .stdout_is("")
    .stderr_has("would upload disk.raw (2 MiB, and 1 MiB of blocks with data) ")
    .stderr_has("into a snapshot of 1 GiB in us-east-1; EBS has no dry run")
    .stderr_has("would register the image 'web' of disk.raw in us-east-1: architecture x86_64")
    .done();
    assert!(sandbox.snapshots(HOME).is_empty());
    assert_eq!(actions(&sandbox), ["DescribeImages", "RegisterImage"]);
    sandbox.deny("RegisterImage");
    with_disk(register(
        &sandbox,
        &["--dry-run", "--arch=x86_64", "disk.raw"],
    ))
    .run()
    .expect()
    .fails(1)
    .stderr_has("not authorized to RegisterImage")
    .done();
}

#[test]
fn only_what_has_changed_is_sent_again() {
    let sandbox = sandbox();
    let first = with_disk(register(
        &sandbox,
        &["--snapshot-only", "--save-digests=old.digests", "disk.raw"],
    ));
    let outcome = first.run().expect().stdout_has("snap-").done();
    let parent = outcome.stdout.trim_end().to_owned();
    sandbox.clear_calls();
    let tool = with_disk(register(
        &sandbox,
        &["--arch=x86_64", "--parent-digests=old.digests", "disk.raw"],
    ));
    copy(outcome.home().expect("home"), tool.home(), "old.digests");
    disk(
        &tool.home().join("disk.raw"),
        2 * MIB,
        &[0, BLOCK, 3 * BLOCK],
    );
    let outcome = tool.run().expect().stdout_has("ami-").done();
    assert_eq!(sandbox.count_calls("PutSnapshotBlock"), 1);
    let image = printed(&sandbox, &outcome.stdout);
    let snapshot = image.snapshots().next().expect("a snapshot").to_owned();
    assert_ne!(snapshot, parent);
    for block in [0, BLOCK, 3 * BLOCK] {
        assert_eq!(
            sandbox.snapshot_bytes(&snapshot, block, 1).expect("bytes"),
            b"x"
        );
    }
    let tool = with_disk(register(
        &sandbox,
        &[
            "--arch=x86_64",
            "--parent-digests=old.digests",
            "--parent=snap-12345678",
            "disk.raw",
        ],
    ));
    std::fs::write(tool.home().join("old.digests"), "").expect("a file");
    tool.run().expect().fails(2).stderr_any().done();
}
