//! The ACLs of objects that are there.

use super::{Acl, Place, S3, blocked, canned, explain};
use crate::error::Error;

impl S3 {
    /// Lets those read an object that `acl` names, and nobody else but its owner, whoever might until
    /// now.
    ///
    /// # Errors
    /// What S3 refuses, also where there is no such object.
    pub async fn set_acl(&self, place: &Place, acl: Acl) -> Result<(), Error> {
        let call = || {
            self.client
                .put_object_acl()
                .bucket(&place.bucket)
                .key(&place.key)
                .acl(canned(acl))
        };
        self.calls
            .patiently(async || self.calls.once("PutObjectAcl", call().send()).await)
            .await
            .map(drop)
            .map_err(|error| explain(blocked(error, acl), place))
    }
}
