//! GetSnapshotBlock, ListSnapshotBlocks and ListChangedBlocks.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{REGION, Reply, sandbox};
use crate::ebs::{Ask, BLOCK, block, checksum, ebs, other};

/// The indexes and tokens of a page.
fn page(answer: &Reply, name: &str, token: &str) -> Vec<(u64, String)> {
    let page = answer.json();
    let blocks = page[name].as_array().unwrap_or_else(|| panic!("{page}"));
    blocks
        .iter()
        .map(|block| {
            let token = block[token].as_str().unwrap_or_default().to_owned();
            (block["BlockIndex"].as_u64().unwrap(), token)
        })
        .collect()
}

fn list(ask: &Ask<'_>, id: &str, query: &str) -> Reply {
    ask.send("GET", &format!("/snapshots/{id}/blocks{query}"), &[], b"")
        .unwrap()
}

fn tokens(ask: &Ask<'_>, id: &str) -> Vec<(u64, String)> {
    page(&list(ask, id, ""), "Blocks", "BlockToken")
}

fn get(ask: &Ask<'_>, id: &str, index: u64, token: &str) -> Reply {
    let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let path = format!("/snapshots/{id}/blocks/{index}?blockToken={token}");
    ask.send("GET", &path, &[], b"").unwrap()
}

fn changed(ask: &Ask<'_>, first: &str, second: &str) -> Reply {
    let path = format!("/snapshots/{second}/changedblocks?firstSnapshotId={first}");
    ask.send("GET", &path, &[], b"").unwrap()
}

fn child(ask: &Ask<'_>, parent: &str, blocks: &[(u64, Vec<u8>)]) -> String {
    let started = ask.start(json!({ "VolumeSize": 1, "ParentSnapshotId": parent }));
    let id = started.json()["SnapshotId"].as_str().unwrap().to_owned();
    for (index, block) in blocks {
        assert_eq!(ask.put(&id, *index, block).status, 201);
    }
    assert_eq!(ask.complete(&id, blocks.len() as u64).status, 202);
    ask.settle(&id);
    id
}

#[test]
fn written_blocks_are_listed_in_order_and_read_with_their_tokens() {
    let sandbox = sandbox();
    let ask = ebs(&sandbox);
    let id = ask.snapshot(&[(2047, block(9)), (0, block(0)), (1, block(7))]);
    let shown = list(&ask, &id, "").json();
    assert_eq!(
        (&shown["VolumeSize"], &shown["BlockSize"]),
        (&json!(1), &json!(BLOCK))
    );
    assert!(shown["ExpiryTime"].is_i64() && shown["NextToken"] == Value::Null);
    let blocks = tokens(&ask, &id);
    let indexes: Vec<u64> = blocks.iter().map(|(index, _)| *index).collect();
    assert_eq!(indexes, [0, 1, 2047]);
    for ((index, token), byte) in blocks.iter().zip([0, 7, 9]) {
        let answer = get(&ask, &id, *index, token);
        assert_eq!((answer.status, &answer.body), (200, &block(byte)));
        let digest = checksum(&block(byte)).to_lowercase();
        assert_eq!(answer.header("x-amz-checksum"), Some(&*digest));
        assert_eq!(answer.header("x-amz-data-length"), Some("524288"));
    }
    let from_the_second = list(&ask, &id, "?startingBlockIndex=1");
    assert_eq!(page(&from_the_second, "Blocks", "BlockToken").len(), 2);
}

#[test]
fn a_wrong_token_opens_nothing() {
    let sandbox = sandbox();
    let ask = ebs(&sandbox);
    let (one, another) = (
        ask.snapshot(&[(0, block(1))]),
        ask.snapshot(&[(0, block(1))]),
    );
    let token = &tokens(&ask, &one)[0].1;
    let wrong = |answer: Reply| answer.is(400, "ValidationException", "INVALID_BLOCK_TOKEN");
    wrong(get(&ask, &another, 0, token));
    wrong(get(&ask, &one, 1, token));
    wrong(get(&ask, &one, 0, "AAAA"));
    let path = format!("/snapshots/{one}/blocks/0");
    let missing = ask.send("GET", &path, &[], b"").unwrap();
    missing.is(400, "ValidationException", "INVALID_PARAMETER_VALUE");
    sandbox.configure(|settings| settings.limits.block_token_life = Duration::ZERO);
    let ended = &tokens(&ask, &one)[0].1;
    wrong(get(&ask, &one, 0, ended));
    assert_eq!(get(&ask, &one, 0, token).status, 200);
}

