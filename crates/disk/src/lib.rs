//! What is on a disk: its format, partitions, file systems, boot mode, root and architecture.
//!
//! Everything is read through [`ReadAt`], so a file, a block device, a partition of either and bytes
//! in memory serve alike. Nothing is ever written, and nothing is mounted.
//!
//! Disks come from strangers. Whatever they say is checked before it is used as a place, a length or
//! a count, so no input makes this library panic, loop or take memory without bounds.
//!
//! * [`mod@format`]: is it a raw disk at all, and if not, which command makes one of it?
//! * [`partitions`]: the partition table.
//! * [`superblock`]: which file system begins here?
//! * [`layout`]: all of it together; which partition is the root, and how does it boot?
//! * [`architecture`]: EC2's words for processors.
//! * `contents`, with the feature of that name: what the files on it tell.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let disk = ami_disk::Source::new(std::fs::File::open("disk.raw")?)?;
//! let format = ami_disk::Format::of(&disk)?;
//! if let Some(line) = format.to_raw("disk.raw") {
//!     return Err(format!("disk.raw is {}; try {line}", format.name()).into());
//! }
//! let layout = ami_disk::Layout::read(&disk)?;
//! let root = layout.root()?;
//! println!("{} is the root: {}", root.value, root.reason);
//! # Ok(())
//! # }
//! ```
//!
//! Invariant: without the feature `contents` no file system's tree is read, only its superblock.

pub mod architecture;
#[cfg(feature = "contents")]
pub mod contents;
mod error;
mod fields;
pub mod format;
pub mod layout;
pub mod partitions;
pub mod source;
pub mod superblock;

pub use architecture::Architecture;
pub use error::Error;
pub use format::Format;
pub use layout::Layout;
pub use partitions::{Partition, Table};
pub use source::{ReadAt, Source, Window};
pub use superblock::Superblock;
