//! Calls that carry a block, in a form of which a log can hold hundreds of thousands.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::log::Call;
use crate::ebs::{GET, PUT};

/// A PutSnapshotBlock or GetSnapshotBlock call. Its parameters are read; of tokens only that they were
/// sent is kept.
#[derive(Clone, Debug)]
pub struct BlockCall {
    /// `PutSnapshotBlock` or `GetSnapshotBlock`.
    pub action: &'static str,
    /// The region that the request was signed for.
    pub region: Arc<str>,
    /// The account of the access key, empty when it is unknown.
    pub account: Arc<str>,
    /// `snap-…`, as it was sent.
    pub snapshot: Arc<str>,
    /// The index of the block.
    pub index: u32,
    /// The length of the data in bytes, as the client announced it.
    pub length: Option<u32>,
    /// The SHA-256 of the block, as the client announced it.
    pub checksum: Option<[u8; 32]>,
    /// The percentage that the client told.
    pub progress: Option<u8>,
    /// What the client calls itself.
    pub user_agent: Arc<str>,
    /// The HTTP status, or 0 when the client got no answer.
    pub status: u16,
    /// The error code of the answer.
    pub error: Option<Arc<str>>,
    /// The fault that was on order for this call.
    pub fault: Option<&'static str>,
    /// When the call ended, counted from the start of the sandbox.
    pub at: Duration,
    request_id: Uuid,
    has_token: bool,
}

/// Words that many calls have in common, kept once.
#[derive(Debug, Default)]
pub(super) struct Words(HashSet<Arc<str>>);

impl Words {
    fn keep(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.get(word) {
            return Arc::clone(known);
        }
        let word: Arc<str> = word.into();
        self.0.insert(Arc::clone(&word));
        word
    }
}

impl BlockCall {
    /// The small form of a call; none when the call is of another kind or has parameters that the small
    /// form cannot hold.
    pub(super) fn of(call: &Call, words: &mut Words) -> Option<Self> {
        let action = [PUT, GET]
            .into_iter()
            .find(|action| *action == call.action)?;
        let number = |name| call.param(name).map(str::parse);
        let algorithm = call.param("ChecksumAlgorithm");
        let names = [
            "BlockIndex",
            "BlockToken",
            "Checksum",
            "ChecksumAlgorithm",
            "DataLength",
            "Progress",
            "SnapshotId",
        ];
        let is_plain = call.params.keys().all(|name| names.contains(&&**name));
        if !is_plain
            || algorithm.is_some() != (action == PUT)
            || algorithm.is_some_and(|a| a != "SHA256")
        {
            return None;
        }
        let checksum = call.param("Checksum").map(|text| {
            let bytes = STANDARD.decode(text).ok();
            bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        });
        Some(BlockCall {
            action,
            region: words.keep(&call.region),
            account: words.keep(&call.account),
            snapshot: words.keep(call.param("SnapshotId")?),
            index: number("BlockIndex")?.ok()?,
            length: number("DataLength").transpose().ok()?,
            // What is there must fit.
            checksum: match checksum {
                Some(digest) => Some(digest?),
                None => None,
            },
            progress: match call.param("Progress") {
                Some(percent) => Some(percent.parse().ok()?),
                None => None,
            },
            user_agent: words.keep(&call.user_agent),
            status: call.status,
            error: call.error.as_deref().map(|code| words.keep(code)),
            fault: call.fault,
            at: call.at,
            request_id: Uuid::parse_str(&call.request_id).ok()?,
            has_token: call.param("BlockToken").is_some(),
        })
    }

    /// The call as it was, but for its token.
    pub(super) fn widened(&self) -> Call {
        let fields = [
            ("SnapshotId", Some(self.snapshot.to_string())),
            ("BlockIndex", Some(self.index.to_string())),
            ("BlockToken", self.has_token.then(|| "...".to_owned())),
            ("DataLength", self.length.map(|length| length.to_string())),
            (
                "Checksum",
                self.checksum.map(|digest| STANDARD.encode(digest)),
            ),
            (
                "ChecksumAlgorithm",
                (self.action == PUT).then(|| "SHA256".to_owned()),
            ),
            ("Progress", self.progress.map(|percent| percent.to_string())),
        ];
        let params: BTreeMap<_, _> = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        Call {
            service: crate::ebs::SERVICE.to_owned(),
            action: self.action.to_owned(),
            region: self.region.to_string(),
            account: self.account.to_string(),
            params,
            user_agent: self.user_agent.to_string(),
            status: self.status,
            error: self.error.as_deref().map(str::to_owned),
            fault: self.fault,
            request_id: self.request_id.to_string(),
            at: self.at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put() -> Call {
        let params = [
            ("SnapshotId", "snap-1"),
            ("BlockIndex", "7"),
            ("DataLength", "524288"),
            ("Checksum", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
            ("ChecksumAlgorithm", "SHA256"),
        ];
        Call {
            service: "ebs".into(),
            action: PUT.into(),
            region: "us-east-1".into(),
            account: "1".into(),
            params: params.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            user_agent: "raw".into(),
            status: 201,
            error: None,
            fault: None,
            request_id: Uuid::nil().to_string(),
            at: Duration::ZERO,
        }
    }

    #[test]
    fn the_small_form_loses_nothing() {
        let mut words = Words::default();
        let small = BlockCall::of(&put(), &mut words).unwrap();
        assert_eq!(small.index, 7);
        assert_eq!(small.widened().to_json(), put().to_json());
        assert!(size_of::<BlockCall>() <= 256);
    }

    #[test]
    fn what_is_strange_is_kept_as_it_is() {
        for (name, value) in [
            ("BlockIndex", "x"),
            ("Checksum", "short"),
            ("ChecksumAlgorithm", "SHA512"),
            ("colour", "red"),
        ] {
            let mut call = put();
            call.params.insert(name.into(), value.into());
            assert!(
                BlockCall::of(&call, &mut Words::default()).is_none(),
                "{name}"
            );
        }
    }
}
