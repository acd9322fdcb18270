//! Snapshots that are named beside the source. Whether they are there is asked before anything is made:
//! EC2 would say it when all is uploaded.

use ami_core::app::Context;
use ami_core::ec2::Ec2;
use ami_core::error::Error;
use ami_core::id::Id;
use ami_core::mapping::Target;
use ami_core::reference::Located;
use ami_core::region::Region;

use crate::volumes::Volumes;

/// The size of a parent's volume in GiB, which is the least that its child can have.
pub(crate) async fn size_of_parent(
    context: &Context,
    region: &Region,
    parent: &Id,
) -> Result<u32, Error> {
    let ec2 = context.session.ec2(region).await;
    size_of(&ec2, parent, "").await
}

/// Checks the snapshots of other devices than the root.
pub(crate) async fn check_mapped(ec2: &Ec2, volumes: &Volumes) -> Result<(), Error> {
    for mapping in volumes.without_root() {
        if let Target::Ebs(ebs) = mapping.target
            && let Some(snapshot) = ebs.snapshot
        {
            let of = format!(" (mapped to {})", mapping.device);
            size_of(ec2, &snapshot, &of).await?;
        }
    }
    Ok(())
}

async fn size_of(ec2: &Ec2, snapshot: &Id, of: &str) -> Result<u32, Error> {
    let found = ec2.snapshot(snapshot).await;
    match found.map_err(|error| error.of(snapshot))? {
        Some(found) => Ok(found.size),
        None => {
            let located = Located {
                id: snapshot.clone(),
                region: ec2.region().clone(),
            };
            Err(Error::not_found(&located, of))
        }
    }
}
