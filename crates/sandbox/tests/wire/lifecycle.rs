//! From instance to image and away again, with time passing by reads.

use ami_sandbox::{ImageState, InstanceState, Pace, Sandbox};

use crate::client::{REGION, create_image, ec2, sandbox};

fn state(sandbox: &Sandbox, image: &str) -> String {
    ec2(sandbox, "DescribeImages", &[("ImageId.1", image)])
        .text("imageState")
        .into()
}

#[test]
fn an_image_is_pending_and_then_available() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.image = Pace::Reads(2));
    let instance = sandbox.instance(REGION, |seed| seed.add_volume("/dev/sdf", 20));
    let image = create_image(&sandbox, &instance, "web");
    let states: Vec<String> = (0..3).map(|_| state(&sandbox, &image)).collect();
    assert_eq!(states, ["pending", "pending", "available"]);
    let made = sandbox.find_image(&image).unwrap();
    assert_eq!(made.source_instance.as_deref(), Some(&*instance));
    assert_eq!(made.source_region.as_deref(), Some(REGION));
    assert_eq!(made.source_image.as_deref(), Some("ami-0a1b2c3d4e5f60001"));
    assert_eq!(made.snapshots().count(), 2);
    assert_eq!(sandbox.instances(REGION)[0].reboots, 1);
}

#[test]
fn snapshots_go_along_with_their_image() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.image = Pace::Reads(4));
    let instance = sandbox.instance(REGION, |_| {});
    let image = create_image(&sandbox, &instance, "web");
    let snapshot = sandbox
        .find_image(&image)
        .unwrap()
        .snapshots()
        .next()
        .unwrap()
        .to_owned();
    let mut progress = Vec::new();
    for _ in 0..5 {
        let answer = ec2(
            &sandbox,
            "DescribeSnapshots",
            &[("SnapshotId.1", &snapshot)],
        );
        progress.push(format!(
            "{} {}",
            answer.text("status"),
            answer.text("progress")
        ));
        state(&sandbox, &image);
    }
    let expected = [
        "pending 0%",
        "pending 25%",
        "pending 50%",
        "pending 75%",
        "completed 100%",
    ];
    assert_eq!(progress, expected);
}

#[test]
fn a_look_at_a_snapshot_shows_how_far_its_image_is() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.image = Pace::Reads(4));
    let instance = sandbox.instance(REGION, |_| {});
    let image = create_image(&sandbox, &instance, "web");
    (0..3).for_each(|_| drop(state(&sandbox, &image)));
    let answer = ec2(&sandbox, "DescribeSnapshots", &[("Owner.1", "self")]);
    assert_eq!(
        (answer.text("status"), answer.text("progress")),
        ("pending", "75%")
    );
}

#[test]
fn a_snapshot_that_is_polled_alone_completes_too() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    let image = create_image(&sandbox, &instance, "web");
    let snapshot = sandbox
        .find_image(&image)
        .unwrap()
        .snapshots()
        .next()
        .unwrap()
        .to_owned();
    let read = || {
        let answer = ec2(
            &sandbox,
            "DescribeSnapshots",
            &[("SnapshotId.1", &snapshot)],
        );
        answer.text("status").to_owned()
    };
    assert_eq!(
        [read(), read(), read()],
        ["pending", "pending", "completed"]
    );
}

#[test]
fn a_wait_by_filter_makes_time_pass() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    let image = create_image(&sandbox, &instance, "web");
    let filters = [
        ("Filter.1.Name", "image-id"),
        ("Filter.1.Value.1", &image),
        ("Filter.2.Name", "state"),
        ("Filter.2.Value.1", "available"),
    ];
    let count = || {
        ec2(&sandbox, "DescribeImages", &filters)
            .all("imageId")
            .len()
    };
    assert_eq!([count(), count(), count()], [0, 0, 1]);
}

#[test]
fn a_new_id_is_unknown_for_a_while() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    sandbox.configure(|settings| settings.invisible = Pace::Reads(2));
    let image = create_image(&sandbox, &instance, "web");
    let answer = ec2(&sandbox, "DescribeImages", &[("ImageId.1", &image)]);
    assert_eq!(answer.error(), (400, "InvalidAMIID.NotFound"));
    let own = ec2(&sandbox, "DescribeImages", &[("Owner.1", "self")]);
    assert_eq!(own.all("imageId"), Vec::<&str>::new());
    assert_eq!(state(&sandbox, &image), "pending");
}

#[test]
fn an_image_can_fail_with_a_reason() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    let reason = Some(("Client.InternalError", "Client error on launch"));
    sandbox.next_image_ends_in(ImageState::Failed, reason);
    let image = create_image(&sandbox, &instance, "web");
    assert_eq!(state(&sandbox, &image), "pending");
    state(&sandbox, &image);
    let answer = ec2(&sandbox, "DescribeImages", &[("ImageId.1", &image)]);
    assert_eq!(answer.text("imageState"), "failed");
    assert_eq!(answer.text("code"), "Client.InternalError");
    assert_eq!(answer.text("message"), "Client error on launch");
    let snapshots = ec2(&sandbox, "DescribeSnapshots", &[("Owner.1", "self")]);
    assert_eq!(snapshots.text("status"), "error");
}

#[test]
fn an_image_can_change_and_vanish_behind_the_clients_back() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    sandbox.image_becomes(&image, Pace::Reads(1), ImageState::Disabled);
    assert_eq!(state(&sandbox, &image), "available");
    assert_eq!(
        sandbox.find_image(&image).unwrap().state(),
        ImageState::Disabled
    );
    sandbox.deregister(&image);
    let answer = ec2(&sandbox, "DescribeImages", &[("ImageId.1", &image)]);
    assert_eq!(answer.error(), (400, "InvalidAMIID.NotFound"));
}

