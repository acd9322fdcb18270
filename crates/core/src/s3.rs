//! The gateway to S3: the objects of bundles.
//!
//! Invariant: SDK types become ours here and nowhere else. All of these calls may be made twice without
//! harm: an object that is put again replaces itself, or is known by its mark.

mod acl;
mod bucket;
mod keys;
mod look;
mod metadata;
mod place;
mod presign;
mod put;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::types::{ObjectCannedAcl, ServerSideEncryption};
use bytes::Bytes;

pub use look::{Look, Seen};
pub use place::Place;
pub use presign::{Announced, Headers, Presigned};
pub use put::{NewObject, Over, is_taken};

use crate::body;
use crate::calls::Calls;
use crate::error::{Error, Fault, Kind};
use crate::region::Region;

/// How long the data of an object may take to arrive once its answer has begun; the SDK's time-outs
/// end there. Objects are read whole, and those of bundles have 10 MiB.
const BODY: Duration = Duration::from_secs(5 * 60);
/// How long sending one may take: as long.
const SENDING: Duration = Duration::from_secs(5 * 60);
/// How objects are encrypted, whatever the bucket does by default: EC2 has no leave to use a key of KMS,
/// and what a request says counts more than the bucket (S3 User Guide, "Setting default server-side
/// encryption behavior for Amazon S3 buckets").
const ENCRYPTION: ServerSideEncryption = ServerSideEncryption::Aes256;

/// S3 in one region.
#[derive(Debug)]
pub struct S3 {
    client: aws_sdk_s3::Client,
    calls: Calls,
}

/// Who may read an object besides the owner of its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acl {
    /// EC2, which needs that to start images of bundles.
    AwsExecRead,
    /// Everybody.
    PublicRead,
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

    /// Gets the data of an object, of `most` bytes at most.
    ///
    /// # Errors
    /// What S3 answers, an object that is longer, and an answer that breaks off or does not end.
    pub async fn get(&self, place: &Place, most: usize) -> Result<Bytes, Error> {
        let got = self.get_when(place, most, async |_| ()).await;
        got.map(|(data, ())| data)
    }

    /// The same, once `admit` has room for as many bytes as it is told that there are; what it gives
    /// comes with them.
    ///
    /// # Errors
    /// As of [`S3::get`].
    pub async fn get_when<R>(
        &self,
        place: &Place,
        most: usize,
        admit: impl AsyncFn(usize) -> R,
    ) -> Result<(Bytes, R), Error> {
        let call = || {
            self.client
                .get_object()
                .bucket(&place.bucket)
                .key(&place.key)
        };
        let mut admitted = None;
        let data = self.calls.patiently(async || {
            let answer = self.calls.once("GetObject", call().send()).await?;
            let said = answer.content_length();
            let said = said.and_then(|length| usize::try_from(length).ok());
            let length = said.unwrap_or(most);
            let most = admitted.as_ref().map_or(most, |(length, _)| *length);
            if length > most {
                return Err(Error::failed(format!("is longer than {most} bytes")));
            }
            if admitted.is_none() {
                admitted = Some((length, admit(length).await));
            }
            let mut data = answer.body;
            let whole = body::whole("the object", most, BODY, async || data.next().await);
            let whole = whole.await?;
            let is_whole = said.is_none_or(|length| length == whole.len());
            is_whole.then_some(whole).ok_or_else(|| {
                Error::failed("the answer with the object was cut short").with_fault(Fault::Passing)
            })
        });
        let data = data.await.map_err(|error| explain(error, place))?;
        let (_, room) = admitted.ok_or_else(|| Error::failed("S3 gave no object").of(place))?;
        Ok((data, room))
    }
}

fn canned(acl: Acl) -> ObjectCannedAcl {
    match acl {
        Acl::AwsExecRead => ObjectCannedAcl::AwsExecRead,
        Acl::PublicRead => ObjectCannedAcl::PublicRead,
    }
}

/// What to do where objects cannot have ACLs.
fn how_to_have_acls(bucket: &str) -> String {
    format!(
        "the bucket has its ACLs switched off, as new ones have, and EC2 reads bundles by ACL; switch them \
         on: aws s3api put-bucket-ownership-controls --bucket {bucket} --ownership-controls \
         'Rules=[{{ObjectOwnership=BucketOwnerPreferred}}]'"
    )
}

/// Says what else than permissions can forbid an ACL for everybody (S3 User Guide, "Blocking public
/// access to your Amazon S3 storage").
fn blocked(error: Error, acl: Acl) -> Error {
    match (acl, error.code()) {
        (Acl::PublicRead, Some("AccessDenied")) => error.adding(
            "if it is there, Block Public Access of the bucket or of the account forbids --acl public-read",
        ),
        _ => error,
    }
}

/// Says which object it was, and what S3's shorter answers mean.
fn explain(error: Error, place: &Place) -> Error {
    let error = match error.code() {
        Some("NoSuchKey") => error.with_kind(Kind::NotFound),
        Some("NoSuchBucket") => error
            .with_kind(Kind::NotFound)
            .hint("make the bucket first, or let --create-bucket do that"),
        Some("AccessControlListNotSupported") => error.hint(how_to_have_acls(&place.bucket)),
        Some(
            "PermanentRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException",
        ) => error.hint("the bucket is in another region: say which with -r"),
        _ => error,
    };
    error.of(place)
}
