//! CompleteMultipartUpload. The object is made of the files of its parts as they are.

use std::collections::BTreeSet;
use std::io::{self, Read};

use s3s::crypto::{Checksum, Md5};
use s3s::dto::{self, ETag};
use s3s::{S3Request, S3Response, S3Result};
use time::OffsetDateTime;

use super::checksums::{self, Algorithm, Sums, give_sums, take_sums};
use super::conditions;
use super::error;
use super::multipart::{Upload, UploadedPart, open, type_of};
use super::object::{Object, Segment};
use super::permissions;
use super::visit::Visit;
use crate::frontdoor::off_thread;
use crate::wire::error::ApiError;
use crate::wire::signature::hex;

pub(super) async fn run(
    request: S3Request<dto::CompleteMultipartUploadInput>,
) -> S3Result<S3Response<dto::CompleteMultipartUploadOutput>> {
    let done = complete(request).await;
    done.map(S3Response::new).map_err(error::told)
}

async fn complete(
    request: S3Request<dto::CompleteMultipartUploadInput>,
) -> Result<dto::CompleteMultipartUploadOutput, ApiError> {
    let visit = Visit::of(&request).map_err(error::internal)?;
    let mut input = request.input;
    let upload = {
        let world = &mut *visit.shared.lock();
        let bucket = permissions::writable(world, &visit, &input.bucket)?;
        conditions::check_write(
            bucket,
            &input.key,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
        )?;
        open(bucket, &input.key, &input.upload_id)?.clone()
    };
    let smallest = visit.shared.lock().settings.limits.smallest_part;
    let parts = chosen(&upload, input.multipart_upload.take(), smallest)?;
    let (algorithm, is_composite) = upload.checksum.unwrap_or((Algorithm::Crc64Nvme, false));
    let sums = match is_composite {
        true => composite(algorithm, &parts)?,
        false => of_whole(algorithm, &parts).await?,
    };
    checksums::compare(&take_sums!(input), &sums)?;
    let object = Object {
        key: input.key.clone(),
        owner: upload.owner,
        etag: etag(&parts),
        segments: parts.into_iter().map(|part| part.segment).collect(),
        modified: OffsetDateTime::now_utc(),
        attributes: upload.attributes,
        sums,
        is_composite,
        has_parts: true,
        grants: upload.grants,
    };
    let mut output = dto::CompleteMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        checksum_type: Some(type_of(is_composite)),
        server_side_encryption: Some(object.attributes.encryption.clone().into()),
        ..dto::CompleteMultipartUploadOutput::default()
    };
    give_sums!(output, &object.sums);
    let world = &mut *visit.shared.lock();
    let bucket = world.s3.known_mut(&input.bucket)?;
    open(bucket, &input.key, &input.upload_id)?;
    if !visit.pretends {
        bucket.uploads.remove(&input.upload_id);
        bucket.objects.insert(object.key.clone(), object);
    }
    Ok(output)
}

/// The parts that the request names, in order.
fn chosen(
    upload: &Upload,
    named: Option<dto::CompletedMultipartUpload>,
    smallest: u64,
) -> Result<Vec<UploadedPart>, ApiError> {
    let named = named
        .and_then(|named| named.parts)
        .filter(|parts| !parts.is_empty());
    let named = named.ok_or_else(error::malformed)?;
    if !named.is_sorted_by(|before, after| before.part_number < after.part_number) {
        let message =
            "The list of parts was not in ascending order. Parts must be ordered by part number.";
        return Err(ApiError::client("InvalidPartOrder", message));
    }
    let mut parts = Vec::with_capacity(named.len());
    for mut given in named {
        let part = given
            .part_number
            .and_then(|number| upload.parts.get(&number));
        let is_same = |part: &&UploadedPart| {
            let etag = given.e_tag.as_ref().map(ETag::value);
            etag == Some(&*hex(&part.md5))
        };
        let part = part.filter(is_same).ok_or_else(no_part)?;
        let said = take_sums!(given);
        if said
            .iter()
            .any(|(algorithm, sum)| part.sums.get(algorithm) != Some(sum))
        {
            return Err(no_part());
        }
        parts.push(part.clone());
    }
    let (_, before) = parts.split_last().ok_or_else(error::malformed)?;
    if before.iter().any(|part| part.segment.size < smallest) {
        let message = "Your proposed upload is smaller than the minimum allowed size";
        return Err(ApiError::client("EntityTooSmall", message));
    }
    Ok(parts)
}

fn no_part() -> ApiError {
    let message = "One or more of the specified parts could not be found. The part may not have been \
         uploaded, or the specified entity tag may not match the part's entity tag.";
    ApiError::client("InvalidPart", message)
}

fn etag(parts: &[UploadedPart]) -> String {
    let mut md5 = Md5::new();
    parts.iter().for_each(|part| md5.update(&part.md5));
    format!("{}-{}", hex(&md5.finalize()), parts.len())
}

fn composite(algorithm: Algorithm, parts: &[UploadedPart]) -> Result<Sums, ApiError> {
    let sums: Option<Vec<&String>> = parts.iter().map(|part| part.sums.get(&algorithm)).collect();
    let sum = sums.and_then(|sums| checksums::composite(algorithm, sums.into_iter()));
    Ok(Sums::from([(algorithm, sum.ok_or_else(no_part)?)]))
}

/// The checksum of all bytes, which are read again for it.
async fn of_whole(algorithm: Algorithm, parts: &[UploadedPart]) -> Result<Sums, ApiError> {
    let segments: Vec<Segment> = parts.iter().map(|part| part.segment.clone()).collect();
    let sums = off_thread(move || read_all(algorithm, &segments)).await;
    sums.map_err(error::internal)
}

fn read_all(algorithm: Algorithm, segments: &[Segment]) -> io::Result<Sums> {
    let mut hasher = checksums::hasher(&BTreeSet::from([algorithm]));
    let mut piece = vec![0; 1 << 20];
    for segment in segments {
        let mut file = segment.file.open()?;
        loop {
            match file.read(&mut piece)? {
                0 => break,
                count => hasher.update(&piece[..count]),
            }
        }
    }
    Ok(checksums::sums(hasher))
}
