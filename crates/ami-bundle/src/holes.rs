//! Whether a disk can be as large as its manifest says, where its holes become zeros on the way: in a
//! pipe, and in what is read to be sent to EBS. A few bytes from a stranger could ask for terabytes of
//! them. A file keeps its holes and costs nothing, so there nothing is asked.

use ami_bundle_format::manifest::ImageElement;
use ami_bundle_format::unpack::MOST_PART;
use ami_core::error::Error;

use crate::bundling::LARGEST;
use crate::parts::Parts;

/// The most bytes that a compressed byte can become (zlib Technical Details, "Maximum Compression
/// Factor").
const FACTOR: u64 = 1032;

/// Refuses a disk that is larger than EC2 starts one, and larger than its parts as they are there, not
/// as the manifest says, could hold without holes.
///
/// # Errors
/// So it is, or a part is not there.
pub(crate) async fn check(image: &ImageElement, parts: &Parts) -> Result<(), Error> {
    if image.size <= LARGEST {
        return Ok(());
    }
    let mut there = 0;
    for part in &image.parts {
        there += parts.size(part).await?.min(MOST_PART);
        if image.size / FACTOR <= there {
            return Ok(());
        }
    }
    Err(Error::failed(format!(
        "its disk is said to have {} bytes, nearly all of them holes: its parts have {there}",
        image.size
    )))
}
