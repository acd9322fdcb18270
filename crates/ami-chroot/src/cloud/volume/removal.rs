//! The end of a volume: detached, by force if it has to be, and deleted; or kept.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use ami_core::chance;
use ami_core::ec2::{Ec2, VOLUME_IN_USE, Volume};
use ami_core::error::Error;
use ami_core::id::Id;
use ami_core::retry::Backoff;

use super::super::halt::Halt;
use super::super::site::Site;
use super::super::unmark::unmark;
use super::PATIENCE;
use super::watch::{self, FIRST, LONGEST, Watch};

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
    delete(ec2, volume).await
}

/// EC2 may take a volume for attached a while after it has shown that it is not.
async fn delete(ec2: &Ec2, volume: &Id) -> Result<(), Error> {
    let start = Instant::now();
    let mut backoff = Backoff::new(FIRST, LONGEST, 1.5);
    loop {
        match ec2.delete_volume(volume).await {
            Err(error) if error.code() == Some(VOLUME_IN_USE) && start.elapsed() < PATIENCE => {
                tokio::time::sleep(backoff.next(chance::fraction())).await;
            }
            other => return other,
        }
    }
}

/// Removes what a killed run has left, unless an instance has taken it over by now. Says whether it
/// is gone.
pub(crate) async fn sweep(
    ec2: &Ec2,
    volume: &Id,
    took_over: impl Fn(&Id) -> bool,
) -> Result<bool, Error> {
    // What was listed may have changed while other things were removed.
    let found = ec2.volume(volume).await?;
    if found.iter().flat_map(Volume::holders).any(took_over) {
        return Ok(false);
    }
    remove(ec2, volume).await?;
    Ok(true)
}

async fn detach(ec2: &Ec2, volume: &Id) -> Result<(), Error> {
    let is_free = |found: Option<&Volume>| match found {
        None => Watch::Done(()),
        Some(volume) if volume.holders().next().is_none() => Watch::Done(()),
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

/// Takes a volume from the instance, and leaves it to the user. It is a failure of its own when it
/// cannot be left to him for good.
pub(crate) async fn keep(site: &Site<'_>, volume: &Id) {
    let context = site.context;
    if let Ok(None) = site.ec2.volume(volume).await {
        let what = "cannot be kept: EC2 does not know it any more";
        return context.fail(&Error::failed(what).of(volume));
    }
    let detached = detach(&site.ec2, volume).await;
    let unmarked = unmark(&site.ec2, volume).await;
    let by_hand = match detached {
        Ok(()) => deletion(&site.ec2, volume),
        Err(error) => {
            context.progress.hint(&error.to_string());
            by_hand(&site.ec2, volume)
        }
    };
    context.progress.insist(&format!(
        "{volume} is kept: to go on in it: ami-chroot {volume} COMMAND; to remove it: {by_hand}"
    ));
    if let Err(error) = unmarked {
        context.fail(&error);
    }
}

/// The command that removes a volume.
pub(super) fn by_hand(ec2: &Ec2, id: &Id) -> String {
    let region = ec2.region();
    format!(
        "aws ec2 detach-volume --region {region} --volume-id {id}; {}",
        deletion(ec2, id)
    )
}

/// The same of one that is detached.
fn deletion(ec2: &Ec2, id: &Id) -> String {
    let region = ec2.region();
    format!("aws ec2 delete-volume --region {region} --volume-id {id}")
}
