//! What a dry run says of a disk, of which nothing is uploaded.

use ami_blocks::block::{BLOCK, bytes};
use ami_blocks::disk::Disk;
use ami_blocks::upload;
use ami_core::error::Error;

use crate::ena;
use crate::opened::Opened;
use crate::plan::{Plan, Root};

/// Says what would be uploaded, and asks EC2 about the rest.
pub(crate) async fn rehearse(
    plan: &Plan<'_>,
    opened: &Opened,
    has_parent: bool,
) -> Result<(), Error> {
    let request = plan.request;
    let name = &opened.name;
    let what = match &opened.source {
        upload::Source::Disk(disk) => format!("{name} ({})", extent(disk)),
        upload::Source::Stream(_) => name.clone(),
    };
    let mut how = Vec::new();
    if request.sending.encrypt {
        how.push("encrypted");
    }
    if has_parent {
        how.push("as far as it differs from its parent");
    }
    let how = match how.is_empty() {
        true => String::new(),
        false => format!(", {}", how.join(", ")),
    };
    let text = format!(
        "would upload {what} into a snapshot of {} GiB in {}{how}; EBS has no dry run, so whether that is \
         allowed is not known",
        opened.size,
        plan.ec2.region()
    );
    plan.context.progress.hint(&text);
    if !request.snapshot_only {
        let rehearsed = plan.rehearse(&Root::ToCome(opened.size), name).await;
        rehearsed.map_err(|error| error.of(name))?;
        if opened.ena.is_some() && ena::is_open(&plan.machine, &request.machine) {
            let text = format!(
                "{name}: ENA is set as well where the disk turns out to have a driver of it"
            );
            plan.context.progress.hint(&text);
        }
    }
    plan.context.done();
    Ok(())
}

/// How large a disk is, and how much of it is no hole.
fn extent(disk: &Disk) -> String {
    let size = bytes(disk.size());
    match disk.data() {
        Ok(runs) => {
            let blocks = runs
                .iter()
                .map(|run| u64::from(run.end - run.start))
                .sum::<u64>();
            let data = bytes(blocks * BLOCK as u64);
            format!("{size}, and {data} of blocks with data")
        }
        Err(error) => format!("{size}, whose holes cannot be found: {error}"),
    }
}
