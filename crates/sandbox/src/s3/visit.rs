//! Who sends a request and what is on order for it, as operations see it.

use s3s::{S3Request, S3Response, S3Result};

use super::error;
use crate::frontdoor::Shared;
use crate::wire::error::ApiError;
use crate::world::World;

/// A request that has been let in; s3s hands it on with the request.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) shared: Shared,
    /// None of a request without a signature.
    pub(super) account: Option<String>,
    /// The region that the request was signed for; empty without a signature.
    pub(super) region: String,
    /// Whether a bit of what is sent turns over on its way.
    pub(super) damages: bool,
    /// Whether the answer is to be given without doing the work.
    pub(super) pretends: bool,
    /// Whether the caller may not know what a bucket holds (s3:ListBucket).
    pub(super) may_not_list: bool,
}

impl Visit {
    pub(super) fn of<I>(request: &S3Request<I>) -> S3Result<Self> {
        let visit = request.extensions.get::<Visit>().cloned();
        visit.ok_or_else(|| error::told(error::internal("a request without a visit")))
    }

    pub(super) fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The account of a caller who must have one.
    pub(super) fn signer(&self) -> Result<&str, ApiError> {
        self.account().ok_or_else(error::denied)
    }
}

/// Does an operation that looks at nothing but what is remembered.
pub(super) fn at_once<I, O>(
    request: S3Request<I>,
    work: impl FnOnce(&mut World, &Visit, I) -> Result<O, ApiError>,
) -> S3Result<S3Response<O>> {
    let visit = Visit::of(&request)?;
    let done = work(&mut visit.shared.lock(), &visit, request.input);
    done.map(S3Response::new).map_err(error::told)
}
