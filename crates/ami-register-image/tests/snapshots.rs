//! Images of snapshots that are there.

mod support;

use ami_sandbox::Fault;
use support::{HOME, actions, printed, register, sandbox};

#[test]
fn one_image_is_two_calls_and_one_line() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |_| {});
    let outcome = register(&sandbox, &["--arch", "x86_64", &snapshot])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(actions(&sandbox), ["DescribeSnapshots", "RegisterImage"]);
    let image = printed(&sandbox, &outcome.stdout);
    assert!(image.name.starts_with("AMI-"), "{}", image.name);
    assert_eq!(image.architecture, "x86_64");
    assert_eq!(image.virtualization, "hvm");
    assert_eq!(image.root_device, "/dev/xvda");
    assert_eq!(image.imds_support.as_deref(), Some("v2.0"));
    assert_eq!((image.boot_mode, image.tpm_support), (None, None));
    assert!(image.ena_support && image.sriov_net_support.is_none());
    let root = image.mappings[0].as_ebs().expect("a volume");
    assert_eq!(root.snapshot, Some(snapshot));
    assert_eq!((&*root.volume_type, root.size), ("gp3", 8));
    assert!(root.delete_on_termination);
}

#[test]
fn heritage_stands_on_the_image_from_the_first_moment() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |_| {});
    let register = |args: &[&str]| {
        sandbox.clear_calls();
        register(&sandbox, args)
            .run()
            .expect()
            .stdout_has("ami-")
            .done();
        sandbox.calls_to("RegisterImage")[0].tags("image")
    };
    let tags = register(&["--arch=arm64", "-t", "role=web", &snapshot]);
    assert_eq!(tags["source_snapshot"], snapshot);
    assert_eq!(tags["source_region"], HOME);
    assert!(!tags.contains_key("source_image"));
    assert_eq!(tags["role"], "web");
    assert_eq!(tags["ami_tools_run"].len(), 36);
    let date = ami_core::time::Moment::from_compact(&tags["create_date"]).expect("a date");
    assert_eq!(date.timestamp().to_string(), tags["create_timestamp"]);
    assert_eq!(tags.len(), 6);
    // What the snapshot's own tags say of where it comes from is carried on.
    sandbox.edit_snapshot(&snapshot, |snapshot| {
        for (key, value) in [
            ("source_image", "ami-12345678"),
            ("source_region", "eu-west-1"),
        ] {
            snapshot.tags.insert(key.to_owned(), value.to_owned());
        }
    });
    let tags = register(&["--arch=arm64", &snapshot]);
    assert_eq!(
        (&*tags["source_image"], &*tags["source_region"]),
        ("ami-12345678", "eu-west-1")
    );
    // The user knows better.
    let source = sandbox.image("eu-west-2", |_| {});
    let reference = format!("{source}@eu-west-2");
    let tags = register(&["--source-image", &reference, &snapshot]);
    assert_eq!(
        (&*tags["source_image"], &*tags["source_region"]),
        (&*source, "eu-west-2")
    );
}

#[test]
fn a_source_image_tells_what_the_machine_is() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |_| {});
    let source = sandbox.image(HOME, |image| {
        image.boot_mode = Some("uefi".to_owned());
        image.tpm_support = Some("v2.0".to_owned());
        image.sriov_net_support = Some("simple".to_owned());
        image.root_device = "/dev/sda1".to_owned();
        image.mappings[0].device_name = "/dev/sda1".to_owned();
    });
    let outcome = register(&sandbox, &["--source-image", &source, &snapshot])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let image = printed(&sandbox, &outcome.stdout);
    assert_eq!(image.architecture, "x86_64");
    assert_eq!(image.boot_mode.as_deref(), Some("uefi"));
    assert_eq!(image.tpm_support.as_deref(), Some("v2.0"));
    assert_eq!(image.root_device, "/dev/sda1");
    assert_eq!(image.mappings[0].device_name, "/dev/sda1");
    assert_eq!(image.sriov_net_support.as_deref(), Some("simple"));
    register(&sandbox, &["--source-image", "ami-12345678", &snapshot])
        .run()
        .expect()
        .fails(5)
        .stderr_has("ami-12345678: does not exist in us-east-1 (named by --source-image)")
        .done();
}

#[test]
fn options_reach_ec2() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |_| {});
    let data = sandbox.snapshot(HOME, |snapshot| snapshot.size = 20);
    let data_mapping = format!("/dev/sdf={data}::false");
    register(
        &sandbox,
        &[
            "-n",
            "web (42)",
            "-d",
            "the web's server",
            "--arch=x86_64",
            "--boot-mode=uefi",
            "--tpm",
            "--uefi-data=vars.txt",
            "--sriov",
            "--no-ena",
            "--imds=optional",
            "--root-device=/dev/sda1",
            "--size=20G",
            "-b/dev/sda1=::false:gp3:4000:throughput=250",
            "-b",
            &data_mapping,
            "-b",
            "/dev/sdg=ephemeral0",
            &snapshot,
        ],
    )
    .file("vars.txt", "QU1a\nVUVG\n", 0o600)
    .run()
    .expect()
    .stdout_has("ami-")
    .done();
    let call = sandbox.calls_to("RegisterImage").remove(0);
    for (name, value) in [
        ("Name", "web (42)"),
        ("Description", "the web's server"),
        ("Architecture", "x86_64"),
        ("VirtualizationType", "hvm"),
        ("BootMode", "uefi"),
        ("TpmSupport", "v2.0"),
        ("UefiData", "QU1aVUVG"),
        ("SriovNetSupport", "simple"),
        ("RootDeviceName", "/dev/sda1"),
        ("BlockDeviceMapping.1.DeviceName", "/dev/sda1"),
        ("BlockDeviceMapping.1.Ebs.SnapshotId", &snapshot),
        ("BlockDeviceMapping.1.Ebs.VolumeSize", "20"),
        ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "false"),
        ("BlockDeviceMapping.1.Ebs.VolumeType", "gp3"),
        ("BlockDeviceMapping.1.Ebs.Iops", "4000"),
        ("BlockDeviceMapping.1.Ebs.Throughput", "250"),
        ("BlockDeviceMapping.2.Ebs.SnapshotId", &data),
        ("BlockDeviceMapping.3.VirtualName", "ephemeral0"),
    ] {
        assert_eq!(call.param(name), Some(value), "{name}");
    }
    for name in [
        "EnaSupport",
        "ImdsSupport",
        "BlockDeviceMapping.1.Ebs.Encrypted",
    ] {
        assert_eq!(call.param(name), None, "{name}");
    }
}

