//! What an account may do: it owns things, or is granted them. Policies are not modelled; what
//! [`crate::Sandbox::deny`] takes away stands for those of IAM.

use super::acl::{READ, WRITE};
use super::bucket::Bucket;
use super::error;
use super::object::Object;
use super::visit::Visit;
use crate::wire::error::ApiError;
use crate::world::World;

/// Whether the caller owns a bucket.
pub(super) fn owns(bucket: &Bucket, visit: &Visit) -> bool {
    visit.account() == Some(&bucket.owner)
}

/// A bucket whose owner the caller must be, or be granted this on it.
pub(super) fn bucket<'w>(
    world: &'w World,
    visit: &Visit,
    name: &str,
    permission: &str,
) -> Result<&'w Bucket, ApiError> {
    let bucket = world.s3.known(name)?;
    match owns(bucket, visit) || bucket.allows(&bucket.grants, visit.account(), permission) {
        true => Ok(bucket),
        false => Err(error::denied()),
    }
}

/// The same to be changed.
pub(super) fn bucket_mut<'w>(
    world: &'w mut World,
    visit: &Visit,
    name: &str,
    permission: &str,
) -> Result<&'w mut Bucket, ApiError> {
    bucket(world, visit, name, permission)?;
    world.s3.known_mut(name)
}

/// A bucket into which the caller may write.
pub(super) fn writable<'w>(
    world: &'w mut World,
    visit: &Visit,
    name: &str,
) -> Result<&'w mut Bucket, ApiError> {
    bucket_mut(world, visit, name, WRITE)
}

/// An object on which the caller has a permission. Who may not list the bucket is not told what is not
/// there (GetObject in the API reference).
pub(super) fn object<'w>(
    world: &'w World,
    visit: &Visit,
    name: &str,
    key: &str,
    permission: &str,
) -> Result<(&'w Bucket, &'w Object), ApiError> {
    let bucket = world.s3.known(name)?;
    let Some(object) = bucket.object(key) else {
        let is_listed = owns(bucket, visit) || bucket.allows(&bucket.grants, visit.account(), READ);
        return Err(match is_listed && !visit.may_not_list {
            true => error::no_key(),
            false => error::denied(),
        });
    };
    let is_owner = visit.account() == Some(bucket.owner_of(object));
    match is_owner || bucket.allows(&object.grants, visit.account(), permission) {
        true => Ok((bucket, object)),
        false => Err(error::denied()),
    }
}

/// The actions of IAM that an operation needs (S3 user guide, "Required permissions for Amazon S3 API
/// operations").
pub(super) fn iam_actions(action: &str, sets_acl: bool) -> Vec<&str> {
    let mut needed = match action {
        "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => vec!["PutObject"],
        "CopyObject" => vec!["PutObject", "GetObject"],
        "HeadObject" => vec!["GetObject"],
        "HeadBucket" | "ListObjects" | "ListObjectsV2" => vec!["ListBucket"],
        "ListBuckets" => vec!["ListAllMyBuckets"],
        "ListParts" => vec!["ListMultipartUploadParts"],
        "ListMultipartUploads" => vec!["ListBucketMultipartUploads"],
        "DeleteObjects" => vec!["DeleteObject"],
        "DeleteBucketOwnershipControls" => vec!["PutBucketOwnershipControls"],
        "GetPublicAccessBlock" => vec!["GetBucketPublicAccessBlock"],
        "PutPublicAccessBlock" | "DeletePublicAccessBlock" => vec!["PutBucketPublicAccessBlock"],
        _ => Vec::new(),
    };
    if sets_acl && matches!(action, "PutObject" | "CreateMultipartUpload" | "CopyObject") {
        needed.push("PutObjectAcl");
    }
    needed.push(action);
    needed
}
