//! A disk of a snapshot.
//!
//! What is fetched into a file grows beside it, in `DIR/.NAME.ami-fetch.partial`, and gets its name
//! when it is whole. Which of its blocks are there stands in `DIR/.NAME.ami-fetch`, a ledger: another
//! run checks these against their digests and gets the others. A block device is written to directly,
//! and from the beginning.

mod device;
mod flight;
mod listing;
mod partial;
mod place;
mod writers;

use std::path::{Path, PathBuf};

use ami_core::app::Context;
use ami_core::ebs::Ebs;
use ami_core::error::Error;
use ami_core::id::Id;
use ami_core::interrupt::Interrupt;
use ami_core::reference::Located;

use flight::Flight;
use listing::Listing;
use place::Place;
use writers::Writers;

/// How many calls may be under way at once, unless told otherwise. Each takes a block of memory and a
/// buffer of up to 408 KiB that its connection reads into, which cannot be made smaller; so many come
/// to 58 MiB, and to the 1000 blocks a second that EBS gives where each takes 64 ms.
pub const CALLS: usize = 64;

/// A disk file to be made.
#[derive(Debug)]
pub struct Request {
    /// Of this snapshot.
    pub snapshot: Id,
    /// Here. A file appears when it is whole; a block device is written to.
    pub file: PathBuf,
    /// May a file that is there be replaced?
    pub overwrite: bool,
    /// How many calls may be under way at once; [`CALLS`] is a good number.
    pub calls: usize,
    /// How many blocks may be got a second. EBS gives 1000 a second of one snapshot (EBS User Guide,
    /// "Quotas for the EBS direct APIs").
    pub rate: u32,
}

/// A disk file that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The size of the volume in bytes, and so of the file; the disk that the snapshot was made of
    /// may have been smaller, which EBS does not know.
    pub size: u64,
    /// How many blocks of it have data.
    pub blocks: u32,
    /// How many of them this run has got; an earlier one got the others.
    pub got: u64,
}

/// Checks whether a disk may be fetched to that place.
///
/// # Errors
/// A usage error about a file or a device that may not be written over, or what no disk can be
/// written to.
pub fn check_place(path: &Path, overwrite: bool) -> Result<(), Error> {
    Place::look(path, overwrite).map(drop)
}

/// Makes a sparse file of a snapshot's blocks, or writes them to a block device. Every block is
/// verified against the SHA-256 that EBS keeps of it. What an interrupted run has got into a file is
/// checked, and not got again.
///
/// Needs `calls` × 920 KiB of memory at most, and that of two pages of a listing.
///
/// # Errors
/// * A usage error, before any call: a file that is there already and may not be replaced, and what
///   is neither a file nor a block device.
/// * What cannot be written, what EBS refuses, blocks that never match their digest, and being asked
///   to stop. What there is of a file then stays beside it, and the error says so.
pub async fn fetch(context: &Context, ebs: &Ebs, request: Request) -> Result<Fetched, Error> {
    let place = Place::look(&request.file, request.overwrite)?;
    let listing = tokio::select! {
        biased;
        signal = context.interrupt.arrived() => return Err(Error::stopped(signal)),
        listing = Listing::begin(ebs, &request.snapshot) => listing?,
    };
    let snapshot = Located {
        id: request.snapshot.clone(),
        region: ebs.region().clone(),
    };
    let size = listing.size();
    let mut target = place.open(&snapshot, size)?;
    let fetched = async {
        let writers = Writers::begin(target.file(), target.is_blank())?;
        let flight = Flight::new(context, ebs, &request, listing, &writers, &mut target);
        let (blocks, got) = flight.run().await?;
        sync(&context.interrupt, &writers, &request).await?;
        Ok(Fetched {
            size: u64::from(size) << 30,
            blocks,
            got,
        })
    };
    match fetched.await {
        Ok(fetched) => target.finish().map(|()| fetched),
        Err(error) => Err(target.give_up(error).of(request.file.display())),
    }
}

/// Waits until all is on the disk.
async fn sync(interrupt: &Interrupt, writers: &Writers, request: &Request) -> Result<(), Error> {
    tokio::select! {
        biased;
        signal = interrupt.arrived() => Err(Error::stopped(signal)),
        synced = writers.run(writers::Task::Sync) => match synced {
            Ok(_) => Ok(()),
            Err(error) => Err(crate::beside::cannot("write", &request.file, &error)),
        },
    }
}
