//! PutObject.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;

use s3s::dto::{self, ETag};
use s3s::{S3Request, S3Response, S3Result};
use time::OffsetDateTime;

use super::acl::Grant;
use super::attributes::take_attributes;
use super::bucket::{Bucket, Ownership};
use super::checksums::{self, Algorithm, Sums, give_sums, take_sums};
use super::conditions;
use super::error;
use super::grants::{Wanted, wanted_acl};
use super::object::Object;
use super::permissions;
use super::receive::{self, Received};
use super::visit::Visit;
use crate::wire::error::ApiError;
use crate::wire::signature::hex;
use crate::world::World;

/// The largest object that one request may carry: 5 GiB (S3 user guide, "Uploading objects").
const LARGEST: u64 = 5 << 30;

pub(super) async fn run(
    request: S3Request<dto::PutObjectInput>,
) -> S3Result<S3Response<dto::PutObjectOutput>> {
    let done = put(request).await;
    done.map(S3Response::new).map_err(error::told)
}

async fn put(
    mut request: S3Request<dto::PutObjectInput>,
) -> Result<dto::PutObjectOutput, ApiError> {
    let visit = Visit::of(&request).map_err(error::internal)?;
    let body = request.input.body.take();
    let (owner, grants) = admit(&visit, &mut request.input)?;
    let said = said(&mut request)?;
    let received = receive::receive(&visit, body, &said.algorithms).await?;
    let sums = said.check(&received, request.trailing_headers.as_ref())?;
    let input = &mut request.input;
    let says_encryption = input.server_side_encryption.is_some();
    let mut attributes = take_attributes!(input);
    if !says_encryption {
        attributes.encryption = visit
            .shared
            .lock()
            .s3
            .known(&input.bucket)?
            .encryption
            .clone();
    }
    let object = Object {
        key: input.key.clone(),
        owner,
        segments: vec![received.segment],
        etag: hex(&received.md5),
        modified: OffsetDateTime::now_utc(),
        attributes,
        sums,
        is_composite: false,
        has_parts: false,
        grants,
    };
    let mut output = dto::PutObjectOutput {
        checksum_type: Some(dto::ChecksumType::from_static("FULL_OBJECT")),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        server_side_encryption: Some(object.attributes.encryption.clone().into()),
        ssekms_key_id: object.attributes.kms_key.clone(),
        ..dto::PutObjectOutput::default()
    };
    give_sums!(output, &object.sums);
    if !visit.pretends {
        let mut world = visit.shared.lock();
        let bucket = permissions::writable(&mut world, &visit, &input.bucket)?;
        let (if_match, if_none_match) = (input.if_match.as_ref(), input.if_none_match.as_ref());
        conditions::check_write(bucket, &input.key, if_match, if_none_match)?;
        bucket.objects.insert(object.key.clone(), object);
    }
    Ok(output)
}

/// Finds out before the bytes come whether they may, who will own them and who may read them.
fn admit(visit: &Visit, input: &mut dto::PutObjectInput) -> Result<(String, Vec<Grant>), ApiError> {
    let world = &mut *visit.shared.lock();
    let bucket = permissions::writable(world, visit, &input.bucket)?;
    conditions::check_write(bucket, &input.key, input.if_match.as_ref(), None)?;
    let length = input.content_length.unwrap_or_default();
    if u64::try_from(length).is_ok_and(|length| length > LARGEST) {
        let message = "Your proposed upload exceeds the maximum allowed size";
        return Err(ApiError::client("EntityTooLarge", message));
    }
    let wanted = wanted_acl!(input);
    rights(world, visit, &input.bucket, &wanted)
}

/// The owner and the grants of something that is put into a bucket.
pub(super) fn rights(
    world: &World,
    visit: &Visit,
    bucket: &str,
    wanted: &Wanted,
) -> Result<(String, Vec<Grant>), ApiError> {
    let bucket = world.s3.known(bucket)?;
    let owner = owner(bucket, visit, wanted);
    let grants = wanted.on_object(world, bucket, &owner)?;
    Ok((owner, grants))
}

fn owner(bucket: &Bucket, visit: &Visit, wanted: &Wanted) -> String {
    let is_given = wanted.canned.as_deref() == Some("bucket-owner-full-control");
    let is_bucket_s = match bucket.ownership {
        Some(Ownership::BucketOwnerEnforced) => true,
        Some(Ownership::BucketOwnerPreferred) => is_given,
        Some(Ownership::ObjectWriter) | None => false,
    };
    match visit.account().filter(|_| !is_bucket_s) {
        Some(writer) => writer.to_owned(),
        None => bucket.owner.clone(),
    }
}

/// What a client says of the bytes that it sends.
pub(super) struct Said {
    pub(super) md5: Option<String>,
    pub(super) sums: Sums,
    pub(super) trailers: BTreeSet<Algorithm>,
    /// What is to be computed.
    pub(super) algorithms: BTreeSet<Algorithm>,
}

fn said(request: &mut S3Request<dto::PutObjectInput>) -> Result<Said, ApiError> {
    let trailers = checksums::announced(&request.headers);
    let input = &mut request.input;
    Said::new(input.content_md5.take(), take_sums!(input), trailers)
}

impl Said {
    /// Of what nobody computed a checksum S3 computes CRC64NVME.
    pub(super) fn new(
        md5: Option<String>,
        sums: Sums,
        trailers: BTreeSet<Algorithm>,
    ) -> Result<Self, ApiError> {
        checksums::at_most_one(&sums)?;
        let mut algorithms: BTreeSet<Algorithm> = sums.keys().copied().collect();
        algorithms.extend(&trailers);
        if algorithms.is_empty() {
            algorithms.insert(Algorithm::Crc64Nvme);
        }
        Ok(Said {
            md5,
            sums,
            trailers,
            algorithms,
        })
    }

    /// Compares it with what came, and gives the checksums.
    pub(super) fn check(
        mut self,
        received: &Received,
        trailing: Option<&s3s::TrailingHeaders>,
    ) -> Result<Sums, ApiError> {
        if !self.trailers.is_empty() {
            let trailing = trailing.and_then(s3s::TrailingHeaders::take);
            let sums = trailing
                .as_ref()
                .map(checksums::trailing)
                .unwrap_or_default();
            if self
                .trailers
                .iter()
                .any(|algorithm| !sums.contains_key(algorithm))
            {
                let message = "The request contained trailing data that was not well-formed or did not \
                     conform to our published schema.";
                return Err(ApiError::client("MalformedTrailerError", message));
            }
            self.sums.extend(sums);
        }
        checksums::compare_md5(self.md5.as_deref(), &received.md5)?;
        checksums::compare(&self.sums, &received.sums)?;
        Ok(received.sums.clone())
    }
}

/// Bytes of base64.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
