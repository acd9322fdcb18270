//! Who signed a request to S3, in the words of S3; whether the signature is right s3s finds out.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use time::OffsetDateTime;

use crate::wire::error::ApiError;
use crate::wire::request::{Scope, parse_date, parse_scope};
use crate::world::{Key, World};

/// The longest life of a presigned URL, in seconds: seven days.
const LONGEST: u64 = 604_800;

/// What a request says of its sender, in its headers or in its URL.
#[derive(Debug)]
pub(super) struct Claims {
    /// None of a request without a signature.
    pub(super) scope: Option<Scope>,
    token: Option<String>,
    /// When it was signed; not of a presigned URL, which has a life of its own.
    sent: Option<OffsetDateTime>,
    expires: Option<String>,
    /// Whether it was signed in a way that S3 no longer takes.
    is_old: bool,
}

/// Whether a request was signed for S3.
pub(super) fn names_s3(headers: &HeaderMap, query: &BTreeMap<String, String>) -> bool {
    let claims = Claims::read(headers, query);
    claims.is_old
        || claims
            .scope
            .is_some_and(|scope| scope.service == super::SERVICE)
}

pub(super) fn unknown_key() -> ApiError {
    let message = "The AWS Access Key Id you provided does not exist in our records.";
    ApiError::new(403, "InvalidAccessKeyId", message)
}

impl Claims {
    pub(super) fn read(headers: &HeaderMap, query: &BTreeMap<String, String>) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let presigned = query.get("X-Amz-Credential");
        let scope = match presigned {
            Some(scope) => parse_scope(&format!("Credential={scope}")),
            None => header("authorization").and_then(parse_scope),
        };
        let token = query.get("X-Amz-Security-Token").cloned();
        let is_old = header("authorization").is_some_and(|value| value.starts_with("AWS "));
        Claims {
            scope,
            token: token.or_else(|| header("x-amz-security-token").map(str::to_owned)),
            sent: header("x-amz-date")
                .filter(|_| presigned.is_none())
                .and_then(parse_date),
            expires: query.get("X-Amz-Expires").cloned(),
            is_old: is_old || query.contains_key("AWSAccessKeyId"),
        }
    }

    /// The key with which a request was signed; none of one without a signature.
    pub(super) fn check(&self, world: &World) -> Result<Option<Key>, ApiError> {
        if self.is_old {
            let message = "The authorization mechanism you have provided is not supported. Please use \
                 AWS4-HMAC-SHA256.";
            return Err(ApiError::client("InvalidRequest", message));
        }
        let Some(scope) = &self.scope else {
            return Ok(None);
        };
        let key = world.keys.get(&scope.access_key).ok_or_else(unknown_key)?;
        // The keys of an account are not known in a region that it has not enabled.
        if !world.is_enabled(&scope.region) {
            return Err(unknown_key());
        }
        self.check_token(world, key)?;
        self.check_clock(world)?;
        Ok(Some(key.clone()))
    }

    fn check_token(&self, world: &World, key: &Key) -> Result<(), ApiError> {
        let invalid = || {
            let message = "The provided token is malformed or otherwise invalid.";
            Err(ApiError::client("InvalidToken", message))
        };
        match &key.session {
            None if world.settings.signatures && self.token.is_some() => invalid(),
            None => Ok(()),
            Some(session) if self.token.as_ref() != Some(&session.token) => invalid(),
            Some(session) if OffsetDateTime::now_utc() < session.until => Ok(()),
            Some(_) => Err(ApiError::client(
                "ExpiredToken",
                "The provided token has expired.",
            )),
        }
    }

    fn check_clock(&self, world: &World) -> Result<(), ApiError> {
        let life = self.expires.as_ref().map(|text| text.parse::<u64>());
        if life.is_some_and(|life| life.is_ok_and(|seconds| seconds > LONGEST)) {
            let message = "X-Amz-Expires must be less than a week (in seconds); that is, the given \
                 X-Amz-Expires must be less than 604800 seconds";
            return Err(ApiError::client(
                "AuthorizationQueryParametersError",
                message,
            ));
        }
        let (Some(skew), Some(sent)) = (world.settings.clock_skew, self.sent) else {
            return Ok(());
        };
        if (OffsetDateTime::now_utc() - sent).abs() <= skew {
            return Ok(());
        }
        let message = "The difference between the request time and the current time is too large.";
        Err(ApiError::new(403, "RequestTimeTooSkewed", message))
    }
}
