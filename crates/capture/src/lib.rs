//! A fresh file system image of a running system's tree, without what must not travel.
//!
//! [`capture`] makes a new file system in a sparse file, of the type, label and UUID that the tree is
//! on, and copies into it all that is worth keeping: owners, modes, times, hard links, access control
//! lists, attributes, capabilities, device files, holes. It leaves out what belongs to the running
//! system (processes, sockets, what other file systems are mounted) and, unless told otherwise, the
//! secrets of this one machine and its users: see [`Reason`] for the list.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ami_capture::{Order, Watch, capture};
//!
//! let order = Order::new("/", "/var/tmp");
//! let captured = capture(&order, &Watch::default())?;
//! // `captured.file` is the image, and has no name: it is gone when it is closed.
//! println!("{} of {} bytes", captured.file_system, captured.size);
//! for left_out in &captured.report.left_out {
//!     println!("{} {}", left_out.reason.code(), left_out.path.display());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What is left behind when it is killed
//!
//! Nothing. The image has no name until all is done (`O_TMPFILE`), the loop device is taken down by
//! the kernel when nobody uses it any more, and both mounts are in a mount namespace that belongs to
//! one thread of this process. Programs that are run die with that thread, and whatever they started
//! with them. Where the work directory's file system knows no `O_TMPFILE` and the image is to have a
//! name, a file `.ami-capture-…` that nobody else can read may stay there; and kernels older than 5.8
//! have a moment between two calls in which a loop device would stay.
//!
//! # What travels all the same
//!
//! Password hashes (`/etc/shadow`), logs (`/var/log`, without cloud-init's), whatever is secret in a
//! way that no rule knows (in an archive, a data base), and what is below `/usr` (except `/usr/local`),
//! `/lib` and `/boot` in directories of documents, examples, tests and of the libraries of languages:
//! what packages ship is public already, and they break without it. So do the packages that Python,
//! Ruby and Node have elsewhere, whose files are judged by their names only, and files below `/usr` of
//! which dpkg knows the package. Deleted files do not travel, unlike in a copy of the disk.
//!
//! It needs root, and Linux: elsewhere this crate has its types only.

#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

mod error;
mod file_system;
mod order;
mod report;
mod watch;

#[cfg(target_os = "linux")]
mod capture;
#[cfg(target_os = "linux")]
mod copy;
#[cfg(target_os = "linux")]
mod descent;
#[cfg(target_os = "linux")]
mod devices;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod fstab;
#[cfg(target_os = "linux")]
mod image;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
mod loops;
#[cfg(target_os = "linux")]
mod making;
#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod mounts;
#[cfg(target_os = "linux")]
mod notes;
#[cfg(target_os = "linux")]
mod pattern;
#[cfg(target_os = "linux")]
mod plan;
#[cfg(target_os = "linux")]
mod program;
#[cfg(target_os = "linux")]
mod room;
#[cfg(target_os = "linux")]
mod select;
#[cfg(target_os = "linux")]
mod volume;
#[cfg(target_os = "linux")]
mod walk;

#[cfg(target_os = "linux")]
pub use capture::capture;
pub use error::{Error, ErrorKind};
pub use file_system::FileSystem;
pub use order::{Fstab, Order, OtherFileSystems, Size};
#[cfg(target_os = "linux")]
pub use plan::check;
pub use report::{Captured, LeftOut, Reason, Report};
pub use watch::{Progress, Stage, Watch};
