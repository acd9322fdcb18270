//! What S3 tells of an object without its data.

use std::cell::Cell;

use aws_sdk_s3::types::ChecksumMode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Place, S3, explain, metadata};
use crate::error::Error;

/// The status of a refusal, which is all that there is to the answer to a HEAD.
const FORBIDDEN: u16 = 403;

/// An object as S3 tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Bytes.
    pub size: u64,
    /// The SHA-256 of its data, where S3 was told one when it was put.
    pub sha256: Option<[u8; 32]>,
    /// Its entity tag, as it stands in the answer: another one when it is replaced.
    pub etag: Option<String>,
    /// The text that is kept beside it.
    pub description: Option<String>,
    /// The mark of the run of these tools that has put it.
    pub mark: Option<String>,
}

/// What S3 tells who may not know everything.
#[derive(Debug, Clone)]
pub enum Look {
    /// It is there.
    There(Seen),
    /// There is none of that key.
    Nothing,
    /// S3 does not say whether there is one: so it answers who may not list the bucket where there is
    /// none, as well as who may not read it (S3 API reference, HeadObject).
    NotTold(Error),
}

impl S3 {
    /// Looks at an object; none if there is none of that key.
    ///
    /// # Errors
    /// What S3 answers.
    pub async fn look(&self, place: &Place) -> Result<Option<Seen>, Error> {
        match self.look_if_allowed(place).await? {
            Look::There(seen) => Ok(Some(seen)),
            Look::Nothing => Ok(None),
            Look::NotTold(error) => Err(error.hint(
                "to be told whether it is there takes s3:GetObject, and s3:ListBucket where it is not",
            )),
        }
    }

    /// Looks at an object, where it may be that S3 does not tell.
    ///
    /// # Errors
    /// What else S3 answers.
    pub async fn look_if_allowed(&self, place: &Place) -> Result<Look, Error> {
        let is_forbidden = Cell::new(false);
        let call = || {
            self.client
                .head_object()
                .bucket(&place.bucket)
                .key(&place.key)
                .checksum_mode(ChecksumMode::Enabled)
        };
        let seen = self.calls.patiently(async || {
            let call = async {
                let answer = call().send().await;
                let raw = answer.as_ref().err().and_then(|error| error.raw_response());
                is_forbidden.set(raw.is_some_and(|raw| raw.status().as_u16() == FORBIDDEN));
                answer
            };
            self.calls.once("HeadObject", call).await
        });
        match seen.await {
            Ok(seen) => Ok(Look::There(Seen {
                size: seen
                    .content_length()
                    .and_then(|length| u64::try_from(length).ok())
                    .unwrap_or_default(),
                sha256: seen
                    .checksum_sha256()
                    .and_then(|text| STANDARD.decode(text).ok())
                    .and_then(|bytes| bytes.try_into().ok()),
                etag: seen.e_tag().map(str::to_owned),
                description: metadata::description(seen.metadata()),
                mark: metadata::mark(seen.metadata()),
            })),
            // The answer to a HEAD has no body, and so no other code.
            Err(error) if error.code() == Some("NotFound") => Ok(Look::Nothing),
            Err(error) if is_forbidden.get() => Ok(Look::NotTold(explain(error, place))),
            Err(error) => Err(explain(error, place)),
        }
    }
}
