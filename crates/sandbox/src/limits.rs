//! What AWS limits for an account, and for how long things count.

use std::time::Duration;

/// What EC2 limits for an account in a region, at the documented sizes until a test makes it smaller or
/// shorter, so that it need not wait for minutes or make things by the dozen.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many copies of snapshots may be on their way into a region at once, those of CopyImage and of
    /// CopySnapshot together (EBS quotas, "Concurrent snapshot copies per destination Region": 20).
    pub snapshot_copies: usize,
    /// How many images may be public in a region (user guide, "AMI quotas", Public AMIs: 5).
    pub public_images: usize,
    /// The bucket of CopyImage, for [`crate::Settings::throttle`] (developer guide, "Request throttling":
    /// 100, and 1 in a second).
    pub copy_image: Rate,
    /// The bucket of PutSnapshotBlock, for [`crate::Settings::throttle`]: one for every snapshot, and one
    /// for the account. This one and the next four are as large as what comes back in a second (EBS
    /// endpoints and quotas: 1,000 in a second).
    pub put_block: Rate,
    /// The same of GetSnapshotBlock (1,000 in a second).
    pub get_block: Rate,
    /// The bucket that ListSnapshotBlocks and ListChangedBlocks have each (50 in a second).
    pub list_blocks: Rate,
    /// The bucket of StartSnapshot (10 in a second).
    pub start_snapshot: Rate,
    /// The bucket of CompleteSnapshot (10 in a second).
    pub complete_snapshot: Rate,
    /// The least bytes of a part of a multipart upload but the last one (S3 user guide, "Amazon S3
    /// multipart upload limits": 5 MiB).
    pub smallest_part: u64,
    /// How many snapshots of StartSnapshot may be pending, for [`crate::Settings::throttle`] (the same
    /// quotas: 100).
    pub pending_snapshots: usize,
    /// For how long a ClientToken stands for what it made. AWS documents this for RunInstances only: at
    /// least 24 hours (developer guide, "Ensuring idempotency"). Here it is a day from the call.
    pub token_life: Duration,
    /// For how long a block can be read with the token that a list gave (EBS user guide, "FAQs for EBS
    /// direct APIs": seven days).
    pub block_token_life: Duration,
    /// For how long the token of a page of blocks leads on (the same FAQs: 60 minutes).
    pub page_token_life: Duration,
    /// How long an image stays protected after a protection with a cooldown was switched off
    /// (EnableImageDeregistrationProtection in the API reference: 24 hours).
    pub protection_cooldown: Duration,
}

/// The size of a token bucket, and how many tokens come back in a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// How many calls may come at once.
    pub burst: f64,
    /// How many calls a second may come for ever.
    pub per_second: f64,
}

impl Rate {
    /// So many calls a second, and as many at once.
    pub fn of(per_second: f64) -> Self {
        Rate {
            burst: per_second,
            per_second,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            snapshot_copies: 20,
            public_images: 5,
            copy_image: Rate {
                burst: 100.0,
                per_second: 1.0,
            },
            put_block: Rate::of(1000.0),
            get_block: Rate::of(1000.0),
            list_blocks: Rate::of(50.0),
            start_snapshot: Rate::of(10.0),
            complete_snapshot: Rate::of(10.0),
            smallest_part: 5 << 20,
            pending_snapshots: 100,
            token_life: Duration::from_secs(24 * 3600),
            block_token_life: Duration::from_secs(7 * 24 * 3600),
            page_token_life: Duration::from_secs(3600),
            protection_cooldown: Duration::from_secs(24 * 3600),
        }
    }
}
