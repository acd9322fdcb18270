//! Errors in the words of EBS direct.

use serde_json::json;

use super::Answer;
use crate::blocks::Digest;
use crate::wire::error::ApiError;

/// A request that cannot be (ValidationException, 400).
pub(super) fn validation(reason: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationException", message).because(reason)
}

/// A parameter that is missing, unknown or wrong.
pub(super) fn parameter(message: impl Into<String>) -> ApiError {
    validation("INVALID_PARAMETER_VALUE", message)
}

/// The same of what the common reading of parameters found, which speaks the codes of EC2.
pub(super) fn invalid(error: ApiError) -> ApiError {
    match error.reason {
        Some(_) => error,
        None => parameter(error.message),
    }
}

/// What is wrong with credentials, in the words of services that speak JSON.
pub(super) fn of_credentials(error: ApiError) -> ApiError {
    let code = match &*error.code {
        "ExpiredToken" => "ExpiredTokenException",
        "InvalidClientTokenId" => "UnrecognizedClientException",
        "MissingAuthenticationToken" => "MissingAuthenticationTokenException",
        _ => "InvalidSignatureException",
    };
    ApiError::new(403, code, error.message)
}

/// A snapshot that is not there, or that the caller may not know of.
pub(super) fn no_snapshot(id: &str) -> ApiError {
    let message = format!("The snapshot '{id}' does not exist.");
    ApiError::new(404, "ResourceNotFoundException", message).because("SNAPSHOT_NOT_FOUND")
}

/// Something that the caller may not do.
pub(super) fn denied(reason: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(403, "AccessDeniedException", message).because(reason)
}

/// A call to one snapshot too many. The error retries of the EBS user guide tell the limit of a snapshot
/// from that of an account, which is a ThrottlingException.
pub(super) fn throttled(reason: &'static str) -> ApiError {
    ApiError::client("RequestThrottledException", "Rate exceeded").because(reason)
}

/// The disk failed.
pub(super) fn internal(error: impl std::fmt::Display) -> ApiError {
    ApiError::new(
        500,
        "InternalServerException",
        format!("An internal error has occurred. ({error})"),
    )
}

/// An error as it is sent. One on order has no reason; the models demand one for AccessDeniedException.
pub(super) fn answer(error: &ApiError) -> Answer {
    let reason = error.reason.or(match &*error.code {
        "AccessDeniedException" => Some("UNAUTHORIZED_ACCOUNT"),
        "RequestThrottledException" => Some("RESOURCE_LEVEL_THROTTLE"),
        "ResourceNotFoundException" => Some("SNAPSHOT_NOT_FOUND"),
        "ServiceQuotaExceededException" => Some("DEPENDENCY_SERVICE_QUOTA_EXCEEDED"),
        "ValidationException" => Some("INVALID_PARAMETER_VALUE"),
        _ => None,
    });
    let mut body = json!({ "Message": error.message });
    if let Some(reason) = reason {
        body["Reason"] = reason.into();
    }
    let mut answer = Answer::json(error.status, &body);
    answer
        .headers
        .push(("x-amzn-errortype", error.code.clone()));
    answer
}

/// A checksum as headers carry it.
pub(super) fn base64(digest: &Digest) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(digest)
}
