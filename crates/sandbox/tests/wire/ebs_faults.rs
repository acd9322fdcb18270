//! What goes wrong with EBS direct on order, what it throttles, and what is kept of its calls.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use ami_sandbox::{Fault, Rate, Sandbox};
use serde_json::json;

use crate::client::{REGION, Reply, sandbox};
use crate::ebs::{BLOCK, block, checksum, ebs, linear};

const PUT: &str = "PutSnapshotBlock";
const GET: &str = "GetSnapshotBlock";

/// Reads the first block of a snapshot.
fn first_block(sandbox: &Sandbox, id: &str) -> std::io::Result<Reply> {
    let ask = ebs(sandbox);
    let list = ask
        .send("GET", &format!("/snapshots/{id}/blocks"), &[], b"")?
        .json();
    let token = list["Blocks"][0]["BlockToken"].as_str().unwrap().to_owned();
    let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
    ask.send(
        "GET",
        &format!("/snapshots/{id}/blocks/0?blockToken={token}"),
        &[],
        b"",
    )
}

#[test]
fn errors_on_order_have_the_shape_of_the_service() {
    let sandbox = sandbox();
    let id = ebs(&sandbox).started();
    sandbox.inject(Fault::on(PUT).times(2).throttle());
    let put = || ebs(&sandbox).put(&id, 0, &block(1));
    for _ in 0..2 {
        put().is(400, "RequestThrottledException", "RESOURCE_LEVEL_THROTTLE");
    }
    sandbox.inject(Fault::on(PUT).error(403, "AccessDeniedException", "no"));
    put().is(403, "AccessDeniedException", "UNAUTHORIZED_ACCOUNT");
    sandbox.inject(Fault::on(PUT).error(500, "InternalServerException", "later"));
    put().is(500, "InternalServerException", "");
    assert_eq!(put().status, 201);
    sandbox.inject(Fault::on("StartSnapshot").throttle());
    let start = ebs(&sandbox).start(json!({ "VolumeSize": 1 }));
    start.is(400, "RequestThrottledException", "ACCOUNT_THROTTLED");
    sandbox.deny(PUT);
    put().is(403, "AccessDeniedException", "UNAUTHORIZED_ACCOUNT");
}

#[test]
fn a_reset_comes_before_or_after_the_work() {
    let sandbox = sandbox();
    let id = ebs(&sandbox).started();
    sandbox.inject(Fault::on(PUT).reset_before());
    let lost = ebs(&sandbox).try_put(&id, 0, &block(1)).unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::ConnectionReset);
    assert_eq!(sandbox.own_blocks(&id), 0);
    sandbox.inject(Fault::on(PUT).reset_after());
    assert!(ebs(&sandbox).try_put(&id, 0, &block(1)).is_err());
    assert_eq!(sandbox.own_blocks(&id), 1);
    sandbox.inject(Fault::on(PUT).ignore());
    assert_eq!(ebs(&sandbox).put(&id, 1, &block(1)).status, 201);
    assert_eq!(sandbox.own_blocks(&id), 1);
    let ends: Vec<_> = sandbox
        .block_calls(PUT)
        .iter()
        .map(|c| (c.status, c.fault))
        .collect();
    assert_eq!(
        ends,
        [
            (0, Some("reset-before")),
            (0, Some("reset-after")),
            (201, Some("ignore"))
        ]
    );
}

#[test]
fn damage_shows_in_checksums() {
    let sandbox = sandbox();
    let id = ebs(&sandbox).started();
    sandbox.inject(Fault::on(PUT).corrupt());
    let damaged = ebs(&sandbox).put(&id, 0, &block(1));
    damaged.is(400, "ValidationException", "INVALID_PARAMETER_VALUE");
    assert_eq!(ebs(&sandbox).put(&id, 0, &block(1)).status, 201);
    assert_eq!(ebs(&sandbox).complete(&id, 1).status, 202);
    ebs(&sandbox).settle(&id);
    sandbox.inject(Fault::on(GET).corrupt());
    let answer = first_block(&sandbox, &id).unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, BLOCK));
    let announced = answer.header("x-amz-checksum").unwrap().to_owned();
    assert_eq!(announced, checksum(&block(1)).to_lowercase());
    assert_ne!(answer.body, block(1));
    assert_eq!(first_block(&sandbox, &id).unwrap().body, block(1));
}

