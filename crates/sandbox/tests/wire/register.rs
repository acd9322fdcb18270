//! RegisterImage, and which of its images run where.

use ami_sandbox::{Sandbox, SnapshotState};

use crate::client::{Answer, As, OTHER_KEY, REGION, call, ec2, sandbox};
use crate::ebs::ebs;

const ROOT: [(&str, &str); 2] = [
    ("RootDeviceName", "/dev/xvda"),
    ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
];
const NAME: (&str, &str) = ("Name", "web");
const SNAPSHOT: &str = "BlockDeviceMapping.1.Ebs.SnapshotId";
/// Registers a new snapshot under a name, with more parameters.
fn register(sandbox: &Sandbox, name: &str, more: &[(&str, &str)]) -> Answer {
    let snapshot = sandbox.snapshot(REGION, |_| {});
    let own = [ROOT[0], ROOT[1], ("Name", name), (SNAPSHOT, &snapshot)];
    ec2(sandbox, "RegisterImage", &[&own, more].concat())
}

/// Waits for an image and runs it on a type.
fn run(sandbox: &Sandbox, image: &str, kind: &str) -> Answer {
    for _ in 0..5 {
        ec2(sandbox, "DescribeImages", &[("ImageId.1", image)]);
    }
    let params = [
        ("ImageId", image),
        ("InstanceType", kind),
        ("MinCount", "1"),
        ("MaxCount", "1"),
    ];
    ec2(sandbox, "RunInstances", &params)
}

#[test]
fn an_image_has_what_was_registered() {
    let sandbox = sandbox();
    let fields = [
        ("Architecture", "x86_64"),
        ("VirtualizationType", "hvm"),
        ("BootMode", "uefi"),
        ("TpmSupport", "v2.0"),
        ("ImdsSupport", "v2.0"),
        ("UefiData", "QU1aTlVFRkk="),
        ("EnaSupport", "true"),
        ("SriovNetSupport", "simple"),
        ("TagSpecification.1.ResourceType", "image"),
        ("TagSpecification.1.Tag.1.Key", "team"),
        ("TagSpecification.1.Tag.1.Value", "web"),
    ];
    let image = register(&sandbox, "web", &fields);
    assert_eq!(image.status, 200, "{}", image.body);
    let shown = ec2(
        &sandbox,
        "DescribeImages",
        &[("ImageId.1", image.text("imageId"))],
    );
    for (name, value) in [
        ("architecture", "x86_64"),
        ("virtualizationType", "hvm"),
        ("bootMode", "uefi"),
        ("tpmSupport", "v2.0"),
        ("imdsSupport", "v2.0"),
        ("enaSupport", "true"),
        ("sriovNetSupport", "simple"),
        ("rootDeviceType", "ebs"),
        ("key", "team"),
    ] {
        assert_eq!(shown.text(name), value, "{name}");
    }
    assert_eq!(
        register(&sandbox, "web", &fields).error(),
        (400, "InvalidAMIName.Duplicate")
    );
}

#[test]
fn fields_that_do_not_go_together_are_refused() {
    let sandbox = sandbox();
    let refused = |more: &[(&str, &str)], code| {
        let hvm = [("VirtualizationType", "hvm")];
        let answer = register(&sandbox, "web", &[&hvm, more].concat());
        assert_eq!(answer.error(), (400, code), "{more:?}");
    };
    let (value, combination) = ("InvalidParameterValue", "InvalidParameterCombination");
    refused(&[("Architecture", "vax")], value);
    refused(&[("Architecture", "x86_64"), ("BootMode", "bios")], value);
    refused(
        &[("Architecture", "arm64"), ("BootMode", "legacy-bios")],
        value,
    );
    refused(
        &[
            ("Architecture", "arm64"),
            ("BootMode", "uefi"),
            ("TpmSupport", "v2.0"),
        ],
        value,
    );
    refused(
        &[("Architecture", "x86_64"), ("TpmSupport", "v2.0")],
        combination,
    );
    refused(&[("ImdsSupport", "v1.0")], value);
    refused(&[("UefiData", "?")], value);
    refused(&[("KernelId", "aki-12345678")], combination);
    refused(
        &[("BillingProduct.1", "bp-12345678")],
        "OperationNotPermitted",
    );
    refused(
        &[("BlockDeviceMapping.1.Ebs.Encrypted", "true")],
        "InvalidBlockDeviceMapping",
    );
    refused(
        &[("BlockDeviceMapping.1.Ebs.VolumeSize", "7")],
        "InvalidBlockDeviceMapping",
    );
    refused(&[("TagSpecification.1.ResourceType", "snapshot")], value);
    let twice = [
        ("BlockDeviceMapping.2.DeviceName", "/dev/xvda"),
        ("BlockDeviceMapping.2.Ebs.VolumeSize", "1"),
    ];
    refused(&twice, "InvalidBlockDeviceMapping");
    refused(
        &[("RootDeviceName", "/dev/sda1")],
        "InvalidBlockDeviceMapping",
    );
}

