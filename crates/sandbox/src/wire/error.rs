//! An error as a service answers it: HTTP status, code and message.

use std::fmt::Display;

/// What went wrong, in the words of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// A word of its own for the cause, which services that speak JSON give.
    pub(crate) reason: Option<&'static str>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        ApiError {
            status,
            code: code.into(),
            message: message.into(),
            reason: None,
        }
    }

    /// The same with a reason.
    pub(crate) fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// A fault of the caller, which most are.
    pub(crate) fn client(code: &str, message: impl Into<String>) -> Self {
        ApiError::new(400, code, message)
    }

    pub(crate) fn missing(parameter: impl Display) -> Self {
        let message = format!("The request must contain the parameter {parameter}");
        ApiError::client("MissingParameter", message)
    }

    pub(crate) fn unknown_parameter(parameter: impl Display) -> Self {
        let message = format!("The parameter {parameter} is not recognized");
        ApiError::client("UnknownParameter", message)
    }

    /// A value that cannot be, in the form that EC2 uses for most parameters.
    pub(crate) fn bad_value(value: impl Display, parameter: &str, why: &str) -> Self {
        let message = format!("Value ({value}) for parameter {parameter} is invalid. {why}");
        ApiError::client("InvalidParameterValue", message.trim_end())
    }

    pub(crate) fn combination(message: impl Into<String>) -> Self {
        ApiError::client("InvalidParameterCombination", message)
    }

    /// What EC2 says to a key that it does not know, and to any key in a region not opted into.
    pub(crate) fn auth_failure() -> Self {
        let message = "AWS was not able to validate the provided access credentials";
        ApiError::new(401, "AuthFailure", message)
    }

    pub(crate) fn throttled() -> Self {
        ApiError::new(503, "RequestLimitExceeded", "Request limit exceeded.")
    }

    /// The answer to DryRun=true when the call would have been done.
    pub(crate) fn dry_run() -> Self {
        let message = "Request would have succeeded, but DryRun flag is set.";
        ApiError::new(412, "DryRunOperation", message)
    }
}
