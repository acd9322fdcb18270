//! Volumes, their snapshots and attachments, and images registered from them.

use crate::client::{REGION, create_image, ec2, sandbox};

#[test]
fn a_volume_is_made_attached_detached_and_removed() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    let zone = ("AvailabilityZone", "us-east-1a");
    let made = ec2(
        &sandbox,
        "CreateVolume",
        &[zone, ("Size", "5"), ("ClientToken", "t")],
    );
    let id = made.text("volumeId").to_owned();
    assert_eq!(
        (made.text("status"), made.text("volumeType")),
        ("creating", "gp2")
    );
    let again = ec2(
        &sandbox,
        "CreateVolume",
        &[zone, ("Size", "5"), ("ClientToken", "t")],
    );
    assert_eq!(again.text("volumeId"), id);
    let read = || {
        let answer = ec2(&sandbox, "DescribeVolumes", &[("VolumeId.1", &id)]);
        answer.all("status").join(" ")
    };
    assert_eq!([read(), read()], ["creating", "available"]);
    let attach = [
        ("VolumeId", &*id),
        ("InstanceId", &*instance),
        ("Device", "/dev/sdf"),
    ];
    assert_eq!(
        ec2(&sandbox, "AttachVolume", &attach).text("status"),
        "attaching"
    );
    assert_eq!([read(), read()], ["in-use attaching", "in-use attached"]);
    assert_eq!(
        ec2(&sandbox, "AttachVolume", &attach).error(),
        (400, "VolumeInUse")
    );
    let gone = ec2(&sandbox, "DeleteVolume", &[("VolumeId", &id)]);
    assert_eq!(gone.error(), (400, "VolumeInUse"));
    assert_eq!(
        ec2(&sandbox, "DetachVolume", &[("VolumeId", &id)]).text("status"),
        "detaching"
    );
    assert_eq!([read(), read()], ["in-use detaching", "available"]);
    let again = ec2(&sandbox, "DetachVolume", &[("VolumeId", &id)]);
    assert_eq!(again.error(), (400, "IncorrectState"));
    assert_eq!(
        ec2(&sandbox, "DeleteVolume", &[("VolumeId", &id)]).status,
        200
    );
    assert_eq!(sandbox.volumes(REGION).len(), 1);
}

#[test]
fn a_volume_and_its_instance_share_a_zone_and_devices_are_free() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    let far = sandbox.volume(REGION, |volume| volume.zone = "us-east-1b".into());
    let near = sandbox.volume(REGION, |_| {});
    let attach = |volume: &str, device: &str| {
        let params = [
            ("VolumeId", volume),
            ("InstanceId", &instance),
            ("Device", device),
        ];
        ec2(&sandbox, "AttachVolume", &params)
            .text("Code")
            .to_owned()
    };
    assert_eq!(attach(&far, "/dev/sdf"), "InvalidVolume.ZoneMismatch");
    assert_eq!(attach(&near, "/dev/xvda"), "InvalidParameterValue");
    assert_eq!(attach(&near, "/dev/sdf"), "");
}

#[test]
fn an_image_is_registered_from_a_snapshot() {
    let sandbox = sandbox();
    let volume = sandbox.volume(REGION, |_| {});
    let made = ec2(
        &sandbox,
        "CreateSnapshot",
        &[("VolumeId", &volume), ("Description", "d")],
    );
    let snapshot = made.text("snapshotId").to_owned();
    let register = || {
        let params = [
            ("Name", "web"),
            ("RootDeviceName", "/dev/xvda"),
            ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
            ("BlockDeviceMapping.1.Ebs.SnapshotId", &snapshot),
        ];
        ec2(&sandbox, "RegisterImage", &params)
    };
    assert_eq!(register().error(), (400, "IncorrectState"));
    for _ in 0..2 {
        ec2(
            &sandbox,
            "DescribeSnapshots",
            &[("SnapshotId.1", &snapshot)],
        );
    }
    let image = sandbox.find_image(register().text("imageId")).unwrap();
    assert_eq!(
        (&*image.architecture, &*image.virtualization),
        ("i386", "paravirtual")
    );
    assert_eq!(image.source_image, None);
    assert_eq!(image.mappings[0].as_ebs().unwrap().size, 8);
}

#[test]
fn a_detached_volume_is_not_in_the_image() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.volume = ami_sandbox::Pace::Now);
    let instance = sandbox.instance(REGION, |seed| seed.add_volume("/dev/sdf", 20));
    let volume = sandbox.volumes(REGION)[1].id.clone();
    ec2(&sandbox, "DetachVolume", &[("VolumeId", &volume)]);
    let image = create_image(&sandbox, &instance, "web");
    assert_eq!(sandbox.find_image(&image).unwrap().mappings.len(), 1);
}

#[test]
fn five_snapshots_of_a_volume_can_be_pending() {
    let sandbox = sandbox();
    let volume = sandbox.volume(REGION, |_| {});
    let take = || ec2(&sandbox, "CreateSnapshot", &[("VolumeId", &volume)]);
    assert!((0..5).all(|_| take().status == 200));
    assert_eq!(take().error(), (400, "ConcurrentSnapshotLimitExceeded"));
}
