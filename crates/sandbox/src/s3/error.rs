//! Errors in the words of S3 ("Error responses" in the API reference).

use std::fmt::Display;

use s3s::{S3Error, S3ErrorCode};

use crate::wire::error::ApiError;
use crate::wire::xml::Xml;

/// An error as s3s sends it.
pub(super) fn told(error: ApiError) -> S3Error {
    let code = S3ErrorCode::from_bytes(error.code.as_bytes());
    let code = code.unwrap_or(S3ErrorCode::InternalError);
    let mut told = S3Error::with_message(code, error.message);
    if let Ok(status) = hyper::StatusCode::from_u16(error.status) {
        told.set_status_code(status);
    }
    told
}

/// The body of an error that s3s does not get to see.
pub(super) fn body(error: &ApiError, more: &[(&str, String)], request_id: &str) -> String {
    let mut xml = Xml::new();
    xml.element("Error", |xml| {
        xml.text("Code", &error.code)
            .text("Message", &error.message);
        for (name, value) in more {
            xml.text(name, value);
        }
        xml.text("RequestId", request_id);
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
        xml.as_str()
    )
}

pub(super) fn denied() -> ApiError {
    ApiError::new(403, "AccessDenied", "Access Denied")
}

pub(super) fn no_bucket() -> ApiError {
    ApiError::new(404, "NoSuchBucket", "The specified bucket does not exist")
}

pub(super) fn no_key() -> ApiError {
    ApiError::new(404, "NoSuchKey", "The specified key does not exist.")
}

pub(super) fn no_upload() -> ApiError {
    let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may \
         have been aborted or completed.";
    ApiError::new(404, "NoSuchUpload", message)
}

pub(super) fn malformed() -> ApiError {
    let message = "The XML you provided was not well-formed or did not validate against our published \
         schema";
    ApiError::client("MalformedXML", message)
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidArgument", message)
}

pub(super) fn no_acls() -> ApiError {
    ApiError::client(
        "AccessControlListNotSupported",
        "The bucket does not allow ACLs",
    )
}

pub(super) fn precondition() -> ApiError {
    let message = "At least one of the pre-conditions you specified did not hold";
    ApiError::new(412, "PreconditionFailed", message)
}

/// What S3 says when it is asked too often.
pub(super) fn slow_down() -> ApiError {
    ApiError::new(503, "SlowDown", "Please reduce your request rate.")
}

/// The disk failed.
pub(super) fn internal(error: impl Display) -> ApiError {
    let message = format!("We encountered an internal error. Please try again. ({error})");
    ApiError::new(500, "InternalError", message)
}
