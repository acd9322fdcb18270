//! CreateBucket, DeleteBucket, HeadBucket, ListBuckets and GetBucketLocation.

use s3s::dto;

use super::acl::{self, READ};
use super::bucket::{Bucket, Ownership};
use super::grants::{self, wanted_acl};
use super::permissions;
use super::visit::Visit;
use crate::wire::error::ApiError;
use crate::world::World;

/// The region whose endpoint makes buckets everywhere, and which has no location constraint.
const FIRST: &str = "us-east-1";

pub(super) fn create(
    world: &mut World,
    visit: &Visit,
    mut input: dto::CreateBucketInput,
) -> Result<dto::CreateBucketOutput, ApiError> {
    let account = visit.signer()?;
    let constraint = input.create_bucket_configuration.as_ref();
    let constraint = constraint.and_then(|given| given.location_constraint.as_ref());
    let region = place(world, &visit.region, constraint.map(|word| word.as_str()))?;
    if let Some(taken) = world.s3.get(&input.bucket) {
        return taken_by(taken, account, &region);
    }
    let mut bucket = Bucket::new(&input.bucket, &region, account);
    if let Some(ownership) = &input.object_ownership {
        bucket.ownership = Some(Ownership::parse(ownership.as_str())?);
    }
    let wanted = wanted_acl!(input);
    let is_private = wanted
        .canned
        .as_deref()
        .is_none_or(|name| name == "private");
    let is_void = is_private && wanted.headers.is_empty();
    if !(bucket.has_acls() || is_void) {
        return Err(acls_beside_enforced());
    }
    if bucket.has_acls() {
        bucket.grants = wanted.on_bucket(world, &bucket)?;
    }
    world.s3.insert(bucket);
    Ok(dto::CreateBucketOutput {
        location: Some(format!("/{}", input.bucket)),
    })
}

/// Where a bucket is to lie (CreateBucket in the API reference).
fn place(world: &World, endpoint: &str, constraint: Option<&str>) -> Result<String, ApiError> {
    let wrong = |word: &str| {
        let message = format!(
            "The {word} location constraint is incompatible for the region specific endpoint this \
             request was sent to."
        );
        ApiError::client("IllegalLocationConstraintException", message)
    };
    let region = match constraint.filter(|word| !word.is_empty()) {
        None if endpoint == FIRST => FIRST,
        None => return Err(wrong("unspecified")),
        Some("EU") => "eu-west-1",
        Some(word) => word,
    };
    if constraint == Some(FIRST) || !world.is_enabled(region) {
        let message = "The specified location-constraint is not valid";
        return Err(ApiError::client("InvalidLocationConstraint", message));
    }
    match endpoint == FIRST || endpoint == region {
        true => Ok(region.to_owned()),
        false => Err(wrong(region)),
    }
}

fn taken_by(
    bucket: &Bucket,
    account: &str,
    region: &str,
) -> Result<dto::CreateBucketOutput, ApiError> {
    if bucket.owner != account {
        let message = "The requested bucket name is not available. The bucket namespace is shared by all \
             users of the system. Please select a different name and try again.";
        return Err(ApiError::new(409, "BucketAlreadyExists", message));
    }
    if bucket.region == FIRST && region == FIRST {
        return Ok(dto::CreateBucketOutput {
            location: Some(format!("/{}", bucket.name)),
        });
    }
    let message =
        "Your previous request to create the named bucket succeeded and you already own it.";
    Err(ApiError::new(409, "BucketAlreadyOwnedByYou", message))
}

/// The two exclude each other, whichever comes first.
pub(super) fn acls_beside_enforced() -> ApiError {
    let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
    ApiError::client("InvalidBucketAclWithObjectOwnership", message)
}

pub(super) fn delete(
    world: &mut World,
    visit: &Visit,
    input: dto::DeleteBucketInput,
) -> Result<dto::DeleteBucketOutput, ApiError> {
    let bucket = permissions::bucket(world, visit, &input.bucket, "")?;
    if !bucket.objects.is_empty() {
        let message = "The bucket you tried to delete is not empty";
        return Err(ApiError::new(409, "BucketNotEmpty", message));
    }
    world.s3.remove(&input.bucket);
    Ok(dto::DeleteBucketOutput::default())
}

pub(super) fn head(
    world: &mut World,
    visit: &Visit,
    input: dto::HeadBucketInput,
) -> Result<dto::HeadBucketOutput, ApiError> {
    let bucket = permissions::bucket(world, visit, &input.bucket, READ)?;
    Ok(dto::HeadBucketOutput {
        bucket_region: Some(bucket.region.clone()),
        ..dto::HeadBucketOutput::default()
    })
}

pub(super) fn list(
    world: &mut World,
    visit: &Visit,
    input: dto::ListBucketsInput,
) -> Result<dto::ListBucketsOutput, ApiError> {
    let account = visit.signer()?;
    let (prefix, region) = (input.prefix.as_deref(), input.bucket_region.as_deref());
    let fits = |bucket: &&Bucket| {
        bucket.owner == account
            && prefix.is_none_or(|prefix| bucket.name.starts_with(prefix))
            && region.is_none_or(|region| bucket.region == region)
    };
    let shown = |bucket: &Bucket| dto::Bucket {
        bucket_region: Some(bucket.region.clone()),
        creation_date: Some(bucket.created.into()),
        name: Some(bucket.name.clone()),
    };
    Ok(dto::ListBucketsOutput {
        buckets: Some(world.s3.iter().filter(fits).map(shown).collect()),
        owner: Some(grants::owner(account)),
        prefix: input.prefix,
        ..dto::ListBucketsOutput::default()
    })
}

pub(super) fn location(
    world: &mut World,
    visit: &Visit,
    input: dto::GetBucketLocationInput,
) -> Result<dto::GetBucketLocationOutput, ApiError> {
    let bucket = permissions::bucket(world, visit, &input.bucket, acl::FULL_CONTROL)?;
    let region = Some(&bucket.region).filter(|region| *region != FIRST);
    let region = region.cloned().map(dto::BucketLocationConstraint::from);
    Ok(dto::GetBucketLocationOutput {
        location_constraint: region,
    })
}
