//! Objects: what S3 remembers of one beside its bytes.

use std::io;
use std::sync::Arc;

use time::OffsetDateTime;

use super::acl::Grant;
use super::attributes::Attributes;
use super::checksums::Sums;
use crate::blocks::ClosedFile;

/// An object.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) key: String,
    /// The account that wrote it, or that of the bucket.
    pub(crate) owner: String,
    /// The parts that it was uploaded in, one file each.
    pub(super) segments: Vec<Segment>,
    /// Without quotes: the MD5 in hexadecimal digits, or that of the parts' with their number.
    pub(super) etag: String,
    pub(super) modified: OffsetDateTime,
    pub(super) attributes: Attributes,
    pub(super) sums: Sums,
    /// Whether its checksums are those of its parts' checksums.
    pub(super) is_composite: bool,
    /// Whether it came by a multipart upload, which knows part numbers.
    pub(super) has_parts: bool,
    pub(crate) grants: Vec<Grant>,
}

/// The bytes of an object or of one of its parts.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(super) file: Arc<ClosedFile>,
    pub(super) size: u64,
}

impl Object {
    /// Its length in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    /// All its bytes.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        super::read::whole(self)
    }

    /// Whether it is encrypted with a key of KMS, which other services cannot use.
    pub(crate) fn needs_kms(&self) -> bool {
        self.attributes.encryption.starts_with("aws:kms")
    }
}
