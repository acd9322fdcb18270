//! A snapshot of a disk.

mod completion;
mod ending;
mod flight;
mod job;
mod old_disk;
mod resume;
mod sending;
mod shown;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ami_core::app::Context;
use ami_core::ebs::Ebs;
use ami_core::ec2::Ec2;
use ami_core::error::Error;
use ami_core::id::Id;
use ami_core::tag::Tag;

use crate::digests::DigestList;
use crate::disk::{Disk, Stream};
use crate::journal::Journal;
use job::Job;

/// How many calls may be under way at once, where nobody says another number.
pub const CALLS: usize = 128;
/// How many blocks may be put a second, where nobody says another number: what EBS takes for one
/// snapshot (EBS User Guide, "Quotas for the EBS direct APIs").
pub const RATE: u32 = 1000;
/// How long a snapshot that nobody would go on with may stay without a new block; the least that
/// leaves a slow pipe time.
const SHORT_TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// Soon after its start a snapshot may be unknown for longer than what EC2 makes: for two minutes,
/// users report.
const GRACES: u32 = 3;

/// Where the bytes come from.
#[derive(Debug)]
pub enum Source {
    /// A file or a block device.
    Disk(Arc<Disk>),
    /// A pipe.
    Stream(Stream),
}

impl Source {
    /// What messages call it.
    fn name(&self) -> String {
        match self {
            Self::Disk(disk) => disk.path().display().to_string(),
            Self::Stream(stream) => stream.name().to_owned(),
        }
    }
}

/// What the snapshot is made upon: blocks that are the same are not sent again.
#[derive(Debug)]
pub struct Parent {
    /// The snapshot.
    pub snapshot: Id,
    /// How it is known what its blocks hold.
    pub known: Known,
}

/// How it is known what the blocks of a parent hold.
#[derive(Debug)]
pub enum Known {
    /// By the disk that it was made of.
    Disk(Arc<Disk>),
    /// By the list of digests that was kept then.
    Digests(DigestList),
    /// By reading them from EBS.
    Blocks,
}

/// A snapshot to be made.
#[derive(Debug)]
pub struct Request {
    /// Where its bytes come from.
    pub source: Source,
    /// The size of the volume, in GiB: no less than the disk's.
    pub size: u32,
    /// How many bytes of it there are at least, as its partition table says: a pipe that ends earlier
    /// was cut off.
    pub least: u64,
    /// Its description.
    pub description: Option<String>,
    /// Its tags; that of the run is added.
    pub tags: Vec<Tag>,
    /// The UUID of the run.
    pub run: String,
    /// Encrypt it.
    pub encrypt: bool,
    /// The ARN of the KMS key to encrypt it with.
    pub kms_key: Option<String>,
    /// What it is made upon.
    pub parent: Option<Parent>,
    /// Leave holes and zeros out even where they would read as noise.
    pub skip_holes: bool,
    /// How many calls may be under way at once.
    pub calls: usize,
    /// How many may be made a second.
    pub rate: u32,
    /// Where it is kept what has been sent already, so that a second run can go on.
    pub journal: Option<PathBuf>,
    /// Where to write the digests of all blocks to.
    pub save_digests: Option<PathBuf>,
}

/// A snapshot that is complete.
#[derive(Debug)]
pub struct Uploaded {
    /// Its ID.
    pub snapshot: Id,
    /// Is it encrypted?
    pub is_encrypted: bool,
    /// How many blocks it took to put, in this run and in those that it went on with.
    pub blocks: u32,
    /// How many blocks this run has put.
    pub put: u64,
    journal: Option<Journal>,
}

impl Uploaded {
    /// Would a second run find this snapshot again, and go on from here?
    pub fn is_kept(&self) -> bool {
        self.journal.is_some()
    }

    /// Nobody will have to go on from here: the journal is removed.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget(self) -> Result<(), Error> {
        self.journal.map_or(Ok(()), Journal::forget)
    }
}

/// Makes a snapshot of a disk, up to its completion.
///
/// # Errors
/// What cannot be read, what EBS refuses, and being asked to stop. Then the snapshot is deleted, or,
/// where a journal is kept, kept and named.
pub async fn upload(
    context: &Context,
    ec2: &Ec2,
    ebs: &Ebs,
    request: Request,
) -> Result<Uploaded, Error> {
    if let Some(path) = &request.save_digests {
        DigestList::check_place(path)?;
    }
    old_disk::check_is_another(&request)?;
    let mut job = Job {
        context,
        ec2,
        ebs,
        request,
    };
    let before = job.parent_blocks().await?;
    let is_encrypting = job.encrypts_by_default().await?;
    let mut begun = job.begin().await?;
    if begun.is_complete {
        completion::wait(context, ec2, &begun.snapshot.id, None).await?;
        job.save_digests_of_earlier_run(&begun).await?;
        return Ok(job.uploaded(begun, 0));
    }
    let sent_before = begun.sent.len();
    let done = job.carry_out(&mut begun, before, is_encrypting).await;
    match done {
        Ok(put) => Ok(job.uploaded(begun, put)),
        Err(error) => Err(job.give_up(begun, error, sent_before).await),
    }
}
