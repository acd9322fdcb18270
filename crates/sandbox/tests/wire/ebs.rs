//! What the tests of EBS direct share: its requests, blocks, and a look into its JSON.

use std::io;

use ami_sandbox::Sandbox;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::client::{KEY, OTHER_KEY, REGION, Reply, ec2, exchange};

pub const BLOCK: usize = 512 << 10;

/// A request in the making.
pub struct Ask<'s> {
    pub sandbox: &'s Sandbox,
    pub key: &'s str,
    pub region: &'s str,
}

/// Calls in us-east-1 as the first account.
pub fn ebs(sandbox: &Sandbox) -> Ask<'_> {
    Ask {
        sandbox,
        key: KEY,
        region: REGION,
    }
}

/// Calls as the second account.
pub fn other(sandbox: &Sandbox) -> Ask<'_> {
    Ask {
        key: OTHER_KEY,
        ..ebs(sandbox)
    }
}

impl Ask<'_> {
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        let scope = format!("{}/20260101/{}/ebs/aws4_request", self.key, self.region);
        let mut lines = format!(
            "Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n"
        );
        for (name, value) in headers {
            lines.push_str(&format!("{name}: {value}\r\n"));
        }
        exchange(self.sandbox.endpoint(), method, path, &lines, body)
    }

    pub fn start(&self, params: Value) -> Reply {
        self.send("POST", "/snapshots", &[], params.to_string().as_bytes())
            .unwrap()
    }

    /// A new snapshot of 1 GiB.
    pub fn started(&self) -> String {
        let answer = self.start(json!({ "VolumeSize": 1 }));
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["SnapshotId"].as_str().unwrap().to_owned()
    }

    pub fn put(&self, snapshot: &str, index: u64, block: &[u8]) -> Reply {
        self.try_put(snapshot, index, block).unwrap()
    }

    pub fn try_put(&self, snapshot: &str, index: u64, block: &[u8]) -> io::Result<Reply> {
        let checksum = checksum(block);
        let headers = [
            ("x-amz-Data-Length", "524288"),
            ("x-amz-Checksum", &*checksum),
            ("x-amz-Checksum-Algorithm", "SHA256"),
        ];
        self.send(
            "PUT",
            &format!("/snapshots/{snapshot}/blocks/{index}"),
            &headers,
            block,
        )
    }

    pub fn complete(&self, snapshot: &str, changed: u64) -> Reply {
        let changed = changed.to_string();
        let headers = [("x-amz-ChangedBlocksCount", &*changed)];
        self.completed_with(snapshot, &headers)
    }

    pub fn completed_with(&self, snapshot: &str, headers: &[(&str, &str)]) -> Reply {
        let path = format!("/snapshots/completion/{snapshot}");
        self.send("POST", &path, headers, b"").unwrap()
    }

    /// A complete snapshot of 1 GiB with these blocks.
    pub fn snapshot(&self, blocks: &[(u64, Vec<u8>)]) -> String {
        let id = self.started();
        for (index, block) in blocks {
            assert_eq!(self.put(&id, *index, block).status, 201);
        }
        assert_eq!(self.complete(&id, blocks.len() as u64).status, 202);
        self.settle(&id);
        id
    }

    /// Reads a snapshot over EC2 until it is complete.
    pub fn settle(&self, id: &str) {
        let done = (0..50).any(|_| state(self.sandbox, id).0 == "completed");
        assert!(done, "{id} is not complete");
    }
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn message(&self) -> String {
        self.json()["Message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Fails unless the answer is this error of a kind that has a reason.
    #[track_caller]
    pub fn is(&self, status: u16, code: &str, reason: &str) {
        let json = self.json();
        let found = (
            self.status,
            self.header("x-amzn-errortype").unwrap_or_default(),
            json["Reason"].as_str().unwrap_or_default(),
        );
        let expected = (status, &*code.to_lowercase(), reason);
        assert_eq!(found, expected, "{}", self.message());
    }
}

/// State and progress of a snapshot as EC2 shows them.
pub fn state(sandbox: &Sandbox, id: &str) -> (String, String) {
    let shown = ec2(sandbox, "DescribeSnapshots", &[("SnapshotId.1", id)]);
    (
        shown.text("status").to_owned(),
        shown.text("progress").to_owned(),
    )
}

/// A block full of one byte.
pub fn block(byte: u8) -> Vec<u8> {
    vec![byte; BLOCK]
}

pub fn checksum(bytes: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(bytes))
}

/// The LINEAR checksum of blocks.
pub fn linear<'b>(blocks: impl IntoIterator<Item = &'b [u8]>) -> String {
    let digests: Vec<u8> = blocks.into_iter().flat_map(Sha256::digest).collect();
    checksum(&digests)
}
