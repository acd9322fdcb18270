//! Snapshots.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::id::Kind;
use crate::blocks::Layer;
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
    /// Its bytes; none when nothing was ever written.
    pub(crate) blocks: Option<Arc<Layer>>,
    /// How it is written, when StartSnapshot made it.
    pub(crate) upload: Option<Upload>,
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
            blocks: None,
            upload: None,
            course: Course::settled(SnapshotState::Completed),
            veil: Veil::new(Pace::Now),
        }
    }

    /// Whether it was copied from another one, or is on its way.
    pub(crate) fn is_copy(&self) -> bool {
        self.volume == COPIED_VOLUME && self.upload.is_none()
    }

    /// The state at this moment; looking does not count as a read.
    pub fn state(&self) -> SnapshotState {
        *self.course.peek()
    }

    /// Puts it into a state for good.
    pub fn set_state(&mut self, state: SnapshotState) {
        self.follows = None;
        self.close();
        self.course = Course::settled(state);
    }

    /// Takes no more blocks.
    pub(crate) fn close(&mut self) {
        if let Some(upload) = &mut self.upload {
            upload.is_open = false;
        }
    }
}

/// A snapshot that clients write block by block.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// The snapshot that it was begun upon.
    pub(crate) parent: Option<String>,
    /// After how long without a block it is cancelled.
    pub(crate) timeout: Duration,
    /// When a block was last written.
    pub(crate) touched: Instant,
    /// How many calls that write a block will find that it does not exist.
    pub(crate) unknown_puts: u32,
    /// The percentage that the client last told.
    pub(crate) progress: u32,
    /// Whether it has a layer of its own, and not only what its parent has.
    pub(crate) has_begun: bool,
    /// Whether CompleteSnapshot is still to come.
    pub(crate) is_open: bool,
    /// Whether its time was ended from outside.
    pub(crate) is_cancelled: bool,
}

impl Upload {
    /// Whether too long was nothing written.
    pub(crate) fn is_over(&self) -> bool {
        self.is_cancelled || self.touched.elapsed() >= self.timeout
    }
}

super::resource!(Snapshot, Kind::Snapshot);
