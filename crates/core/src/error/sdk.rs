//! What the SDK says of a failed call, turned into an error of ours.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;

use super::{Error, Fault, Kind};
use crate::escape::escape;
use crate::region::Region;

/// A service of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// EC2.
    Ec2,
    /// The EBS direct APIs.
    Ebs,
    /// S3.
    S3,
    /// The Security Token Service.
    Sts,
}

impl Service {
    /// How people call it.
    fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::Ebs => "EBS",
            Self::S3 => "S3",
            Self::Sts => "STS",
        }
    }

    /// What its permissions begin with.
    fn permissions(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Ebs => "ebs",
            Self::S3 => "s3",
            Self::Sts => "sts",
        }
    }

    /// The variable that says where its calls go.
    pub(crate) fn endpoint_variable(self) -> &'static str {
        match self {
            Self::Ec2 => "AWS_ENDPOINT_URL_EC2",
            Self::Ebs => "AWS_ENDPOINT_URL_EBS",
            Self::S3 => "AWS_ENDPOINT_URL_S3",
            Self::Sts => "AWS_ENDPOINT_URL_STS",
        }
    }
}

/// Turns what the SDK says of a failed call into an error of ours.
pub fn from_sdk<E>(service: Service, operation: &str, region: &Region, error: &SdkError<E>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let place = format!("{} in {region}", service.name());
    let mut ours = match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let code = answer.err().code().unwrap_or_default();
            let message = answer.err().message().unwrap_or_default();
            // The SDK takes a good answer that it cannot read for an error of the service.
            if status < 300 {
                unreadable(service, operation, error)
            } else {
                answered(service, operation, status, code, message)
            }
        }
        SdkError::ResponseError(_) => unreadable(service, operation, error),
        SdkError::TimeoutError(_) => Error::failed(format!("{operation} was not answered in time"))
            .with_fault(Fault::Passing),
        SdkError::DispatchFailure(failure) => {
            let sent = failure.as_connector_error().is_none_or(|connector| {
                // Only a connection that was never made proves that nothing was sent.
                !is_connect_error(connector)
            });
            unanswered(&place, error, sent)
        }
        // Building the request fails, among other things, when no keys are found.
        _ => unanswered(&place, error, false),
    };
    ours.0.request_id = error.request_id().map(escape);
    ours
}

