//! Where the copies go.

use ami_copies::Destinations;
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::region::{self, Regions};

/// Reads `-R`; without it copies go to the region of the environment.
pub(crate) async fn read(context: &Context) -> Result<Destinations, Error> {
    let lists = context.args.values("dest-region", region::list)?;
    match Regions::of("dest-region", lists).map_err(Error::usage)? {
        Some(Regions::All) => return Ok(Destinations::All),
        Some(Regions::These(regions)) => return Ok(Destinations::Regions(regions)),
        None => {}
    }
    let home = context.session.home().await.cloned();
    home.map(Destinations::Home).ok_or_else(|| {
        Error::usage("no region to copy to is set").hint("give -R REGION or set AWS_DEFAULT_REGION")
    })
}
