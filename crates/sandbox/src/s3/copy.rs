//! CopyObject. A copy shares the files of its source.

use s3s::dto::{self, ETag};
use time::OffsetDateTime;

use super::acl::READ;
use super::attributes::take_attributes;
use super::checksums::give_sums;
use super::conditions::Conditions;
use super::error;
use super::get::checksum_type;
use super::grants::wanted_acl;
use super::object::Object;
use super::permissions;
use super::put::rights;
use super::visit::Visit;
use crate::wire::error::ApiError;
use crate::world::World;

pub(super) fn run(
    world: &mut World,
    visit: &Visit,
    mut input: dto::CopyObjectInput,
) -> Result<dto::CopyObjectOutput, ApiError> {
    let dto::CopySource::Bucket { bucket, key, .. } = &input.copy_source else {
        return Err(error::invalid("Invalid copy source object key"));
    };
    let (_, source) = permissions::object(world, visit, bucket, key, READ)?;
    let conditions = Conditions {
        if_match: input.copy_source_if_match.take(),
        if_none_match: input.copy_source_if_none_match.take(),
        if_modified_since: input.copy_source_if_modified_since.take(),
        if_unmodified_since: input.copy_source_if_unmodified_since.take(),
    };
    // Here what was not modified is no answer either.
    let refused = |error: ApiError| match error.status {
        304 => error::precondition(),
        _ => error,
    };
    conditions.check(source).map_err(refused)?;
    let directive = input.metadata_directive.as_ref();
    let replaces = directive.is_some_and(|directive| directive.as_str() == "REPLACE");
    let is_itself = **bucket == input.bucket && **key == input.key;
    if is_itself && !replaces && input.server_side_encryption.is_none() {
        let message = "This copy request is illegal because it is trying to copy an object to itself \
             without changing the object's metadata, storage class, website redirect location or \
             encryption attributes.";
        return Err(ApiError::client("InvalidRequest", message));
    }
    let mut copy = Object {
        modified: OffsetDateTime::now_utc(),
        key: input.key.clone(),
        ..source.clone()
    };
    let (is_encrypted, attributes) = (
        input.server_side_encryption.is_some(),
        take_attributes!(input),
    );
    if replaces {
        copy.attributes = attributes;
    } else if is_encrypted {
        copy.attributes.encryption = attributes.encryption;
        copy.attributes.kms_key = attributes.kms_key;
    }
    permissions::writable(world, visit, &input.bucket)?;
    (copy.owner, copy.grants) = rights(world, visit, &input.bucket, &wanted_acl!(input))?;
    let output = answer(&copy);
    let objects = &mut world.s3.known_mut(&input.bucket)?.objects;
    if !visit.pretends {
        objects.insert(copy.key.clone(), copy);
    }
    Ok(output)
}

fn answer(copy: &Object) -> dto::CopyObjectOutput {
    let mut result = dto::CopyObjectResult {
        checksum_type: Some(checksum_type(copy)),
        e_tag: Some(ETag::Strong(copy.etag.clone())),
        last_modified: Some(copy.modified.into()),
        ..dto::CopyObjectResult::default()
    };
    give_sums!(result, &copy.sums);
    dto::CopyObjectOutput {
        copy_object_result: Some(result),
        server_side_encryption: Some(copy.attributes.encryption.clone().into()),
        ..dto::CopyObjectOutput::default()
    }
}
