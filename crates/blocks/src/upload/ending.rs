//! What is left when an upload ends, well or not.

use std::sync::Arc;

use ami_core::cleanup::Stack;
use ami_core::error::{Error, Kind};

use super::flight::{AHEAD, Found};
use super::job::Job;
use super::resume::Begun;
use super::sending::{check_unchanged, no_holes};
use super::{Source, Uploaded};
use crate::block;
use crate::buffer::Pool;
use crate::digests::DigestList;
use crate::plan::Plan;
use crate::reader::{Origin, Piece, Pieces};

impl Job<'_> {
    /// The run that sent the blocks came to its end before it could write the list.
    pub(super) async fn save_digests_of_earlier_run(&self, begun: &Begun) -> Result<(), Error> {
        let (Some(_), Source::Disk(disk)) = (&self.request.save_digests, &self.request.source)
        else {
            return Ok(());
        };
        let data = disk.data().map_err(|error| no_holes(disk, &error))?;
        let plan = Plan::new(disk.blocks(), data, Vec::new(), false);
        let origin = Origin::Disk(Arc::clone(disk), None, plan);
        let mut pieces = Pieces::begin(origin, Pool::new(AHEAD))?;
        let mut found = Found::default();
        loop {
            let piece = tokio::select! {
                biased;
                signal = self.context.interrupt.arrived() => return Err(Error::stopped(signal)),
                piece = pieces.next() => piece,
            };
            match piece {
                Some(piece) => {
                    if let Piece::Data(index, _, digest) = piece? {
                        found.digests.push((index, digest));
                    }
                }
                None => break,
            }
        }
        check_unchanged(disk)?;
        self.save_digests(begun, found);
        Ok(())
    }

    /// Writes the list that was asked for. The snapshot is good without it, so that it goes on where
    /// that fails.
    pub(super) fn save_digests(&self, begun: &Begun, found: Found) {
        if let Some(path) = &self.request.save_digests
            && let Err(error) = self.digest_list(begun, found).write(path)
        {
            self.context.fail(&error);
        }
    }

    fn digest_list(&self, begun: &Begun, found: Found) -> DigestList {
        let size = match &self.request.source {
            Source::Disk(disk) => disk.size(),
            Source::Stream(_) => found.read.unwrap_or_default(),
        };
        let count = usize::try_from(block::blocks(size)).unwrap_or(usize::MAX);
        let mut blocks = vec![None; count];
        for (index, digest) in found.digests {
            if let Some(place) = blocks.get_mut(index as usize) {
                *place = Some(digest);
            }
        }
        DigestList {
            snapshot: self.located(&begun.snapshot.id),
            size,
            zeros_are_noise: begun.snapshot.is_encrypted && self.request.skip_holes,
            blocks,
        }
    }

    pub(super) fn uploaded(&self, begun: Begun, put: u64) -> Uploaded {
        Uploaded {
            snapshot: begun.snapshot.id,
            is_encrypted: begun.snapshot.is_encrypted,
            blocks: u32::try_from(begun.sent.len()).unwrap_or(u32::MAX),
            put,
            journal: begun.journal,
        }
    }

    /// Deletes the snapshot, or keeps it where another run can go on with it; says what became of
    /// it.
    pub(super) async fn give_up(&self, begun: Begun, error: Error, sent_before: usize) -> Error {
        let id = &begun.snapshot.id;
        let region = self.ec2.region();
        let by_hand = format!("aws ec2 delete-snapshot --region {region} --snapshot-id {id}");
        let is_expired = error.kind() == Kind::Unreachable;
        let has_blocks = begun.sent.len() > sent_before || sent_before > 0;
        let is_worth_it = has_blocks && !is_expired && !begun.is_lost;
        if let Some(journal) = begun.journal {
            if is_worth_it {
                let path = journal.path().display();
                return error.adding(&format!(
                    "{id} is kept with {} blocks for the same command to go on with, as {path} says; \
                     without that it is to be deleted: {by_hand}",
                    begun.sent.len()
                ));
            }
            // A second run finds in it that the snapshot is gone.
            let _ = journal.forget();
        }
        if self.context.interrupt.seen().is_some() {
            let text = format!("deleting {id}; a second signal stops at once and leaves it there");
            self.context.progress.hint(&text);
        }
        let mut stack = Stack::new();
        stack.push(
            format!("snapshot {id}"),
            by_hand,
            self.ec2.delete_new_snapshot(id, begun.at),
        );
        let mut error = error;
        for left in stack.unwind().await {
            let what = format!("{} is still there: {}", left.what, left.error);
            error = error.adding(&format!("{what}; delete it: {}", left.by_hand));
        }
        error
    }
}
