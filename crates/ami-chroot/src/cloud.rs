//! A build in a volume of this instance, from a base to an image.
//!
//! What is made is put on a [`Stack`] at once, and taken from it when it is handed over. So each way
//! out, failure, signal or the command's own, undoes the same things.

pub(crate) mod base;
pub(crate) mod halt;
mod image;
mod mappings;
mod plan;
pub(crate) mod record;
pub(crate) mod rehearsal;
pub(crate) mod site;
pub(crate) mod snapshot;
pub(crate) mod unmark;
pub(crate) mod volume;

use ami_core::app::Context;
use ami_core::cleanup::{Stack, Ticket};
use ami_core::ec2::NewSnapshot;
use ami_core::error::Error;
use ami_core::id::Id;
use ami_core::reference::Located;

use crate::helper;
use crate::request::{Build, Cloud};
use base::{Base, Origin};
use halt::{Halt, settle};
use plan::Plan;
use site::Site;
use unmark::unmark;
use volume::{Device, Making};

/// One build.
struct Run<'a> {
    site: &'a Site<'a>,
    build: &'a Build,
    wishes: &'a Cloud,
    base: &'a Base,
}

/// A volume and a snapshot that have become an image, or will.
struct Built {
    snapshot: Id,
    ticket: Ticket,
    device: Device,
}

/// Carries out the build, and prints the image.
pub(crate) async fn run(context: &Context, build: &Build, wishes: &Cloud) -> Result<(), Error> {
    build.wishes.check(context)?;
    let site = Site::find(context).await;
    let (site, base) = match site {
        Ok(site) => {
            let base = site.unless_stopped(base::find(&site, wishes)).await;
            (site, base)
        }
        Err(halt) => return halt.end(context),
    };
    let base = match base {
        Ok(base) => base,
        Err(halt) => return halt.end(context),
    };
    let run = Run {
        site: &site,
        build,
        wishes,
        base: &base,
    };
    if build.dry_run {
        return match site.unless_stopped(run.rehearse()).await {
            Ok(text) => {
                context.progress.hint(&text);
                Ok(())
            }
            Err(halt) => halt.end(context),
        };
    }
    let mut made = Stack::new();
    let result = run.carry_out(&mut made).await;
    settle(context, result, made).await
}

impl<'a> Run<'a> {
    async fn carry_out(&self, made: &mut Stack<'a>) -> Result<(), Halt> {
        self.wishes.image.name.check_free(&self.site.ec2).await?;
        let helper = helper::start_for_volumes().await?;
        let snapshot = self.snapshot_to_build_on(made).await?;
        let making = Making {
            site: self.site,
            wishes: &self.wishes.volume,
            snapshot: Some(snapshot),
            size: self.wishes.volume.size.map(|size| size.max(self.base.size)),
            tags: &self.wishes.image.tags,
        };
        let (volume, ticket) = making.volume(made).await?;
        let result = match self.in_volume(helper, &volume, ticket, made).await {
            Ok(built) => self.hand_over(built, made).await,
            Err(halt) => Err(halt),
        };
        match result {
            Err(halt) if self.build.keep && !halt.is_stop() => {
                made.release(ticket);
                volume::keep(self.site, &volume).await;
                Err(halt)
            }
            other => other,
        }
    }

    /// From the volume to its snapshot, and the volume's end.
    async fn in_volume(
        &self,
        helper: ami_buildroot::client::Helper,
        volume: &Id,
        ticket: Ticket,
        made: &mut Stack<'a>,
    ) -> Result<Built, Halt> {
        let site = self.site;
        let (helper, device) = volume::attach(site, helper, volume).await?;
        let disk = device.descriptor()?;
        let order = self.build.wishes.order(disk)?;
        let report = helper::build(site.context, helper, order, &volume.to_string()).await?;
        site.check_stop()?;
        let command = self.build.wishes.command();
        helper::judge(&command, &report.ended, helper::NOTHING).map_err(Halt::Command)?;
        let device = device.let_go();
        let new = NewSnapshot {
            volume: volume.clone(),
            description: self.wishes.image.description.clone(),
            tags: self.snapshot_tags(),
            run: site.run.clone(),
        };
        let (snapshot, snapshot_ticket) = snapshot::create(site, &new, made).await?;
        // A snapshot is of the moment that it was begun; what is done with the volume while it is
        // being completed is not in it (EBS User Guide, "Create Amazon EBS snapshots").
        let completed = snapshot::wait(site, &snapshot);
        if self.build.keep {
            // Whatever fails before there is an image, the volume is to be there still.
            completed.await?;
        } else if volume::removed_while(site, volume, completed).await? {
            made.release(ticket);
        }
        Ok(Built {
            snapshot,
            ticket: snapshot_ticket,
            device,
        })
    }

    /// A volume may be in use by others: it is its snapshot that is built on.
    async fn snapshot_to_build_on(&self, made: &mut Stack<'a>) -> Result<Id, Halt> {
        let volume = match &self.base.origin {
            Origin::Snapshot(snapshot) => return Ok(snapshot.clone()),
            Origin::Volume(volume) => volume,
        };
        let new = self.base_snapshot(volume);
        let (snapshot, _) = snapshot::create(self.site, &new, made).await?;
        snapshot::wait(self.site, &snapshot).await?;
        Ok(snapshot)
    }

    fn base_snapshot(&self, volume: &Id) -> NewSnapshot {
        NewSnapshot {
            volume: volume.clone(),
            description: Some("the base of a build, which deletes it".to_owned()),
            tags: vec![self.site.mark()],
            run: self.site.run.clone(),
        }
    }

    async fn hand_over(&self, built: Built, made: &mut Stack<'a>) -> Result<(), Halt> {
        self.site.check_stop()?;
        self.site.context.progress.trace("registering the image");
        let plan = Plan::new(self, &built).await;
        let image = plan.register().await?;
        made.release(built.ticket);
        // Whoever stops the tool now must still be told of the image, so nothing comes before that.
        let handed_over = image::hand_over(self.site.context, &self.wishes.wait, image);
        tokio::join!(handed_over, self.unmark(&built.snapshot));
        Ok(())
    }

    /// With its mark, too, the snapshot is kept, because an image has it; but one that outlives its
    /// image is the user's, and no leftover. So it is no failure of the build when this fails.
    async fn unmark(&self, snapshot: &Id) {
        if let Err(error) = unmark(&self.site.ec2, snapshot).await {
            self.site.context.progress.insist(&error.to_string());
        }
    }

    fn located(&self, id: Id) -> Located {
        Located {
            id,
            region: self.site.this.region.clone(),
        }
    }
}
