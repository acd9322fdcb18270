//! `--sweep`: removes what builds have left that were killed.

use std::collections::{BTreeMap, BTreeSet};

use ami_core::app::Context;
use ami_core::ec2::SNAPSHOT_IN_USE;
use ami_core::error::Error;
use ami_core::id::{Id, Kind};
use ami_core::reference::Located;
use ami_core::resource::State;
use ami_core::tag;
use ami_core::time::Moment;

use crate::cloud::halt::Halt;
use crate::cloud::record::Made;
use crate::cloud::site::Site;
use crate::cloud::unmark::unmark;
use crate::cloud::volume;
use crate::mark::{Fate, HANDED_OVER, Mark};

/// How old a thing must be before an instance that EC2 does not know counts as gone: one that was just
/// launched may be unknown for a while, too. One that was terminated is shown as such for up to an hour.
const AGE: i64 = 15 * 60;
const TERMINATED: &str = "terminated";

/// A thing with a mark.
struct Marked {
    id: Id,
    mark: Mark,
    created: Option<Moment>,
    /// The instances that have it: of volumes.
    holders: Vec<Id>,
}

/// What is left of killed builds, and what is to be known to remove it.
struct Leftovers {
    all: Vec<Marked>,
    instances: Instances,
}

/// What EC2 says of other instances.
struct Instances {
    here: Id,
    states: BTreeMap<Id, State>,
}

/// Finds what is left and removes it, or says what it would remove.
pub(crate) async fn run(context: &Context, dry_run: bool) -> Result<(), Error> {
    let site = match Site::find(context).await {
        Ok(site) => site,
        Err(halt) => return halt.end(context),
    };
    match site.unless_stopped(leftovers(&site)).await {
        Ok(left) => {
            for one in &left.all {
                if context.interrupt.seen().is_some() {
                    return Ok(());
                }
                sweep(&site, one, &left.instances, dry_run).await;
            }
            Ok(())
        }
        Err(halt @ Halt::Failed(_)) => halt.end(context),
        Err(_) => Ok(()),
    }
}

/// Volumes before snapshots: of a volume that is gone no snapshot is taken any more.
async fn leftovers(site: &Site<'_>) -> Result<Leftovers, Error> {
    let volumes = site.ec2.volumes_tagged(tag::HOST).await?;
    let snapshots = site.ec2.snapshots_tagged(tag::HOST).await?;
    let volumes = volumes.into_iter().filter_map(|volume| {
        let holders = volume.holders().cloned();
        marked(site, volume.id.clone(), &volume.tags, volume.created).map(|one| Marked {
            holders: holders.collect(),
            ..one
        })
    });
    let snapshots = snapshots
        .into_iter()
        .filter_map(|it| marked(site, it.id, &it.tags, it.started));
    let mut all: Vec<Marked> = volumes.chain(snapshots).collect();
    let here = site.this.id.clone();
    let named = all.iter().flat_map(|one| {
        let holders = one.holders.iter();
        holders.chain([&one.mark.instance])
    });
    let others: BTreeSet<Id> = named.filter(|id| **id != here).cloned().collect();
    let states = site.ec2.instance_states(&others).await?;
    let instances = Instances { here, states };
    all.retain(|one| instances.is_left(one));
    all.retain(|one| {
        let is_others = one.holders.iter().any(|it| instances.took_over(it, one));
        if is_others {
            say_left_alone(site, &one.id);
        }
        !is_others
    });
    Ok(Leftovers { all, instances })
}

impl Instances {
    /// Is the run gone that made it?
    fn is_left(&self, one: &Marked) -> bool {
        match one.mark.fate(&self.here) {
            Fate::Gone => true,
            Fate::Lives => false,
            Fate::Elsewhere => match self.states.get(&one.mark.instance) {
                Some(state) => state.as_str() == TERMINATED,
                None => one
                    .created
                    .is_some_and(|created| Moment::now().timestamp() - created.timestamp() >= AGE),
            },
        }
    }

    /// Has this instance got what was made for another one?
    fn took_over(&self, holder: &Id, one: &Marked) -> bool {
        let is_gone = self.states.get(holder).map(State::as_str) == Some(TERMINATED);
        *holder != one.mark.instance && !is_gone
    }
}

fn marked(
    site: &Site<'_>,
    id: Id,
    tags: &BTreeMap<String, String>,
    created: Option<Moment>,
) -> Option<Marked> {
    let text = tags.get(tag::HOST)?;
    if text == HANDED_OVER {
        return None;
    }
    let mark = Mark::parse(text);
    if mark.is_none() {
        let text = format!(
            "{id}: left alone, because its tag {} is not ours",
            tag::HOST
        );
        site.context.progress.hint(&text);
    }
    Some(Marked {
        id,
        mark: mark?,
        created,
        holders: Vec::new(),
    })
}

fn say_left_alone(site: &Site<'_>, id: &Id) {
    let text = format!("{id}: left alone, because another instance has it than that of its build");
    site.context.progress.hint(&text);
}

async fn sweep(site: &Site<'_>, one: &Marked, instances: &Instances, dry_run: bool) {
    let (context, id) = (site.context, &one.id);
    if dry_run {
        context.progress.hint(&format!("would remove {id}"));
        return;
    }
    let removed = match id.kind() {
        Kind::Volume => {
            let took_over = |holder: &Id| instances.took_over(holder, one);
            let removed = volume::sweep(&site.ec2, id, took_over).await;
            if let Ok(false) = removed {
                say_left_alone(site, id);
            }
            removed
        }
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
            unmark(&site.ec2, id).await?;
            Ok(false)
        }
        other => other.map(|()| true),
    }
}
