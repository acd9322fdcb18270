//! Snapshots between accounts and regions: sharing, copying, and encryption by default.

use ami_sandbox::{Pace, Sandbox};

use crate::client::{Answer, As, OTHER_KEY, REGION, call, ec2, sandbox};

const OTHER: &str = "210987654321";

fn as_other(sandbox: &Sandbox, action: &str, params: &[(&str, &str)]) -> Answer {
    let who = As {
        key: OTHER_KEY,
        ..As::default()
    };
    call(sandbox, who, action, params).unwrap()
}

/// A completed snapshot of the first account.
fn snapshot(sandbox: &Sandbox, volume: &[(&str, &str)]) -> String {
    sandbox.configure(|settings| {
        settings.paces.snapshot = Pace::Now;
        settings.paces.volume = Pace::Now;
    });
    let params = [&[("AvailabilityZone", "us-east-1a"), ("Size", "3")], volume].concat();
    let volume = ec2(sandbox, "CreateVolume", &params);
    let made = ec2(
        sandbox,
        "CreateSnapshot",
        &[("VolumeId", volume.text("volumeId"))],
    );
    assert_eq!(made.status, 200, "{}", made.body);
    made.text("snapshotId").to_owned()
}

fn permissions(sandbox: &Sandbox, id: &str) -> String {
    let params = [("SnapshotId", id), ("Attribute", "createVolumePermission")];
    let answer = ec2(sandbox, "DescribeSnapshotAttribute", &params);
    assert_eq!(answer.text("snapshotId"), id, "{}", answer.body);
    [answer.all("group"), answer.all("userId")]
        .concat()
        .join(" ")
}

#[test]
fn a_snapshot_is_seen_by_those_it_is_shared_with() {
    let sandbox = sandbox();
    let id = snapshot(&sandbox, &[]);
    let seen = |params: &[(&str, &str)]| {
        let answer = as_other(&sandbox, "DescribeSnapshots", params);
        answer.all("snapshotId").contains(&&*id)
    };
    let make = [("AvailabilityZone", "us-east-1b"), ("SnapshotId", &*id)];
    let refused = as_other(&sandbox, "CreateVolume", &make);
    assert_eq!(refused.error(), (400, "InvalidSnapshot.NotFound"));
    assert!(!seen(&[]));
    let share = [
        ("SnapshotId", &*id),
        ("CreateVolumePermission.Add.1.UserId", OTHER),
    ];
    assert_eq!(ec2(&sandbox, "ModifySnapshotAttribute", &share).status, 200);
    assert_eq!(permissions(&sandbox, &id), OTHER);
    assert!(seen(&[]) && seen(&[("RestorableBy.1", "self")]));
    assert!(seen(&[("RestorableBy.1", OTHER)]) && !seen(&[("RestorableBy.1", "all")]));
    assert!(!seen(&[("Owner.1", "self")]) && seen(&[("Owner.1", "123456789012")]));
    let own = ec2(&sandbox, "DescribeSnapshots", &[("RestorableBy.1", OTHER)]);
    assert_eq!(own.all("snapshotId"), [&*id]);
    assert_eq!(as_other(&sandbox, "CreateVolume", &make).text("size"), "3");
    let theirs = as_other(&sandbox, "ModifySnapshotAttribute", &share);
    assert_eq!(theirs.error(), (400, "AuthFailure"));
}

#[test]
fn sharing_ends_one_by_one_or_at_once() {
    let sandbox = sandbox();
    let id = snapshot(&sandbox, &[]);
    let change = |params: &[(&str, &str)]| {
        let params = [&[("SnapshotId", &*id)], params].concat();
        let answer = ec2(&sandbox, "ModifySnapshotAttribute", &params);
        assert_eq!(answer.status, 200, "{}", answer.body);
        permissions(&sandbox, &id)
    };
    let both = [
        ("UserId.1", OTHER),
        ("CreateVolumePermission.Add.1.UserId", OTHER),
    ];
    assert_eq!(change(&both), OTHER);
    let old = [("Attribute", "createVolumePermission"), ("UserId.1", OTHER)];
    let add = [
        &old[..],
        &[("OperationType", "add"), ("UserGroup.1", "all")],
    ]
    .concat();
    assert_eq!(change(&add), format!("all {OTHER}"));
    let remove = [&old[..], &[("OperationType", "remove")]].concat();
    assert_eq!(change(&remove), "all");
    assert_eq!(
        change(&[("CreateVolumePermission.Remove.1.Group", "all")]),
        ""
    );
    change(&add);
    let params = [
        ("SnapshotId", &*id),
        ("Attribute", "createVolumePermission"),
    ];
    ec2(&sandbox, "ResetSnapshotAttribute", &params);
    assert_eq!(permissions(&sandbox, &id), "");
}

#[test]
fn encrypted_snapshots_are_shared_only_under_a_key_of_ones_own() {
    let sandbox = sandbox();
    let try_share = |id: &str, who: (&str, &str)| {
        let answer = ec2(
            &sandbox,
            "ModifySnapshotAttribute",
            &[("SnapshotId", id), who],
        );
        (answer.status, answer.text("Code").to_owned())
    };
    let other = ("CreateVolumePermission.Add.1.UserId", OTHER);
    let all = ("CreateVolumePermission.Add.1.Group", "all");
    let refused = (400, "OperationNotPermitted".to_owned());
    let default = snapshot(&sandbox, &[("Encrypted", "true")]);
    assert_eq!(try_share(&default, other), refused);
    let key = ("KmsKeyId", "arn:aws:kms:us-east-1:123456789012:key/1");
    let keyed = snapshot(&sandbox, &[("Encrypted", "true"), key]);
    assert_eq!(try_share(&keyed, all), refused);
    assert_eq!(try_share(&keyed, other), (200, String::new()));
}

