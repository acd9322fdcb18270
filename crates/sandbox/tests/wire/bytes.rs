//! The bytes of snapshots and volumes: where they come from and where they go.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt};

use ami_sandbox::{Config, Sandbox};
use serde_json::json;

use crate::client::{REGION, create_image, ec2, sandbox};
use crate::ebs::{BLOCK, block, checksum, ebs};

const GIB: u64 = 1 << 30;

/// Waits over EC2 until an image is there.
fn settle(sandbox: &Sandbox, image: &str) {
    let is_there = || {
        ec2(sandbox, "DescribeImages", &[("ImageId.1", image)]).text("imageState") == "available"
    };
    assert!((0..50).any(|_| is_there()), "{image} is not available");
}

fn create_volume(sandbox: &Sandbox, snapshot: &str, size: &str) -> String {
    let zone = format!("{REGION}a");
    let params = [
        ("AvailabilityZone", &*zone),
        ("SnapshotId", snapshot),
        ("Size", size),
    ];
    let answer = ec2(sandbox, "CreateVolume", &params);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.text("volumeId").to_owned()
}

fn create_snapshot(sandbox: &Sandbox, volume: &str) -> String {
    let answer = ec2(sandbox, "CreateSnapshot", &[("VolumeId", volume)]);
    let id = answer.text("snapshotId").to_owned();
    ebs(sandbox).settle(&id);
    id
}

/// The bytes on disk of all files of a sandbox.
fn files(directory: &std::path::Path) -> (usize, u64) {
    let (mut number, mut size) = (0, 0);
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        for file in std::fs::read_dir(path).unwrap() {
            number += 1;
            size += file.unwrap().metadata().unwrap().blocks() * 512;
        }
    }
    (number, size)
}

#[test]
fn a_volume_has_the_bytes_of_its_snapshot_and_keeps_what_is_written() {
    let sandbox = sandbox();
    let snapshot = ebs(&sandbox).snapshot(&[(0, block(1)), (2, block(3))]);
    let volume = create_volume(&sandbox, &snapshot, "2");
    let at = |index: u64| {
        sandbox
            .volume_bytes(&volume, index * BLOCK as u64, BLOCK)
            .unwrap()
    };
    assert_eq!(
        [at(0), at(1), at(2), at(4095)],
        [block(1), block(0), block(3), block(0)]
    );
    let path = sandbox.volume_file(&volume).unwrap();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    let about = file.metadata().unwrap();
    assert_eq!(about.len(), 2 * GIB);
    assert!(
        about.blocks() * 512 <= 3 * BLOCK as u64,
        "the file is sparse"
    );
    file.write_all_at(&block(9), 4095 * BLOCK as u64).unwrap();
    file.write_all_at(b"new", 7).unwrap();
    let taken = create_snapshot(&sandbox, &volume);
    assert_eq!(sandbox.written_blocks(&taken).unwrap(), [0, 2, 4095]);
    assert_eq!(sandbox.own_blocks(&taken), 2);
    assert_eq!(
        sandbox.snapshot_bytes(&taken, 5, 6).unwrap(),
        b"\x01\x01new\x01"
    );
    // What comes later is not in it, and the first one has not changed.
    file.write_all_at(b"old", 7).unwrap();
    assert_eq!(sandbox.snapshot_bytes(&taken, 7, 3).unwrap(), b"new");
    assert_eq!(
        sandbox.snapshot_bytes(&snapshot, 7, 3).unwrap(),
        b"\x01\x01\x01"
    );
    let path = sandbox.volume_file(&volume).unwrap();
    assert_eq!(
        ec2(&sandbox, "DeleteVolume", &[("VolumeId", &volume)]).status,
        200
    );
    assert!(!path.exists());
}

#[test]
fn a_hole_that_is_made_in_a_volume_is_zeros_in_its_snapshot() {
    let sandbox = sandbox();
    let snapshot = ebs(&sandbox).snapshot(&[(3, block(1))]);
    let volume = create_volume(&sandbox, &snapshot, "1");
    let path = sandbox.volume_file(&volume).unwrap();
    // As a device that discards does.
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(0).unwrap();
    file.set_len(GIB).unwrap();
    let taken = create_snapshot(&sandbox, &volume);
    assert_eq!(
        sandbox
            .snapshot_bytes(&taken, 3 * BLOCK as u64, BLOCK)
            .unwrap(),
        block(0)
    );
}

