//! Leave for others to put one object, without keys of their own.

use std::fmt;
use std::time::Duration;

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Acl, ENCRYPTION, Place, S3, canned, explain, metadata};
use crate::error::Service;
use crate::error::{Error, from_sdk};

/// An object as somebody else is to put it.
#[derive(Debug, Clone, Copy)]
pub struct Announced<'a> {
    /// Bytes.
    pub length: u64,
    /// The SHA-256 of its data.
    pub sha256: &'a [u8; 32],
    /// Who may read it.
    pub acl: Acl,
    /// A text that is kept beside it.
    pub description: Option<&'a str>,
    /// Whose run puts it ([`super::NewObject::mark`]).
    pub mark: &'a str,
}

/// Headers as names and values.
pub type Headers = Vec<(String, String)>;

/// A request that is signed and may be sent by anybody who has it, until its time is over: a secret.
#[derive(Clone)]
pub struct Presigned {
    /// Where to send it.
    pub url: String,
    /// The headers that it must have.
    pub headers: Headers,
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presigned")
    }
}

impl S3 {
    /// Signs the putting of one object: S3 takes no other data. `valid` is a week at most, and ends with
    /// the session of the keys.
    ///
    /// # Errors
    /// There are no keys.
    pub async fn presign_put(
        &self,
        place: &Place,
        object: Announced<'_>,
        valid: Duration,
    ) -> Result<Presigned, Error> {
        let config = PresigningConfig::expires_in(valid);
        let config = config.map_err(|error| Error::failed(error.to_string()))?;
        let request = self
            .client
            .put_object()
            .bucket(&place.bucket)
            .key(&place.key)
            .acl(canned(object.acl))
            .server_side_encryption(ENCRYPTION)
            .set_metadata(Some(metadata::with(object.description, object.mark)))
            .content_length(i64::try_from(object.length).unwrap_or(i64::MAX))
            .checksum_sha256(STANDARD.encode(object.sha256))
            .presigned(config)
            .await
            .map_err(|error| {
                let error = from_sdk(Service::S3, "PutObject", self.region(), &error);
                explain(error, place)
            })?;
        Ok(Presigned::of(&request))
    }

    /// Signs the deletion of one object, so that whoever may put it can take it back.
    ///
    /// # Errors
    /// There are no keys.
    pub async fn presign_delete(&self, place: &Place, valid: Duration) -> Result<Presigned, Error> {
        let config = PresigningConfig::expires_in(valid);
        let config = config.map_err(|error| Error::failed(error.to_string()))?;
        let request = self
            .client
            .delete_object()
            .bucket(&place.bucket)
            .key(&place.key)
            .presigned(config)
            .await
            .map_err(|error| {
                let error = from_sdk(Service::S3, "DeleteObject", self.region(), &error);
                explain(error, place)
            })?;
        Ok(Presigned::of(&request))
    }
}

impl Presigned {
    fn of(request: &PresignedRequest) -> Self {
        let header = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            url: request.uri().to_owned(),
            headers: request.headers().map(header).collect(),
        }
    }
}
