//! CreateTags and DeleteTags.

use aws_sdk_ec2::types::Tag as SdkTag;

use super::{Ec2, would_be_allowed};
use crate::error::Error;
use crate::id::Id;
use crate::tag::Tag;

impl Ec2 {
    /// Sets tags, whatever they were before, on all the resources or, when one cannot be tagged,
    /// on none. Doing it twice is doing it once, so it is repeated like a call that asks.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn create_tags(&self, resources: &[Id], tags: &[Tag]) -> Result<(), Error> {
        self.patiently(async || self.send_create_tags(resources, tags, false).await)
            .await
    }

    /// Asks EC2 whether [`create_tags`](Self::create_tags) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_create_tags(&self, resources: &[Id], tags: &[Tag]) -> Result<(), Error> {
        let asked = self
            .patiently(async || self.send_create_tags(resources, tags, true).await)
            .await;
        would_be_allowed(asked)
    }

    /// Takes tags of that key away from the resources. Tags that are not there are taken away, too.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn delete_tags(&self, resources: &[Id], key: &str) -> Result<(), Error> {
        let call = || {
            self.client
                .delete_tags()
                .set_resources(Some(resources.iter().map(Id::to_string).collect()))
                .tags(SdkTag::builder().key(key).build())
        };
        self.patiently(async || self.once("DeleteTags", call().send()).await)
            .await
            .map(drop)
    }

    async fn send_create_tags(
        &self,
        resources: &[Id],
        tags: &[Tag],
        dry_run: bool,
    ) -> Result<(), Error> {
        let tag = |tag: &Tag| SdkTag::builder().key(&tag.key).value(&tag.value).build();
        let call = self
            .client
            .create_tags()
            .set_resources(Some(resources.iter().map(Id::to_string).collect()))
            .set_tags(Some(tags.iter().map(tag).collect()))
            .set_dry_run(dry_run.then_some(true));
        self.once("CreateTags", call.send()).await.map(drop)
    }
}
