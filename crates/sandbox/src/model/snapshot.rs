//! Snapshots.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use super::id::Kind;
use crate::config::Pace;
use crate::course::{Course, Veil};

/// The volume that copies and imported snapshots name. It does not exist (CopySnapshot: "an arbitrary
/// volume ID").
pub(crate) const COPIED_VOLUME: &str = "vol-ffffffff";

/// The states of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotState {
    /// Being taken.
    Pending,
    /// Can be used.
    Completed,
    /// Could not be taken.
    Error,
}

impl SnapshotState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            SnapshotState::Pending => "pending",
            SnapshotState::Completed => "completed",
            SnapshotState::Error => "error",
        }
    }
}

/// A snapshot as the sandbox knows it: what seeds fill in and what tests look at.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// `snap-…`
    pub id: String,
    /// The volume it was taken of.
    pub volume: String,
    /// For people.
    pub description: String,
    /// The account.
    pub owner: String,
    /// `amazon` for snapshots of Amazon.
    pub owner_alias: Option<String>,
    /// Whether everyone may make volumes of it.
    pub public: bool,
    /// The accounts that may make volumes of it and copy it.
    pub shared_with: BTreeSet<String>,
    /// When it was begun.
    pub started: OffsetDateTime,
    /// The size of the volume in GiB.
    pub size: u32,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// The key, when it is.
    pub kms_key: Option<String>,
    /// Why it failed.
    pub status_message: Option<String>,
    /// The duration that a time-based copy was asked for, in minutes.
    pub completion_minutes: Option<u32>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Why it will fail, or has failed.
    pub(crate) failure: Option<String>,
    /// The image it was taken for. When that one is done, so is the snapshot.
    pub(crate) follows: Option<String>,
    pub(crate) course: Course<SnapshotState>,
    pub(crate) veil: Veil,
}

impl Snapshot {
    /// A completed snapshot of an account, taken now.
    pub(crate) fn new(owner: &str, volume: &str, size: u32) -> Self {
        Snapshot {
            id: Kind::Snapshot.fresh(),
            volume: volume.into(),
            description: String::new(),
            owner: owner.into(),
            owner_alias: None,
            public: false,
            shared_with: BTreeSet::new(),
            started: OffsetDateTime::now_utc(),
            size,
            encrypted: false,
            kms_key: None,
            status_message: None,
            completion_minutes: None,
            failure: None,
            tags: BTreeMap::new(),
            follows: None,
            course: Course::settled(SnapshotState::Completed),
            veil: Veil::new(Pace::Now),
        }
    }

    /// Puts it into a state for good.
    pub fn set_state(&mut self, state: SnapshotState) {
        self.follows = None;
        self.course = Course::settled(state);
    }
}

super::resource!(Snapshot, Kind::Snapshot);
