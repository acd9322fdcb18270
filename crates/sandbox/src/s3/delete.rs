//! DeleteObject and DeleteObjects.

use s3s::dto;

use super::bucket::Bucket;
use super::error;
use super::permissions;
use super::visit::Visit;
use crate::wire::error::ApiError;
use crate::world::World;

/// How many keys one request may name (DeleteObjects in the API reference).
const MOST: usize = 1000;

/// What is not there is as good as deleted.
pub(super) fn one(
    world: &mut World,
    visit: &Visit,
    input: dto::DeleteObjectInput,
) -> Result<dto::DeleteObjectOutput, ApiError> {
    let bucket = permissions::writable(world, visit, &input.bucket)?;
    remove(bucket, visit, &input.key);
    Ok(dto::DeleteObjectOutput::default())
}

pub(super) fn many(
    world: &mut World,
    visit: &Visit,
    input: dto::DeleteObjectsInput,
) -> Result<dto::DeleteObjectsOutput, ApiError> {
    let named = input.delete.objects;
    if named.is_empty() || named.len() > MOST {
        return Err(error::malformed());
    }
    let bucket = permissions::writable(world, visit, &input.bucket)?;
    let quiet = input.delete.quiet.unwrap_or_default();
    let mut deleted = Vec::new();
    for object in named {
        remove(bucket, visit, &object.key);
        if !quiet {
            deleted.push(dto::DeletedObject {
                key: Some(object.key),
                ..dto::DeletedObject::default()
            });
        }
    }
    Ok(dto::DeleteObjectsOutput {
        deleted: Some(deleted),
        ..dto::DeleteObjectsOutput::default()
    })
}

fn remove(bucket: &mut Bucket, visit: &Visit, key: &str) {
    if !visit.pretends {
        bucket.objects.remove(key);
    }
}
