//! Conditions of requests, on what is there and on what is to be written ("Conditional requests" in the S3
//! user guide).

use s3s::dto::{ETagCondition, Timestamp};
use time::OffsetDateTime;

use super::bucket::Bucket;
use super::error;
use super::object::Object;
use crate::wire::error::ApiError;

/// What a reader asks for.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

impl Conditions {
    /// Whether an object may be sent.
    pub(super) fn check(&self, object: &Object) -> Result<(), ApiError> {
        let modified = whole_seconds(object.modified);
        let is_later = |moment: &Timestamp| modified > OffsetDateTime::from(moment.clone());
        if let Some(wanted) = &self.if_match {
            if !fits(wanted, object) {
                return Err(error::precondition());
            }
        } else if self.if_unmodified_since.as_ref().is_some_and(is_later) {
            return Err(error::precondition());
        }
        let is_same = match (&self.if_none_match, &self.if_modified_since) {
            (Some(known), _) => fits(known, object),
            (None, Some(moment)) => !is_later(moment),
            (None, None) => false,
        };
        match is_same {
            true => Err(ApiError::new(304, "NotModified", "Not Modified")),
            false => Ok(()),
        }
    }
}

/// Whether an object may be written where there may be one.
pub(super) fn check_write(
    bucket: &Bucket,
    key: &str,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> Result<(), ApiError> {
    let object = bucket.object(key);
    if if_none_match.is_some_and(|known| object.is_some_and(|object| fits(known, object))) {
        return Err(error::precondition());
    }
    match (if_match, object) {
        (Some(_), None) => Err(error::no_key()),
        (Some(wanted), Some(object)) if !fits(wanted, object) => Err(error::precondition()),
        _ => Ok(()),
    }
}

fn fits(condition: &ETagCondition, object: &Object) -> bool {
    condition.is_any()
        || condition
            .as_etag()
            .is_some_and(|etag| etag.value() == object.etag)
}

/// Headers have no fractions of seconds.
fn whole_seconds(moment: OffsetDateTime) -> OffsetDateTime {
    moment.replace_nanosecond(0).unwrap_or(moment)
}
