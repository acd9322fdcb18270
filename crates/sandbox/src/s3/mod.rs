//! S3: buckets and objects, on the protocol of the `s3s` crate and a storage of its own (REST and XML).
//!
//! `door` leads a request to its operation as it does for EBS direct: faults, who is calling, the work, the
//! log. `service` is where s3s takes over: it verifies signatures, decodes bodies and reads and writes XML.
//! Below it stands one file per kind of operation. The bytes of an object lie in a file each, metadata in
//! memory. Signatures are always verified, since s3s needs the secret for signed bodies anyway.

mod acl;
mod attributes;
mod bucket;
mod bucket_settings;
mod buckets;
mod checksums;
mod conditions;
mod copy;
mod credentials;
mod delete;
mod door;
mod error;
mod get;
mod grants;
mod inspect;
mod lent;
mod list;
mod multipart;
mod multipart_complete;
mod multipart_list;
mod object;
mod object_acl;
mod permissions;
mod put;
mod read;
mod receive;
mod refusal;
mod route;
mod service;
mod visit;

pub(crate) use bucket::Buckets;
pub(crate) use door::{S3Reply, answer, is_asked};
pub(crate) use object::Object;
pub(crate) use service::{S3Service, service};

pub use acl::Grant;
pub use bucket::{BucketSeed, Ownership};
pub use inspect::{StoredObject, UnfinishedUpload};

/// The service in the scope of a signature.
pub(crate) const SERVICE: &str = "s3";
