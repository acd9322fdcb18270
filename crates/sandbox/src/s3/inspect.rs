//! Buckets and objects, for tests to put in and to look at.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use s3s::crypto::{Checksum, Md5};
use time::OffsetDateTime;

use super::acl::{self, Grant};
use super::attributes::Attributes;
use super::bucket::{AES, Bucket, BucketSeed, Ownership};
use super::checksums::{self, Algorithm};
use super::object::{Object, Segment};
use super::read;
use crate::sandbox::Sandbox;
use crate::wire::signature::hex;

/// An object as a test sees it.
#[derive(Clone, Debug)]
pub struct StoredObject {
    /// Its key.
    pub key: String,
    /// Its bytes; of [`Sandbox::objects`] none.
    pub bytes: Vec<u8>,
    /// Its length in bytes.
    pub size: u64,
    /// Its ETag without quotes.
    pub etag: String,
    /// Its media type, when one was said.
    pub content_type: Option<String>,
    /// What follows `x-amz-meta-`, with its value.
    pub metadata: BTreeMap<String, String>,
    /// Its checksums in base64, by algorithm (`CRC32`, `CRC32C`, `CRC64NVME`, `SHA1`, `SHA256`).
    pub checksums: BTreeMap<&'static str, String>,
    /// The account that owns it.
    pub owner: String,
    /// Who is granted what on it.
    pub grants: Vec<Grant>,
    /// `AES256` or `aws:kms`.
    pub encryption: String,
    /// When it was written.
    pub modified: OffsetDateTime,
}

/// A multipart upload that has begun and was neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedUpload {
    /// Its ID.
    pub id: String,
    /// The key of the object that it would make.
    pub key: String,
    /// The numbers of the parts that have arrived, with their lengths in bytes.
    pub parts: Vec<(i32, u64)>,
}

impl Sandbox {
    /// Puts a bucket into a region. It belongs to the first account and is as new buckets are: without
    /// ACLs, and not public.
    ///
    /// # Panics
    /// When the sandbox has no such region, or the bucket is there.
    pub fn bucket(&self, region: &str, name: &str, fill: impl FnOnce(&mut BucketSeed)) {
        let mut seed = BucketSeed {
            owner: self.account().into(),
            ownership: Ownership::BucketOwnerEnforced,
            blocks_public_access: true,
            encryption: AES.into(),
        };
        fill(&mut seed);
        let mut world = self.world();
        assert!(
            world.spec(region).is_some(),
            "the sandbox has no region {region}"
        );
        assert!(world.s3.get(name).is_none(), "there is a bucket {name}");
        let mut bucket = Bucket::new(name, region, &seed.owner);
        bucket.ownership = Some(seed.ownership);
        bucket.public_access = bucket.public_access.filter(|_| seed.blocks_public_access);
        bucket.encryption = seed.encryption;
        world.s3.insert(bucket);
    }

    /// Changes who owns the objects of a bucket and whether it has ACLs.
    ///
    /// # Panics
    /// When there is no such bucket.
    pub fn set_ownership(&self, name: &str, ownership: Ownership) {
        self.in_bucket(name, |bucket| bucket.ownership = Some(ownership));
    }

    /// Puts an object of the owner of its bucket there, with a canned ACL such as `private` or
    /// `aws-exec-read`; what the bucket says of ACLs is not looked at.
    ///
    /// # Errors
    /// When its bytes cannot be kept.
    ///
    /// # Panics
    /// When there is no such bucket or no such ACL.
    pub fn put_object(&self, bucket: &str, key: &str, bytes: &[u8], acl: &str) -> io::Result<()> {
        let store = Arc::clone(&self.world().blocks);
        let (mut file, closed) = store.create_closed(&format!("object-{}", store.number()))?;
        file.write_all(bytes)?;
        let mut hasher = checksums::hasher(&BTreeSet::from([Algorithm::Crc64Nvme]));
        hasher.update(bytes);
        let segment = Segment {
            file: Arc::new(closed),
            size: bytes.len() as u64,
        };
        self.in_bucket(bucket, |bucket| {
            let grants = acl::canned(acl, &bucket.owner, &bucket.owner);
            let object = Object {
                key: key.into(),
                owner: bucket.owner.clone(),
                segments: vec![segment],
                etag: hex(&Md5::checksum(bytes)),
                modified: OffsetDateTime::now_utc(),
                attributes: Attributes {
                    encryption: "AES256".into(),
                    ..Attributes::default()
                },
                sums: checksums::sums(hasher),
                is_composite: false,
                has_parts: false,
                grants: grants.unwrap_or_else(|| panic!("S3 has no ACL {acl}")),
            };
            bucket.objects.insert(key.into(), object);
        });
        Ok(())
    }