#[test]
fn answers_can_be_late_and_cut() {
    let sandbox = sandbox();
    let id = ebs(&sandbox).snapshot(&[(0, block(1))]);
    sandbox.inject(Fault::on(GET).delay(Duration::from_millis(50)));
    let start = Instant::now();
    assert_eq!(first_block(&sandbox, &id).unwrap().status, 200);
    assert!(start.elapsed() >= Duration::from_millis(50));
    sandbox.inject(Fault::on(GET).cut());
    let cut = first_block(&sandbox, &id).map(|answer| answer.body.len());
    assert!(cut.is_err() || cut.is_ok_and(|length| length < BLOCK));
}

#[test]
fn the_time_of_a_block_holds_up_nobody_else() {
    let sandbox = sandbox();
    let id = ebs(&sandbox).started();
    sandbox.configure(|settings| settings.block_delay = Duration::from_millis(500));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for index in 0..8 {
            let (sandbox, id) = (&sandbox, &id);
            scope.spawn(move || assert_eq!(ebs(sandbox).put(id, index, &block(1)).status, 201));
        }
        ebs(&sandbox).started();
    });
    // One after the other they would take four seconds.
    let took = start.elapsed();
    assert!((500..3000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(ebs(&sandbox).complete(&id, 8).status, 202);
}

#[test]
fn buckets_throttle_a_snapshot_and_an_account() {
    let sandbox = sandbox();
    let ids = [(); 3].map(|()| ebs(&sandbox).started());
    sandbox.configure(|settings| {
        settings.throttle = true;
        let (burst, per_second) = (3.0, 0.001);
        settings.limits.put_block = Rate { burst, per_second };
        settings.limits.pending_snapshots = 4;
    });
    let put = |n: usize| ebs(&sandbox).put(&ids[n], 0, &block(1));
    for _ in 0..3 {
        assert_eq!(put(0).status, 201);
    }
    put(0).is(400, "RequestThrottledException", "RESOURCE_LEVEL_THROTTLE");
    put(1).is(400, "ThrottlingException", "");
    sandbox.refill_buckets();
    assert_eq!(put(1).status, 201);
    let start = || ebs(&sandbox).start(json!({ "VolumeSize": 1 }));
    assert_eq!(start().status, 201);
    start().is(400, "ConcurrentLimitExceededException", "");
    sandbox.expire_snapshot(&ids[2]);
    assert_eq!(start().status, 201);
}

#[test]
fn calls_with_blocks_are_kept_in_a_small_form() {
    let sandbox = sandbox();
    let id = ebs(&sandbox).started();
    let blocks = [block(1), block(2)];
    for (index, block) in (0..).zip(&blocks) {
        ebs(&sandbox).put(&id, index, block);
    }
    let calls = sandbox.block_calls(PUT);
    let digests: Vec<u8> = calls
        .iter()
        .flat_map(|call| call.checksum.unwrap())
        .collect();
    assert_eq!(
        checksum(&digests),
        linear(blocks.iter().map(|block| &**block))
    );
    assert_eq!(
        (&*calls[1].snapshot, calls[1].index, calls[1].length),
        (&*id, 1, Some(524_288))
    );
    assert_eq!((&*calls[0].region, calls[0].status), (REGION, 201));
    let wide = sandbox.calls_to(PUT);
    assert_eq!(wide[1].param("BlockIndex"), Some("1"));
    assert_eq!(wide[1].param("Checksum"), Some(&*checksum(&blocks[1])));
    assert_eq!((wide[1].service.as_str(), wide.len()), ("ebs", 2));
    assert_eq!(sandbox.count_calls(PUT), 2);
    // What does not fit into the small form is there all the same.
    let path = format!("/snapshots/{id}/blocks/x");
    let strange = ebs(&sandbox).send("PUT", &path, &[], b"").unwrap();
    assert_eq!(strange.status, 400);
    assert_eq!(sandbox.calls_to(PUT)[2].param("BlockIndex"), Some("x"));
    assert_eq!(
        (sandbox.count_calls(PUT), sandbox.block_calls(PUT).len()),
        (3, 2)
    );
}

#[test]
fn strangers_and_wrong_signatures_are_refused_as_json_services_do() {
    let sandbox = sandbox();
    let list = |key: &str| {
        let mut ask = ebs(&sandbox);
        ask.key = key;
        ask.send("GET", "/snapshots/snap-01/blocks", &[], b"")
            .unwrap()
    };
    list("AKIANOBODY").is(403, "UnrecognizedClientException", "");
    list(crate::client::KEY).is(404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
    sandbox.configure(|settings| settings.signatures = true);
    list(crate::client::KEY).is(403, "InvalidSignatureException", "");
    let unknown = ebs(&sandbox)
        .send("DELETE", "/snapshots/snap-01", &[], b"")
        .unwrap();
    unknown.is(404, "UnknownOperationException", "");
}
