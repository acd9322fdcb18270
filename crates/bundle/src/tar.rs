//! A tar archive of one member, written and read.
//!
//! It is the GNU form: a plain member, or a sparse one (`S`) whose header lists where the data is.
//! Field places are those of GNU tar's manual, "Basic Tar Format".

mod header;
mod map;
mod pax;
mod read;
mod write;

pub use read::Reader;
pub(crate) use write::{archive_size, head};

/// The unit of the format, in bytes.
pub(crate) const BLOCK: usize = 512;

/// Archives are filled up to a multiple of this many bytes, 20 blocks.
pub(crate) const RECORD: u64 = 10240;

/// What an archive tells of its member besides its contents.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name: the image's, a plain file name.
    pub name: String,
    /// Permission bits.
    pub mode: u32,
    /// When it was changed, in seconds since 1970.
    pub mtime: u64,
}

impl Member {
    /// A member that only its owner may read, of no particular time.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            mode: 0o600,
            mtime: 0,
        }
    }
}
