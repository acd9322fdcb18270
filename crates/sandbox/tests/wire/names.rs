//! Names and IDs that EC2 refuses, in its words.

use crate::client::{REGION, create_image, ec2, sandbox};

#[test]
fn a_name_is_used_once() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    let first = create_image(&sandbox, &instance, "web");
    let again = ec2(
        &sandbox,
        "CreateImage",
        &[("InstanceId", &instance), ("Name", "web")],
    );
    let message = format!("AMI name web is already in use by AMI {first}");
    assert_eq!(again.complaint(), ("InvalidAMIName.Duplicate", &*message));
    assert_eq!(sandbox.images(REGION).len(), 1);
    ec2(&sandbox, "DeregisterImage", &[("ImageId", &first)]);
    create_image(&sandbox, &instance, "web");
}

#[test]
fn a_name_has_its_characters() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    for name in ["ab", "a:b:c", &"n".repeat(129)] {
        let answer = ec2(
            &sandbox,
            "CreateImage",
            &[("InstanceId", &instance), ("Name", name)],
        );
        assert_eq!(answer.error(), (400, "InvalidAMIName.Malformed"), "{name}");
    }
}

#[test]
fn unknown_ids_are_all_named_even_beside_known_ones() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    let ids = [
        ("ImageId.1", "ami-11111111"),
        ("ImageId.2", &image),
        ("ImageId.3", "ami-22222222"),
    ];
    let answer = ec2(&sandbox, "DescribeImages", &ids);
    let message = "The image ids '[ami-11111111, ami-22222222]' do not exist";
    assert_eq!(answer.complaint(), ("InvalidAMIID.NotFound", message));
    let one = ec2(&sandbox, "DescribeImages", &ids[..2]);
    assert_eq!(
        one.text("Message"),
        "The image id '[ami-11111111]' does not exist"
    );
}

#[test]
fn every_kind_has_its_codes() {
    let sandbox = sandbox();
    for (action, list, unknown, code, message) in [
        (
            "DescribeInstances",
            "InstanceId.1",
            "i-0123456789abcdef0",
            "InvalidInstanceID.NotFound",
            "The instance ID 'i-0123456789abcdef0' does not exist",
        ),
        (
            "DescribeSnapshots",
            "SnapshotId.1",
            "snap-12345678",
            "InvalidSnapshot.NotFound",
            "The snapshot 'snap-12345678' does not exist.",
        ),
        (
            "DescribeVolumes",
            "VolumeId.1",
            "vol-12345678",
            "InvalidVolume.NotFound",
            "The volume 'vol-12345678' does not exist.",
        ),
    ] {
        assert_eq!(
            ec2(&sandbox, action, &[(list, unknown)]).complaint(),
            (code, message)
        );
        let misshapen = format!("{unknown}x");
        let answer = ec2(&sandbox, action, &[(list, &misshapen)]);
        assert!(
            answer.text("Code").ends_with(".Malformed"),
            "{}",
            answer.body
        );
    }
    let answer = ec2(&sandbox, "DescribeImages", &[("ImageId.1", "ami-xyz")]);
    assert_eq!(answer.error(), (400, "InvalidAMIID.Malformed"));
}
