//! Keys: which one a copy is encrypted under, and what becomes of a copy whose key cannot be used.

use ami_sandbox::{Ebs, ImageState, KmsKeyState, Mapping, Pace, Sandbox};

use crate::client::{Answer, As, OTHER_KEY, REGION, call, ec2, sandbox};

const THERE: &str = "eu-west-1";
const OTHER: &str = "210987654321";
const AT: As<'_> = As {
    key: crate::client::KEY,
    region: THERE,
    service: "ec2",
};

fn copy(sandbox: &Sandbox, image: &str, more: &[(&str, &str)]) -> Answer {
    let params = [
        ("SourceImageId", image),
        ("SourceRegion", REGION),
        ("Name", "copy"),
    ];
    call(sandbox, AT, "CopyImage", &[&params[..], more].concat()).unwrap()
}

/// An image of the first account whose only volume is encrypted.
fn secret_image(sandbox: &Sandbox, key: Option<&str>) -> String {
    sandbox.image(REGION, |image| {
        let ebs = Ebs {
            encrypted: true,
            kms_key: key.map(str::to_owned),
            ..Ebs::default()
        };
        image.mappings = vec![Mapping::ebs("/dev/xvda", ebs)];
    })
}

/// The state of a copy, its reason, whether its snapshot is encrypted, the key, the state of the
/// snapshot and its message.
fn outcome(sandbox: &Sandbox, made: &Answer) -> [String; 6] {
    assert_eq!(made.status, 200, "{}", made.body);
    let shown = [("ImageId.1", made.text("imageId"))];
    let image = call(sandbox, AT, "DescribeImages", &shown).unwrap();
    let named = [("SnapshotId.1", image.text("snapshotId"))];
    let snapshot = call(sandbox, AT, "DescribeSnapshots", &named).unwrap();
    assert_eq!(image.text("encrypted"), snapshot.text("encrypted"));
    assert_eq!(image.text("kmsKeyId"), snapshot.text("kmsKeyId"));
    let words = [
        image.text("imageState"),
        image.text("message"),
        snapshot.text("encrypted"),
        snapshot.text("kmsKeyId"),
        snapshot.text("status"),
        snapshot.text("statusMessage"),
    ];
    words.map(str::to_owned)
}

fn good(key: &str) -> [String; 6] {
    ["available", "", "true", key, "completed", ""].map(str::to_owned)
}

fn bad(key: &str) -> [String; 6] {
    let reason = "Copy image failed with an internal error";
    let message = "Given key ID is not accessible";
    ["failed", reason, "true", key, "error", message].map(str::to_owned)
}

fn quick() -> Sandbox {
    let sandbox = sandbox();
    sandbox.configure(|settings| {
        settings.paces.image = Pace::Now;
        settings.paces.snapshot = Pace::Now;
    });
    sandbox
}

#[test]
fn a_key_is_named_in_four_ways() {
    let sandbox = quick();
    let image = sandbox.image(REGION, |_| {});
    let key = sandbox.kms_key(THERE, |key| _ = key.aliases.insert("alias/web".into()));
    let id = key.rsplit('/').next().unwrap();
    let alias_arn = format!("arn:aws:kms:{THERE}:123456789012:alias/web");
    for name in [id, "alias/web", &key, &alias_arn] {
        let made = copy(
            &sandbox,
            &image,
            &[("Encrypted", "true"), ("KmsKeyId", name)],
        );
        assert_eq!(outcome(&sandbox, &made), good(&key), "{name}");
    }
}

#[test]
fn without_a_key_it_is_the_one_of_ebs() {
    let sandbox = quick();
    let plain = sandbox.image(REGION, |_| {});
    let key = sandbox.ebs_key(THERE);
    let made = copy(&sandbox, &plain, &[("Encrypted", "true")]);
    assert_eq!(outcome(&sandbox, &made), good(&key));
    let named = [("Encrypted", "true"), ("KmsKeyId", "alias/aws/ebs")];
    assert_eq!(
        outcome(&sandbox, &copy(&sandbox, &plain, &named)),
        good(&key)
    );
    let secret = secret_image(&sandbox, Some(&sandbox.kms_key(REGION, |_| {})));
    let made = copy(&sandbox, &secret, &[]);
    assert_eq!(outcome(&sandbox, &made), good(&key));
    assert_eq!(outcome(&sandbox, &copy(&sandbox, &plain, &[]))[2], "false");
    call(&sandbox, AT, "EnableEbsEncryptionByDefault", &[]).unwrap();
    let made = copy(&sandbox, &plain, &[]);
    assert_eq!(outcome(&sandbox, &made), good(&key));
}