#[test]
fn a_name_that_is_taken_is_refused_before_anything_is_made() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |_| {});
    let taken = sandbox.image(HOME, |image| image.name = "web".to_owned());
    register(&sandbox, &["-n", "web", "--arch=x86_64", &snapshot])
        .run()
        .expect()
        .fails(1)
        .stderr_is(&format!(
            "ami-register-image: the name 'web' is taken by {taken} in {HOME}; give another, or use \
             that image: {taken}@{HOME}\n"
        ))
        .done();
    assert!(sandbox.calls_to("RegisterImage").is_empty());
}

#[test]
fn a_lost_answer_makes_one_image_and_prints_it() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |_| {});
    let before = sandbox.images(HOME).len();
    sandbox.inject(Fault::on("RegisterImage").reset_after());
    let outcome = register(&sandbox, &["--arch=x86_64", &snapshot])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    printed(&sandbox, &outcome.stdout);
    assert_eq!(sandbox.images(HOME).len(), before + 1);
    assert_eq!(sandbox.calls_to("RegisterImage").len(), 1);
}

#[test]
fn what_cannot_be_registered_is_told() {
    let sandbox = sandbox();
    register(&sandbox, &["--arch=x86_64", "snap-12345678"])
        .run()
        .expect()
        .fails(5)
        .stderr_has("snap-12345678: does not exist in us-east-1")
        .done();
    let snapshot = sandbox.snapshot(HOME, |_| {});
    register(&sandbox, &["--arch=x86_64", "--size=4G", &snapshot])
        .run()
        .expect()
        .fails(2)
        .stderr_has(&format!(
            "--size: 4 GiB are too few for {snapshot}, which needs 8"
        ))
        .done();
    assert!(sandbox.calls_to("RegisterImage").is_empty());
    sandbox.deny("RegisterImage");
    register(&sandbox, &["--arch=x86_64", &snapshot])
        .run()
        .expect()
        .fails(1)
        .stderr_has(&format!(
            "{snapshot}: not authorized to RegisterImage (UnauthorizedOperation"
        ))
        .stderr_has("the permission needed is ec2:RegisterImage")
        .done();
}

#[test]
fn a_dry_run_asks_and_makes_nothing() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |_| {});
    let before = sandbox.images(HOME).len();
    register(
        &sandbox,
        &["--dry-run", "-n", "web", "--arch=arm64", &snapshot],
    )
    .run()
    .expect()
    .stdout_is("")
    .stderr_has("would register the image 'web' of")
    .stderr_has("architecture arm64, boot mode uefi, virtualization hvm, ENA, IMDS v2.0")
    .stderr_has(&format!("/dev/xvda={snapshot}::true:gp3"))
    .done();
    assert_eq!(
        sandbox.calls_to("RegisterImage")[0].param("DryRun"),
        Some("true")
    );
    assert_eq!(sandbox.images(HOME).len(), before);
    sandbox.deny("RegisterImage");
    register(&sandbox, &["--dry-run", "--arch=arm64", &snapshot])
        .run()
        .expect()
        .fails(1)
        .stderr_has("not authorized to RegisterImage")
        .done();
}

#[test]
fn variables_of_the_firmware_come_from_the_source_image() {
    let sandbox = sandbox();
    let snapshot = sandbox.snapshot(HOME, |_| {});
    let source = sandbox.image(HOME, |image| {
        image.boot_mode = Some("uefi-preferred".to_owned());
        image.uefi_data = Some("QU1aVUVG".to_owned());
    });
    let data = |args: &[&str]| {
        sandbox.clear_calls();
        let mut all = vec!["--source-image", &source, &snapshot];
        all.extend(args);
        let outcome = register(&sandbox, &all).file("vars", "VUVG", 0o600).run();
        outcome.expect().stdout_has("ami-").done();
        let call = sandbox.calls_to("RegisterImage").remove(0);
        call.param("UefiData").map(str::to_owned)
    };
    assert_eq!(data(&[]).as_deref(), Some("QU1aVUVG"));
    assert_eq!(data(&["--uefi-data=vars"]).as_deref(), Some("VUVG"));
    assert_eq!(data(&["--boot-mode=legacy-bios"]), None);
    assert!(sandbox.calls_to("DescribeImageAttribute").is_empty());
    sandbox.deny("DescribeImageAttribute");
    register(&sandbox, &["--source-image", &source, &snapshot])
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_has("the variables of its UEFI firmware are not taken from ami-")
        .done();
}