#[test]
fn only_a_whole_instance_can_be_imaged() {
    let sandbox = sandbox();
    let gone = sandbox.instance(REGION, |seed| seed.state = InstanceState::Terminated);
    let answer = ec2(
        &sandbox,
        "CreateImage",
        &[("InstanceId", &gone), ("Name", "web")],
    );
    let message = "Instance is not in state 'running' or 'stopping' or 'stopped'";
    assert_eq!(answer.complaint(), ("IncorrectState", message));
    let stopped = sandbox.instance(REGION, |seed| seed.state = InstanceState::Stopped);
    create_image(&sandbox, &stopped, "web");
}

#[test]
fn mappings_of_the_call_change_drop_and_add() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |seed| {
        seed.add_volume("/dev/sdf", 20);
        seed.add_volume("/dev/sdg", 30);
    });
    let params = [
        ("InstanceId", &*instance),
        ("Name", "web"),
        ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
        ("BlockDeviceMapping.1.Ebs.VolumeSize", "50"),
        ("BlockDeviceMapping.1.Ebs.VolumeType", "io2"),
        ("BlockDeviceMapping.1.Ebs.Iops", "1000"),
        ("BlockDeviceMapping.2.DeviceName", "/dev/sdf"),
        ("BlockDeviceMapping.2.NoDevice", ""),
        ("BlockDeviceMapping.3.DeviceName", "/dev/sdh"),
        ("BlockDeviceMapping.3.VirtualName", "ephemeral0"),
    ];
    let answer = ec2(&sandbox, "CreateImage", &params);
    let image = sandbox.find_image(answer.text("imageId")).unwrap();
    let devices: Vec<_> = image
        .mappings
        .iter()
        .map(|mapping| &*mapping.device_name)
        .collect();
    assert_eq!(devices, ["/dev/xvda", "/dev/sdg", "/dev/sdh"]);
    let root = image.mappings[0].as_ebs().unwrap();
    assert_eq!(
        (root.size, &*root.volume_type, root.iops),
        (50, "io2", Some(1000))
    );
    assert_eq!(sandbox.snapshots(REGION).len(), 2);
    // The snapshot has the size of the volume, whatever the mapping asks for.
    assert_eq!(sandbox.snapshots(REGION)[0].size, 8);
}

#[test]
fn instances_start_stop_and_end() {
    let sandbox = sandbox();
    let run = [
        ("ImageId", "ami-0a1b2c3d4e5f60001"),
        ("MinCount", "1"),
        ("MaxCount", "1"),
    ];
    let answer = ec2(&sandbox, "RunInstances", &run);
    let id = answer.text("instanceId").to_owned();
    let state = || {
        let answer = ec2(&sandbox, "DescribeInstances", &[("InstanceId.1", &id)]);
        answer.text("instanceState").to_owned()
    };
    assert_eq!(state(), "<code>0</code><name>pending</name>");
    assert_eq!(state(), "<code>16</code><name>running</name>");
    let stop = ec2(&sandbox, "StopInstances", &[("InstanceId.1", &id)]);
    assert_eq!(
        stop.text("currentState"),
        "<code>64</code><name>stopping</name>"
    );
    assert_eq!(
        stop.text("previousState"),
        "<code>16</code><name>running</name>"
    );
    assert_eq!([state(), state()].concat().matches("stopped").count(), 1);
    assert_eq!(sandbox.volumes(REGION).len(), 1);
    ec2(&sandbox, "TerminateInstances", &[("InstanceId.1", &id)]);
    assert_eq!(sandbox.volumes(REGION).len(), 0);
    let start = ec2(&sandbox, "StartInstances", &[("InstanceId.1", &id)]);
    assert_eq!(start.error(), (400, "IncorrectInstanceState"));
}

#[test]
fn a_launch_with_the_same_token_is_the_same_launch() {
    let sandbox = sandbox();
    let launch = |count: &str| {
        let image = ("ImageId", "ami-0a1b2c3d4e5f60001");
        let params = [
            image,
            ("MinCount", "1"),
            ("MaxCount", count),
            ("ClientToken", "t"),
        ];
        ec2(&sandbox, "RunInstances", &params)
    };
    let (first, again) = (launch("1"), launch("1"));
    assert_eq!(first.text("instanceId"), again.text("instanceId"));
    assert_eq!(sandbox.instances(REGION).len(), 1);
    assert_eq!(launch("2").error(), (400, "IdempotentParameterMismatch"));
}

#[test]
fn a_pending_image_cannot_be_launched() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |image| image.set_state(ImageState::Pending));
    let run = [("ImageId", &*image), ("MinCount", "1"), ("MaxCount", "1")];
    let answer = ec2(&sandbox, "RunInstances", &run);
    assert_eq!(answer.error(), (400, "InvalidAMIID.Unavailable"));
    assert!(
        answer.text("Message").contains("is currently pending"),
        "{}",
        answer.body
    );
}

#[test]
fn snapshots_in_use_stay() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    let snapshot = sandbox
        .find_image(&image)
        .unwrap()
        .snapshots()
        .next()
        .unwrap()
        .to_owned();
    let delete = || ec2(&sandbox, "DeleteSnapshot", &[("SnapshotId", &snapshot)]);
    let message = format!("The snapshot {snapshot} is currently in use by {image}");
    assert_eq!(delete().complaint(), ("InvalidSnapshot.InUse", &*message));
    ec2(&sandbox, "DeregisterImage", &[("ImageId", &image)]);
    assert_eq!(delete().status, 200);
    let answer = ec2(&sandbox, "DescribeImages", &[("ImageId.1", &image)]);
    assert_eq!(answer.error(), (400, "InvalidAMIID.NotFound"));
}
