//! What the options of a build do to its volume and its image.

mod support;

use ami_sandbox::{Look, Pace};
use support::{Cloud, HOME, Place};

#[test]
fn a_volume_is_as_it_was_wished() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    let words = [
        "--size",
        "3G",
        "--volume-type",
        "gp2",
        "--volume-initialization-rate",
        "200",
    ];
    let words = [&words[..], &["--grow", "-v", &base, "true"]].concat();
    let outcome = cloud.tool(&words).run().expect().stdout_has("ami-");
    let outcome = outcome
        .stderr_has("grown from 67108864 to 3221225472")
        .done();
    let calls = cloud.sandbox.calls_to("CreateVolume");
    for (name, value) in [
        ("Size", "3"),
        ("VolumeType", "gp2"),
        ("VolumeInitializationRate", "200"),
        ("SnapshotId", base.as_str()),
    ] {
        assert_eq!(calls[0].param(name), Some(value), "{name}");
    }
    assert_eq!(calls[0].param("Encrypted"), None);
    let root = root_of(&cloud, outcome.stdout.trim());
    assert_eq!((root.size, root.volume_type.as_str()), (3, "gp2"));
    for wrong in [
        ["--size", "0"],
        ["--volume-type", "fast"],
        ["--volume-initialization-rate", "99"],
    ] {
        let words = [&wrong[..], &[&base, "true"]].concat();
        cloud
            .tool(&words)
            .run()
            .expect()
            .fails(125)
            .stderr_any()
            .done();
    }
}

fn root_of(cloud: &Cloud, image: &str) -> ami_sandbox::Ebs {
    let image = cloud.sandbox.find_image(image).expect("an image");
    let root = image
        .mappings
        .iter()
        .find_map(|mapping| match &mapping.device {
            ami_sandbox::Device::Ebs(ebs) => Some(ebs.clone()),
            _ => None,
        });
    root.expect("a root")
}

#[test]
fn an_encrypted_volume_makes_an_encrypted_image() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    for key in [None, Some("alias/web")] {
        let mut words = vec!["--encrypt"];
        words.extend(key.iter().flat_map(|key| ["--kms-key", key]));
        words.extend([base.as_str(), "true"]);
        cloud.sandbox.clear_calls();
        let outcome = cloud.tool(&words).run().expect().stdout_has("ami-").done();
        let calls = cloud.sandbox.calls_to("CreateVolume");
        assert_eq!(calls[0].param("Encrypted"), Some("true"));
        assert_eq!(calls[0].param("KmsKeyId"), key);
        let root = root_of(&cloud, outcome.stdout.trim());
        let snapshot = root.snapshot.expect("a snapshot");
        let snapshot = cloud.sandbox.find_snapshot(&snapshot).expect("it");
        assert!(snapshot.encrypted, "{key:?}");
        let has_key = snapshot.kms_key.is_some_and(|key| key.contains("web"));
        assert_eq!(has_key, key.is_some());
    }
    let source = cloud.sandbox.find_snapshot(&base).expect("it");
    assert!(!source.encrypted);
}

#[test]
fn an_image_is_waited_for_as_long_as_was_said() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    let done = cloud.tool(&["--wait", "--json", &base, "true"]).run();
    let done = done.expect().stdout_has("ami-").done();
    let value: serde_json::Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(value["state"], "available");
    cloud
        .sandbox
        .configure(|settings| settings.paces.image = Pace::Never);
    let late = cloud
        .tool(&["--wait", "--timeout", "1s", &base, "true"])
        .run()
        .expect()
        .fails(125)
        .stdout_has("ami-")
        .stderr_has("not available after 1s: it is pending")
        .stderr_has("to go on waiting: ami-waiton ami-")
        .done();
    // It is EC2's and the user's, whatever comes of it, with its snapshot; and nothing else is left.
    let image = cloud
        .sandbox
        .find_image(late.stdout.trim())
        .expect("an image");
    let snapshot = image.snapshots().next().expect("a snapshot");
    assert!(cloud.sandbox.find_snapshot(snapshot).is_some());
    let volumes = cloud.sandbox.volumes(HOME);
    assert_eq!(volumes.len(), 1, "the instance's own");
    assert!(!cloud.has_devices());
    cloud
        .tool(&["--timeout", "1s", &base, "true"])
        .run()
        .expect()
        .fails(125)
        .stderr_has("for --wait")
        .done();
}
