//! Single snapshots: what they are, and their end.

use std::collections::BTreeMap;
use std::time::Instant;

use aws_sdk_ec2::types as sdk;

use super::Ec2;
use super::create_image::filter;
use super::described::{id, state, tags};
use crate::chance;
use crate::error::{Error, Kind as ErrorKind};
use crate::id::Id;
use crate::resource::State;
use crate::retry::Backoff;
use crate::time::Moment;

/// EC2's answer when a snapshot is to be deleted that an image needs.
pub const SNAPSHOT_IN_USE: &str = "InvalidSnapshot.InUse";

/// A snapshot as EC2 describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its ID.
    pub id: Id,
    /// Its state.
    pub state: State,
    /// Why it is in that state, where EC2 says it.
    pub reason: Option<String>,
    /// How much of it is done, in percent.
    pub progress: Option<u8>,
    /// The size of the volume it was taken of, in GiB.
    pub size: u32,
    /// Is it encrypted?
    pub is_encrypted: bool,
    /// The ARN of the KMS key, if it is.
    pub kms_key: Option<String>,
    /// The account that owns it.
    pub owner: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// When it was begun.
    pub started: Option<Moment>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Ec2 {
    /// Describes one snapshot, in a single try; `None` when EC2 knows no such one.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn look_at_snapshot(&self, snapshot: &Id) -> Result<Option<Snapshot>, Error> {
        let call = self
            .client
            .describe_snapshots()
            .snapshot_ids(snapshot.as_str())
            .send();
        match self.once("DescribeSnapshots", call).await {
            Ok(answer) => Ok(answer.snapshots().iter().find_map(snapshot_of)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Describes one snapshot; `None` when EC2 knows no such one.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn snapshot(&self, snapshot: &Id) -> Result<Option<Snapshot>, Error> {
        self.patiently(async || self.look_at_snapshot(snapshot).await)
            .await
    }

    /// Deletes a snapshot. One that is gone already is deleted, too.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn delete_snapshot(&self, snapshot: &Id) -> Result<(), Error> {
        let call = || self.client.delete_snapshot().snapshot_id(snapshot.as_str());
        let deleted = self
            .patiently(async || self.once("DeleteSnapshot", call().send()).await)
            .await;
        match deleted {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other.map(drop),
        }
    }

    /// Deletes a snapshot that was begun at that moment, and that EC2 may therefore not know yet.
    ///
    /// # Errors
    /// What EC2 refuses.
    pub async fn delete_new_snapshot(&self, snapshot: &Id, begun: Instant) -> Result<(), Error> {
        let call = || self.client.delete_snapshot().snapshot_id(snapshot.as_str());
        let mut backoff = Backoff::for_calls();
        loop {
            let deleted = self
                .patiently(async || self.once("DeleteSnapshot", call().send()).await)
                .await;
            match deleted {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    if begun.elapsed() >= self.grace {
                        return Ok(());
                    }
                    tokio::time::sleep(backoff.next(chance::fraction())).await;
                }
                other => return other.map(drop),
            }
        }
    }

    /// The caller's own pending snapshots whose tag of that key has that value.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn pending_snapshots(&self, key: &str, value: &str) -> Result<Vec<Id>, Error> {
        let filters = vec![
            filter(format!("tag:{key}"), [value.to_owned()]),
            filter("status", ["pending".to_owned()]),
        ];
        let found = self
            .patiently(async || self.all_snapshots(Vec::new(), filters.clone(), true).await)
            .await?;
        Ok(found
            .iter()
            .filter_map(|found| id(found.snapshot_id()))
            .collect())
    }

    /// Does the account encrypt here all that nobody asked to encrypt?
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn encrypts_by_default(&self) -> Result<bool, Error> {
        let call = || self.client.get_ebs_encryption_by_default();
        let answer = self
            .patiently(async || self.once("GetEbsEncryptionByDefault", call().send()).await)
            .await?;
        Ok(answer.ebs_encryption_by_default().unwrap_or(false))
    }
}

pub(super) fn snapshot_of(snapshot: &sdk::Snapshot) -> Option<Snapshot> {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let percent = snapshot.progress().map(|text| text.trim_end_matches('%'));
    Some(Snapshot {
        id: id(snapshot.snapshot_id())?,
        state: state(snapshot.state().map(|state| state.as_str())),
        reason: text(snapshot.state_message()),
        progress: percent.and_then(|percent| percent.parse().ok()),
        size: snapshot
            .volume_size()
            .and_then(|size| u32::try_from(size).ok())
            .unwrap_or_default(),
        is_encrypted: snapshot.encrypted().unwrap_or(false),
        kms_key: text(snapshot.kms_key_id()),
        owner: text(snapshot.owner_id()),
        description: text(snapshot.description()),
        started: snapshot
            .start_time()
            .and_then(|time| Moment::from_timestamp(time.secs())),
        tags: tags(snapshot.tags()),
    })
}
