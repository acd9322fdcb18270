//! ListParts and ListMultipartUploads.

use s3s::dto::{self, ETag};

use super::acl::{READ, canonical_id};
use super::checksums::give_sums;
use super::grants;
use super::list::Encoding;
use super::multipart::{Upload, type_of};
use super::visit::Visit;
use super::{error, permissions};
use crate::wire::error::ApiError;
use crate::wire::signature::hex;
use crate::world::World;

/// The most on a page of either list (API reference).
const PAGE: usize = 1000;

pub(super) fn parts(
    world: &mut World,
    visit: &Visit,
    input: dto::ListPartsInput,
) -> Result<dto::ListPartsOutput, ApiError> {
    let most = page_size(world, input.max_parts);
    let bucket = permissions::bucket(world, visit, &input.bucket, "")?;
    let upload = bucket.uploads.get(&input.upload_id);
    let upload = upload.filter(|upload| upload.key == input.key);
    let upload = upload.ok_or_else(error::no_upload)?;
    let after = input.part_number_marker.unwrap_or_default();
    let rest = upload.parts.iter().filter(|(number, _)| **number > after);
    let mut shown: Vec<dto::Part> = rest
        .map(|(number, part)| {
            let mut shown = dto::Part {
                e_tag: Some(ETag::Strong(hex(&part.md5))),
                last_modified: Some(part.arrived.into()),
                part_number: Some(*number),
                size: Some(i64::try_from(part.segment.size).unwrap_or(i64::MAX)),
                ..dto::Part::default()
            };
            give_sums!(shown, &part.sums);
            shown
        })
        .collect();
    let is_truncated = shown.len() > most;
    shown.truncate(most);
    let last = shown.last().and_then(|part| part.part_number);
    Ok(dto::ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        checksum_algorithm: algorithm(upload),
        checksum_type: upload
            .checksum
            .map(|(_, is_composite)| type_of(is_composite)),
        initiator: Some(initiator(upload)),
        owner: Some(grants::owner(&upload.owner)),
        is_truncated: Some(is_truncated),
        max_parts: Some(i32::try_from(most).unwrap_or(i32::MAX)),
        part_number_marker: Some(after),
        next_part_number_marker: last,
        parts: Some(shown),
        storage_class: Some(dto::StorageClass::from_static("STANDARD")),
        ..dto::ListPartsOutput::default()
    })
}

pub(super) fn uploads(
    world: &mut World,
    visit: &Visit,
    input: dto::ListMultipartUploadsInput,
) -> Result<dto::ListMultipartUploadsOutput, ApiError> {
    let most = page_size(world, input.max_uploads);
    let bucket = permissions::bucket(world, visit, &input.bucket, READ)?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let key = input.key_marker.as_deref().unwrap_or_default();
    let id = input.upload_id_marker.as_deref();
    // Without the marker of an upload all uploads of the marked key are behind.
    let is_behind = |upload: &Upload, own: &str| match id {
        Some(id) => (&*upload.key, own) > (key, id),
        None => &*upload.key > key,
    };
    let fits = |(own, upload): &(&String, &Upload)| {
        upload.key.starts_with(prefix) && (key.is_empty() || is_behind(upload, own))
    };
    let mut found: Vec<(&String, &Upload)> = bucket.uploads.iter().filter(fits).collect();
    found.sort_by_key(|(id, upload)| (&upload.key, *id));
    let is_truncated = found.len() > most;
    found.truncate(most);
    let last = found.last().filter(|_| is_truncated);
    let encoding = Encoding(input.encoding_type.is_some());
    let shown = |(id, upload): &(&String, &Upload)| dto::MultipartUpload {
        checksum_algorithm: algorithm(upload),
        checksum_type: upload
            .checksum
            .map(|(_, is_composite)| type_of(is_composite)),
        initiated: Some(upload.began.into()),
        initiator: Some(initiator(upload)),
        key: Some(encoding.of(&upload.key)),
        owner: Some(grants::owner(&upload.owner)),
        storage_class: Some(dto::StorageClass::from_static("STANDARD")),
        upload_id: Some((*id).clone()),
    };
    Ok(dto::ListMultipartUploadsOutput {
        is_truncated: Some(is_truncated),
        max_uploads: Some(i32::try_from(most).unwrap_or(i32::MAX)),
        next_key_marker: last.map(|(_, upload)| encoding.of(&upload.key)),
        next_upload_id_marker: last.map(|(id, _)| (*id).clone()),
        uploads: Some(found.iter().map(shown).collect()),
        bucket: Some(input.bucket.clone()),
        encoding_type: input.encoding_type.clone(),
        key_marker: input.key_marker.clone(),
        prefix: input.prefix.clone(),
        upload_id_marker: input.upload_id_marker.clone(),
        ..dto::ListMultipartUploadsOutput::default()
    })
}

fn page_size(world: &World, asked: Option<i32>) -> usize {
    let asked = asked.and_then(|asked| usize::try_from(asked).ok());
    let most = world.settings.page_size.unwrap_or(PAGE).min(PAGE);
    asked.unwrap_or(PAGE).min(most)
}

fn algorithm(upload: &Upload) -> Option<dto::ChecksumAlgorithm> {
    let (algorithm, _) = upload.checksum?;
    Some(dto::ChecksumAlgorithm::from_static(algorithm.as_str()))
}

fn initiator(upload: &Upload) -> dto::Initiator {
    dto::Initiator {
        display_name: None,
        id: Some(canonical_id(&upload.initiator)),
    }
}
