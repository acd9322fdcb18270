//! The way back: disk files of snapshots and images.

mod support;

use ami_testkit::assert_no_calls;
use support::{BLOCK, HOME, MIB, disk, register, sandbox};

#[test]
fn what_was_uploaded_comes_back() {
    let sandbox = sandbox();
    let tool = register(&sandbox, &["--arch=x86_64", "disk.raw"]);
    disk(&tool.home().join("disk.raw"), 2 * MIB, &[5, 3 * BLOCK]);
    let original = std::fs::read(tool.home().join("disk.raw")).expect("a disk");
    let outcome = tool.run().expect().stdout_has("ami-").done();
    let image = outcome.stdout.trim_end().to_owned();
    let tool = register(&sandbox, &["--fetch", "-o", "back.raw", &image]);
    let home = tool.home().to_owned();
    let outcome = tool.run().expect().stdout_is("back.raw\n").done();
    let back = std::fs::read(home.join("back.raw")).expect("a disk");
    assert_eq!(back.len(), 1 << 30, "snapshots know their size in GiB only");
    assert!(back.starts_with(&original), "{outcome}");
    assert!(back[original.len()..].iter().all(|byte| *byte == 0));
}

#[test]
fn one_disk_of_several_and_what_is_told_of_it() {
    let sandbox = sandbox();
    let tool = register(&sandbox, &[]);
    let path = tool.home().join("data");
    disk(&path, MIB, &[BLOCK]);
    let data = sandbox
        .snapshot_from_file("eu-west-1", &path, |_| {})
        .expect("a snapshot");
    let image = sandbox.image("eu-west-1", |image| {
        let ebs = ami_sandbox::Ebs {
            snapshot: Some(data.clone()),
            ..ami_sandbox::Ebs::default()
        };
        image
            .mappings
            .push(ami_sandbox::Mapping::ebs("/dev/sdf", ebs));
    });
    drop(tool);
    let reference = format!("{image}@eu-west-1");
    let fetch = |args: &[&str]| {
        let mut all = vec!["--fetch", "-o", "data.raw"];
        all.extend(args);
        all.push(&reference);
        register(&sandbox, &all).run().expect()
    };
    let outcome = fetch(&["--json", "--device=/dev/sdf"])
        .stdout_has("{")
        .done();
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(json["file"], "data.raw");
    assert_eq!(json["reference"], format!("{data}@eu-west-1"));
    assert_eq!((&json["size"], &json["blocks"]), (&1.into(), &1.into()));
    let outcome = fetch(&["-C", "--device=/dev/sdf"])
        .stdout_has("FILE")
        .done();
    assert!(outcome.stdout.contains(&data), "{outcome}");
    fetch(&["--device=/dev/sdz"])
        .fails(1)
        .stderr_has("has no snapshot behind /dev/sdz; its devices are /dev/xvda, /dev/sdf")
        .done();
}

#[test]
fn what_is_not_there_is_told() {
    let sandbox = sandbox();
    for what in ["snap-12345678", "ami-12345678"] {
        register(&sandbox, &["--fetch", "-o", "x", what])
            .run()
            .expect()
            .fails(5)
            .stderr_has(what)
            .done();
    }
}

#[test]
fn a_place_that_no_disk_can_go_to_is_told_before_anything_is_called() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    for (place, why) in [
        (
            "there",
            "there: is there already; name another file, or replace it with --overwrite",
        ),
        ("-", "-: is no file: "),
        (".", ".: is neither a file nor a block device"),
        ("none/new", "none/new: no file can be made in none: "),
        ("new/", "new/: is no name for a file"),
    ] {
        register(&sandbox, &["--fetch", "-o", place, &image])
            .file("there", "precious", 0o600)
            .run()
            .expect()
            .fails(2)
            .stderr_has(why)
            .done();
        assert_no_calls(&sandbox);
    }
}

#[test]
fn a_snapshot_that_may_not_be_read_is_told_with_what_can_be() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    sandbox.deny("ListSnapshotBlocks");
    register(&sandbox, &["--fetch", "-o", "back.raw", &image])
        .run()
        .expect()
        .fails(1)
        .stderr_has("not authorized to ListSnapshotBlocks")
        .stderr_has("shared with this one, and no public ones")
        .done();
}
