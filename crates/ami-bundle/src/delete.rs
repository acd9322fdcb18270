//! `ami-bundle delete`: a bundle removed from S3. The manifest goes first, so that what is left of a
//! deletion that was cut short is no bundle any more.

use ami_bundle_format::manifest::Part;
use ami_bundle_format::{Manifest, name};
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::s3::{Place, S3};
use ami_registration::until_stopped;

use crate::at::{self, ENDING};
use crate::operand::{Operand, Reads};
use crate::parts;
use crate::pattern::all_that_begin;
use crate::record::Record;

/// Runs the verb.
pub(crate) async fn run(context: &Context) -> Result<(), Error> {
    let reads = Reads {
        instead: Some("a bundle is deleted from S3; files are removed with rm"),
        ..Reads::default()
    };
    let operand = Operand::read(context.args.operands(), reads)?;
    let force = context.args.flag("force");
    if context.output_is_gone() {
        return Ok(());
    }
    let Some(place) = until_stopped(context, operand.place()).await else {
        return Ok(());
    };
    let place = &place?;
    let looked = tokio::select! {
        biased;
        _ = context.interrupt.arrived() => return Ok(()),
        looked = look(context, place, force) => looked?,
    };
    let (s3, manifest) = looked;
    if context.args.flag("dry-run") {
        let parts = parts::count(manifest.image.parts.len());
        let text = format!("would delete {place} and {parts}");
        context.progress.hint(&text);
        context.done();
        return Ok(());
    }
    remove(&s3, place, &manifest).await?;
    let record = Record {
        at: Some(place.to_string()),
        manifest: &manifest,
        file: None,
    };
    record.print(context);
    Ok(())
}

/// Reads the manifest, and refuses what is not to be deleted without force.
async fn look(context: &Context, place: &Place, force: bool) -> Result<(S3, Manifest), Error> {
    let s3 = at::open(context, place).await?;
    let bytes = s3
        .get(place, ami_bundle_format::manifest::MOST_BYTES)
        .await?;
    let manifest = Manifest::parse(&bytes).map_err(|why| crate::apart::explain(why).of(place))?;
    if force {
        return Ok((s3, manifest));
    }
    check_names(place, &manifest)?;
    let ec2 = context.session.ec2(s3.region()).await;
    let images = ec2.own_images_at(&place.location()).await?;
    match images.first() {
        None => Ok((s3, manifest)),
        Some(image) => Err(Error::usage(format!("{} is registered of it", image.id))
            .of(place)
            .hint("deregister that first, or delete the bundle all the same with --force")),
    }
}

/// A manifest that somebody else has put there could name the parts of another bundle. Those that are
/// this one's are called as it is, by all who write this format.
fn check_names(place: &Place, manifest: &Manifest) -> Result<(), Error> {
    let name = place.name().strip_suffix(ENDING);
    let is_other = |part: &&Part| name::stem(&part.file_name) != name;
    let Some(other) = manifest.image.parts.iter().find(is_other) else {
        return Ok(());
    };
    let what = format!("{} is called as a part of another bundle", other.file_name);
    Err(Error::usage(what)
        .of(place)
        .hint("delete it all the same with --force"))
}

/// Deletes the manifest and then its parts.
async fn remove(s3: &S3, place: &Place, manifest: &Manifest) -> Result<(), Error> {
    s3.delete(&place.bucket, std::slice::from_ref(&place.key))
        .await?;
    let parts = manifest.image.parts.iter();
    let keys: Vec<String> = parts
        .map(|part| place.beside(&part.file_name).key)
        .collect();
    s3.delete(&place.bucket, &keys).await.map_err(|error| {
        let (bucket, first) = (&place.bucket, place.beside(&manifest.image.name));
        error.adding(&format!(
            "the manifest is gone, and parts may be left: aws s3 rm --recursive s3://{bucket}/ --exclude '*' \
             --include {}",
            all_that_begin(&format!("{}.part.", first.key))
        ))
    })
}
