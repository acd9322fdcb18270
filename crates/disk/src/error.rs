//! What can be wrong with a disk, in words that can be shown after its name.

use std::io;

/// Why a disk is not read, or not understood.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system could not read it.
    #[error("cannot be read at byte {offset}: {cause}")]
    Read {
        /// Where, in bytes from the start of what was read.
        offset: u64,
        /// What the operating system says.
        cause: io::Error,
    },
    /// It has no end.
    #[error("is neither a file nor a block device: {0}")]
    NoSize(io::Error),
    /// A table that is there but damaged or impossible; the words say what and where.
    #[error("{0}")]
    Table(String),
    /// No root can be told; the words name what was found.
    #[error("{0}")]
    Root(String),
    /// No such partition.
    #[error("has no partition {number}; it has {there}")]
    NoPartition {
        /// The number that was asked for.
        number: u32,
        /// Those there are, `partitions 1, 14 and 15`.
        there: String,
    },
    /// Its files are made for different processors, or one that EC2 has not; the words name them.
    #[error("{0}")]
    Architecture(String),
}
