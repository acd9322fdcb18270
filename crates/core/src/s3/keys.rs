//! Many keys at once: what begins with a prefix, and what is to go.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::{Place, S3, explain};
use crate::error::Error;

/// Keys in one call of DeleteObjects: the most that S3 takes.
const BATCH: usize = 1000;

impl S3 {
    /// The keys that begin with the whole of `place.key`, and the sizes of their objects in bytes, in
    /// the order of the keys.
    ///
    /// # Errors
    /// What S3 answers.
    pub async fn list(&self, place: &Place) -> Result<Vec<(String, u64)>, Error> {
        let mut found = Vec::new();
        let mut from: Option<String> = None;
        loop {
            let call = || {
                self.client
                    .list_objects_v2()
                    .bucket(&place.bucket)
                    .prefix(&place.key)
                    .set_continuation_token(from.clone())
            };
            let page = self
                .calls
                .patiently(async || self.calls.once("ListObjectsV2", call().send()).await)
                .await
                .map_err(|error| explain(error, place))?;
            found.extend(page.contents().iter().filter_map(|object| {
                let size = object.size().and_then(|size| u64::try_from(size).ok());
                Some((object.key()?.to_owned(), size.unwrap_or_default()))
            }));
            match page.next_continuation_token() {
                Some(next) if !next.is_empty() => from = Some(next.to_owned()),
                _ => return Ok(found),
            }
        }
    }

    /// Deletes the objects of these keys. One that is not there counts as deleted.
    ///
    /// # Errors
    /// What S3 refuses, and the first object that it did not delete.
    pub async fn delete(&self, bucket: &str, keys: &[String]) -> Result<(), Error> {
        for keys in keys.chunks(BATCH) {
            let named = |key: &String| ObjectIdentifier::builder().key(key).build().ok();
            let delete = Delete::builder()
                .set_objects(Some(keys.iter().filter_map(named).collect()))
                .quiet(true)
                .build()
                .map_err(|_| Error::failed("no objects to delete"))?;
            let call = || {
                let delete = delete.clone();
                self.client.delete_objects().bucket(bucket).delete(delete)
            };
            let answer = self
                .calls
                .patiently(async || self.calls.once("DeleteObjects", call().send()).await)
                .await
                .map_err(|error| error.of(bucket))?;
            if let Some(error) = answer.errors().first() {
                let place = Place {
                    bucket: bucket.to_owned(),
                    key: error.key().unwrap_or_default().to_owned(),
                };
                let what = error.message().or(error.code()).unwrap_or_default();
                return Err(Error::failed(format!("cannot be deleted: {what}")).of(place));
            }
        }
        Ok(())
    }
}
