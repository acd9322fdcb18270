//! The way back: a disk file of a snapshot, or of one of an image.

use ami_blocks::block;
use ami_blocks::fetch;
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::id::Kind;
use ami_core::reference::Located;
use ami_core::settings::Format;
use ami_registration::record::{File, Made};
use ami_registration::until_stopped;

use crate::request::Fetch;

/// Makes the file, and prints its name.
pub(crate) async fn run(context: &Context, request: Fetch) -> Result<(), Error> {
    let located = context.session.locate(request.of.clone()).await?;
    let snapshot = match located.id.kind() {
        Kind::Image => {
            let found = until_stopped(context, snapshot_of(context, &located, &request)).await;
            match found {
                Some(found) => found?,
                None => return Ok(()),
            }
        }
        _ => located,
    };
    let ebs = context.session.ebs(&snapshot.region).await;
    let wanted = fetch::Request {
        snapshot: snapshot.id.clone(),
        file: request.file.clone(),
        overwrite: request.overwrite,
        calls: request.calls,
        rate: request.rate,
    };
    let fetched = fetch::fetch(context, &ebs, wanted).await;
    let fetched = fetched.map_err(|error| explain(error).of(&snapshot.id))?;
    let made = Made {
        snapshot: Some(snapshot.id.clone()),
        size: u32::try_from(block::gibibytes(fetched.size)).ok(),
        blocks: Some(fetched.blocks),
        file: Some(request.file.clone()),
        ..Made::new(snapshot, "completed")
    };
    // Where standard output is gone nobody wants to know the name.
    let _ = match context.settings.format {
        Format::References => {
            let name = request.file.display().to_string();
            context.print_text(&format!("{}\n", escape(&name)))
        }
        Format::Columns | Format::Json => context.print(&File(&made)).await,
    };
    context.done();
    Ok(())
}

/// That a snapshot may not be read is not always for want of a permission that somebody could give.
fn explain(error: Error) -> Error {
    match error.code() {
        Some("AccessDenied" | "AccessDeniedException") => error.adding(
            "of another account's snapshots EBS gives those that are shared with this one, and no public ones",
        ),
        _ => error,
    }
}

/// The snapshot of an image that is meant.
async fn snapshot_of(
    context: &Context,
    located: &Located,
    request: &Fetch,
) -> Result<Located, Error> {
    let ec2 = context.session.ec2(&located.region).await;
    let found = ec2.registration(&located.id).await;
    let registered = found.map_err(|error| error.of(&located.id))?;
    let registered = registered.ok_or_else(|| Error::not_found(located, ""))?;
    let device = request.device.as_deref();
    let Some(snapshot) = registered.snapshot(device) else {
        let device = device.or(registered.root_device.as_deref());
        let what = match device {
            Some(device) => format!("has no snapshot behind {device}"),
            None => "has no root device".to_owned(),
        };
        let all = registered.mappings.iter().map(|mapping| &*mapping.device);
        let all: Vec<_> = all.collect();
        let error = Error::failed(what).of(&located.id);
        return Err(match all.is_empty() {
            true => error.hint("an image of a bundle has none at all"),
            false => error.hint(format!("its devices are {}", all.join(", "))),
        });
    };
    Ok(Located {
        id: snapshot.clone(),
        region: located.region.clone(),
    })
}
