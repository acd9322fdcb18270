//! Objects are put, and only over what they are to replace: two runs that go to one place do not mix
//! (S3 User Guide, "How to prevent object overwrites with conditional writes").

use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::{Acl, ENCRYPTION, Look, Place, S3, blocked, canned, explain, metadata};
use crate::error::{Error, Fault, Kind};

/// S3's word for an object that is not what it was to be put over.
const TAKEN: &str = "PreconditionFailed";
/// S3's word for two such calls at once: neither has won, and one will.
const CONFLICT: &str = "ConditionalRequestConflict";

/// An object to be put.
#[derive(Debug, Clone)]
pub struct NewObject {
    /// Its data.
    pub data: Bytes,
    /// Their SHA-256: S3 refuses what arrives otherwise, and keeps it.
    pub sha256: [u8; 32],
    /// Who may read it.
    pub acl: Acl,
    /// A text that is kept beside it.
    pub description: Option<String>,
    /// A UUID of the run that puts it, kept beside it: tells whose it is when an answer was lost.
    pub mark: String,
}

/// What an object may be put over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// There must be none of that key.
    Nothing,
    /// There must be the object with this entity tag.
    This(String),
    /// Whatever is there is replaced.
    Anything,
}

/// Did putting fail because something else is at that place?
pub fn is_taken(error: &Error) -> bool {
    error.code() == Some(TAKEN)
}

impl S3 {
    /// Puts an object.
    ///
    /// # Errors
    /// What S3 refuses; [`is_taken`] tells when it is because of what is there.
    pub async fn put(&self, place: &Place, object: &NewObject, over: &Over) -> Result<(), Error> {
        let call = || {
            let call = self
                .client
                .put_object()
                .bucket(&place.bucket)
                .key(&place.key)
                .acl(canned(object.acl))
                .server_side_encryption(ENCRYPTION)
                .set_metadata(Some(metadata::with(
                    object.description.as_deref(),
                    &object.mark,
                )))
                .content_length(i64::try_from(object.data.len()).unwrap_or(i64::MAX))
                .checksum_sha256(STANDARD.encode(object.sha256))
                .body(ByteStream::from(object.data.clone()));
            match over {
                Over::Nothing => call.if_none_match("*"),
                Over::This(etag) => call.if_match(etag),
                Over::Anything => call,
            }
        };
        let put = self.calls.patiently(async || {
            let put = self.calls.once("PutObject", call().send()).await;
            put.map_err(|error| match error.code() {
                Some(CONFLICT) => error.with_fault(Fault::Passing),
                _ => error,
            })
        });
        match put.await {
            Ok(_) => Ok(()),
            // The call before this one may have succeeded, and its answer been lost.
            Err(error) if is_taken(&error) && self.is_marked(place, &object.mark).await => Ok(()),
            Err(error) if is_taken(&error) => Err(error
                .with_what("is there already")
                .with_kind(Kind::Usage)
                .of(place)),
            Err(error) => Err(explain(blocked(error, object.acl), place)),
        }
    }

    /// Was the object at that place put by the run with that mark? Where S3 does not tell, what it has
    /// refused counts.
    async fn is_marked(&self, place: &Place, mark: &str) -> bool {
        match self.look_if_allowed(place).await {
            Ok(Look::There(seen)) => seen.mark.as_deref() == Some(mark),
            Ok(Look::Nothing | Look::NotTold(_)) | Err(_) => false,
        }
    }
}
