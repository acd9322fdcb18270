//! ListObjectsV2 and ListObjects: keys in the order of their bytes, grouped and on pages ("Organizing
//! objects using prefixes" in the S3 user guide).

use std::ops::Bound;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{self, ETag};

use super::acl::READ;
use super::bucket::Bucket;
use super::grants;
use super::object::Object;
use super::put::base64;
use super::visit::Visit;
use super::{error, permissions};
use crate::wire::error::ApiError;
use crate::world::World;

/// The most keys on a page (ListObjectsV2 in the API reference).
const PAGE: usize = 1000;

/// What encoding-type=url leaves as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A page of a list.
struct Page<'b> {
    objects: Vec<&'b Object>,
    prefixes: Vec<String>,
    /// Where the next page begins: behind this key, or behind all keys with this prefix.
    next: Option<String>,
}

/// Which keys are asked for.
struct Asked<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    after: &'a str,
    most: usize,
}

pub(super) fn second(
    world: &mut World,
    visit: &Visit,
    input: dto::ListObjectsV2Input,
) -> Result<dto::ListObjectsV2Output, ApiError> {
    let most = page_size(world, input.max_keys)?;
    let bucket = permissions::bucket(world, visit, &input.bucket, READ)?;
    let token = input.continuation_token.as_deref().map(read_token);
    let token = token.transpose()?;
    let after = token.as_ref().or(input.start_after.as_ref());
    let page = list(
        bucket,
        &Asked {
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: after.map_or("", String::as_str),
            most,
        },
    );
    let count = page.objects.len() + page.prefixes.len();
    let shows_owner = input.fetch_owner.unwrap_or_default();
    let encoding = Encoding(input.encoding_type.is_some());
    Ok(dto::ListObjectsV2Output {
        name: Some(input.bucket.clone()),
        prefix: Some(encoding.of(input.prefix.as_deref().unwrap_or_default())),
        max_keys: Some(shown(most)),
        key_count: Some(shown(count)),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_deref().map(token_of),
        contents: Some(entries(bucket, &page, shows_owner, encoding)),
        common_prefixes: groups(&page, encoding),
        delimiter: input.delimiter.map(|text| encoding.of(&text)),
        start_after: input.start_after.map(|text| encoding.of(&text)),
        continuation_token: input.continuation_token,
        encoding_type: input.encoding_type,
        ..dto::ListObjectsV2Output::default()
    })
}

pub(super) fn first(
    world: &mut World,
    visit: &Visit,
    input: dto::ListObjectsInput,
) -> Result<dto::ListObjectsOutput, ApiError> {
    let most = page_size(world, input.max_keys)?;
    let bucket = permissions::bucket(world, visit, &input.bucket, READ)?;
    let page = list(
        bucket,
        &Asked {
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: input.marker.as_deref().unwrap_or_default(),
            most,
        },
    );
    let encoding = Encoding(input.encoding_type.is_some());
    // Without a delimiter the last key says where to go on.
    let next = page.next.clone().filter(|_| input.delimiter.is_some());
    Ok(dto::ListObjectsOutput {
        name: Some(input.bucket.clone()),
        prefix: Some(encoding.of(input.prefix.as_deref().unwrap_or_default())),
        marker: Some(encoding.of(input.marker.as_deref().unwrap_or_default())),
        max_keys: Some(shown(most)),
        is_truncated: Some(page.next.is_some()),
        contents: Some(entries(bucket, &page, true, encoding)),
        common_prefixes: groups(&page, encoding),
        delimiter: input.delimiter.map(|text| encoding.of(&text)),
        next_marker: next.map(|text| encoding.of(&text)),
        encoding_type: input.encoding_type,
        ..dto::ListObjectsOutput::default()
    })
}

