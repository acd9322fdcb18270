//! Why there is no image, in one line.

use std::fmt::Display;
use std::io;

/// Why there is no image. Its text is one line without the name of the tool.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// What can be done about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The order asks for what cannot be: wrong paths, patterns, sizes. Found before anything is made.
    Order,
    /// The image is too small; the text says which size would do.
    TooSmall,
    /// The flag to stop was raised.
    Stopped,
    /// Something went wrong on this machine: no root, a missing program, a full work directory.
    Failed,
}

impl Error {
    /// What can be done about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(crate) fn order(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Order, message)
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Failed, message)
    }

    pub(crate) fn stopped() -> Self {
        Self::new(ErrorKind::Stopped, "stopped")
    }
}

/// Gives an error of the operating system its place in a sentence.
pub(crate) trait Because<T> {
    /// The error becomes `WHAT: CAUSE`.
    fn because<W: Display>(self, what: impl FnOnce() -> W) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Because<T> for Result<T, E> {
    fn because<W: Display>(self, what: impl FnOnce() -> W) -> Result<T, Error> {
        self.map_err(|error| Error::failed(format!("{}: {}", what(), words(&error.into()))))
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
