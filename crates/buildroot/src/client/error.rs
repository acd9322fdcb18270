//! What can go wrong between tool and helper.

use std::io;
use std::path::{Path, PathBuf};

use crate::protocol::{Fault, VERSION};

/// Why a build could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The helper cannot be started.
    #[error("{}: {cause}", program.display())]
    Start {
        /// It, or sudo.
        program: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// It was started, and never said that it is ready: sudo does not let it, most often.
    #[error(
        "{program} cannot be run with privilege: {said}; its manual shows the line for sudoers"
    )]
    NotReady {
        /// Its path.
        program: String,
        /// What it, or sudo, wrote to standard error, on one line.
        said: String,
    },
    /// It is not of the same installation.
    #[error("{program} is of another version: it speaks protocol {theirs}, this program {VERSION}")]
    Version {
        /// Its path.
        program: String,
        /// What it speaks.
        theirs: u32,
    },
    /// It says what cannot be done.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It ended in the middle: someone killed it, or sudo.
    #[error("{program} ended before the build did: {said}")]
    Died {
        /// Its path.
        program: String,
        /// What is known of its end.
        said: String,
    },
    /// What is asked for is more than it takes.
    #[error("{0}")]
    TooLong(io::Error),
    /// It cannot be talked to.
    #[error("cannot talk to {program}: {cause}")]
    Talk {
        /// Its path.
        program: String,
        /// Why.
        cause: io::Error,
    },
}

/// A program that could not be started.
pub(super) fn start(program: &Path, cause: io::Error) -> Error {
    Error::Start {
        program: program.to_owned(),
        cause,
    }
}
