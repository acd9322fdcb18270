//! CreateSnapshot.

use aws_sdk_ec2::types::ResourceType;

use super::create_image::{filter, specification};
use super::{Ec2, would_be_allowed};
use crate::error::{Error, Fault};
use crate::id::Id;
use crate::tag::{self, Tag};

/// A snapshot to be taken.
#[derive(Debug, Clone)]
pub struct NewSnapshot {
    /// The volume.
    pub volume: Id,
    /// The snapshot's description.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// The UUID of the run, which is added to the tags.
    pub run: String,
}

impl Ec2 {
    /// Begins a snapshot of a volume; with its tags on it from the first moment. A run takes one of
    /// each volume: by its tag it is found where an answer was lost.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn create_snapshot(&self, new: &NewSnapshot) -> Result<Id, Error> {
        self.exactly_once(
            async || self.send_create_snapshot(new, false).await,
            async || {
                let filters = vec![
                    filter("volume-id", [new.volume.to_string()]),
                    filter(format!("tag:{}", tag::RUN), [new.run.clone()]),
                ];
                let found = self.own_snapshots(filters).await?;
                Ok(found.into_iter().next().map(|snapshot| snapshot.id))
            },
            // There is no refusal because of a snapshot that exists.
            "",
        )
        .await
    }

    /// Asks EC2 whether [`create_snapshot`](Self::create_snapshot) would be allowed.
    ///
    /// # Errors
    /// What EC2 would refuse.
    pub async fn may_create_snapshot(&self, new: &NewSnapshot) -> Result<(), Error> {
        let asked = self
            .patiently(async || self.send_create_snapshot(new, true).await)
            .await;
        would_be_allowed(asked)
    }

    async fn send_create_snapshot(&self, new: &NewSnapshot, dry_run: bool) -> Result<Id, Error> {
        let mut tags = new.tags.clone();
        tags.push(Tag::new(tag::RUN, &new.run));
        let call = self
            .client
            .create_snapshot()
            .volume_id(new.volume.as_str())
            .set_description(new.description.clone())
            .set_dry_run(dry_run.then_some(true))
            .tag_specifications(specification(ResourceType::Snapshot, &tags))
            .send();
        let answer = self.once("CreateSnapshot", call).await?;
        super::described::id(answer.snapshot_id()).ok_or_else(|| {
            Error::failed("EC2 began the snapshot without giving its ID").with_fault(Fault::Passing)
        })
    }
}