#[test]
fn copies_and_images_have_the_bytes_and_no_files_of_their_own() {
    let data = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Config {
        data: Some(data.path().to_owned()),
        ..Config::default()
    })
    .unwrap();
    assert_eq!(
        std::fs::read_dir(data.path()).unwrap().count(),
        0,
        "nothing has bytes yet"
    );
    let snapshot = ebs(&sandbox).snapshot(&[(1, block(7))]);
    let before = files(data.path());
    assert!(before.0 == 2 && before.1 < 2 * BLOCK as u64, "{before:?}");
    let image = sandbox.image(REGION, |image| {
        let root = &mut image.mappings[0];
        root.device = ami_sandbox::Device::Ebs(ami_sandbox::Ebs {
            snapshot: Some(snapshot.clone()),
            size: 1,
            ..ami_sandbox::Ebs::default()
        });
    });
    let launch = [
        ("ImageId", &*image),
        ("InstanceType", "t3.micro"),
        ("MinCount", "1"),
        ("MaxCount", "1"),
    ];
    let run = ec2(&sandbox, "RunInstances", &launch);
    let instance = run.text("instanceId").to_owned();
    let volume = sandbox.volumes(REGION).pop().unwrap().id;
    assert_eq!(
        sandbox.volume_bytes(&volume, BLOCK as u64, 2).unwrap(),
        [7, 7]
    );
    let read = ec2(
        &sandbox,
        "DescribeInstances",
        &[("InstanceId.1", &instance)],
    );
    assert_eq!(read.status, 200);
    let of_instance = create_image(&sandbox, &instance, "of the instance");
    settle(&sandbox, &of_instance);
    let copy = ec2(
        &sandbox,
        "CopyImage",
        &[
            ("SourceImageId", &of_instance),
            ("SourceRegion", REGION),
            ("Name", "copy"),
        ],
    );
    let copy = sandbox.find_image(copy.text("imageId")).unwrap();
    let copied = ec2(
        &sandbox,
        "CopySnapshot",
        &[("SourceSnapshotId", &snapshot), ("SourceRegion", REGION)],
    );
    for id in [copy.snapshots().next().unwrap(), copied.text("snapshotId")] {
        assert_eq!(sandbox.snapshot_bytes(id, BLOCK as u64, 2).unwrap(), [7, 7]);
        assert_eq!(sandbox.written_blocks(id).unwrap(), [1]);
    }
    assert_eq!(files(data.path()), before);
    drop(sandbox);
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
}

#[test]
fn a_file_becomes_a_snapshot_and_a_file_again() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("from"), directory.path().join("to"));
    let file = File::create(&from).unwrap();
    file.write_all_at(b"end", GIB + 100).unwrap();
    file.write_all_at(&block(5), 0).unwrap();
    let sandbox = sandbox();
    let id = sandbox.snapshot_from_file(REGION, &from, |_| {}).unwrap();
    assert_eq!(sandbox.find_snapshot(&id).unwrap().size, 2);
    assert_eq!(sandbox.written_blocks(&id).unwrap(), [0, 2048]);
    let ask = ebs(&sandbox);
    let list = ask
        .send("GET", &format!("/snapshots/{id}/blocks"), &[], b"")
        .unwrap();
    assert_eq!(list.json()["Blocks"][1]["BlockIndex"], json!(2048));
    sandbox.export_snapshot(&id, &to).unwrap();
    let exported = File::open(&to).unwrap();
    assert_eq!(exported.metadata().unwrap().len(), 2 * GIB);
    let mut end = [0; 4];
    exported.read_exact_at(&mut end, GIB + 100).unwrap();
    assert_eq!(&end, b"end\0");
}

#[test]
fn what_was_not_written_to_an_encrypted_snapshot_is_noise() {
    let sandbox = sandbox();
    let started = ebs(&sandbox)
        .start(json!({ "VolumeSize": 1, "Encrypted": true }))
        .json();
    let id = started["SnapshotId"].as_str().unwrap();
    ebs(&sandbox).put(id, 1, &block(0));
    ebs(&sandbox).complete(id, 1);
    ebs(&sandbox).settle(id);
    let volume = create_volume(&sandbox, id, "1");
    let at = |index: u64| {
        sandbox
            .volume_bytes(&volume, index * BLOCK as u64, BLOCK)
            .unwrap()
    };
    assert_eq!(at(1), block(0), "it was written");
    assert_ne!(at(0), block(0));
    assert_ne!(checksum(&at(0)), checksum(&at(2)));
    assert_eq!(at(0), sandbox.snapshot_bytes(id, 0, BLOCK).unwrap());
}

#[test]
fn a_volume_is_made_of_complete_snapshots_only() {
    let sandbox = sandbox();
    let pending = ebs(&sandbox).started();
    let zone = format!("{REGION}a");
    let params = [("AvailabilityZone", &*zone), ("SnapshotId", &pending)];
    assert_eq!(
        ec2(&sandbox, "CreateVolume", &params).error(),
        (400, "IncorrectState")
    );
}
