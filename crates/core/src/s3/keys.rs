//! Many keys at once, that are to go.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::{Place, S3};
use crate::error::Error;

/// Keys in one call of DeleteObjects: the most that S3 takes.
const BATCH: usize = 1000;

impl S3 {
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
