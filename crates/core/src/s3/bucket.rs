//! Buckets: where they are, and new ones.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, ObjectOwnership};

use super::S3;
use crate::error::{Error, Kind};
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
            Err(error) => Err(error.of(bucket)),
        }
    }

    /// Makes a bucket in this region, in which objects can have ACLs.
    ///
    /// # Errors
    /// What S3 refuses. A bucket that is ours already is no error.
    pub async fn create_bucket(&self, bucket: &str) -> Result<(), Error> {
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
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => Ok(()),
            Err(error) if error.code() == Some("BucketAlreadyExists") => {
                let error = error.with_kind(Kind::Failed);
                Err(error
                    .hint("names of buckets are shared by all accounts: choose another")
                    .of(bucket))
            }
            Err(error) => Err(error.of(bucket)),
        }
    }
}

fn header<E>(error: &SdkError<E>) -> Option<String> {
    let headers = error.raw_response()?.headers();
    headers.get(REGION).map(str::to_owned)
}
