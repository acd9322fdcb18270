//! What a bucket allows: its ACL, Object Ownership and Block Public Access.

use s3s::dto;

use super::acl::{self, READ_ACP, WRITE_ACP};
use super::bucket::{Ownership, PublicAccess};
use super::buckets::acls_beside_enforced;
use super::grants::{self, wanted_acl};
use super::permissions::{bucket, bucket_mut};
use super::visit::Visit;
use crate::wire::error::ApiError;
use crate::world::World;

pub(super) fn get_acl(
    world: &mut World,
    visit: &Visit,
    input: dto::GetBucketAclInput,
) -> Result<dto::GetBucketAclOutput, ApiError> {
    let bucket = bucket(world, visit, &input.bucket, READ_ACP)?;
    Ok(dto::GetBucketAclOutput {
        grants: Some(grants::shown(&bucket.grants)),
        owner: Some(grants::owner(&bucket.owner)),
    })
}

pub(super) fn put_acl(
    world: &mut World,
    visit: &Visit,
    mut input: dto::PutBucketAclInput,
) -> Result<dto::PutBucketAclOutput, ApiError> {
    let bucket = bucket(world, visit, &input.bucket, WRITE_ACP)?;
    let mut wanted = wanted_acl!(input);
    wanted
        .headers
        .extend(input.grant_write.map(|value| (value, acl::WRITE)));
    wanted.policy = input.access_control_policy;
    let grants = wanted.on_bucket(world, bucket)?;
    world.s3.known_mut(&input.bucket)?.grants = grants;
    Ok(dto::PutBucketAclOutput::default())
}

pub(super) fn get_ownership(
    world: &mut World,
    visit: &Visit,
    input: dto::GetBucketOwnershipControlsInput,
) -> Result<dto::GetBucketOwnershipControlsOutput, ApiError> {
    let bucket = bucket(world, visit, &input.bucket, "")?;
    let ownership = bucket.ownership.ok_or_else(|| {
        let message = "The bucket ownership controls were not found";
        ApiError::new(404, "OwnershipControlsNotFoundError", message)
    })?;
    let rule = dto::OwnershipControlsRule {
        object_ownership: dto::ObjectOwnership::from_static(ownership.as_str()),
    };
    Ok(dto::GetBucketOwnershipControlsOutput {
        ownership_controls: Some(dto::OwnershipControls { rules: vec![rule] }),
    })
}

pub(super) fn put_ownership(
    world: &mut World,
    visit: &Visit,
    input: dto::PutBucketOwnershipControlsInput,
) -> Result<dto::PutBucketOwnershipControlsOutput, ApiError> {
    let bucket = bucket_mut(world, visit, &input.bucket, "")?;
    let [rule] = &*input.ownership_controls.rules else {
        return Err(super::error::malformed());
    };
    let ownership = Ownership::parse(rule.object_ownership.as_str())?;
    let own = acl::canned("private", &bucket.owner, &bucket.owner);
    if ownership == Ownership::BucketOwnerEnforced && Some(&bucket.grants) != own.as_ref() {
        return Err(acls_beside_enforced());
    }
    bucket.ownership = Some(ownership);
    Ok(dto::PutBucketOwnershipControlsOutput::default())
}

pub(super) fn delete_ownership(
    world: &mut World,
    visit: &Visit,
    input: dto::DeleteBucketOwnershipControlsInput,
) -> Result<dto::DeleteBucketOwnershipControlsOutput, ApiError> {
    bucket_mut(world, visit, &input.bucket, "")?.ownership = None;
    Ok(dto::DeleteBucketOwnershipControlsOutput::default())
}

pub(super) fn get_public_access(
    world: &mut World,
    visit: &Visit,
    input: dto::GetPublicAccessBlockInput,
) -> Result<dto::GetPublicAccessBlockOutput, ApiError> {
    let access = bucket(world, visit, &input.bucket, "")?.public_access;
    let access = access.ok_or_else(|| {
        let message = "The public access block configuration was not found";
        ApiError::new(404, "NoSuchPublicAccessBlockConfiguration", message)
    })?;
    Ok(dto::GetPublicAccessBlockOutput {
        public_access_block_configuration: Some(dto::PublicAccessBlockConfiguration {
            block_public_acls: Some(access.block_acls),
            block_public_policy: Some(access.block_policy),
            ignore_public_acls: Some(access.ignore_acls),
            restrict_public_buckets: Some(access.restrict),
        }),
    })
}

pub(super) fn put_public_access(
    world: &mut World,
    visit: &Visit,
    input: dto::PutPublicAccessBlockInput,
) -> Result<dto::PutPublicAccessBlockOutput, ApiError> {
    let given = input.public_access_block_configuration;
    let bucket = bucket_mut(world, visit, &input.bucket, "")?;
    bucket.public_access = Some(PublicAccess {
        block_acls: given.block_public_acls.unwrap_or_default(),
        ignore_acls: given.ignore_public_acls.unwrap_or_default(),
        block_policy: given.block_public_policy.unwrap_or_default(),
        restrict: given.restrict_public_buckets.unwrap_or_default(),
    });
    Ok(dto::PutPublicAccessBlockOutput::default())
}

pub(super) fn delete_public_access(
    world: &mut World,
    visit: &Visit,
    input: dto::DeletePublicAccessBlockInput,
) -> Result<dto::DeletePublicAccessBlockOutput, ApiError> {
    bucket_mut(world, visit, &input.bucket, "")?.public_access = None;
    Ok(dto::DeletePublicAccessBlockOutput::default())
}
