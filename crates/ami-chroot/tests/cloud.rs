//! Builds in volumes: the flow from a base to an image.

mod support;

use ami_sandbox::{Look, VolumeState};
use support::{Cloud, HOME, Host, Kind, Parts, Place};

#[test]
fn an_image_of_the_newest_base_has_what_the_command_wrote() {
    for look in [Look::Nvme, Look::Xen] {
        let Some(place) = Place::new() else { return };
        let host = Host::look(&place);
        let cloud = Cloud::new(look);
        let disk = place.usual_disk();
        let base = cloud.snapshot(&disk, &[("amidala", "base")]);
        let line = "echo built > /root/made; echo loud; echo $PWD";
        let outcome = cloud
            .tool(&["-n", "web", "-t", "role=web", "--", "sh", "-c", line])
            .run()
            .expect()
            .stdout_has("ami-")
            .stderr_is("loud\n/workspace\n")
            .done();
        let image = cloud
            .sandbox
            .find_image(outcome.stdout.trim())
            .expect("an image");
        assert_eq!(outcome.stdout.lines().count(), 1);
        assert_eq!(image.name, "web");
        assert_eq!(image.tags["role"], "web");
        assert_eq!(image.tags["source_snapshot"], base);
        assert!(!image.tags.contains_key("source_image"));
        assert!(!image.tags.contains_key("ami_tools_host"));
        let snapshot = image.snapshots().next().expect("a snapshot").to_owned();
        assert_eq!(cloud.file_in(&place, &snapshot, "/root/made"), "built\n");
        let tags = cloud.sandbox.find_snapshot(&snapshot).expect("it").tags;
        assert!(!tags.contains_key("ami_tools_host") && tags.contains_key("ami_tools_run"));
        assert!(
            cloud
                .sandbox
                .volumes(HOME)
                .iter()
                .all(|volume| volume.snapshot != Some(base.clone()))
        );
        assert!(!cloud.has_devices());
        drop(cloud);
        host.expect_again(&place);
    }
}

#[test]
fn calls_are_few() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    cloud.sandbox.clear_calls();
    cloud
        .tool(&["-n", "web", &base, "true"])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let mut actions = cloud.actions();
    let total = actions.len();
    // What waits for the volume and for the snapshot asks again and again.
    actions.retain(|action| action != "DescribeVolumes");
    let begun = actions.iter().position(|action| action == "CreateSnapshot");
    let mut at = 0;
    actions.retain(|action| {
        at += 1;
        Some(at) <= begun || action != "DescribeSnapshots"
    });
    support::tell(&format!(
        "{total} calls, {} of them no wait: {actions:?}",
        actions.len()
    ));
    assert!(actions.len() <= 12, "{actions:?}");
}

#[test]
fn what_the_source_image_is_the_new_one_is() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.disk("gpt.raw", Kind::Ext4, Parts::Gpt), &[]);
    let source = cloud.sandbox.image(HOME, |image| {
        image.name = "base-1".into();
        image.architecture = "arm64".into();
        image.boot_mode = Some("uefi".into());
        image.ena_support = true;
        for mapping in &mut image.mappings {
            if let ami_sandbox::Device::Ebs(ebs) = &mut mapping.device {
                ebs.snapshot = Some(base.clone());
                ebs.size = 1;
            }
        }
    });
    for words in [vec![source.as_str()], vec!["--from-name", "base-*"]] {
        let words = [&words, &["touch", "/root/x"][..]].concat();
        let outcome = cloud.tool(&words).run().expect().stdout_has("ami-").done();
        let image = cloud
            .sandbox
            .find_image(outcome.stdout.trim())
            .expect("an image");
        let old = cloud.sandbox.find_image(&source).expect("an image");
        assert_eq!(image.architecture, "arm64");
        assert_eq!(image.boot_mode, old.boot_mode);
        assert_eq!(image.root_device, old.root_device);
        assert_eq!(image.tags["source_image"], source);
        assert_eq!(image.tags["source_region"], HOME);
        assert_eq!(image.mappings.len(), old.mappings.len());
    }
}

#[test]
fn a_volume_is_snapshotted_first() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[("source_image", "ami-12345678")]);
    let kept = cloud.tool(&["--keep-on-failure", &base, "false"]).run();
    let kept = kept
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("is kept")
        .done();
    let word = kept.stderr.split(' ').find(|word| word.starts_with("vol-"));
    let volume = word.expect("a volume").to_owned();
    let state = cloud.sandbox.find_volume(&volume).expect("kept").state();
    assert_eq!(state, VolumeState::Available);
    let before = cloud.resources();
    let outcome = cloud
        .tool(&[&volume, "true"])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let image = cloud
        .sandbox
        .find_image(outcome.stdout.trim())
        .expect("an image");
    assert!(!image.tags.contains_key("source_snapshot"));
    // The image and its snapshot are new, and nothing else.
    assert_eq!(cloud.resources().len(), before.len() + 2);
}

#[test]
fn the_command_s_end_is_the_tool_s() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    let before = cloud.resources();
    for (line, code) in [
        (&["sh", "-c", "exit 7"][..], 7),
        (&["nowhere"], 127),
        (&["/etc/passwd"], 126),
        (&["sh", "-c", "kill -9 $$"], 137),
    ] {
        let words = [&[base.as_str()], line].concat();
        cloud
            .tool(&words)
            .run()
            .expect()
            .fails(code)
            .stdout_is("")
            .stderr_has("nothing was made")
            .done();
        assert_eq!(cloud.resources(), before, "{line:?}");
    }
    drop(cloud);
    host.expect_again(&place);
}

#[test]
fn wrong_lines_call_nobody() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    for words in [
        &["snap-1234", "true"][..],
        &["snap-12345678"],
        &["-o", "x", "snap-12345678", "true"],
        &["--frob", "snap-12345678", "true"],
        &["--owner", "self", "snap-12345678", "true"],
        &["--kms-key", "x", "snap-12345678", "true"],
        &["--gpt", "snap-12345678", "true"],
        &["--bind", "/nowhere:/x", "snap-12345678", "true"],
        &["--env", "AWS_SECRET_ACCESS_KEY", "snap-12345678", "true"],
        &["-n", "x", "disk.raw", "true"],
    ] {
        cloud
            .tool(words)
            .run()
            .expect()
            .fails(125)
            .stdout_is("")
            .stderr_any()
            .done();
    }
    drop(place);
    ami_testkit::assert_no_calls(&cloud.sandbox);
}

#[test]
fn a_dry_run_makes_nothing() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    let before = cloud.resources();
    cloud
        .tool(&["--dry-run", &base, "make", "install"])
        .run()
        .expect()
        .stdout_is("")
        .stderr_has(&format!("would run 'make install' in a volume of {base}"))
        .done();
    assert_eq!(cloud.resources(), before);
    cloud.sandbox.deny("CreateVolume");
    cloud
        .tool(&["--dry-run", &base, "make"])
        .run()
        .expect()
        .fails(125)
        .stderr_has("not authorized to CreateVolume")
        .done();
}

#[test]
fn what_may_not_be_removed_is_named_and_is_a_failure() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    cloud.sandbox.deny("DeleteVolume");
    cloud
        .tool(&[&base, "true"])
        .run()
        .expect()
        .fails(125)
        .stdout_has("ami-")
        .stderr_has("is still there: not authorized to DeleteVolume")
        .stderr_has("to remove it: aws ec2 detach-volume --region us-east-1 --volume-id vol-")
        .done();
}
