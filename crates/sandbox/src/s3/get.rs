//! GetObject and HeadObject.

use std::ops::Range;

use s3s::dto::{self, ETag};

use super::acl::READ;
use super::checksums::give_sums;
use super::conditions::Conditions;
use super::object::Object;
use super::visit::Visit;
use super::{permissions, read};
use crate::wire::error::ApiError;
use crate::world::World;

pub(super) fn get(
    world: &mut World,
    visit: &Visit,
    input: dto::GetObjectInput,
) -> Result<dto::GetObjectOutput, ApiError> {
    let (_, object) = permissions::object(world, visit, &input.bucket, &input.key, READ)?;
    let conditions = Conditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    conditions.check(object)?;
    let section = section(object, input.range, input.part_number)?;
    let mut output = described(object, &section);
    // The checksum of a whole is of no use to a reader of a part.
    let is_whole = section.range == (0..object.size());
    if is_whole && wants_sums(input.checksum_mode.as_ref()) {
        give_sums!(output, &object.sums);
        output.checksum_type = Some(checksum_type(object));
    }
    output.body = Some(read::stream(object, section.range));
    Ok(output)
}

pub(super) fn head(
    world: &mut World,
    visit: &Visit,
    input: dto::HeadObjectInput,
) -> Result<dto::HeadObjectOutput, ApiError> {
    let (_, object) = permissions::object(world, visit, &input.bucket, &input.key, READ)?;
    let conditions = Conditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    conditions.check(object)?;
    let section = section(object, input.range, input.part_number)?;
    let shown = described(object, &section);
    let mut output = dto::HeadObjectOutput {
        accept_ranges: shown.accept_ranges,
        cache_control: shown.cache_control,
        content_disposition: shown.content_disposition,
        content_encoding: shown.content_encoding,
        content_language: shown.content_language,
        content_length: shown.content_length,
        content_range: shown.content_range,
        content_type: shown.content_type,
        e_tag: shown.e_tag,
        last_modified: shown.last_modified,
        metadata: shown.metadata,
        parts_count: shown.parts_count,
        ssekms_key_id: shown.ssekms_key_id,
        server_side_encryption: shown.server_side_encryption,
        storage_class: shown.storage_class,
        ..dto::HeadObjectOutput::default()
    };
    if wants_sums(input.checksum_mode.as_ref()) {
        give_sums!(output, &object.sums);
        output.checksum_type = Some(checksum_type(object));
    }
    Ok(output)
}

/// What of an object is sent.
struct Section {
    range: Range<u64>,
    /// Whether the answer says so.
    is_partial: bool,
    parts: Option<i32>,
}

fn section(
    object: &Object,
    range: Option<dto::Range>,
    part: Option<i32>,
) -> Result<Section, ApiError> {
    let size = object.size();
    let unsatisfiable = |_| {
        ApiError::new(
            416,
            "InvalidRange",
            "The requested range is not satisfiable",
        )
    };
    match (range, part) {
        (Some(_), Some(_)) => {
            let message = "Cannot specify both Range header and partNumber query parameter";
            Err(ApiError::client("InvalidRequest", message))
        }
        (Some(range), None) => Ok(Section {
            range: range.check(size).map_err(unsatisfiable)?,
            is_partial: true,
            parts: None,
        }),
        (None, Some(number)) => of_part(object, number),
        (None, None) => Ok(Section {
            range: 0..size,
            is_partial: false,
            parts: None,
        }),
    }
}

fn of_part(object: &Object, number: i32) -> Result<Section, ApiError> {
    let index = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    let segment = index.and_then(|index| object.segments.get(index));
    let (Some(index), Some(segment)) = (index, segment) else {
        let message = "The requested partnumber is not satisfiable";
        return Err(ApiError::new(416, "InvalidPartNumber", message));
    };
    let start: u64 = object.segments[..index]
        .iter()
        .map(|segment| segment.size)
        .sum();
    Ok(Section {
        range: start..start + segment.size,
        is_partial: true,
        parts: object
            .has_parts
            .then(|| i32::try_from(object.segments.len()).unwrap_or(i32::MAX)),
    })
}

/// All that both answers say.
fn described(object: &Object, section: &Section) -> dto::GetObjectOutput {
    let (attributes, range) = (&object.attributes, &section.range);
    let length = range.end - range.start;
    // An empty object has no last byte to name.
    let is_partial = section.is_partial && length > 0;
    let shown =
        |range: &Range<u64>| format!("bytes {}-{}/{}", range.start, range.end - 1, object.size());
    let default_type = || "binary/octet-stream".to_owned();
    dto::GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: attributes.cache_control.clone(),
        content_disposition: attributes.content_disposition.clone(),
        content_encoding: attributes.content_encoding.clone(),
        content_language: attributes.content_language.clone(),
        content_length: Some(i64::try_from(length).unwrap_or(i64::MAX)),
        content_range: is_partial.then(|| shown(range)),
        content_type: Some(attributes.content_type.clone().unwrap_or_else(default_type)),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        last_modified: Some(object.modified.into()),
        metadata: Some(attributes.metadata.clone().into_iter().collect()),
        parts_count: section.parts,
        server_side_encryption: Some(attributes.encryption.clone().into()),
        ssekms_key_id: attributes.kms_key.clone(),
        storage_class: attributes
            .storage_class
            .clone()
            .map(dto::StorageClass::from),
        ..dto::GetObjectOutput::default()
    }
}

fn wants_sums(mode: Option<&dto::ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == dto::ChecksumMode::ENABLED)
}

/// How the checksums of an object came about.
pub(super) fn checksum_type(object: &Object) -> dto::ChecksumType {
    dto::ChecksumType::from_static(match object.is_composite {
        true => "COMPOSITE",
        false => "FULL_OBJECT",
    })
}