#[test]
fn pages_lead_on_to_the_end() {
    let sandbox = sandbox();
    let ask = ebs(&sandbox);
    let blocks: Vec<_> = (0..250).map(|index| (3 * index, block(1))).collect();
    let id = ask.snapshot(&blocks);
    let pages = |most: u32| {
        let (mut sizes, mut query) = (Vec::new(), format!("?maxResults={most}"));
        loop {
            let answer = list(&ask, &id, &query);
            sizes.push(page(&answer, "Blocks", "BlockToken").len());
            let Some(next) = answer.json()["NextToken"].as_str().map(str::to_owned) else {
                return sizes;
            };
            let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
            query = format!("?maxResults={most}&pageToken={next}");
        }
    };
    assert_eq!(pages(100), [100, 100, 50]);
    assert_eq!(pages(1), [100, 100, 50]);
    assert_eq!(pages(250), [250]);
    sandbox.configure(|settings| settings.empty_pages = Some(2));
    assert_eq!(pages(100), [100, 0, 100, 0, 50]);
    list(&ask, &id, "?maxResults=10001").is(400, "ValidationException", "INVALID_PARAMETER_VALUE");
    list(&ask, &id, "?pageToken=AAAA").is(400, "ValidationException", "INVALID_PAGE_TOKEN");
    list(&ask, &id, "?colour=red").is(400, "ValidationException", "INVALID_PARAMETER_VALUE");
}

#[test]
fn a_child_shows_the_blocks_of_its_parent_where_it_has_none() {
    let sandbox = sandbox();
    let ask = ebs(&sandbox);
    let parent = ask.snapshot(&[(0, block(1)), (5, block(5))]);
    let child = child(&ask, &parent, &[(5, block(6)), (9, block(9))]);
    let bytes = |id: &str| -> Vec<(u64, u8)> {
        let tokens = tokens(&ask, id).into_iter();
        tokens
            .map(|(index, token)| (index, get(&ask, id, index, &token).body[0]))
            .collect()
    };
    assert_eq!(bytes(&child), [(0, 1), (5, 6), (9, 9)]);
    assert_eq!(bytes(&parent), [(0, 1), (5, 5)]);
    let difference = changed(&ask, &parent, &child);
    let second = page(&difference, "ChangedBlocks", "SecondBlockToken");
    let first = page(&difference, "ChangedBlocks", "FirstBlockToken");
    assert_eq!(
        second.iter().map(|block| block.0).collect::<Vec<_>>(),
        [5, 9]
    );
    assert_eq!(first[1].1, "", "the parent has no block 9");
    assert_eq!(get(&ask, &parent, 5, &first[0].1).body, block(5));
    assert_eq!(get(&ask, &child, 5, &second[0].1).body, block(6));
    // What a child shows stays when its parent goes.
    let gone = crate::client::ec2(&sandbox, "DeleteSnapshot", &[("SnapshotId", &parent)]);
    assert_eq!(gone.status, 200);
    assert_eq!(bytes(&child), [(0, 1), (5, 6), (9, 9)]);
}

#[test]
fn only_complete_snapshots_of_ones_own_or_given_are_read() {
    let sandbox = sandbox();
    let ask = ebs(&sandbox);
    let pending = ask.started();
    let refused = list(&ask, &pending, "");
    refused.is(400, "ValidationException", "INVALID_PARAMETER_VALUE");
    let id = ask.snapshot(&[(0, block(1))]);
    let theirs = || list(&other(&sandbox), &id, "");
    theirs().is(404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
    sandbox.edit_snapshot(&id, |snapshot| snapshot.public = true);
    theirs().is(403, "AccessDeniedException", "UNAUTHORIZED_ACCOUNT");
    sandbox.edit_snapshot(&id, |s| s.shared_with = ["210987654321".to_owned()].into());
    assert_eq!(theirs().status, 200);
}

#[test]
fn snapshots_that_have_nothing_in_common_are_not_compared() {
    let sandbox = sandbox();
    let ask = ebs(&sandbox);
    let (one, another) = (
        ask.snapshot(&[(0, block(1))]),
        ask.snapshot(&[(0, block(2))]),
    );
    changed(&ask, &one, &another).is(400, "ValidationException", "UNRELATED_SNAPSHOTS");
    let path = format!("/snapshots/{one}/changedblocks");
    let alone = ask.send("GET", &path, &[], b"").unwrap();
    alone.is(400, "ValidationException", "INVALID_PARAMETER_VALUE");
    let without_bytes = sandbox.snapshot(REGION, |_| {});
    assert!(tokens(&ask, &without_bytes).is_empty());
}
