//! The one error of the tools: what it means to the user, and how a retry should take it.
//!
//! An error reads `OBJECT: CAUSE (CODE, request ID); what to do`. What the SDK says is turned into
//! that at once, in [`from_sdk`], because its own `Display` is empty ("service error") and its
//! `Debug` is a page of headers.

mod sdk;

use std::fmt;

use ami_cli::parse::Usage;

pub use sdk::{Service, from_sdk};

use crate::escape::escape;
use crate::interrupt::Signal;
use crate::reference::Located;

/// What an error means to the user, and so which exit code it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command line, or the set-up it stands on, is wrong.
    Usage,
    /// It failed.
    Failed,
    /// The state that was waited for can never be reached.
    Unreachable,
    /// The time allowed ran out.
    TimedOut,
    /// What was named does not exist.
    NotFound,
}

impl Kind {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::TimedOut => 4,
            Self::NotFound => 5,
        }
    }
}

/// How a call went wrong, for those who decide whether to make it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It was answered, and the answer is no; asking again will not change it.
    Final,
    /// It was refused unread, because there were too many calls.
    Throttled,
    /// It never left: no connection could be made.
    NotSent,
    /// The answer was lost, or said that the service is ill: the work may have been done.
    Passing,
    /// It is given up after an answer was lost: nobody knows whether the work was done.
    Uncertain,
}

/// An error.
#[derive(Debug, Clone)]
pub struct Error(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    kind: Kind,
    fault: Fault,
    object: Option<String>,
    what: String,
    code: Option<String>,
    request_id: Option<String>,
    hint: Option<String>,
    /// Does the help explain what would be right?
    points_to_help: bool,
}

impl Error {
    /// An error of that kind; `what` is escaped and becomes one line.
    pub fn new(kind: Kind, what: impl AsRef<str>) -> Self {
        Self(Box::new(Parts {
            kind,
            fault: Fault::Final,
            object: None,
            what: escape(what.as_ref()),
            code: None,
            request_id: None,
            hint: None,
            points_to_help: false,
        }))
    }

    /// A wrong command line.
    pub fn usage(what: impl AsRef<str>) -> Self {
        let mut error = Self::new(Kind::Usage, what);
        error.0.points_to_help = true;
        error
    }

    /// A failure.
    pub fn failed(what: impl AsRef<str>) -> Self {
        Self::new(Kind::Failed, what)
    }

    /// It does not exist in its region; `more` ends the sentence.
    pub fn not_found(located: &Located, more: &str) -> Self {
        let what = format!("does not exist in {}{more}", located.region);
        Self::new(Kind::NotFound, what).of(&located.id)
    }

    /// A run that was asked to stop.
    pub fn stopped(signal: Signal) -> Self {
        Self::failed(format!("stopped by signal {}", signal.number()))
    }

    /// Says what it was that failed; the innermost name stays.
    #[must_use]
    pub fn of(mut self, object: impl fmt::Display) -> Self {
        self.0
            .object
            .get_or_insert_with(|| escape(&object.to_string()));
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Says what follows from it, after what to do about it.
    #[must_use]
    pub fn adding(mut self, more: &str) -> Self {
        self.0.hint = Some(match self.0.hint {
            Some(hint) => format!("{hint}; {more}"),
            None => more.to_owned(),
        });
        self
    }

    /// What it means to the user.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// How a retry should take it.
    pub fn fault(&self) -> Fault {
        self.0.fault
    }

    /// AWS's code, `InvalidAMIID.NotFound`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The cause, escaped, without object, code and hint.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// Does the help explain what would be right, while the error itself does not?
    pub(crate) fn points_to_help(&self) -> bool {
        self.0.points_to_help && self.0.hint.is_none()
    }

    /// Can the same call, made again, still succeed?
    pub fn is_passing(&self) -> bool {
        !matches!(self.0.fault, Fault::Final | Fault::Uncertain)
    }

    /// Says in our words what the service has said in its own.
    pub(crate) fn with_what(mut self, what: &str) -> Self {
        self.0.what = escape(what);
        self
    }

    pub(crate) fn with_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Says how a retry should take it.
    #[must_use]
    pub(crate) fn with_fault(mut self, fault: Fault) -> Self {
        self.0.fault = fault;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &*self.0;
        if let Some(object) = &parts.object {
            write!(f, "{object}: ")?;
        }
        f.write_str(&parts.what)?;
        match (&parts.code, &parts.request_id) {
            (Some(code), Some(request)) => write!(f, " ({code}, request {request})")?,
            (Some(code), None) => write!(f, " ({code})")?,
            (None, Some(request)) => write!(f, " (request {request})")?,
            (None, None) => {}
        }
        if let Some(hint) = &parts.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<Usage> for Error {
    fn from(usage: Usage) -> Self {
        Self::usage(usage.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn the_first_name_of_an_object_stays() {
        let error = Error::failed("gone").of("ami-1").of("ami-2");
        assert_eq!(error.to_string(), "ami-1: gone");
    }

    #[test]
    fn what_follows_stands_behind_what_to_do() {
        let error = Error::failed("gone").adding("so is all");
        assert_eq!(error.to_string(), "gone; so is all");
        let error = Error::failed("gone").hint("look").adding("so is all");
        assert_eq!(error.to_string(), "gone; look; so is all");
    }
}
