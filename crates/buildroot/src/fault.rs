//! Faults from errors: what was being done, to what, and the cause in the kernel's words.

use std::fmt::Display;
use std::io;

use crate::protocol::{Fault, FaultKind};

/// What the helper's functions return.
pub(crate) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    /// A fault before the command began.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            ended: None,
        }
    }
}

/// Gives an error of the operating system its place in a sentence.
pub(crate) trait Because<T> {
    /// The error becomes `WHAT: CAUSE`.
    fn because(self, kind: FaultKind, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<io::Error>> Because<T> for std::result::Result<T, E> {
    fn because(self, kind: FaultKind, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Fault::new(kind, format!("{}: {}", what(), words(&error.into()))))
    }
}

/// The words of an error without the number that Rust puts behind them.
pub(crate) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// The sentence for a note about something that could not be done.
pub(crate) fn note(what: impl Display, error: impl Into<io::Error>) -> String {
    format!("{what}: {}", words(&error.into()))
}
