//! What a client says of an object beside its bytes: headers that come back as they were sent.

use std::collections::BTreeMap;

/// The headers of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    pub(super) content_type: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_language: Option<String>,
    /// What follows `x-amz-meta-`, with its value.
    pub(super) metadata: BTreeMap<String, String>,
    /// `AES256`, which all new objects have, or `aws:kms`.
    pub(super) encryption: String,
    pub(super) kms_key: Option<String>,
    /// None is `STANDARD`.
    pub(super) storage_class: Option<String>,
}

/// Takes the attributes out of the input of PutObject, CreateMultipartUpload or CopyObject, which have
/// fields of the same names and nothing else in common.
macro_rules! take_attributes {
    ($input:expr) => {
        $crate::s3::attributes::Attributes {
            content_type: $input.content_type.take(),
            cache_control: $input.cache_control.take(),
            content_disposition: $input.content_disposition.take(),
            content_encoding: $crate::s3::attributes::without_chunks(
                $input.content_encoding.take(),
            ),
            content_language: $input.content_language.take(),
            metadata: $input
                .metadata
                .take()
                .unwrap_or_default()
                .into_iter()
                .collect(),
            encryption: $input
                .server_side_encryption
                .as_ref()
                .map_or("AES256", |algorithm| algorithm.as_str())
                .to_owned(),
            kms_key: $input.ssekms_key_id.take(),
            storage_class: $input
                .storage_class
                .as_ref()
                .map(|class| class.as_str().to_owned()),
        }
    };
}
pub(super) use take_attributes;

/// The encoding of the object without that of the request (S3 API reference,
/// "Signature calculations: transferring payload in multiple chunks").
pub(super) fn without_chunks(encoding: Option<String>) -> Option<String> {
    let encoding = encoding?;
    let kept: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|word| *word != "aws-chunked" && !word.is_empty())
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}
