//! Multipart uploads as they begin and go on: CreateMultipartUpload, UploadPart, AbortMultipartUpload.

use std::collections::{BTreeMap, BTreeSet};

use s3s::dto::{self, ETag};
use s3s::{S3Request, S3Response, S3Result};
use time::OffsetDateTime;
use uuid::Uuid;

use super::acl::Grant;
use super::attributes::{Attributes, take_attributes};
use super::bucket::Bucket;
use super::checksums::{self, Algorithm, Sums, give_sums, take_sums};
use super::error;
use super::grants::wanted_acl;
use super::object::Segment;
use super::permissions;
use super::put::{Said, rights};
use super::receive;
use super::visit::Visit;
use crate::wire::error::ApiError;
use crate::wire::signature::hex;
use crate::world::World;

/// The highest number of a part (S3 user guide, "Amazon S3 multipart upload limits").
const PARTS: i32 = 10_000;

/// An upload that has begun.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) key: String,
    /// The account that began it.
    pub(super) initiator: String,
    pub(super) owner: String,
    pub(super) grants: Vec<Grant>,
    pub(super) attributes: Attributes,
    /// The algorithm that was asked for, and whether its checksum is to be one of checksums.
    pub(super) checksum: Option<(Algorithm, bool)>,
    pub(super) began: OffsetDateTime,
    pub(super) parts: BTreeMap<i32, UploadedPart>,
}

/// A part that has arrived.
#[derive(Clone, Debug)]
pub(super) struct UploadedPart {
    pub(super) segment: Segment,
    pub(super) md5: [u8; 16],
    pub(super) sums: Sums,
    pub(super) arrived: OffsetDateTime,
}

pub(super) fn create(
    world: &mut World,
    visit: &Visit,
    mut input: dto::CreateMultipartUploadInput,
) -> Result<dto::CreateMultipartUploadOutput, ApiError> {
    let initiator = visit.signer()?.to_owned();
    permissions::writable(world, visit, &input.bucket)?;
    let (owner, grants) = rights(world, visit, &input.bucket, &wanted_acl!(input))?;
    let checksum = asked_checksum(&input)?;
    let upload = Upload {
        key: input.key.clone(),
        initiator,
        owner,
        grants,
        attributes: take_attributes!(input),
        checksum,
        began: OffsetDateTime::now_utc(),
        parts: BTreeMap::new(),
    };
    let id = Uuid::new_v4().simple().to_string();
    let encryption = upload.attributes.encryption.clone();
    world
        .s3
        .known_mut(&input.bucket)?
        .uploads
        .insert(id.clone(), upload);
    Ok(dto::CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: checksum.map(|(_, is_composite)| type_of(is_composite)),
        server_side_encryption: Some(encryption.into()),
        ..dto::CreateMultipartUploadOutput::default()
    })
}

fn asked_checksum(
    input: &dto::CreateMultipartUploadInput,
) -> Result<Option<(Algorithm, bool)>, ApiError> {
    let Some(algorithm) = &input.checksum_algorithm else {
        return Ok(None);
    };
    let algorithm = Algorithm::parse(algorithm.as_str())?;
    let said = input
        .checksum_type
        .as_ref()
        .map(|word| word.as_str() == "COMPOSITE");
    let is_composite = said.unwrap_or(algorithm != Algorithm::Crc64Nvme);
    checksums::check_type(algorithm, is_composite)?;
    Ok(Some((algorithm, is_composite)))
}

/// The word for how a checksum comes about.
pub(super) fn type_of(is_composite: bool) -> dto::ChecksumType {
    dto::ChecksumType::from_static(if is_composite {
        "COMPOSITE"
    } else {
        "FULL_OBJECT"
    })
}

pub(super) async fn part(
    request: S3Request<dto::UploadPartInput>,
) -> S3Result<S3Response<dto::UploadPartOutput>> {
    let done = receive_part(request).await;
    done.map(S3Response::new).map_err(error::told)
}

async fn receive_part(
    mut request: S3Request<dto::UploadPartInput>,
) -> Result<dto::UploadPartOutput, ApiError> {
    let visit = Visit::of(&request).map_err(error::internal)?;
    let trailers = checksums::announced(&request.headers);
    let (input, trailing) = (&mut request.input, request.trailing_headers.as_ref());
    if !(1..=PARTS).contains(&input.part_number) {
        let message = format!("Part number must be an integer between 1 and {PARTS}, inclusive");
        return Err(error::invalid(message));
    }
    let asked = {
        let world = &mut *visit.shared.lock();
        let bucket = permissions::writable(world, &visit, &input.bucket)?;
        open(bucket, &input.key, &input.upload_id)?.checksum
    };
    let mut said = Said::new(input.content_md5.take(), take_sums!(input), trailers)?;
    match asked {
        Some((algorithm, _)) => drop(said.algorithms.insert(algorithm)),
        None => drop(said.algorithms.insert(Algorithm::Crc64Nvme)),
    }
    let told: BTreeSet<Algorithm> = said.sums.keys().chain(&said.trailers).copied().collect();
    let received = receive::receive(&visit, input.body.take(), &said.algorithms).await?;
    let sums = said.check(&received, trailing)?;
    let mut output = dto::UploadPartOutput {
        e_tag: Some(ETag::Strong(hex(&received.md5))),
        server_side_encryption: Some(dto::ServerSideEncryption::from_static("AES256")),
        ..dto::UploadPartOutput::default()
    };
    // What S3 computes for itself it does not tell of a part.
    let shown = sums
        .clone()
        .into_iter()
        .filter(|(algorithm, _)| told.contains(algorithm));
    give_sums!(output, shown.collect::<Sums>());
    if !visit.pretends {
        let part = UploadedPart {
            segment: received.segment,
            md5: received.md5,
            sums,
            arrived: OffsetDateTime::now_utc(),
        };
        let world = &mut *visit.shared.lock();
        let bucket = world.s3.known_mut(&input.bucket)?;
        open(bucket, &input.key, &input.upload_id)?
            .parts
            .insert(input.part_number, part);
    }
    Ok(output)
}

/// An upload of a key that has not ended.
pub(super) fn open<'b>(
    bucket: &'b mut Bucket,
    key: &str,
    id: &str,
) -> Result<&'b mut Upload, ApiError> {
    let upload = bucket
        .uploads
        .get_mut(id)
        .filter(|upload| upload.key == key);
    upload.ok_or_else(error::no_upload)
}

pub(super) fn abort(
    world: &mut World,
    visit: &Visit,
    input: dto::AbortMultipartUploadInput,
) -> Result<dto::AbortMultipartUploadOutput, ApiError> {
    let bucket = permissions::writable(world, visit, &input.bucket)?;
    open(bucket, &input.key, &input.upload_id)?;
    if !visit.pretends {
        bucket.uploads.remove(&input.upload_id);
    }
    Ok(dto::AbortMultipartUploadOutput::default())
}
