//! Buckets: where they are, and new ones.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, ObjectOwnership};

use super::{S3, how_to_have_acls};
use crate::error::{Error, Fault, Kind};
use crate::region::Region;

/// S3 says it in any answer about a bucket, also in a refusal (S3 API reference, HeadBucket).
const REGION: &str = "x-amz-bucket-region";
/// The one region that has no name where a bucket is made (S3 API reference, CreateBucket).
const UNNAMED: &str = "us-east-1";

impl S3 {
    /// The region of a bucket; none if there is no such bucket.
    ///
    /// # Errors
    /// S3 does not tell.
    pub async fn region_of(&self, bucket: &str) -> Result<Option<Region>, Error> {
        let answer = self.calls.patiently(async || {
            let call = self.client.head_bucket().bucket(bucket).send();
            let mut told = None;
            let call = async {
                let answer = call.await;
                told = answer.as_ref().err().and_then(header);
                answer
            };
            match self.calls.once("HeadBucket", call).await {
                Ok(answer) => Ok(answer.bucket_region().map(str::to_owned)),
                Err(_) if told.is_some() => Ok(told),
                Err(error) => Err(error),
            }
        });
        match answer.await {
            Ok(None) => Ok(Some(self.region().clone())),
            Ok(Some(region)) => {
                let region = region.parse();
                let odd = |_| Error::failed("S3 gave a bucket's region that is none").of(bucket);
                region.map(Some).map_err(odd)
            }
            Err(error) if error.code() == Some("NotFound") => Ok(None),
            Err(error) => Err(refused(error).of(bucket)),
        }
    }

    /// Checks that objects of a bucket can have ACLs. Who may not know that is not kept from trying.
    ///
    /// # Errors
    /// They cannot.
    pub async fn check_acls(&self, bucket: &str) -> Result<(), Error> {
        let call = || self.client.get_bucket_ownership_controls().bucket(bucket);
        let asked = self.calls.patiently(async || {
            let call = call().send();
            self.calls.once("GetBucketOwnershipControls", call).await
        });
        let Ok(answer) = asked.await else {
            return Ok(());
        };
        let rules = answer.ownership_controls.map(|controls| controls.rules);
        let is_off = |rule: &aws_sdk_s3::types::OwnershipControlsRule| {
            *rule.object_ownership() == ObjectOwnership::BucketOwnerEnforced
        };
        match rules.unwrap_or_default().iter().any(is_off) {
            true => Err(Error::failed("the bucket has no ACLs")
                .of(bucket)
                .hint(how_to_have_acls(bucket))),
            false => Ok(()),
        }
    }

    /// Makes a bucket in this region, in which objects can have ACLs. False where it is ours already.
    ///
    /// # Errors
    /// What S3 refuses.
    pub async fn create_bucket(&self, bucket: &str) -> Result<bool, Error> {
        let region = self.region().to_string();
        let place = (region != UNNAMED).then(|| {
            let constraint = BucketLocationConstraint::from(region.as_str());
            CreateBucketConfiguration::builder()
                .location_constraint(constraint)
                .build()
        });
        let call = || {
            self.client
                .create_bucket()
                .bucket(bucket)
                .set_create_bucket_configuration(place.clone())
                .object_ownership(ObjectOwnership::BucketOwnerPreferred)
        };
        let made = self
            .calls
            .patiently(async || self.calls.once("CreateBucket", call().send()).await)
            .await;
        match made {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => Ok(false),
            Err(error) if error.code() == Some("BucketAlreadyExists") => {
                let error = error.with_kind(Kind::Failed);
                Err(error
                    .hint("names of buckets are shared by all accounts: choose another")
                    .of(bucket))
            }
            Err(error) => Err(error.of(bucket)),
        }
    }

    /// Deletes a bucket. One that is not empty stays, and so it is no error that it is not.
    ///
    /// # Errors
    /// What else S3 refuses.
    pub async fn delete_bucket(&self, bucket: &str) -> Result<(), Error> {
        let call = || self.client.delete_bucket().bucket(bucket);
        let deleted = self
            .calls
            .patiently(async || self.calls.once("DeleteBucket", call().send()).await)
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.code(), Some("BucketNotEmpty" | "NoSuchBucket")) => Ok(()),
            Err(error) => Err(error.of(bucket)),
        }
    }
}

/// The answer to a HEAD has no body, so that S3 does not say why it refuses.
fn refused(error: Error) -> Error {
    match (error.fault(), error.code()) {
        (Fault::Final, None) => error.hint(
            "the keys may be wrong, they may lack s3:ListBucket, or the bucket may be another account's",
        ),
        _ => error,
    }
}

fn header<E>(error: &SdkError<E>) -> Option<String> {
    let headers = error.raw_response()?.headers();
    headers.get(REGION).map(str::to_owned)
}