#[test]
fn a_snapshot_is_copied_into_another_region() {
    let sandbox = sandbox();
    let id = snapshot(&sandbox, &[]);
    sandbox.configure(|settings| settings.paces.snapshot = Pace::Reads(1));
    let who = As {
        region: "eu-west-1",
        ..As::default()
    };
    let params = [
        ("SourceRegion", REGION),
        ("SourceSnapshotId", &*id),
        ("Description", "copy"),
        ("TagSpecification.1.ResourceType", "snapshot"),
        ("TagSpecification.1.Tag.1.Key", "a"),
        ("TagSpecification.1.Tag.1.Value", "b"),
    ];
    let dry = [&params[..], &[("DryRun", "true")]].concat();
    let answer = call(&sandbox, who, "CopySnapshot", &dry).unwrap();
    assert_eq!(answer.error(), (412, "DryRunOperation"));
    assert!(sandbox.snapshots("eu-west-1").is_empty());
    let answer = call(&sandbox, who, "CopySnapshot", &params).unwrap();
    assert_eq!(answer.text("value"), "b");
    let named = [("SnapshotId.1", answer.text("snapshotId"))];
    let read = || call(&sandbox, who, "DescribeSnapshots", &named).unwrap();
    let first = read();
    assert_eq!(
        (first.text("status"), first.text("volumeSize")),
        ("pending", "3")
    );
    assert_eq!(first.text("volumeId"), "vol-ffffffff");
    assert_eq!(read().text("status"), "completed");
    let missing = call(&sandbox, who, "CopySnapshot", &[("SourceRegion", REGION)]).unwrap();
    assert_eq!(missing.error(), (400, "MissingParameter"));
}

#[test]
fn a_copy_can_be_encrypted_but_not_decrypted() {
    let sandbox = sandbox();
    let (plain, secret) = (
        snapshot(&sandbox, &[]),
        snapshot(&sandbox, &[("Encrypted", "true")]),
    );
    let copy = |id: &str, more: &[(&str, &str)]| {
        let params = [("SourceRegion", REGION), ("SourceSnapshotId", id)];
        let answer = ec2(&sandbox, "CopySnapshot", &[&params[..], more].concat());
        let made = answer.text("snapshotId").to_owned();
        let found = sandbox.snapshots(REGION).into_iter().find(|s| s.id == made);
        found
            .map(|snapshot| snapshot.encrypted)
            .ok_or_else(|| answer.text("Code").to_owned())
    };
    assert_eq!(copy(&plain, &[]), Ok(false));
    assert_eq!(copy(&plain, &[("Encrypted", "true")]), Ok(true));
    assert_eq!(copy(&secret, &[]), Ok(true));
    let refused = Err("InvalidParameterCombination".to_owned());
    assert_eq!(copy(&secret, &[("Encrypted", "false")]), refused);
    let refused = Err("InvalidParameterDependency".to_owned());
    assert_eq!(copy(&plain, &[("KmsKeyId", "alias/mine")]), refused);
    let refused = Err("InvalidParameterValue".to_owned());
    assert_eq!(
        copy(&plain, &[("CompletionDurationMinutes", "20")]),
        refused
    );
}

#[test]
fn twenty_copies_go_into_a_region_at_once() {
    let sandbox = sandbox();
    let id = snapshot(&sandbox, &[]);
    sandbox.configure(|settings| settings.paces.snapshot = Pace::Never);
    let params = [("SourceRegion", REGION), ("SourceSnapshotId", &*id)];
    let copy = || ec2(&sandbox, "CopySnapshot", &params);
    assert!((0..20).all(|_| copy().status == 200));
    assert_eq!(copy().error(), (400, "ResourceLimitExceeded"));
}

#[test]
fn encryption_by_default_belongs_to_an_account_in_a_region() {
    let sandbox = sandbox();
    let plain = snapshot(&sandbox, &[]);
    let is_on = |answer: Answer| answer.text("ebsEncryptionByDefault").to_owned();
    assert_eq!(
        is_on(ec2(&sandbox, "GetEbsEncryptionByDefault", &[])),
        "false"
    );
    let dry = ec2(
        &sandbox,
        "EnableEbsEncryptionByDefault",
        &[("DryRun", "true")],
    );
    assert_eq!(dry.error(), (412, "DryRunOperation"));
    assert_eq!(
        is_on(ec2(&sandbox, "EnableEbsEncryptionByDefault", &[])),
        "true"
    );
    assert_eq!(
        is_on(ec2(&sandbox, "GetEbsEncryptionByDefault", &[])),
        "true"
    );
    let other = as_other(&sandbox, "GetEbsEncryptionByDefault", &[]);
    assert_eq!(is_on(other), "false");
    let empty = [("AvailabilityZone", "us-east-1a"), ("Size", "1")];
    let made = |action: &str, params: &[(&str, &str)]| ec2(&sandbox, action, params);
    assert_eq!(made("CreateVolume", &empty).text("encrypted"), "true");
    let copy = [("SourceRegion", REGION), ("SourceSnapshotId", &*plain)];
    made("CopySnapshot", &copy);
    assert!(sandbox.snapshots(REGION).last().unwrap().encrypted);
    assert_eq!(is_on(made("DisableEbsEncryptionByDefault", &[])), "false");
    assert_eq!(made("CreateVolume", &empty).text("encrypted"), "false");
    let key = made("GetEbsDefaultKmsKeyId", &[]);
    assert_eq!(key.text("kmsKeyId"), "alias/aws/ebs");
}
