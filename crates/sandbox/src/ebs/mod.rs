//! EBS direct: snapshots that are written and read over HTTP, block by block (REST JSON).
//!
//! The shapes, statuses and reasons are those of the EBS direct APIs reference. Where it leaves open which
//! reason goes with what, the file that answers it says so.

mod blocks;
mod complete;
mod door;
mod error;
mod get;
mod list;
mod put;
mod quota;
mod route;
mod start;
mod tokens;

pub(crate) use door::answer;
pub(crate) use tokens::Tokens;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

use crate::blocks::Digest;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::pieces::Pieces;

/// The service in the scope of a signature.
pub(crate) const SERVICE: &str = "ebs";

/// The actions that send or receive a block.
pub(crate) const PUT: &str = "PutSnapshotBlock";
pub(crate) const GET: &str = "GetSnapshotBlock";

/// Who calls, and to which region.
#[derive(Clone, Debug)]
struct Caller {
    account: String,
    arn: String,
    region: String,
}

/// A call that has been let in.
struct Invocation {
    caller: Caller,
    flat: BTreeMap<String, String>,
    body: Pieces,
    /// The SHA-256 of the body, when it is known already.
    digest: Option<Digest>,
    /// Whether the answer is to be given without doing the work.
    pretends: bool,
}

impl Invocation {
    /// Takes the parameters of the call and refuses what is left.
    fn take<T>(&self, take: impl FnOnce(&Params) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let params = Params::new(self.flat.clone());
        params.opt("Action");
        let taken = take(&params).map_err(error::invalid)?;
        params.finish().map_err(error::invalid)?;
        Ok(taken)
    }
}

/// What a call answers when it has worked.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    content_type: &'static str,
    body: Bytes,
}

impl Answer {
    fn json(status: u16, body: &Value) -> Self {
        Answer {
            status,
            headers: Vec::new(),
            content_type: "application/json",
            body: body.to_string().into(),
        }
    }
}
