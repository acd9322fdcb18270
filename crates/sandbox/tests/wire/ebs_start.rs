//! StartSnapshot: what it takes and what it makes.

use serde_json::json;

use ami_sandbox::KmsKeyState;

use crate::client::{REGION, ec2, sandbox};
use crate::ebs::{ebs, other, state};

#[test]
fn a_started_snapshot_is_pending_and_has_what_was_asked_for() {
    let sandbox = sandbox();
    let tags = json!([{ "Key": "team", "Value": "web" }]);
    let answer = ebs(&sandbox).start(json!({
        "VolumeSize": 3, "Description": "of a disk", "Tags": tags, "Timeout": 10,
    }));
    assert_eq!(answer.status, 201);
    let shown = answer.json();
    let id = shown["SnapshotId"].as_str().unwrap();
    for (name, value) in [
        ("OwnerId", json!(sandbox.account())),
        ("Status", json!("pending")),
        ("VolumeSize", json!(3)),
        ("BlockSize", json!(524_288)),
        ("Description", json!("of a disk")),
        ("SseType", json!("none")),
        ("Tags", tags),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    assert!(shown["StartTime"].is_i64());
    let seen = ec2(&sandbox, "DescribeSnapshots", &[("SnapshotId.1", id)]);
    assert_eq!(seen.text("volumeSize"), "3");
    assert_eq!(seen.text("volumeId"), "vol-ffffffff");
    assert_eq!((seen.text("key"), seen.text("value")), ("team", "web"));
    assert_eq!(state(&sandbox, id), ("pending".into(), "0%".into()));
    assert_eq!(
        ec2(&sandbox, "DeleteSnapshot", &[("SnapshotId", id)]).status,
        200
    );
    let gone = ebs(&sandbox).complete(id, 0);
    gone.is(404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
    assert_eq!(
        gone.message(),
        format!("The snapshot '{id}' does not exist.")
    );
}

#[test]
fn values_out_of_range_and_strangers_are_refused() {
    let sandbox = sandbox();
    let refused = |params, reason| {
        ebs(&sandbox)
            .start(params)
            .is(400, "ValidationException", reason);
    };
    let parameter = "INVALID_PARAMETER_VALUE";
    refused(json!({}), parameter);
    refused(json!({ "VolumeSize": 0 }), "INVALID_VOLUME_SIZE");
    refused(json!({ "VolumeSize": 65_537 }), "INVALID_VOLUME_SIZE");
    refused(json!({ "VolumeSize": 1, "Timeout": 9 }), parameter);
    refused(json!({ "VolumeSize": 1, "Timeout": 4321 }), parameter);
    refused(json!({ "VolumeSize": 1, "Tiemout": 60 }), parameter);
    refused(
        json!({ "VolumeSize": 1, "ParentSnapshotId": "snap" }),
        "INVALID_SNAPSHOT_ID",
    );
    refused(
        json!({ "VolumeSize": 1, "KmsKeyArn": sandbox.ebs_key(REGION) }),
        parameter,
    );
    let reserved = json!([{ "Key": "aws:x", "Value": "" }]);
    refused(json!({ "VolumeSize": 1, "Tags": reserved }), "INVALID_TAG");
    assert!(sandbox.snapshots(REGION).is_empty());
}

#[test]
fn a_token_stands_for_one_snapshot() {
    let sandbox = sandbox();
    let start = |size| ebs(&sandbox).start(json!({ "VolumeSize": size, "ClientToken": "t" }));
    let id = start(1).json()["SnapshotId"].clone();
    assert_eq!(start(1).json()["SnapshotId"], id);
    start(2).is(409, "ConflictException", "");
    let theirs = other(&sandbox).start(json!({ "VolumeSize": 2, "ClientToken": "t" }));
    assert_ne!(theirs.json()["SnapshotId"], id);
}

/// EBS user guide, "Encryption outcomes for EBS direct APIs".
#[test]
fn encryption_is_asked_for_or_comes_by_default() {
    let sandbox = sandbox();
    let key = sandbox.kms_key(REGION, |_| {});
    let default = sandbox.ebs_key(REGION);
    let key_of = |params| {
        let shown = ebs(&sandbox).start(params).json();
        assert_eq!(
            shown["SseType"] == "sse-kms",
            shown["KmsKeyArn"].is_string()
        );
        shown["KmsKeyArn"].as_str().map(str::to_owned)
    };
    let encrypted = json!({ "VolumeSize": 1, "Encrypted": true });
    let with_key = json!({ "VolumeSize": 1, "Encrypted": true, "KmsKeyArn": key });
    let plain = json!({ "VolumeSize": 1, "Encrypted": false });
    assert_eq!(key_of(encrypted), Some(default.clone()));
    assert_eq!(key_of(with_key), Some(key.clone()));
    assert_eq!(key_of(plain.clone()), None);
    ec2(&sandbox, "EnableEbsEncryptionByDefault", &[]);
    assert_eq!(key_of(plain), Some(default));
    assert_eq!(
        key_of(json!({ "VolumeSize": 1, "KmsKeyArn": key })),
        Some(key)
    );
}

#[test]
fn a_key_must_be_there_and_usable() {
    let sandbox = sandbox();
    let start = |key: &str| {
        ebs(&sandbox).start(json!({ "VolumeSize": 1, "Encrypted": true, "KmsKeyArn": key }))
    };
    let nowhere = "arn:aws:kms:us-east-1:123456789012:key/nowhere";
    start(nowhere).is(
        404,
        "ResourceNotFoundException",
        "DEPENDENCY_RESOURCE_NOT_FOUND",
    );
    let disabled = sandbox.kms_key(REGION, |key| key.state = KmsKeyState::Disabled);
    start(&disabled).is(400, "ValidationException", "INVALID_CUSTOMER_KEY");
    let theirs = sandbox.kms_key(REGION, |key| key.owner = "210987654321".into());
    start(&theirs).is(403, "AccessDeniedException", "DEPENDENCY_ACCESS_DENIED");
}

#[test]
fn a_parent_lends_its_key_and_must_be_complete() {
    let sandbox = sandbox();
    let key = sandbox.kms_key(REGION, |_| {});
    let plain = ebs(&sandbox).snapshot(&[]);
    let encrypted = sandbox.snapshot(REGION, |snapshot| {
        snapshot.size = 1;
        snapshot.encrypted = true;
        snapshot.kms_key = Some(key.clone());
    });
    let start =
        |parent: &str| ebs(&sandbox).start(json!({ "VolumeSize": 1, "ParentSnapshotId": parent }));
    assert_eq!(start(&encrypted).json()["KmsKeyArn"], json!(key));
    let child = start(&plain);
    assert_eq!(child.json()["ParentSnapshotId"], json!(plain));
    let pending = ebs(&sandbox).started();
    start(&pending).is(400, "ValidationException", "INVALID_PARAMETER_VALUE");
    start("snap-01").is(404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
    for params in [
        json!({ "VolumeSize": 1, "ParentSnapshotId": plain, "Encrypted": true }),
        json!({ "VolumeSize": 1, "ParentSnapshotId": plain, "Encrypted": false }),
        json!({ "VolumeSize": 1, "ParentSnapshotId": encrypted, "KmsKeyArn": key }),
    ] {
        let refused = ebs(&sandbox).start(params);
        refused.is(400, "ValidationException", "INVALID_PARAMETER_VALUE");
    }
    ec2(&sandbox, "EnableEbsEncryptionByDefault", &[]);
    start(&plain).is(400, "ValidationException", "INVALID_PARAMETER_VALUE");
    assert_eq!(start(&encrypted).status, 201);
}