#[test]
fn a_snapshot_must_be_complete_and_ones_own_or_given() {
    let sandbox = sandbox();
    let pending = ebs(&sandbox).started();
    let params = |snapshot| [ROOT[0], ROOT[1], NAME, (SNAPSHOT, snapshot)];
    let own = ec2(&sandbox, "RegisterImage", &params(&pending));
    assert_eq!(own.error(), (400, "IncorrectState"));
    let unknown = ec2(&sandbox, "RegisterImage", &params("snap-0123456789abcdef0"));
    assert_eq!(unknown.error(), (400, "InvalidSnapshot.NotFound"));
    sandbox.edit_snapshot(&pending, |snapshot| {
        snapshot.set_state(SnapshotState::Completed)
    });
    let other = As {
        key: OTHER_KEY,
        ..As::default()
    };
    let theirs = || call(&sandbox, other, "RegisterImage", &params(&pending)).unwrap();
    assert_eq!(theirs().error(), (400, "InvalidSnapshot.NotFound"));
    sandbox.edit_snapshot(&pending, |s| {
        s.shared_with = ["210987654321".to_owned()].into()
    });
    assert_eq!(theirs().status, 200);
    let dry = [&params(&pending)[..], &[("DryRun", "true")]].concat();
    assert_eq!(
        ec2(&sandbox, "RegisterImage", &dry).error(),
        (412, "DryRunOperation")
    );
}

#[test]
fn an_image_of_the_defaults_runs_nowhere_new() {
    let sandbox = sandbox();
    let image = register(&sandbox, "web", &[]);
    let answer = run(&sandbox, image.text("imageId"), "t3.micro");
    assert_eq!(answer.error(), (400, "InvalidParameterValue"));
    assert!(answer.text("Message").starts_with(
        "The architecture 'x86_64' of the specified instance type does not match the architecture 'i386'"
    ));
    let machine = [("Architecture", "x86_64"), ("VirtualizationType", "hvm")];
    let image = register(&sandbox, "hvm", &machine);
    let answer = run(&sandbox, image.text("imageId"), "t3.micro");
    assert!(
        answer
            .text("Message")
            .contains("(ENA) is required for the 't3.micro'")
    );
    let ena = [&machine[..], &[("EnaSupport", "true")]].concat();
    let image = register(&sandbox, "ena", &ena);
    assert_eq!(run(&sandbox, image.text("imageId"), "t3.micro").status, 200);
}

#[test]
fn an_image_of_a_manifest_has_its_root_in_the_instance_store() {
    let sandbox = sandbox();
    let location = "my-bucket/web/image.manifest.xml";
    let params = [
        NAME,
        ("ImageLocation", location),
        ("VirtualizationType", "hvm"),
    ];
    let missing = ec2(&sandbox, "RegisterImage", &params);
    assert_eq!(missing.error(), (400, "InvalidManifest"));
    sandbox
        .plant_manifest(REGION, location, "nonsense")
        .unwrap();
    assert_eq!(
        ec2(&sandbox, "RegisterImage", &params).error(),
        (400, "InvalidManifest")
    );
    sandbox.plant_bundle(REGION, location).unwrap();
    let image = ec2(&sandbox, "RegisterImage", &params)
        .text("imageId")
        .to_owned();
    let refused = run(&sandbox, &image, "t3.micro");
    assert_eq!(refused.error(), (400, "InvalidParameterCombination"));
    let shown = ec2(&sandbox, "DescribeImages", &[("ImageId.1", &image)]);
    assert_eq!(shown.text("imageLocation"), location);
    assert_eq!(shown.text("rootDeviceType"), "instance-store");
    assert_eq!(
        (shown.text("architecture"), shown.text("rootDeviceName")),
        ("x86_64", "/dev/sda1")
    );
    let running = run(&sandbox, &image, "m3.medium");
    assert_eq!(running.text("rootDeviceType"), "instance-store");
    let id = [("InstanceId.1", running.text("instanceId"))];
    assert_eq!(
        ec2(&sandbox, "StopInstances", &id).error(),
        (400, "UnsupportedOperation")
    );
}
