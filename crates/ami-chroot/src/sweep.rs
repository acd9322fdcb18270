//! `--sweep`: removes what builds have left that were killed.

use std::collections::{BTreeMap, BTreeSet};

use ami_core::app::Context;
use ami_core::ec2::SNAPSHOT_IN_USE;
use ami_core::error::Error;
use ami_core::id::{Id, Kind};
use ami_core::reference::Located;
use ami_core::tag;

use crate::cloud::halt::Halt;
use crate::cloud::record::Made;
use crate::cloud::site::Site;
use crate::cloud::volume;
use crate::mark::{Fate, Mark};

/// A thing with a mark.
struct Marked {
    id: Id,
    mark: Mark,
}

/// Finds what is left and removes it, or says what it would remove.
pub(crate) async fn run(context: &Context, dry_run: bool) -> Result<(), Error> {
    let site = match Site::find(context).await {
        Ok(site) => site,
        Err(halt) => return halt.end(context),
    };
    match site.unless_stopped(leftovers(&site)).await {
        Ok(all) => {
            for id in all {
                if context.interrupt.seen().is_some() {
                    return Ok(());
                }
                sweep(&site, &id, dry_run).await;
            }
            Ok(())
        }
        Err(halt @ Halt::Failed(_)) => halt.end(context),
        Err(_) => Ok(()),
    }
}

/// Volumes before snapshots: of a volume that is gone no snapshot is taken any more.
async fn leftovers(site: &Site<'_>) -> Result<Vec<Id>, Error> {
    let volumes = site.ec2.volumes_tagged(tag::HOST).await?;
    let snapshots = site.ec2.snapshots_tagged(tag::HOST).await?;
    let volumes = volumes.iter().map(|volume| (&volume.id, &volume.tags));
    let snapshots = snapshots
        .iter()
        .map(|snapshot| (&snapshot.id, &snapshot.tags));
    let marked: Vec<_> = volumes
        .chain(snapshots)
        .filter_map(|(id, tags)| marked(site, id, tags))
        .collect();
    let here = &site.this.id;
    let elsewhere = marked.iter().map(|one| &one.mark);
    let elsewhere = elsewhere.filter(|mark| mark.fate(here) == Fate::Elsewhere);
    let instances: BTreeSet<Id> = elsewhere.map(|mark| mark.instance.clone()).collect();
    let living = site.ec2.living_instances(&instances).await?;
    let is_left = |one: &Marked| match one.mark.fate(here) {
        Fate::Gone => true,
        Fate::Lives => false,
        Fate::Elsewhere => !living.contains(&one.mark.instance),
    };
    Ok(marked
        .into_iter()
        .filter(is_left)
        .map(|one| one.id)
        .collect())
}

fn marked(site: &Site<'_>, id: &Id, tags: &BTreeMap<String, String>) -> Option<Marked> {
    let mark = tags.get(tag::HOST).and_then(|text| Mark::parse(text));
    if mark.is_none() {
        let text = format!(
            "{id}: left alone, because its tag {} is not ours",
            tag::HOST
        );
        site.context.progress.hint(&text);
    }
    Some(Marked {
        id: id.clone(),
        mark: mark?,
    })
}

async fn sweep(site: &Site<'_>, id: &Id, dry_run: bool) {
    let context = site.context;
    if dry_run {
        context.progress.hint(&format!("would remove {id}"));
        return;
    }
    let removed = match id.kind() {
        Kind::Volume => volume::remove(&site.ec2, id).await.map(|()| true),
        _ => remove_snapshot(site, id).await,
    };
    match removed {
        Ok(true) => {
            let region = site.this.region.clone();
            let located = Located {
                id: id.clone(),
                region,
            };
            // Where standard output is gone the reference is on standard error.
            let _ = context.print(&Made::bare(located, "removed")).await;
            context.done();
        }
        Ok(false) => {}
        Err(error) => context.fail(&error.of(id)),
    }
}

/// False if an image has it: then the run was killed after it had registered the image, and the
/// snapshot is no leftover.
async fn remove_snapshot(site: &Site<'_>, id: &Id) -> Result<bool, Error> {
    match site.ec2.delete_snapshot(id).await {
        Err(error) if error.code() == Some(SNAPSHOT_IN_USE) => {
            site.ec2
                .delete_tags(std::slice::from_ref(id), tag::HOST)
                .await?;
            Ok(false)
        }
        other => other.map(|()| true),
    }
}
