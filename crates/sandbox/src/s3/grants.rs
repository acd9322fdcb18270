//! Access control lists as requests give them, by name, in headers or as XML, and as answers show them.

use s3s::dto;

use super::acl::{self, FULL_CONTROL, Grant, READ, READ_ACP, WRITE, WRITE_ACP};
use super::bucket::Bucket;
use super::error;
use crate::wire::error::ApiError;
use crate::world::World;

/// What a request says of the list of what it makes or changes.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// The name of a canned ACL.
    pub(super) canned: Option<String>,
    /// Grants by header: the value and what it grants.
    pub(super) headers: Vec<(String, &'static str)>,
    /// Grants in a body, with the owner that they name.
    pub(super) policy: Option<dto::AccessControlPolicy>,
}

/// Takes what an input of s3s says of an ACL; the fields have the same names in all of them.
macro_rules! wanted_acl {
    ($input:expr) => {
        $crate::s3::grants::Wanted {
            canned: $input.acl.as_ref().map(|acl| acl.as_str().to_owned()),
            headers: [
                (
                    $input.grant_full_control.take(),
                    $crate::s3::acl::FULL_CONTROL,
                ),
                ($input.grant_read.take(), $crate::s3::acl::READ),
                ($input.grant_read_acp.take(), $crate::s3::acl::READ_ACP),
                ($input.grant_write_acp.take(), $crate::s3::acl::WRITE_ACP),
            ]
            .into_iter()
            .filter_map(|(value, permission)| Some((value?, permission)))
            .collect(),
            policy: None,
        }
    };
}
pub(super) use wanted_acl;

impl Wanted {
    /// Whether the request says anything.
    pub(super) fn is_said(&self) -> bool {
        self.canned.is_some() || !self.headers.is_empty() || self.policy.is_some()
    }

    /// The grants on an object of this owner in a bucket. Without ACLs only what says no more than that
    /// the bucket's owner has full control is allowed (S3 user guide, "Controlling ownership of objects").
    pub(super) fn on_object(
        &self,
        world: &World,
        bucket: &Bucket,
        owner: &str,
    ) -> Result<Vec<Grant>, ApiError> {
        let grants = self.resolve(world, owner, &bucket.owner)?;
        if bucket.has_acls() {
            return self.checked(bucket, grants);
        }
        let is_void = match &self.canned {
            Some(name) => name == "bucket-owner-full-control",
            None => {
                !self.is_said()
                    || grants == [Grant::new(acl::canonical_id(&bucket.owner), FULL_CONTROL)]
            }
        };
        match is_void {
            true => Ok(grants),
            false => Err(error::no_acls()),
        }
    }

    /// The grants on a bucket.
    pub(super) fn on_bucket(&self, world: &World, bucket: &Bucket) -> Result<Vec<Grant>, ApiError> {
        if !bucket.has_acls() && self.is_said() {
            return Err(error::no_acls());
        }
        let grants = self.resolve(world, &bucket.owner, &bucket.owner)?;
        self.checked(bucket, grants)
    }

    fn checked(&self, bucket: &Bucket, grants: Vec<Grant>) -> Result<Vec<Grant>, ApiError> {
        let blocks = bucket.public_access.is_some_and(|access| access.block_acls);
        match blocks && grants.iter().any(Grant::is_public) {
            true => Err(error::denied()),
            false => Ok(grants),
        }
    }

    fn resolve(
        &self,
        world: &World,
        owner: &str,
        bucket_owner: &str,
    ) -> Result<Vec<Grant>, ApiError> {
        let kinds = [
            self.canned.is_some(),
            !self.headers.is_empty(),
            self.policy.is_some(),
        ];
        if kinds.iter().filter(|kind| **kind).count() > 1 {
            let message = "Specifying both Canned ACLs and Header Grants is not allowed";
            return Err(ApiError::client("InvalidRequest", message));
        }
        if let Some(policy) = &self.policy {
            return of_policy(world, policy, owner);
        }
        if self.headers.is_empty() {
            let name = self.canned.as_deref().unwrap_or("private");
            let grants = acl::canned(name, owner, bucket_owner);
            return grants.ok_or_else(|| error::invalid(""));
        }
        let mut grants = Vec::new();
        for (value, permission) in &self.headers {
            for grantee in value.split(',') {
                grants.push(Grant::new(named(world, grantee)?, permission));
            }
        }
        Ok(grants)
    }
}

/// A grantee of a header: `id="…"` or `uri="…"`.
fn named(world: &World, text: &str) -> Result<String, ApiError> {
    let (kind, value) = text
        .trim()
        .split_once('=')
        .ok_or_else(|| error::invalid("Argument format not recognized"))?;
    let value = value.trim_matches('"');
    match kind.trim().to_ascii_lowercase().as_str() {
        "id" => known_user(world, value),
        "uri" => known_group(value),
        _ => Err(error::invalid("Argument format not recognized")),
    }
}

fn known_user(world: &World, id: &str) -> Result<String, ApiError> {
    let mut accounts = world.accounts.iter();
    let is_known =
        id == acl::EC2_READER || accounts.any(|account| acl::canonical_id(account) == id);
    match is_known {
        true => Ok(id.to_owned()),
        false => Err(error::invalid("Invalid id")),
    }
}

fn known_group(uri: &str) -> Result<String, ApiError> {
    match [acl::EVERYONE, acl::ACCOUNTS].contains(&uri) {
        true => Ok(uri.to_owned()),
        false => Err(error::invalid("Invalid group uri")),
    }
}

fn of_policy(
    world: &World,
    policy: &dto::AccessControlPolicy,
    owner: &str,
) -> Result<Vec<Grant>, ApiError> {
    let said = policy.owner.as_ref().and_then(|owner| owner.id.as_deref());
    if said.is_some_and(|id| id != acl::canonical_id(owner)) {
        return Err(error::denied());
    }
    let grants = policy.grants.iter().flatten();
    grants
        .map(|grant| {
            let grantee = grant.grantee.as_ref().ok_or_else(error::malformed)?;
            let who = match (&grantee.id, &grantee.uri) {
                (Some(id), None) => known_user(world, id)?,
                (None, Some(uri)) => known_group(uri)?,
                _ => return Err(error::malformed()),
            };
            let word = grant.permission.as_ref().map_or("", |word| word.as_str());
            let known = [READ, WRITE, READ_ACP, WRITE_ACP, FULL_CONTROL];
            let permission = known.into_iter().find(|known| *known == word);
            Ok(Grant::new(who, permission.ok_or_else(error::malformed)?))
        })
        .collect()
}

/// A list as an answer shows it.
pub(super) fn shown(grants: &[Grant]) -> dto::Grants {
    let shown = |grant: &Grant| {
        let is_group = grant.grantee.starts_with("http");
        let kind = if is_group { "Group" } else { "CanonicalUser" };
        let grantee = dto::Grantee {
            display_name: None,
            email_address: None,
            id: (!is_group).then(|| grant.grantee.clone()),
            type_: dto::Type::from_static(kind),
            uri: is_group.then(|| grant.grantee.clone()),
        };
        dto::Grant {
            grantee: Some(grantee),
            permission: Some(dto::Permission::from_static(grant.permission)),
        }
    };
    grants.iter().map(shown).collect()
}

/// An account as an answer shows it.
pub(super) fn owner(account: &str) -> dto::Owner {
    dto::Owner {
        display_name: None,
        id: Some(acl::canonical_id(account)),
    }
}