/// How many keys fit on a page: as many as asked for, and the setting of the sandbox allows.
fn page_size(world: &World, asked: Option<i32>) -> Result<usize, ApiError> {
    let asked = asked.map_or(Ok(PAGE), usize::try_from);
    let asked = asked.map_err(|_| {
        error::invalid("Argument maxKeys must be an integer between 0 and 2147483647")
    })?;
    Ok(asked
        .min(world.settings.page_size.unwrap_or(PAGE))
        .min(PAGE))
}

fn list<'b>(bucket: &'b Bucket, asked: &Asked<'_>) -> Page<'b> {
    let mut page = Page {
        objects: Vec::new(),
        prefixes: Vec::new(),
        next: None,
    };
    if asked.most == 0 {
        return page;
    }
    let start = asked.after.max(asked.prefix);
    let range = (Bound::Included(start.to_owned()), Bound::Unbounded);
    let mut last = String::new();
    for (key, object) in bucket.objects.range(range) {
        if !key.starts_with(asked.prefix) {
            break;
        }
        let group = group(key, asked);
        let name = group.unwrap_or(key);
        // A page that ended with a group ended behind all of its keys.
        if !asked.after.is_empty() && name <= asked.after || !last.is_empty() && name == last {
            continue;
        }
        if page.objects.len() + page.prefixes.len() == asked.most {
            page.next = Some(last);
            break;
        }
        name.clone_into(&mut last);
        match group {
            Some(group) => page.prefixes.push(group.to_owned()),
            None => page.objects.push(object),
        }
    }
    page
}

/// The prefix under which a key is grouped.
fn group<'k>(key: &'k str, asked: &Asked<'_>) -> Option<&'k str> {
    if asked.delimiter.is_empty() {
        return None;
    }
    let rest = &key[asked.prefix.len()..];
    let end = rest.find(asked.delimiter)?;
    Some(&key[..asked.prefix.len() + end + asked.delimiter.len()])
}

/// Whether keys are written as in a URL, so that XML can hold all of them.
#[derive(Clone, Copy)]
pub(super) struct Encoding(pub(super) bool);

impl Encoding {
    pub(super) fn of(self, text: &str) -> String {
        match self.0 {
            true => utf8_percent_encode(text, PLAIN).to_string(),
            false => text.to_owned(),
        }
    }
}

fn entries(
    bucket: &Bucket,
    page: &Page<'_>,
    shows_owner: bool,
    encoding: Encoding,
) -> dto::ObjectList {
    let entry = |object: &&Object| {
        let algorithms = object.sums.keys();
        let algorithms =
            algorithms.map(|algorithm| dto::ChecksumAlgorithm::from_static(algorithm.as_str()));
        let class = object.attributes.storage_class.clone();
        dto::Object {
            checksum_algorithm: Some(algorithms.collect()),
            checksum_type: Some(super::get::checksum_type(object)),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            key: Some(encoding.of(&object.key)),
            last_modified: Some(object.modified.into()),
            owner: shows_owner.then(|| grants::owner(bucket.owner_of(object))),
            size: Some(i64::try_from(object.size()).unwrap_or(i64::MAX)),
            storage_class: Some(class.unwrap_or_else(|| "STANDARD".to_owned()).into()),
            ..dto::Object::default()
        }
    };
    page.objects.iter().map(entry).collect()
}

fn groups(page: &Page<'_>, encoding: Encoding) -> Option<dto::CommonPrefixList> {
    let group = |prefix: &String| dto::CommonPrefix {
        prefix: Some(encoding.of(prefix)),
    };
    Some(page.prefixes.iter().map(group).collect())
}

/// A token that says nothing to a client.
fn token_of(next: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(format!("after {next}"))
}

fn read_token(token: &str) -> Result<String, ApiError> {
    let text = base64(token).and_then(|bytes| String::from_utf8(bytes).ok());
    let after = text.and_then(|text| text.strip_prefix("after ").map(str::to_owned));
    after.ok_or_else(|| error::invalid("The continuation token provided is incorrect"))
}

fn shown(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
