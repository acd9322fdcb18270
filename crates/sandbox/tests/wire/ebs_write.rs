//! PutSnapshotBlock and CompleteSnapshot: what is written, and what is refused.

use std::time::Duration;

use ami_sandbox::SnapshotState;
use serde_json::json;

use crate::client::{REGION, ec2, sandbox};
use crate::ebs::{BLOCK, block, checksum, ebs, linear, other, state};

const PARAMETER: &str = "INVALID_PARAMETER_VALUE";

#[test]
fn blocks_are_written_and_the_snapshot_completes_in_its_time() {
    let sandbox = sandbox();
    let id = ebs(&sandbox).started();
    let blocks = [block(1), block(2), block(3)];
    // The order of writing says nothing.
    for index in [2, 0, 1] {
        let answer = ebs(&sandbox).put(&id, 10 * index, &blocks[index as usize]);
        assert_eq!(answer.status, 201);
        let digest = checksum(&blocks[index as usize]).to_lowercase();
        assert_eq!(answer.header("x-amz-checksum"), Some(&*digest));
        assert_eq!(answer.header("x-amz-checksum-algorithm"), Some("sha256"));
    }
    let sum = linear(blocks.iter().map(|block| &**block));
    let answer = ebs(&sandbox).completed_with(
        &id,
        &[
            ("x-amz-ChangedBlocksCount", "3"),
            ("x-amz-Checksum", &sum),
            ("x-amz-Checksum-Algorithm", "SHA256"),
            ("x-amz-Checksum-Aggregation-Method", "LINEAR"),
        ],
    );
    assert_eq!(
        (answer.status, answer.json()["Status"].clone()),
        (202, json!("pending"))
    );
    assert_eq!(state(&sandbox, &id).0, "pending");
    assert_eq!(state(&sandbox, &id), ("completed".into(), "100%".into()));
    let late = ebs(&sandbox).put(&id, 0, &blocks[0]);
    late.is(400, "ValidationException", PARAMETER);
}

#[test]
fn a_block_that_is_written_again_counts_once() {
    let sandbox = sandbox();
    let id = ebs(&sandbox).started();
    for byte in [1, 2] {
        assert_eq!(ebs(&sandbox).put(&id, 7, &block(byte)).status, 201);
    }
    ebs(&sandbox)
        .complete(&id, 2)
        .is(400, "ValidationException", PARAMETER);
    let wrong = linear([&*block(1)]);
    let headers = [
        ("x-amz-ChangedBlocksCount", "1"),
        ("x-amz-Checksum", &*wrong),
        ("x-amz-Checksum-Algorithm", "SHA256"),
        ("x-amz-Checksum-Aggregation-Method", "LINEAR"),
    ];
    let refused = ebs(&sandbox).completed_with(&id, &headers);
    refused.is(400, "ValidationException", PARAMETER);
    // A refusal changes nothing.
    assert_eq!(ebs(&sandbox).put(&id, 7, &block(1)).status, 201);
    assert_eq!(ebs(&sandbox).completed_with(&id, &headers).status, 202);
}

#[test]
fn data_must_be_a_block_with_its_checksum_within_the_volume() {
    let sandbox = sandbox();
    let id = ebs(&sandbox).started();
    let data = block(1);
    let (sum, of_nothing) = (checksum(&data), checksum(b""));
    let put = |index: &str, headers: [(&str, &str); 3], data: &[u8]| {
        let path = format!("/snapshots/{id}/blocks/{index}");
        ebs(&sandbox).send("PUT", &path, &headers, data).unwrap()
    };
    let headers = |length, sum, algorithm| {
        [
            ("x-amz-Data-Length", length),
            ("x-amz-Checksum", sum),
            ("x-amz-Checksum-Algorithm", algorithm),
        ]
    };
    let right = headers("524288", &*sum, "SHA256");
    let refused = |answer: crate::client::Reply| answer.is(400, "ValidationException", PARAMETER);
    refused(put("0", headers("524287", &sum, "SHA256"), &data[1..]));
    refused(put("0", headers("524288", &sum, "SHA512"), &data));
    refused(put("0", headers("524288", &of_nothing, "SHA256"), &data));
    refused(put("-1", right, &data));
    refused(put("x", right, &data));
    let short = put("0", right, &data[..BLOCK - 1]);
    assert_eq!(short.message(), "Failed to read block data");
    refused(short);
    put("2048", right, &data).is(400, "ValidationException", "INVALID_BLOCK");
    assert_eq!(put("2047", right, &data).status, 201);
    let path = format!("/snapshots/{id}/blocks/0");
    let strange = [right[0], right[1], right[2], ("x-amz-Colour", "red")];
    refused(ebs(&sandbox).send("PUT", &path, &strange, &data).unwrap());
    let missing = [right[0], right[1]];
    refused(ebs(&sandbox).send("PUT", &path, &missing, &data).unwrap());
    assert_eq!(ebs(&sandbox).complete(&id, 1).status, 202);
}

#[test]
fn only_own_snapshots_of_start_snapshot_are_written() {
    let sandbox = sandbox();
    let not_there = "snap-0123456789abcdef0";
    let absent = ebs(&sandbox).put(not_there, 0, &block(1));
    absent.is(404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
    assert_eq!(
        absent.message(),
        format!("The snapshot '{not_there}' does not exist.")
    );
    ebs(&sandbox).put("snap-xyz", 0, &block(1)).is(
        400,
        "ValidationException",
        "INVALID_SNAPSHOT_ID",
    );
    let of_a_volume = sandbox.snapshot(REGION, |_| {});
    ebs(&sandbox)
        .put(&of_a_volume, 0, &block(1))
        .is(400, "ValidationException", PARAMETER);
    let id = ebs(&sandbox).started();
    let theirs = || other(&sandbox).put(&id, 0, &block(1));
    theirs().is(404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
    sandbox.edit_snapshot(&id, |s| s.shared_with = ["210987654321".to_owned()].into());
    theirs().is(403, "AccessDeniedException", "UNAUTHORIZED_ACCOUNT");
}

#[test]
fn a_new_snapshot_may_be_unknown_for_a_while() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.unknown_puts = 2);
    let id = ebs(&sandbox).started();
    let statuses = [(); 3].map(|()| ebs(&sandbox).put(&id, 0, &block(1)).status);
    assert_eq!(statuses, [404, 404, 201]);
}

#[test]
fn a_snapshot_that_nothing_is_written_to_is_cancelled() {
    let sandbox = sandbox();
    let id = ebs(&sandbox).started();
    ebs(&sandbox).put(&id, 0, &block(1));
    sandbox.expire_snapshot(&id);
    assert_eq!(sandbox.snapshot_state(&id), SnapshotState::Error);
    assert_eq!(state(&sandbox, &id).0, "error");
    ebs(&sandbox)
        .put(&id, 1, &block(1))
        .is(400, "ValidationException", PARAMETER);
    ebs(&sandbox)
        .complete(&id, 1)
        .is(400, "ValidationException", PARAMETER);
    sandbox.configure(|settings| settings.upload_timeout = Some(Duration::from_millis(1)));
    let id = ebs(&sandbox).started();
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(state(&sandbox, &id).0, "error");
    assert_eq!(
        ec2(&sandbox, "DeleteSnapshot", &[("SnapshotId", &id)]).status,
        200
    );
}
