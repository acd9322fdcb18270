//! The end of a volume: detached, by force if it has to be, and deleted; or kept.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use ami_core::ec2::{Ec2, VOLUME_IN_USE, Volume};
use ami_core::error::Error;
use ami_core::id::Id;
use ami_core::tag;

use super::super::halt::Halt;
use super::super::site::Site;
use super::PATIENCE;
use super::watch::{self, Watch};

/// After so long a volume that is not let go of is taken away by force: nothing has it mounted.
const BEFORE_FORCE: Duration = Duration::from_secs(60);
/// How long an image waits for the end of its volume.
const MOMENT: Duration = Duration::from_secs(15);

/// Removes a volume while something else is waited for, and says whether it is gone. One that EC2 does
/// not let go of holds up the image no longer than a moment: it stays on the stack, and is tried again
/// when the image is there.
pub(crate) async fn removed_while(
    site: &Site<'_>,
    volume: &Id,
    waiting: impl Future<Output = Result<(), Halt>>,
) -> Result<bool, Halt> {
    let text = format!("removing {volume}");
    site.context.progress.trace(&text);
    let mut removing = pin!(remove(&site.ec2, volume));
    let mut waiting = pin!(waiting);
    let removed = tokio::select! {
        biased;
        waited = &mut waiting => {
            waited?;
            tokio::select! {
                biased;
                _ = site.context.interrupt.arrived() => return Err(Halt::Stopped),
                removed = &mut removing => removed,
                () = tokio::time::sleep(MOMENT) => return Ok(false),
            }
        }
        removed = &mut removing => {
            waiting.await?;
            removed
        }
    };
    if let Err(error) = &removed {
        let text = format!("{volume} cannot be removed yet: {error}");
        site.context.progress.trace(&text);
    }
    Ok(removed.is_ok())
}

/// Detaches a volume, by force if it has to be, and deletes it.
pub(crate) async fn remove(ec2: &Ec2, volume: &Id) -> Result<(), Error> {
    detach(ec2, volume).await?;
    match ec2.delete_volume(volume).await {
        // EC2 may still take it for attached for a moment.
        Err(error) if error.code() == Some(VOLUME_IN_USE) => {
            tokio::time::sleep(Duration::from_secs(2)).await;
            ec2.delete_volume(volume).await
        }
        other => other,
    }
}

async fn detach(ec2: &Ec2, volume: &Id) -> Result<(), Error> {
    let is_free = |found: Option<&Volume>| match found {
        None => Watch::Done(()),
        Some(volume) if volume.attachments.iter().all(|it| it.state == "detached") => {
            Watch::Done(())
        }
        Some(_) => Watch::More,
    };
    let Some(found) = ec2.volume(volume).await? else {
        return Ok(());
    };
    if let Watch::Done(()) = is_free(Some(&found)) {
        return Ok(());
    }
    for (force, patience) in [(false, BEFORE_FORCE), (true, PATIENCE)] {
        ec2.detach_volume(volume, force).await?;
        if let Some(()) = watch::until(ec2, volume, patience, is_free).await? {
            return Ok(());
        }
    }
    Err(Error::failed("is not detached, not even by force").of(volume))
}

/// Takes a volume from the instance, and leaves it to the user.
pub(crate) async fn keep(site: &Site<'_>, volume: &Id) {
    let detached = detach(&site.ec2, volume).await;
    let unmarked = site
        .ec2
        .delete_tags(std::slice::from_ref(volume), tag::HOST)
        .await;
    for error in [detached, unmarked].into_iter().filter_map(Result::err) {
        site.context.progress.hint(&error.to_string());
    }
    site.context.progress.insist(&format!(
        "{volume} is kept: to go on in it: ami-chroot {volume} COMMAND; to remove it: {}",
        by_hand(&site.ec2, volume)
    ));
}

/// The command that removes a volume.
pub(super) fn by_hand(ec2: &Ec2, id: &Id) -> String {
    let region = ec2.region();
    format!(
        "aws ec2 detach-volume --region {region} --volume-id {id}; \
         aws ec2 delete-volume --region {region} --volume-id {id}"
    )
}