/// An answer came that is none: cut off, or from somebody between us and EC2.
fn unreadable(
    service: Service,
    operation: &str,
    error: &(dyn std::error::Error + 'static),
) -> Error {
    let cause = root_cause(error);
    // The parser tells what it found in the language of its own source.
    let cause = Some(cause).filter(|cause| !cause.contains('{'));
    let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
    let what = format!(
        "the answer to {operation} is not what {} answers{cause}",
        service.name()
    );
    Error::failed(what)
        .with_fault(Fault::Passing)
        .hint("a proxy or a portal may have answered")
}

/// The service answered with an error.
fn answered(service: Service, operation: &str, status: u16, code: &str, message: &str) -> Error {
    let what = match code {
        code if is_denial(code) && !is_of_key(message) => {
            format!("not authorized to {operation}")
        }
        // Some services answer a bad signature with the whole request, session token and all.
        _ if message.is_empty() => format!("{operation} was refused with status {status}"),
        _ => first_line(message).to_owned(),
    };
    let mut error = Error::new(kind_of(code), what).with_fault(fault_of(status, code));
    if !code.is_empty() {
        error.0.code = Some(escape(code));
    }
    error.0.hint = match is_denial(code) && is_of_key(message) {
        true => Some(KEY_NEEDED.to_owned()),
        false => hint_of(service, operation, code),
    };
    error
}

/// What is missing where a key of KMS may not be used (EBS User Guide, "IAM permissions for the EBS
/// direct APIs" and "Encryption"). Which of them it is depends on whether blocks are read or written.
const KEY_NEEDED: &str = "the key's policy and the caller's permissions must allow kms:GenerateDataKey*, \
                          kms:Decrypt and kms:CreateGrant with it";

/// Is it the key that may not be used? The code is the same, and only the message tells.
fn is_of_key(message: &str) -> bool {
    message.contains("KMS") || message.contains("kms:")
}

/// Does the code say that the caller may not?
fn is_denial(code: &str) -> bool {
    matches!(
        code,
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException"
    )
}

fn first_line(message: &str) -> &str {
    let line = message.lines().next().unwrap_or_default();
    line.trim_end_matches(['.', ' '])
}

fn kind_of(code: &str) -> Kind {
    if code.ends_with(".NotFound") || code == "ResourceNotFoundException" {
        Kind::NotFound
    } else {
        Kind::Failed
    }
}

/// Throttling has many names among AWS's services (SDKs and Tools Reference Guide, "Retry
/// behavior"); any other answer below 500 is a no.
fn fault_of(status: u16, code: &str) -> Fault {
    const THROTTLES: [&str; 13] = [
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "BandwidthLimitExceeded",
        "SlowDown",
    ];
    // We send the digests of what we send, so data that does not fit them was damaged on its way.
    const DAMAGED: [&str; 2] = ["BadDigest", "XAmzContentSHA256Mismatch"];
    // They have the status of an ill service, and mean that something else is to be asked for ("Error codes
    // for the Amazon EC2 API").
    const FULL: [&str; 2] = ["InsufficientInstanceCapacity", "InsufficientHostCapacity"];
    if FULL.contains(&code) {
        Fault::Final
    } else if THROTTLES.contains(&code) || status == 429 {
        Fault::Throttled
    } else if status >= 500
        || status == 408
        || code.starts_with("RequestTimeout")
        || DAMAGED.contains(&code)
    {
        Fault::Passing
    } else {
        Fault::Final
    }
}

fn hint_of(service: Service, operation: &str, code: &str) -> Option<String> {
    let hint = match code {
        code if is_denial(code) => {
            return Some(format!(
                "the permission needed is {}:{}",
                service.permissions(),
                permission(operation)
            ));
        }
        "AuthFailure" => {
            "check the keys, this machine's clock, and that the region is enabled for the account"
        }
        "InvalidClientTokenId" | "SignatureDoesNotMatch" | "UnrecognizedClientException" => {
            "check the keys; a session token belongs to its own pair of keys only"
        }
        "ExpiredToken" | "ExpiredTokenException" => {
            "the session is over: log in again, with 'aws sso login' where you use that"
        }
        "RequestExpired" | "RequestInTheFuture" => "check this machine's clock, or log in again",
        "OptInRequired" => "enable the region for the account first",
        "PendingVerification" => "AWS is still verifying the account in this region",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// The permission for an operation is called like it, but for some of S3's (S3 User Guide, "Required
/// permissions for Amazon S3 API operations").
fn permission(operation: &str) -> &str {
    match operation {
        "HeadObject" => "GetObject",
        "HeadBucket" | "ListObjectsV2" => "ListBucket",
        "DeleteObjects" => "DeleteObject",
        "PutObject" => "PutObject, and s3:PutObjectAcl where the object gets an ACL",
        other => other,
    }
}

/// No answer came.
fn unanswered<E>(place: &str, error: &SdkError<E>, sent: bool) -> Error
where
    E: std::error::Error + 'static,
{
    if let Some(credentials) = find::<CredentialsError>(error) {
        return without_keys(credentials);
    }
    let cause = root_cause(error);
    let fault = if sent { Fault::Passing } else { Fault::NotSent };
    let place = escape(place);
    let failed = Error::failed(format!("cannot reach {place}: {cause}")).with_fault(fault);
    if cause.contains("dns error") || cause.contains("lookup address") {
        return failed.hint("is the region spelled right, and the network up?");
    }
    if cause.contains("certificate") || cause.contains("UnknownIssuer") {
        return failed
            .with_fault(Fault::Final)
            .hint("a proxy with its own authority needs AWS_CA_BUNDLE");
    }
    failed
}

fn without_keys(error: &CredentialsError) -> Error {
    let cause = root_cause(error);
    match error {
        CredentialsError::CredentialsNotLoaded(_) => Error::failed("found no AWS keys").hint(
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or AWS_CREDENTIAL_FILE",
        ),
        CredentialsError::ProviderTimedOut(_) => {
            Error::failed("the provider of AWS keys did not answer in time")
                .with_fault(Fault::NotSent)
        }
        _ if cause.contains("SSO") => Error::failed(format!("cannot get AWS keys: {cause}"))
            .hint("log in again with 'aws sso login'"),
        // A provider that worked before, the metadata service say, works again in a moment.
        _ => Error::failed(format!("cannot get AWS keys: {}", without_output(&cause)))
            .hint("check the profile or the role that they should come from")
            .with_fault(Fault::NotSent),
    }
}

/// What a credential process wrote to standard error may hold the keys.
fn without_output(cause: &str) -> &str {
    cause
        .split("Stderr")
        .next()
        .unwrap_or_default()
        .trim_end_matches([' ', '.', ':'])
}

/// The innermost error says what happened; those around it only say where.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    escape(first_line(&cause.to_string()))
}

fn is_connect_error(error: &aws_smithy_runtime_api::client::result::ConnectorError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        let text = current.to_string();
        // hyper-util names the stage in its error's text only.
        let stages = [
            "client error (Connect)",
            "HTTP connect timeout",
            "dns error",
        ];
        if stages.iter().any(|stage| text.contains(stage)) {
            return true;
        }
        cause = current.source();
    }
    error.is_user()
}

fn find<'a, T: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a T> {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref::<T>() {
            return Some(found);
        }
        cause = current.source();
    }
    None
}

#[cfg(test)]
mod tests;