#[test]
fn a_copy_under_a_key_that_cannot_be_used_begins_and_fails() {
    let sandbox = quick();
    let image = sandbox.image(REGION, |_| {});
    let elsewhere = sandbox.kms_key(REGION, |_| {});
    let off = sandbox.kms_key(THERE, |key| key.state = KmsKeyState::Disabled);
    let going = sandbox.kms_key(THERE, |key| key.state = KmsKeyState::PendingDeletion);
    let foreign = sandbox.kms_key(THERE, |key| key.owner = OTHER.into());
    for key in [&*elsewhere, &off, &going, &foreign, "alias/nothing"] {
        let made = copy(
            &sandbox,
            &image,
            &[("Encrypted", "true"), ("KmsKeyId", key)],
        );
        assert_eq!(outcome(&sandbox, &made), bad(key), "{key}");
        let id = sandbox.snapshots(REGION)[0].id.clone();
        let params = [
            ("SourceSnapshotId", &*id),
            ("SourceRegion", REGION),
            ("Encrypted", "true"),
            ("KmsKeyId", key),
        ];
        let made = call(&sandbox, AT, "CopySnapshot", &params).unwrap();
        let named = [("SnapshotId.1", made.text("snapshotId"))];
        let shown = call(&sandbox, AT, "DescribeSnapshots", &named).unwrap();
        assert_eq!(
            (shown.text("status"), shown.text("statusMessage")),
            ("error", "Given key ID is not accessible")
        );
    }
    sandbox.edit_kms_key(&off, |key| key.state = KmsKeyState::Enabled);
    let made = copy(
        &sandbox,
        &image,
        &[("Encrypted", "true"), ("KmsKeyId", &off)],
    );
    assert_eq!(outcome(&sandbox, &made), good(&off));
}

#[test]
fn a_key_needs_encryption() {
    let sandbox = quick();
    let image = sandbox.image(REGION, |_| {});
    for flag in [&[][..], &[("Encrypted", "false")]] {
        let params = [&[("KmsKeyId", "alias/aws/ebs")], flag].concat();
        let answer = copy(&sandbox, &image, &params);
        assert_eq!(answer.error(), (400, "InvalidParameterDependency"));
    }
}

#[test]
fn who_is_given_an_encrypted_image_needs_its_key_too() {
    let sandbox = quick();
    let key = sandbox.kms_key(REGION, |_| {});
    let image = secret_image(&sandbox, Some(&key));
    let snapshot = sandbox.snapshots(REGION)[0].id.clone();
    sandbox.edit_image(&image, |image| _ = image.shared_with.insert(OTHER.into()));
    sandbox.edit_snapshot(&snapshot, |s| _ = s.shared_with.insert(OTHER.into()));
    let state = || {
        let params = [
            ("SourceImageId", &*image),
            ("SourceRegion", REGION),
            ("Name", "copy"),
        ];
        let who = As {
            key: OTHER_KEY,
            ..AT
        };
        let made = call(&sandbox, who, "CopyImage", &params).unwrap();
        assert_eq!(made.status, 200, "{}", made.body);
        sandbox.find_image(made.text("imageId")).unwrap().state()
    };
    assert_eq!(state(), ImageState::Failed);
    sandbox.edit_kms_key(&key, |key| _ = key.shared_with.insert(OTHER.into()));
    assert_eq!(state(), ImageState::Available);
}

#[test]
fn an_own_copy_in_the_same_region_keeps_its_key() {
    let sandbox = quick();
    let key = sandbox.kms_key(REGION, |_| {});
    let image = secret_image(&sandbox, Some(&key));
    let params = [
        ("SourceImageId", &*image),
        ("SourceRegion", REGION),
        ("Name", "copy"),
    ];
    let made = ec2(&sandbox, "CopyImage", &params);
    let made = sandbox.find_image(made.text("imageId")).unwrap();
    let ebs = made.mappings[0].as_ebs().unwrap();
    assert_eq!(ebs.kms_key.as_ref(), Some(&key));
}

#[test]
fn the_duration_of_a_copy_is_shown_on_its_snapshots() {
    let sandbox = quick();
    let image = sandbox.image(REGION, |_| {});
    let shown = |more: &[(&str, &str)]| {
        let made = copy(&sandbox, &image, more);
        if made.status != 200 {
            return made.text("Code").to_owned();
        }
        let image = sandbox.find_image(made.text("imageId")).unwrap();
        let id = image.snapshots().next().unwrap().to_owned();
        let shown = call(&sandbox, AT, "DescribeSnapshots", &[("SnapshotId.1", &id)]).unwrap();
        let words = ["transferType", "completionDurationMinutes"];
        words.map(|word| shown.text(word)).join(" ")
    };
    let name = "SnapshotCopyCompletionDurationMinutes";
    assert_eq!(shown(&[]), "standard ");
    assert_eq!(shown(&[(name, "15")]), "time-based 15");
    assert_eq!(shown(&[(name, "2880")]), "time-based 2880");
    for wrong in ["0", "20", "2895"] {
        assert_eq!(shown(&[(name, wrong)]), "InvalidParameterValue", "{wrong}");
    }
}

#[test]
fn a_failure_is_aimed_at_one_region() {
    let sandbox = quick();
    let image = sandbox.image(REGION, |_| {});
    let reason = Some(("Client.InternalError", "gone"));
    sandbox.next_image_in(THERE, ImageState::Failed, reason);
    let params = [
        ("SourceImageId", &*image),
        ("SourceRegion", REGION),
        ("Name", "copy"),
    ];
    let state = |region| {
        let who = As { region, ..AT };
        let made = call(&sandbox, who, "CopyImage", &params).unwrap();
        sandbox.find_image(made.text("imageId")).unwrap().state()
    };
    assert_eq!(state("eu-west-2"), ImageState::Available);
    assert_eq!(state(THERE), ImageState::Failed);
    assert_eq!(state(THERE), ImageState::Available);
}
