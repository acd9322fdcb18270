//! The volumes of images of disks, and the snapshots that are named beside the disk.

mod support;

use support::{HOME, actions, printed, register, sandbox, with_disk};

#[test]
fn the_root_device_is_that_of_the_source_image_unless_it_is_said() {
    let sandbox = sandbox();
    let source = sandbox.image(HOME, |image| {
        image.root_device = "/dev/sda1".to_owned();
        image.mappings[0].device_name = "/dev/sda1".to_owned();
    });
    for (options, device, size) in [
        (&[][..], "/dev/sda1", 1),
        (&["-b/dev/sda1=:20"][..], "/dev/sda1", 20),
        (&["--root-device=/dev/sdb"][..], "/dev/sdb", 1),
        (&["-b/dev/xvda=:20"][..], "/dev/xvda", 20),
    ] {
        let mut args = vec!["--arch=x86_64", "--source-image", &*source, "disk.raw"];
        args.extend(options);
        let outcome = with_disk(register(&sandbox, &args)).run().expect();
        let image = printed(&sandbox, &outcome.stdout_has("ami-").done().stdout);
        assert_eq!(image.root_device, device);
        assert_eq!(image.mappings.len(), 1, "{options:?}");
        let root = image.mappings[0].as_ebs().expect("a volume");
        assert_eq!(root.size, size, "{options:?}");
    }
}

#[test]
fn an_empty_volume_that_is_named_as_roots_are_is_told() {
    let sandbox = sandbox();
    let args = ["--arch=x86_64", "-b/dev/sda1=:20", "disk.raw"];
    with_disk(register(&sandbox, &args))
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_has("/dev/sda1 is one more volume, an empty one: the root device is /dev/xvda")
        .stderr_has("--root-device /dev/sda1")
        .done();
}

#[test]
fn a_mapped_snapshot_that_is_not_there_is_found_before_the_upload() {
    let sandbox = sandbox();
    let args = ["--arch=x86_64", "-b/dev/sdf=snap-12345678", "disk.raw"];
    with_disk(register(&sandbox, &args))
        .run()
        .expect()
        .fails(5)
        .stderr_has("snap-12345678: does not exist in us-east-1 (mapped to /dev/sdf)")
        .done();
    assert_eq!(actions(&sandbox), ["DescribeSnapshots"]);
}

#[test]
fn a_parent_is_looked_for_in_a_dry_run_and_gives_the_least_size() {
    let sandbox = sandbox();
    let missing = [
        "--dry-run",
        "--arch=x86_64",
        "--parent=snap-12345678",
        "disk.raw",
    ];
    with_disk(register(&sandbox, &missing))
        .run()
        .expect()
        .fails(5)
        .stderr_has("snap-12345678: does not exist in us-east-1")
        .done();
    let parent = sandbox.snapshot(HOME, |snapshot| snapshot.size = 3);
    let args = ["--arch=x86_64", "--parent", &parent, "disk.raw"];
    let outcome = with_disk(register(&sandbox, &args)).run().expect();
    let image = printed(&sandbox, &outcome.stdout_has("ami-").done().stdout);
    assert_eq!(image.mappings[0].as_ebs().expect("a volume").size, 3);
    let small = [
        "--size=2G",
        "--arch=x86_64",
        "--parent",
        &parent,
        "disk.raw",
    ];
    with_disk(register(&sandbox, &small))
        .run()
        .expect()
        .fails(2)
        .stderr_has(&format!(
            "--size: 2 GiB are too few for {parent}, which needs 3"
        ))
        .done();
}
