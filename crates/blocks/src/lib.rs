//! Disks as snapshots and back, block by block, over the EBS direct APIs.
//!
//! * pure: [`block`] says what a block is and how digests add up, [`pace`] how many calls may be
//!   under way at once.
//! * the disk's side: [`disk`] finds holes and reads, on threads of its own; [`digests`] and
//!   [`journal`] are the files that are kept beside a disk.
//! * EBS's side: [`upload`] makes a snapshot of a disk, [`fetch`] a disk of a snapshot.

mod beside;
pub mod block;
mod buffer;
pub mod digests;
pub mod disk;
pub mod fetch;
pub mod journal;
mod ledger;
mod line;
mod located;
mod meter;
mod pace;
mod plan;
mod reader;
mod retries;
pub mod upload;
