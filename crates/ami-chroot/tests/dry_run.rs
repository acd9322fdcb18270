//! `--dry-run`: each changing call of a build is asked about, and none is made.

mod support;

use std::collections::BTreeSet;

use ami_sandbox::Look;
use support::{Cloud, HOME, Place, sh};

/// The changing calls of a build.
const CHANGING: [&str; 9] = [
    "AttachVolume",
    "CreateSnapshot",
    "CreateVolume",
    "DeleteSnapshot",
    "DeleteTags",
    "DeleteVolume",
    "DetachVolume",
    "ModifyInstanceAttribute",
    "RegisterImage",
];

/// The calls that were asked about; and no other changing one was made.
fn asked(cloud: &Cloud) -> Vec<(String, String)> {
    let mut asked = BTreeSet::new();
    for call in cloud.sandbox.calls() {
        if CHANGING.contains(&call.action.as_str()) {
            assert_eq!(call.param("DryRun"), Some("true"), "{}", call.action);
            let of = ["VolumeId", "SnapshotId", "ResourceId.1"];
            let of = of.iter().find_map(|name| call.param(name));
            asked.insert((call.action.clone(), of.unwrap_or_default().to_owned()));
        }
    }
    asked.into_iter().collect()
}

#[test]
fn every_changing_call_is_asked_about() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    let before = cloud.resources();
    cloud.sandbox.clear_calls();
    cloud
        .tool(&["--dry-run", &base, "make"])
        .run()
        .expect()
        .stdout_is("")
        .stderr_has("would run 'make' in a volume of snap-")
        .done();
    let names: Vec<String> = asked(&cloud).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, CHANGING);
    assert_eq!(cloud.resources(), before);
    assert!(!cloud.has_devices());
}

#[test]
fn whatever_is_not_allowed_is_said() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    for action in CHANGING {
        cloud.sandbox.deny(action);
        let outcome = cloud.tool(&["--dry-run", &base, "make"]).run().expect();
        let outcome = outcome
            .fails(125)
            .stdout_is("")
            .stderr_has(&format!("not authorized to {action} "))
            .stderr_has_not("would run")
            .done();
        // What is there already is asked about as it is.
        let exists = ["CreateVolume", "RegisterImage"].contains(&action);
        let is_hinted = outcome.stderr.contains("does not exist yet");
        assert_eq!(is_hinted, !exists, "{outcome}");
        cloud.sandbox.allow(action);
    }
    cloud.sandbox.deny("CreateVolume");
    cloud.sandbox.deny("DeleteVolume");
    cloud
        .tool(&["--dry-run", &base, "make"])
        .run()
        .expect()
        .fails(125)
        .stderr_has("not authorized to CreateVolume ")
        .stderr_has("not authorized to DeleteVolume ")
        .done();
}

#[test]
fn of_a_volume_its_snapshot_is_asked_about_and_the_image_cannot_be() {
    let Some(place) = Place::new() else { return };
    drop(place);
    let cloud = Cloud::new(Look::Nvme);
    let volume = cloud.sandbox.volumes(HOME)[0].id.clone();
    cloud
        .tool(&["--dry-run", &volume, "make"])
        .run()
        .expect()
        .stdout_is("")
        .stderr_has(&format!("in a volume of {volume}"))
        .done();
    let asked = asked(&cloud);
    let has = |name: &str, of: &str| asked.contains(&(name.to_owned(), of.to_owned()));
    assert!(has("CreateSnapshot", &volume), "{asked:?}");
    assert!(!asked.iter().any(|(name, _)| name == "RegisterImage"));
}

#[test]
fn a_base_is_asked_about_too() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let (tree, rootfs) = (place.tree(), place.path("rootfs.tar"));
    sh(&format!(
        "tar -C {} -cf {} .",
        tree.display(),
        rootfs.display()
    ));
    let rootfs = rootfs.display().to_string();
    let words = ["--prepare-base", &rootfs, "--dry-run"];
    cloud
        .tool(&words)
        .run()
        .expect()
        .stdout_is("")
        .stderr_has("would unpack")
        .done();
    let names: Vec<String> = asked(&cloud).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, CHANGING[..8]);
    cloud.sandbox.deny("AttachVolume");
    cloud
        .tool(&words)
        .run()
        .expect()
        .fails(1)
        .stderr_has("not authorized to AttachVolume ")
        .done();
}
