//! Bundles and images as files.
//!
//! Nothing has its name before it is complete: a part is a file of another name until the bundle is, and
//! an image has no name at all, or such a one, until its digest was found right.

mod image;
mod parts;

pub use image::ImageFile;
pub use parts::{BundleDirectory, open_parts};

/// Whether a file of the wanted name may be there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It is an error, and the file stays what it is.
    #[default]
    Refuse,
    /// It is replaced at the end, at once.
    Replace,
}
