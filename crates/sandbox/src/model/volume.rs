//! Volumes. Their attachments are those of the instances.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use time::OffsetDateTime;

use super::id::Kind;
use crate::blocks::{BlockStore, Layer, VolumeFile};
use crate::config::Pace;
use crate::course::{Course, Veil};

/// The states of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeState {
    /// Being made.
    Creating,
    /// Can be attached.
    Available,
    /// Attached.
    InUse,
    /// Could not be made.
    Error,
}

impl VolumeState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            VolumeState::Creating => "creating",
            VolumeState::Available => "available",
            VolumeState::InUse => "in-use",
            VolumeState::Error => "error",
        }
    }
}

/// A volume as the sandbox knows it: what seeds fill in and what tests look at.
#[derive(Clone, Debug)]
pub struct Volume {
    /// `vol-…`
    pub id: String,
    /// The account.
    pub owner: String,
    /// The zone, such as `us-east-1a`.
    pub zone: String,
    /// Its size in GiB.
    pub size: u32,
    /// `gp3` …
    pub volume_type: String,
    /// Provisioned operations per second.
    pub iops: Option<u32>,
    /// Provisioned MiB per second.
    pub throughput: Option<u32>,
    /// The snapshot it was made from.
    pub snapshot: Option<String>,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// The key, when it is.
    pub kms_key: Option<String>,
    /// When it was made.
    pub created: OffsetDateTime,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The instance that has it.
    pub attached_to: Option<String>,
    /// The bytes of the snapshot that it was made from, or of the last one that was taken of it.
    pub(crate) blocks: Option<Arc<Layer>>,
    /// Its own bytes, once somebody may write to it.
    pub(crate) file: Option<Arc<VolumeFile>>,
    pub(crate) course: Course<VolumeState>,
    pub(crate) veil: Veil,
}

impl Volume {
    /// An available gp3 volume of an account, made now.
    pub(crate) fn new(owner: &str, zone: &str, size: u32) -> Self {
        Volume {
            id: Kind::Volume.fresh(),
            owner: owner.into(),
            zone: zone.into(),
            size,
            volume_type: "gp3".into(),
            iops: Some(3000),
            throughput: Some(125),
            snapshot: None,
            encrypted: false,
            kms_key: None,
            created: OffsetDateTime::now_utc(),
            tags: BTreeMap::new(),
            attached_to: None,
            blocks: None,
            file: None,
            course: Course::settled(VolumeState::Available),
            veil: Veil::new(Pace::Now),
        }
    }

    /// What a snapshot has that is taken now. Only a volume with a file of its own can have changed.
    pub(crate) fn take_blocks(&mut self, store: &BlockStore) -> io::Result<Option<Arc<Layer>>> {
        if let Some(file) = &self.file {
            self.blocks = Some(file.snapshot(store, self.blocks.as_ref())?);
        }
        Ok(self.blocks.clone())
    }

    /// The state at this moment; looking does not count as a read.
    pub fn state(&self) -> VolumeState {
        *self.course.peek()
    }

    /// Puts it into a state for good.
    pub fn set_state(&mut self, state: VolumeState) {
        self.course = Course::settled(state);
    }
}

super::resource!(Volume, Kind::Volume);
