//! One registration, whatever its source is.

use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::output::Record;

use crate::record::{Image, Made};
use crate::register::Register;
use crate::source::Source;
use crate::{bundles, disks, snapshots};

/// Makes the image, or the snapshot, and prints it as [`record`](crate::record) says.
///
/// # Errors
/// Why there is none. What happens to an image that is there is told through the context.
pub async fn run(context: &Context, source: Source, register: Register) -> Result<(), Error> {
    run_showing(context, source, register, Image).await
}

/// The same for a tool that shows images in a way of its own.
///
/// # Errors
/// As [`run`].
pub async fn run_showing<R: Record>(
    context: &Context,
    source: Source,
    mut register: Register,
    show: impl Fn(Made) -> R,
) -> Result<(), Error> {
    match source {
        Source::Snapshot(snapshot) => snapshots::run(context, &register, snapshot, &show).await,
        Source::Bundle(place) => bundles::run(context, &register, &place, &show).await,
        disk => disks::run(context, &mut register, disk, &show).await,
    }
}

/// What comes of something that may be given up; none when the tool was asked to stop before.
pub async fn until_stopped<T>(context: &Context, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        _ = context.interrupt.arrived() => None,
        done = work => Some(done),
    }
}
