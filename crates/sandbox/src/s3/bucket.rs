//! Buckets: their names are unique in the partition, each lies in a region and belongs to an account.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::acl::{self, Grant};
use super::error;
use super::multipart::Upload;
use super::object::Object;
use crate::wire::error::ApiError;

/// Encryption with keys of S3 itself, which new buckets have.
pub(super) const AES: &str = "AES256";

/// All buckets, by name.
#[derive(Debug, Default)]
pub(crate) struct Buckets(BTreeMap<String, Bucket>);

/// A bucket with its objects in the order of their keys.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) owner: String,
    pub(super) created: OffsetDateTime,
    /// None after DeleteBucketOwnershipControls, which stands for [`Ownership::ObjectWriter`].
    pub(super) ownership: Option<Ownership>,
    pub(super) public_access: Option<PublicAccess>,
    pub(super) grants: Vec<Grant>,
    /// How objects are encrypted whose requests do not say.
    pub(super) encryption: String,
    pub(super) objects: BTreeMap<String, Object>,
    /// Multipart uploads that have begun and not ended, by ID.
    pub(super) uploads: BTreeMap<String, Upload>,
}

/// Who owns the objects of a bucket, and whether it has ACLs (S3 user guide, "Controlling ownership of
/// objects and disabling ACLs for your bucket").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The owner of the bucket; there are no ACLs. New buckets have this.
    BucketOwnerEnforced,
    /// The owner of the bucket, of objects that are put with bucket-owner-full-control; else the writer.
    BucketOwnerPreferred,
    /// Whoever wrote an object.
    ObjectWriter,
}

/// What Block Public Access keeps from a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PublicAccess {
    pub(super) block_acls: bool,
    pub(super) ignore_acls: bool,
    pub(super) block_policy: bool,
    pub(super) restrict: bool,
}

/// A bucket that a test puts there.
#[derive(Clone, Debug)]
pub struct BucketSeed {
    /// The account that owns it; the first one unless told otherwise.
    pub owner: String,
    /// Who owns its objects; as in new buckets unless told otherwise.
    pub ownership: Ownership,
    /// Whether Block Public Access is on, as in new buckets.
    pub blocks_public_access: bool,
    /// How objects are encrypted whose requests do not say: `AES256`, as in new buckets, or `aws:kms`.
    pub encryption: String,
}

impl Ownership {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Ownership::BucketOwnerEnforced => "BucketOwnerEnforced",
            Ownership::BucketOwnerPreferred => "BucketOwnerPreferred",
            Ownership::ObjectWriter => "ObjectWriter",
        }
    }

    pub(super) fn parse(word: &str) -> Result<Self, ApiError> {
        let all = [
            Ownership::BucketOwnerEnforced,
            Ownership::BucketOwnerPreferred,
            Ownership::ObjectWriter,
        ];
        let mut all = all.into_iter();
        all.find(|known| known.as_str() == word)
            .ok_or_else(error::malformed)
    }
}

impl PublicAccess {
    /// As of new buckets since April 2023.
    pub(super) const ALL: Self = PublicAccess {
        block_acls: true,
        ignore_acls: true,
        block_policy: true,
        restrict: true,
    };
}

impl Bucket {
    /// An empty bucket as new ones are.
    pub(super) fn new(name: &str, region: &str, owner: &str) -> Self {
        Bucket {
            name: name.into(),
            region: region.into(),
            owner: owner.into(),
            created: OffsetDateTime::now_utc(),
            ownership: Some(Ownership::BucketOwnerEnforced),
            public_access: Some(PublicAccess::ALL),
            grants: acl::canned("private", owner, owner).unwrap_or_default(),
            encryption: AES.to_owned(),
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
        }
    }

    pub(crate) fn object(&self, key: &str) -> Option<&Object> {
        self.objects.get(key)
    }

    /// Whether its ACLs and those of its objects count.
    pub(super) fn has_acls(&self) -> bool {
        self.ownership != Some(Ownership::BucketOwnerEnforced)
    }

    /// The grants of a list that have an effect here.
    pub(super) fn effective(&self, grants: &[Grant]) -> Vec<Grant> {
        let ignores = self.public_access.is_some_and(|access| access.ignore_acls);
        let counts = |grant: &&Grant| self.has_acls() && !(ignores && grant.is_public());
        grants.iter().filter(counts).cloned().collect()
    }

    /// Whether a list grants something here.
    pub(super) fn allows(&self, grants: &[Grant], account: Option<&str>, what: &str) -> bool {
        acl::allows(&self.effective(grants), account, what)
    }

    /// Who owns an object: without ACLs whoever owns the bucket.
    pub(crate) fn owner_of<'b>(&'b self, object: &'b Object) -> &'b str {
        match self.has_acls() {
            true => &object.owner,
            false => &self.owner,
        }
    }

    /// Whether EC2 may read an object, by the grant of aws-exec-read or of everyone.
    pub(crate) fn lets_ec2_read(&self, object: &Object) -> bool {
        let grants = self.effective(&object.grants);
        let is_named = |grant: &Grant| {
            grant.grantee == acl::EC2_READER
                && [acl::READ, acl::FULL_CONTROL].contains(&grant.permission)
        };
        grants.iter().any(is_named) || acl::allows(&grants, None, acl::READ)
    }
}

impl Buckets {
    pub(crate) fn get(&self, name: &str) -> Option<&Bucket> {
        self.0.get(name)
    }

    /// A bucket that must be there.
    pub(super) fn known(&self, name: &str) -> Result<&Bucket, ApiError> {
        self.0.get(name).ok_or_else(error::no_bucket)
    }

    pub(super) fn known_mut(&mut self, name: &str) -> Result<&mut Bucket, ApiError> {
        self.0.get_mut(name).ok_or_else(error::no_bucket)
    }

    pub(super) fn insert(&mut self, bucket: Bucket) {
        self.0.insert(bucket.name.clone(), bucket);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Bucket> {
        self.0.values()
    }
}
