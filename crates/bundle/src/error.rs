//! What can be wrong with a bundle, its keys or what it is made of, in words that can be shown.

use std::io;

/// Why a bundle is not made or not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The image could not be read; what it is, is the caller's to say.
    #[error("the image cannot be read at byte {offset}: {cause}")]
    Image {
        /// Where, in bytes from its start.
        offset: u64,
        /// What the operating system says.
        cause: io::Error,
    },
    /// The image ended before the size that it was said to have, or did not end there.
    #[error("the image is not of {expected} bytes: {what}")]
    ImageSize {
        /// What it should have been.
        expected: u64,
        /// Where it ended instead, or that it did not.
        what: String,
    },
    /// What was to take the parts or the image could not.
    #[error("{0}")]
    Sink(io::Error),
    /// The manifest is not one; the words say where and why.
    #[error("the manifest {0}")]
    Manifest(String),
    /// The manifest's signature is not of these bytes or not by this certificate's owner.
    #[error("the manifest {0}")]
    Signature(&'static str),
    /// A name that could lead out of a directory, or that no terminal should show.
    #[error("{what} is not a plain file name: {name:?}")]
    Name {
        /// Whose name it is.
        what: &'static str,
        /// The name, shortened.
        name: String,
    },
    /// A plain file name that is no good for what it names; the words say why.
    #[error("{what} {why}")]
    Unfit {
        /// Whose name it is.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A key or certificate cannot be used; the words say why.
    #[error("{0}")]
    Key(String),
    /// The private key is encrypted, and no passphrase was given or a wrong one.
    #[error("the private key is encrypted: {0}")]
    Passphrase(&'static str),
    /// No private key that was tried opens this bundle.
    #[error("the bundle is not for this private key")]
    WrongKey,
    /// A part could not be had.
    #[error("{file_name}: {cause}")]
    PartRead {
        /// The part's file name.
        file_name: String,
        /// What its source says.
        cause: io::Error,
    },
    /// A part is not what the manifest says; the words say what differs.
    #[error("{file_name} {what}")]
    Part {
        /// The part's file name.
        file_name: String,
        /// What differs.
        what: String,
    },
    /// What the parts make up together is damaged, or is not what the manifest says.
    #[error("the bundle {0}")]
    Contents(String),
    /// The caller's flag was set.
    #[error("stopped")]
    Stopped,
}

impl Error {
    /// Says that the contents are damaged.
    pub(crate) fn contents(what: impl Into<String>) -> Self {
        Self::Contents(what.into())
    }
}
