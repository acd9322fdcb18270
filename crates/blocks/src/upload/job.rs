//! One snapshot being made: from what is known beforehand to its completion.

use std::collections::BTreeMap;

use ami_core::app::Context;
use ami_core::ebs::{Completion, Ebs, may_be_complete};
use ami_core::ec2::{Ec2, Snapshot};
use ami_core::error::{Error, Kind};
use ami_core::id::Id;
use ami_core::reference::Located;

use super::resume::Begun;
use super::shown::{Before, Shown};
use super::{Known, Request, completion, old_disk};
use crate::block::{self, BLOCK, BLOCKS_PER_GIB, Digest};

/// One snapshot being made.
pub(super) struct Job<'a> {
    pub(super) context: &'a Context,
    pub(super) ec2: &'a Ec2,
    pub(super) ebs: &'a Ebs,
    pub(super) request: Request,
}

impl Job<'_> {
    /// What is known of the parent's blocks.
    pub(super) async fn parent_blocks(&mut self) -> Result<Before, Error> {
        let Some(parent) = &mut self.request.parent else {
            return Ok(Before::Nothing);
        };
        let id = parent.snapshot.clone();
        let found = self.ec2.snapshot(&id).await?;
        check_parent(&id, self.ec2, found)?;
        Ok(match &mut parent.known {
            Known::Disk(disk) => {
                old_disk::check(self.context, self.ebs, &id, disk).await?;
                Before::Disk(disk.blocks())
            }
            Known::Digests(list) => Before::Digests {
                list: std::mem::take(&mut list.blocks),
                zeros_are_noise: list.zeros_are_noise,
            },
            Known::Blocks => {
                let mut all = BTreeMap::new();
                let mut from = None;
                loop {
                    let page = tokio::select! {
                        biased;
                        signal = self.context.interrupt.arrived() => {
                            return Err(Error::stopped(signal));
                        }
                        page = self.ebs.blocks(&id, from.as_deref()) => page,
                    };
                    let page = page.map_err(|error| error.of(&id))?;
                    all.extend(page.blocks);
                    from = page.next;
                    if from.is_none() {
                        break Before::Blocks(all);
                    }
                }
            }
        })
    }

    /// Does the account encrypt what nobody asked to encrypt? Where that may not be asked, it might.
    pub(super) async fn encrypts_by_default(&self) -> Result<bool, Error> {
        if self.request.encrypt || self.request.skip_holes {
            return Ok(self.request.encrypt);
        }
        match self.ec2.encrypts_by_default().await {
            Err(error) if error.code() == Some("UnauthorizedOperation") => {
                let text =
                    format!("{error}; so holes are sent as zeros, unless --skip-holes is given");
                self.context.progress.hint(&text);
                Ok(true)
            }
            other => other,
        }
    }

    /// Sends what has to be sent and has EBS complete the snapshot; returns how many blocks were
    /// put.
    pub(super) async fn carry_out(
        &mut self,
        begun: &mut Begun,
        before: Before,
        encrypts_by_default: bool,
    ) -> Result<u64, Error> {
        let is_plain = !begun.snapshot.is_encrypted && !encrypts_by_default;
        let mut shown = Shown {
            sent: std::mem::take(&mut begun.sent),
            before,
            holes_are_zeros: is_plain || self.request.skip_holes,
            zeros: Digest::of(&[0; BLOCK]),
        };
        let flown = self.fly(begun, &mut shown).await;
        begun.sent = shown.sent;
        let (found, put) = flown?;
        let id = &begun.snapshot.id;
        let count = u32::try_from(begun.sent.len()).unwrap_or(u32::MAX);
        let digest = block::linear(begun.sent.values());
        let doubt = match self.ebs.complete_snapshot(id, count, &digest).await {
            Ok(Completion::Accepted) => None,
            Ok(Completion::InDoubt(error)) => Some(error.of(id)),
            // The earlier run may have come so far and not have noted it.
            Err(error) if begun.is_resumed && put == 0 && may_be_complete(&error) => {
                Some(error.of(id))
            }
            Err(error) => {
                // With what this device was before, it can never be complete.
                begun.is_lost = begun.is_resumed && !begun.is_unchanged;
                return Err(error.of(id));
            }
        };
        let is_sure = doubt.is_none();
        if let Some(journal) = &mut begun.journal
            && is_sure
        {
            journal.complete()?;
        }
        completion::wait(self.context, self.ec2, id, doubt).await?;
        if let Some(journal) = &mut begun.journal
            && !is_sure
        {
            journal.complete()?;
        }
        self.save_digests(begun, found);
        Ok(put)
    }

    /// How many blocks the volume has.
    pub(super) fn room(&self) -> u64 {
        u64::from(self.request.size) * u64::from(BLOCKS_PER_GIB)
    }

    pub(super) fn located(&self, id: &Id) -> Located {
        Located {
            id: id.clone(),
            region: self.ec2.region().clone(),
        }
    }
}

fn check_parent(id: &Id, ec2: &Ec2, found: Option<Snapshot>) -> Result<(), Error> {
    let Some(found) = found else {
        let located = Located {
            id: id.clone(),
            region: ec2.region().clone(),
        };
        return Err(Error::not_found(&located, ""));
    };
    match found.state.as_str() {
        "completed" => Ok(()),
        state => {
            let what = format!("is {state}; only a completed snapshot can be a parent");
            Err(Error::new(Kind::Failed, what).of(id))
        }
    }
}
