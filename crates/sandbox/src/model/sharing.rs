//! What an account lets others see.

/// How far an account blocks that its snapshots are public in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SnapshotBlock {
    /// None is public, whatever its permissions say.
    AllSharing,
    /// None becomes public any more.
    NewSharing,
    Unblocked,
}

impl SnapshotBlock {
    /// The word on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            SnapshotBlock::AllSharing => "block-all-sharing",
            SnapshotBlock::NewSharing => "block-new-sharing",
            SnapshotBlock::Unblocked => "unblocked",
        }
    }
}