    /// Keeps a text beside an object, as its metadata of that name.
    ///
    /// # Panics
    /// When there is no such object.
    pub fn set_metadata(&self, bucket: &str, key: &str, name: &str, text: &str) {
        self.in_bucket(bucket, |bucket| {
            let object = bucket.objects.get_mut(key);
            let object = object.unwrap_or_else(|| panic!("there is no object {key}"));
            let metadata = &mut object.attributes.metadata;
            metadata.insert(name.into(), text.into());
        });
    }

    /// An object with its bytes, if it is there.
    ///
    /// # Errors
    /// When its files cannot be read.
    ///
    /// # Panics
    /// When there is no such bucket.
    pub fn object(&self, bucket: &str, key: &str) -> io::Result<Option<StoredObject>> {
        let object = self.in_bucket(bucket, |bucket| bucket.objects.get(key).cloned());
        let Some(object) = object else {
            return Ok(None);
        };
        let bytes = read::whole(&object)?;
        let mut seen = self.in_bucket(bucket, |bucket| StoredObject::of(bucket, &object));
        seen.bytes = bytes;
        Ok(Some(seen))
    }

    /// The objects of a bucket in the order of their keys, without their bytes.
    ///
    /// # Panics
    /// When there is no such bucket.
    pub fn objects(&self, bucket: &str) -> Vec<StoredObject> {
        self.in_bucket(bucket, |bucket| {
            let objects = bucket.objects.values();
            objects
                .map(|object| StoredObject::of(bucket, object))
                .collect()
        })
    }

    /// The multipart uploads to a bucket that have not ended.
    ///
    /// # Panics
    /// When there is no such bucket.
    pub fn unfinished_uploads(&self, bucket: &str) -> Vec<UnfinishedUpload> {
        self.in_bucket(bucket, |bucket| {
            let uploads = bucket.uploads.iter();
            let seen = uploads.map(|(id, upload)| UnfinishedUpload {
                id: id.clone(),
                key: upload.key.clone(),
                parts: upload
                    .parts
                    .iter()
                    .map(|(number, part)| (*number, part.segment.size))
                    .collect(),
            });
            seen.collect()
        })
    }

    /// The names of the buckets of a region.
    pub fn buckets(&self, region: &str) -> Vec<String> {
        let world = self.world();
        let buckets = world.s3.iter().filter(|bucket| bucket.region == region);
        buckets.map(|bucket| bucket.name.clone()).collect()
    }

    /// The canonical user ID of an account, by which ACLs name it.
    pub fn canonical_id(&self, account: &str) -> String {
        acl::canonical_id(account)
    }

    fn in_bucket<R>(&self, name: &str, work: impl FnOnce(&mut Bucket) -> R) -> R {
        let mut world = self.world();
        let found = world.s3.known_mut(name);
        work(found.unwrap_or_else(|_| panic!("the sandbox has no bucket {name}")))
    }
}

impl StoredObject {
    fn of(bucket: &Bucket, object: &Object) -> Self {
        let sums = object.sums.iter();
        StoredObject {
            key: object.key.clone(),
            bytes: Vec::new(),
            size: object.size(),
            etag: object.etag.clone(),
            content_type: object.attributes.content_type.clone(),
            metadata: object.attributes.metadata.clone(),
            checksums: sums
                .map(|(algorithm, sum)| (algorithm.as_str(), sum.clone()))
                .collect(),
            owner: bucket.owner_of(object).to_owned(),
            grants: object.grants.clone(),
            encryption: object.attributes.encryption.clone(),
            modified: object.modified,
        }
    }
}
