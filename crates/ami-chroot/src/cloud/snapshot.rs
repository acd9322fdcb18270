//! Snapshots of a run: begun, and waited for.

use ami_core::cleanup::{Stack, Ticket};
use ami_core::ec2::{Ec2, NewSnapshot};
use ami_core::error::{Error, Fault};
use ami_core::id::Id;
use ami_core::reference::Located;
use ami_core::tag;
use ami_core::wait::{Rules, Waiter};

use super::halt::Halt;
use super::site::Site;

/// Begins a snapshot, and puts it on the stack.
pub(crate) async fn create<'a>(
    site: &Site<'a>,
    new: &NewSnapshot,
    made: &mut Stack<'a>,
) -> Result<(Id, Ticket), Halt> {
    site.check_stop()?;
    let text = format!("snapshotting {}", new.volume);
    site.context.progress.trace(&text);
    let created = site.ec2.create_snapshot(new).await;
    match created {
        Ok(id) => {
            let ec2 = std::rc::Rc::clone(&site.ec2);
            let snapshot = id.clone();
            let ticket = made.push(format!("snapshot {id}"), by_hand(&ec2, &id), async move {
                ec2.delete_snapshot(&snapshot).await
            });
            Ok((id, ticket))
        }
        Err(error) => {
            // It may have been made all the same.
            if matches!(error.fault(), Fault::Uncertain | Fault::Passing) {
                let ec2 = std::rc::Rc::clone(&site.ec2);
                let run = site.run.clone();
                let what = format!("a snapshot of {}, if EC2 has made one,", new.volume);
                made.push(what, "ami-chroot --sweep", async move {
                    for snapshot in ec2.snapshots_tagged(tag::HOST).await? {
                        if snapshot.tags.get(tag::RUN) == Some(&run) {
                            ec2.delete_snapshot(&snapshot.id).await?;
                        }
                    }
                    Ok(())
                });
            }
            Err(site.halt(error.of(&new.volume)))
        }
    }
}

/// Waits until a snapshot is completed.
pub(crate) async fn wait(site: &Site<'_>, snapshot: &Id) -> Result<(), Halt> {
    let text = format!("waiting for {snapshot} to be completed");
    site.context.progress.trace(&text);
    let rules = Rules {
        exist_timeout: site.ec2.grace(),
        ..Rules::default()
    };
    let mut waiter = Waiter::new(site.context, rules);
    let located = Located {
        id: snapshot.clone(),
        region: site.this.region.clone(),
    };
    waiter.add(located, "completed").await;
    tokio::select! {
        biased;
        _ = site.context.interrupt.arrived() => Err(Halt::Stopped),
        event = waiter.next() => match event {
            Some(event) => Ok(event.result.map(drop)?),
            None => Err(Error::failed("nothing was waited for").into()),
        }
    }
}

pub(crate) fn by_hand(ec2: &Ec2, id: &Id) -> String {
    let region = ec2.region();
    format!("aws ec2 delete-snapshot --region {region} --snapshot-id {id}")
}
