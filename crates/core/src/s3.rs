//! The gateway to S3: the objects of bundles.
//!
//! Invariant: SDK types become ours here and nowhere else. All of these calls may be made twice without
//! harm: an object that is put again replaces itself.

mod bucket;
mod keys;
mod metadata;
mod place;
mod presign;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, ObjectCannedAcl};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

pub use place::Place;
pub use presign::{Headers, Presigned};

use crate::body;
use crate::calls::Calls;
use crate::error::{Error, Fault, Kind};
use crate::region::Region;

/// How long the data of an object may take to arrive once its answer has begun; the SDK's time-outs
/// end there. Objects are read whole, and those of bundles have 10 MiB.
const BODY: Duration = Duration::from_secs(5 * 60);
/// How long sending one may take: as long.
const SENDING: Duration = Duration::from_secs(5 * 60);

/// S3 in one region.
#[derive(Debug)]
pub struct S3 {
    client: aws_sdk_s3::Client,
    calls: Calls,
}

/// Who may read an object besides the owner of its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acl {
    /// Nobody is named; the only one that buckets take by default.
    Private,
    /// EC2, which needs that to start images of bundles.
    AwsExecRead,
    /// Everybody.
    PublicRead,
}

/// An object to be put.
#[derive(Debug, Clone)]
pub struct NewObject {
    /// Its data.
    pub data: Bytes,
    /// Their SHA-256: S3 refuses what arrives otherwise, and keeps it.
    pub sha256: [u8; 32],
    /// Who may read it.
    pub acl: Acl,
    /// A text that is kept beside it.
    pub description: Option<String>,
}

/// An object as S3 tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Bytes.
    pub size: u64,
    /// The SHA-256 of its data, where S3 was told one when it was put.
    pub sha256: Option<[u8; 32]>,
    /// Its entity tag: the MD5 of what was put in one piece and is not encrypted with a key of KMS.
    pub etag: Option<String>,
    /// The text that is kept beside it.
    pub description: Option<String>,
}

impl S3 {
    /// A gateway that speaks as `config` says, and makes its calls so.
    pub(crate) fn new(config: &SdkConfig, calls: Calls) -> Self {
        let mut builder = aws_sdk_s3::config::Builder::from(config)
            .region(aws_sdk_s3::config::Region::new(calls.region().to_string()))
            // Where calls go somewhere else than to AWS, a bucket is no host there.
            .force_path_style(calls.is_elsewhere());
        if let Some(timeouts) = config.timeout_config() {
            let longer = timeouts.to_builder().operation_attempt_timeout(SENDING);
            builder = builder.timeout_config(longer.build());
        }
        Self {
            client: aws_sdk_s3::Client::from_conf(builder.build()),
            calls,
        }
    }

    /// Where it is.
    pub fn region(&self) -> &Region {
        self.calls.region()
    }

    /// Puts an object, in place of the one that has its key.
    ///
    /// # Errors
    /// What S3 refuses.
    pub async fn put(&self, place: &Place, object: &NewObject) -> Result<(), Error> {
        let call = || {
            self.client
                .put_object()
                .bucket(&place.bucket)
                .key(&place.key)
                .set_acl(canned(object.acl))
                .set_metadata(metadata::with(object.description.as_deref()))
                .content_length(i64::try_from(object.data.len()).unwrap_or(i64::MAX))
                .checksum_sha256(STANDARD.encode(object.sha256))
                .body(ByteStream::from(object.data.clone()))
        };
        self.calls
            .patiently(async || self.calls.once("PutObject", call().send()).await)
            .await
            .map(drop)
            .map_err(|error| explain(error, place))
    }

    /// Gets the data of an object, of `most` bytes at most.
    ///
    /// # Errors
    /// What S3 answers, an object that is longer, and an answer that breaks off or does not end.
    pub async fn get(&self, place: &Place, most: usize) -> Result<Bytes, Error> {
        let call = || {
            self.client
                .get_object()
                .bucket(&place.bucket)
                .key(&place.key)
        };
        self.calls
            .patiently(async || {
                let answer = self.calls.once("GetObject", call().send()).await?;
                let length = answer.content_length();
                if length.is_some_and(|length| usize::try_from(length).is_ok_and(|it| it > most)) {
                    return Err(Error::failed(format!("is longer than {most} bytes")));
                }
                let mut data = answer.body;
                let whole = body::whole("the object", most, BODY, async || data.next().await);
                let whole = whole.await?;
                let is_whole =
                    length.is_none_or(|length| usize::try_from(length) == Ok(whole.len()));
                is_whole.then_some(whole).ok_or_else(|| {
                    Error::failed("the answer with the object was cut short")
                        .with_fault(Fault::Passing)
                })
            })
            .await
            .map_err(|error| explain(error, place))
    }

    /// Looks at an object; none if there is none of that key.
    ///
    /// # Errors
    /// What S3 answers.
    pub async fn look(&self, place: &Place) -> Result<Option<Seen>, Error> {
        let call = || {
            self.client
                .head_object()
                .bucket(&place.bucket)
                .key(&place.key)
                .checksum_mode(ChecksumMode::Enabled)
        };
        let seen = self
            .calls
            .patiently(async || self.calls.once("HeadObject", call().send()).await)
            .await;
        match seen {
            Ok(seen) => Ok(Some(Seen {
                size: seen
                    .content_length()
                    .and_then(|length| u64::try_from(length).ok())
                    .unwrap_or_default(),
                sha256: seen
                    .checksum_sha256()
                    .and_then(|text| STANDARD.decode(text).ok())
                    .and_then(|bytes| bytes.try_into().ok()),
                etag: seen.e_tag().map(|tag| tag.trim_matches('"').to_owned()),
                description: metadata::description(seen.metadata()),
            })),
            // The answer to a HEAD has no body, and so no other code.
            Err(error) if error.code() == Some("NotFound") => Ok(None),
            Err(error) => Err(explain(error, place)),
        }
    }
}

fn canned(acl: Acl) -> Option<ObjectCannedAcl> {
    match acl {
        Acl::Private => None,
        Acl::AwsExecRead => Some(ObjectCannedAcl::AwsExecRead),
        Acl::PublicRead => Some(ObjectCannedAcl::PublicRead),
    }
}

/// Says which object it was, and what S3's shorter answers mean.
fn explain(error: Error, place: &Place) -> Error {
    let error = match error.code() {
        Some("NoSuchKey") => error.with_kind(Kind::NotFound),
        Some("NoSuchBucket") => error
            .with_kind(Kind::NotFound)
            .hint("make the bucket first, or let --create-bucket do that"),
        Some("AccessControlListNotSupported") => error.hint(format!(
            "the bucket has its ACLs switched off, as new ones have, and EC2 reads bundles by ACL; \
             switch them on with 'aws s3api put-bucket-ownership-controls --bucket {} \
             --ownership-controls Rules=[{{ObjectOwnership=BucketOwnerPreferred}}]'",
            place.bucket
        )),
        Some(
            "PermanentRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException",
        ) => error.hint("the bucket is in another region: say which with -r"),
        _ => error,
    };
    error.of(place)
}
