//! What becomes of a copy that is ready: who may use it, until when, and how it is protected.

use std::rc::Rc;
use std::time::Instant;

use ami_core::app::Context;
use ami_core::chance;
use ami_core::ec2::{Ec2, Grants};
use ami_core::error::{Error, Kind as ErrorKind};
use ami_core::id::Id;
use ami_core::retry::Backoff;

use crate::record::Made;
use crate::request::Life;
use crate::sources::Source;

/// Does all of it. Each step may be done again without harm, so a run that was cut short is
/// completed by another. What EC2 does not know, though the copy is available, it knows in a moment.
pub(crate) async fn settle(
    context: &Context,
    gateway: Rc<Ec2>,
    life: &Life,
    source: Rc<Source>,
    copy: &Made,
    snapshots: Vec<Id>,
) -> Result<(), Error> {
    let originals = source.image.snapshots.len();
    if snapshots.len() != originals {
        // Which of them is which cannot be told.
        let shown = snapshots.len();
        let error = Error::failed(format!("EC2 shows {shown} of its {originals} snapshots"));
        return Err(error.hint("the same command, run again, goes on with it"));
    }
    let (start, mut backoff) = (Instant::now(), Backoff::for_calls());
    loop {
        let done = settle_once(&gateway, life, &source, copy, &snapshots).await;
        match &done {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            _ => return done,
        }
        if start.elapsed() >= gateway.grace() || context.interrupt.seen().is_some() {
            return done;
        }
        let pause = backoff.next(chance::fraction());
        tokio::select! {
            biased;
            _ = context.interrupt.arrived() => return done,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn settle_once(
    gateway: &Ec2,
    life: &Life,
    source: &Source,
    made: &Made,
    snapshots: &[Id],
) -> Result<(), Error> {
    let copy = &made.located.id;
    // Snapshots come first: who may launch an image must be able to read them.
    for (place, snapshot) in snapshots.iter().enumerate() {
        let grants = snapshot_grants(life, source, place);
        if !grants.is_empty() {
            gateway.grant_snapshot(snapshot, &grants).await?;
        }
    }
    let mut grants = life.share.clone();
    grants.extend(source.grants.clone());
    if !grants.is_empty() {
        gateway.grant_image(copy, &grants).await?;
    }
    if let Some(at) = life.deprecate.and_then(|when| when.of(made.created)) {
        gateway.deprecate_image(copy, at).await?;
    }
    if life.protect {
        gateway.protect_image(copy).await?;
    }
    Ok(())
}

/// Accounts that get the image get its snapshots too; what the source's snapshot grants is carried
/// over to the one that was made of it.
fn snapshot_grants(life: &Life, source: &Source, place: usize) -> Grants {
    let mut grants = Grants {
        accounts: life.share.accounts.clone(),
        ..Grants::default()
    };
    if life.carry {
        grants.extend(Grants {
            accounts: source.grants.accounts.clone(),
            ..Grants::default()
        });
        grants.extend(
            source
                .snapshot_grants
                .get(place)
                .cloned()
                .unwrap_or_default(),
        );
    }
    grants
}
