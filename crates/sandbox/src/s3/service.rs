//! Where s3s takes over: it verifies signatures, decodes bodies, reads and writes XML, and calls one
//! operation.

use std::sync::Arc;

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::dto;
use s3s::host::{S3Host, VirtualHost};
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Request, S3Response, S3Result};

pub(crate) use s3s::service::S3Service;

use super::visit::at_once;
use super::{
    bucket_settings, buckets, copy, credentials, delete, error, get, list, multipart,
    multipart_complete, multipart_list, object_acl, put, route,
};
use crate::frontdoor::Shared;

/// The service of a sandbox.
pub(crate) fn service(shared: &Shared) -> S3Service {
    let mut builder = S3ServiceBuilder::new(Storage);
    builder.set_auth(Secrets(shared.clone()));
    builder.set_access(Everyone);
    builder.set_host(Hosts);
    // The clock is looked at where the credentials are, by the settings.
    let mut config = S3Config::default();
    config.presigned_url_max_skew_time_secs = u32::MAX;
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
    builder.build()
}

/// The secrets of the access keys that there are.
struct Secrets(Shared);

#[async_trait::async_trait]
impl S3Auth for Secrets {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let world = self.0.lock();
        let key = world.keys.get(access_key);
        let key = key.ok_or_else(|| error::told(credentials::unknown_key()))?;
        Ok(key.secret.clone().into())
    }
}

/// Lets everyone through to the operations, each of which knows who may do it.
struct Everyone;

#[async_trait::async_trait]
impl S3Access for Everyone {
    async fn check(&self, _: &mut S3AccessContext<'_>) -> S3Result<()> {
        Ok(())
    }
}

/// Buckets in the name of the host, below `localhost`.
struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let whole = VirtualHost::new(host);
        Ok(match route::bucket_of_host(host) {
            Some(bucket) => whole.with_bucket(bucket),
            None => whole,
        })
    }
}

/// The operations, by their names in the API reference.
struct Storage;

/// Operations that look at nothing but what is remembered.
macro_rules! operations {
    ($($name:ident($input:ident) -> $output:ident = $work:path;)*) => {
        #[async_trait::async_trait]
        impl S3 for Storage {
            $(async fn $name(&self, request: S3Request<dto::$input>) -> S3Result<S3Response<dto::$output>> {
                at_once(request, $work)
            })*

            async fn put_object(
                &self,
                request: S3Request<dto::PutObjectInput>,
            ) -> S3Result<S3Response<dto::PutObjectOutput>> {
                put::run(request).await
            }

            async fn upload_part(
                &self,
                request: S3Request<dto::UploadPartInput>,
            ) -> S3Result<S3Response<dto::UploadPartOutput>> {
                multipart::part(request).await
            }

            async fn complete_multipart_upload(
                &self,
                request: S3Request<dto::CompleteMultipartUploadInput>,
            ) -> S3Result<S3Response<dto::CompleteMultipartUploadOutput>> {
                multipart_complete::run(request).await
            }
        }
    };
}

operations! {
    create_bucket(CreateBucketInput) -> CreateBucketOutput = buckets::create;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = buckets::delete;
    head_bucket(HeadBucketInput) -> HeadBucketOutput = buckets::head;
    list_buckets(ListBucketsInput) -> ListBucketsOutput = buckets::list;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = buckets::location;
    get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput = bucket_settings::get_acl;
    put_bucket_acl(PutBucketAclInput) -> PutBucketAclOutput = bucket_settings::put_acl;
    get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput
        = bucket_settings::get_ownership;
    put_bucket_ownership_controls(PutBucketOwnershipControlsInput) -> PutBucketOwnershipControlsOutput
        = bucket_settings::put_ownership;
    delete_bucket_ownership_controls(DeleteBucketOwnershipControlsInput)
        -> DeleteBucketOwnershipControlsOutput = bucket_settings::delete_ownership;
    get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput
        = bucket_settings::get_public_access;
    put_public_access_block(PutPublicAccessBlockInput) -> PutPublicAccessBlockOutput
        = bucket_settings::put_public_access;
    delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput
        = bucket_settings::delete_public_access;
    get_object(GetObjectInput) -> GetObjectOutput = get::get;
    head_object(HeadObjectInput) -> HeadObjectOutput = get::head;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput = delete::one;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = delete::many;
    copy_object(CopyObjectInput) -> CopyObjectOutput = copy::run;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = list::second;
    list_objects(ListObjectsInput) -> ListObjectsOutput = list::first;
    get_object_acl(GetObjectAclInput) -> GetObjectAclOutput = object_acl::get;
    put_object_acl(PutObjectAclInput) -> PutObjectAclOutput = object_acl::put;
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput
        = multipart::create;
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput = multipart::abort;
    list_parts(ListPartsInput) -> ListPartsOutput = multipart_list::parts;
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput
        = multipart_list::uploads;
}
