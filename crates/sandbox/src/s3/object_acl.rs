//! GetObjectAcl and PutObjectAcl.

use s3s::dto;

use super::acl::{self, READ_ACP, WRITE_ACP};
use super::grants::{self, wanted_acl};
use super::permissions;
use super::visit::Visit;
use crate::wire::error::ApiError;
use crate::world::World;

pub(super) fn get(
    world: &mut World,
    visit: &Visit,
    input: dto::GetObjectAclInput,
) -> Result<dto::GetObjectAclOutput, ApiError> {
    let (bucket, object) = permissions::object(world, visit, &input.bucket, &input.key, READ_ACP)?;
    let owner = bucket.owner_of(object);
    // Where there are no ACLs, none shows but that of the owner.
    let grants = match bucket.has_acls() {
        true => object.grants.clone(),
        false => acl::canned("private", owner, owner).unwrap_or_default(),
    };
    Ok(dto::GetObjectAclOutput {
        grants: Some(grants::shown(&grants)),
        owner: Some(grants::owner(owner)),
        ..dto::GetObjectAclOutput::default()
    })
}

pub(super) fn put(
    world: &mut World,
    visit: &Visit,
    mut input: dto::PutObjectAclInput,
) -> Result<dto::PutObjectAclOutput, ApiError> {
    let (name, key) = (&input.bucket, &input.key);
    let (bucket, object) = permissions::object(world, visit, name, key, WRITE_ACP)?;
    let mut wanted = wanted_acl!(input);
    wanted.policy = input.access_control_policy.take();
    let grants = wanted.on_object(world, bucket, bucket.owner_of(object))?;
    let objects = &mut world.s3.known_mut(&input.bucket)?.objects;
    if let Some(object) = objects.get_mut(&input.key).filter(|_| !visit.pretends) {
        object.grants = grants;
    }
    Ok(dto::PutObjectAclOutput::default())
}
