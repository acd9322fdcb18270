//! The newest of several things that bear a tag or a name.

use super::Ec2;
use super::create_image::{escape_wildcards, filter};
use super::registration::{Registered, registered};
use super::snapshots::{Snapshot, snapshot_of};
use crate::error::Error;
use crate::tag::Tag;

impl Ec2 {
    /// The caller's own completed snapshot with that tag that was begun last.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn newest_snapshot_tagged(&self, tag: &Tag) -> Result<Option<Snapshot>, Error> {
        let filters = vec![
            filter(
                format!("tag:{}", escape_wildcards(&tag.key)),
                [escape_wildcards(&tag.value)],
            ),
            filter("status", ["completed".to_owned()]),
        ];
        let found = self.own_snapshots(filters).await?;
        Ok(found.into_iter().max_by_key(|snapshot| snapshot.started))
    }

    /// The caller's own snapshots that bear a tag of that key.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn snapshots_tagged(&self, key: &str) -> Result<Vec<Snapshot>, Error> {
        self.own_snapshots(vec![filter("tag-key", [key.to_owned()])])
            .await
    }

    /// The available image that was made last of those whose name fits a pattern with `*` and `?`,
    /// of one owner: an account, or `self`, `amazon`, `aws-marketplace`. A name alone proves
    /// nothing: anybody may call an image as he likes.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn newest_image_named(
        &self,
        pattern: &str,
        owner: &str,
    ) -> Result<Option<Registered>, Error> {
        let found = self
            .patiently(async || {
                super::describe::pages(async |token| {
                    let call = self
                        .client
                        .describe_images()
                        .owners(owner)
                        .filters(filter("name", [pattern.to_owned()]))
                        .filters(filter("state", ["available".to_owned()]))
                        .max_results(super::describe::PAGE)
                        .set_next_token(token);
                    let page = self.once("DescribeImages", call.send()).await?;
                    let images = page.images().iter().filter_map(registered).collect();
                    Ok((images, page.next_token))
                })
                .await
            })
            .await?;
        Ok(found.into_iter().max_by_key(|one| one.image.created))
    }

    /// The caller's own snapshots that pass the filters.
    pub(super) async fn own_snapshots(
        &self,
        filters: Vec<aws_sdk_ec2::types::Filter>,
    ) -> Result<Vec<Snapshot>, Error> {
        let found = self
            .patiently(async || self.all_snapshots(Vec::new(), filters.clone(), true).await)
            .await?;
        Ok(found.iter().filter_map(snapshot_of).collect())
    }
}
