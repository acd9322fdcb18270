//! CopyImage, and the copies that there are.

use aws_sdk_ec2::types::ResourceType;

use super::create_image::{filter, specification};
use super::{Ec2, would_be_allowed};
use crate::error::{Error, Fault};
use crate::id::Id;
use crate::image::Image;
use crate::reference::Located;
use crate::tag::{self, Tag};

/// EC2's answer when more snapshots are being copied into a region than it lets pass at once.
pub const TOO_MANY_COPIES: &str = "ResourceLimitExceeded";
/// Values in one filter (EC2 API Reference, DescribeImages, Filters).
const VALUES: usize = 200;

/// A copy to be made.
#[derive(Debug, Clone)]
pub struct NewCopy {
    /// The image to be copied.
    pub source: Located,
    /// The copy's name, which another image may bear already.
    pub name: String,
    /// The copy's description.
    pub description: Option<String>,
    /// Encrypt it, where the source is not encrypted already.
    pub encrypt: bool,
    /// The key to encrypt it with, by ID, alias or ARN; else the region's default one.
    pub kms_key: Option<String>,
    /// How long EC2 may take for each snapshot, in minutes; else as long as it takes.
    pub completion_minutes: Option<i64>,
    /// Tags for the copy and its snapshots.
    pub tags: Vec<Tag>,
    /// The UUID of the run, which is added to the tags.
    pub run: String,
    /// By which EC2 knows the request again: two requests with one token make one copy.
    pub token: String,
}

impl Ec2 {
    /// Copies an image into this gateway's region; with its tags on it and its snapshots from the
    /// first moment. However often the call has to be made, there will be one copy.
    ///
    /// # Errors
    /// What EC2 refuses; [`TOO_MANY_COPIES`] passes when others are ready.
    pub async fn copy_image(&self, copy: &NewCopy) -> Result<Id, Error> {
        self.patiently(async || self.send_copy_image(copy, false).await)
            .await
    }

    /// Asks EC2 whether [`copy_image`](Self::copy_image) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_copy_image(&self, copy: &NewCopy) -> Result<(), Error> {
        let asked = self
            .patiently(async || self.send_copy_image(copy, true).await)
            .await;
        would_be_allowed(asked)
    }

    async fn send_copy_image(&self, copy: &NewCopy, dry_run: bool) -> Result<Id, Error> {
        let mut tags = copy.tags.clone();
        tags.push(Tag::new(tag::RUN, &copy.run));
        let call = self
            .client
            .copy_image()
            .source_image_id(copy.source.id.as_str())
            .source_region(copy.source.region.as_str())
            .name(&copy.name)
            .set_description(copy.description.clone())
            .set_encrypted(copy.encrypt.then_some(true))
            .set_kms_key_id(copy.kms_key.clone())
            .set_snapshot_copy_completion_duration_minutes(copy.completion_minutes)
            .client_token(&copy.token)
            .set_dry_run(dry_run.then_some(true))
            .tag_specifications(specification(ResourceType::Image, &tags))
            .tag_specifications(specification(ResourceType::Snapshot, &tags))
            .send();
        let answer = self.once("CopyImage", call).await?;
        let id = answer.image_id().and_then(|id| id.parse().ok());
        id.ok_or_else(|| {
            Error::failed("EC2 accepted the copy without giving its ID").with_fault(Fault::Passing)
        })
    }

    /// The caller's own images whose tag of that key has one of the values.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn own_images_tagged(
        &self,
        key: &str,
        values: &[String],
    ) -> Result<Vec<Image>, Error> {
        let mut found = Vec::new();
        for values in values.chunks(VALUES) {
            let filters = [filter(format!("tag:{key}"), values.iter().cloned())];
            found.extend(self.own_images(&filters).await?);
        }
        Ok(found)
    }

    /// How many of the caller's own images are public.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn own_public_images(&self) -> Result<usize, Error> {
        let filters = [filter("is-public", ["true".to_owned()])];
        Ok(self.own_images(&filters).await?.len())
    }
}
