//! `ami-bundle verify`: whether a bundle is whole and right.

use std::io;

use ami_bundle_format::ImageSink;
use ami_core::app::Context;
use ami_core::error::Error;
use ami_registration::until_stopped;

use crate::apart::explain;
use crate::at::{self, Found};
use crate::keys;
use crate::meter::Meter;
use crate::operand::{Operand, Reads};
use crate::parts;
use crate::record::Record;
use crate::room::Room;
use crate::unbundle::check_signature;
use crate::unpacking::unpack_into;

/// Parts that are named where many are wrong.
const NAMED: usize = 10;

/// Runs the verb. With a private key all is unpacked; without one parts are held against the manifest.
pub(crate) async fn run(context: &Context) -> Result<(), Error> {
    let reads = Reads {
        files: true,
        ..Reads::default()
    };
    let operand = Operand::read(context.args.operands(), reads)?;
    let certificate = keys::certificate(&context.args)?;
    let source = at::source(&context.args)?;
    let Some(key) = until_stopped(context, keys::private_key(context)).await else {
        return Ok(());
    };
    let key = key?;
    let is_opened = key.is_some();
    if context.output_is_gone() {
        return Ok(());
    }
    let finding = async {
        let at = operand.at().await?;
        let found = at::find(context, &at, source).await?;
        Ok::<_, Error>((at, found))
    };
    let Some(found) = until_stopped(context, finding).await else {
        return Ok(());
    };
    let (at, found) = found?;
    let all = async {
        check_signature(&found, certificate.as_ref())?;
        match key {
            None => check_parts(context, &found).await,
            Some(key) => {
                let key = found.manifest.content_key(&key).map_err(explain)?;
                let Found {
                    manifest, parts, ..
                } = &found;
                let again = parts.again(context).await;
                match unpack_into(context, manifest, key, again, Nowhere).await {
                    Ok(done) => Ok(done.is_some()),
                    // It ends at the first part that is wrong, and repairing needs to know of all.
                    Err(error) => check_parts(context, &found).await.and(Err(error)),
                }
            }
        }
    };
    if !all.await.map_err(|error| error.of(at.shown()))? {
        return Ok(());
    }
    say_what_was_not_checked(context, certificate.is_some(), is_opened);
    let record = Record {
        at: Some(at.shown()),
        manifest: &found.manifest,
        file: None,
    };
    record.print(context);
    Ok(())
}

/// A bundle that is right as far as one looked could be wrong beyond.
fn say_what_was_not_checked(context: &Context, is_signature_checked: bool, is_opened: bool) {
    let signature = (!is_signature_checked).then_some("who signed it, which --cert does");
    let contents = (!is_opened).then_some("what is in its parts, which --privatekey does");
    let all: Vec<_> = [signature, contents].into_iter().flatten().collect();
    if !all.is_empty() {
        let text = format!("not checked: {}", all.join("; "));
        context.progress.hint(&text);
    }
}

/// Holds each part against its digest, and all against the sum. `false` when the tool was stopped.
///
/// # Errors
/// Names the parts that are missing or wrong.
async fn check_parts(context: &Context, found: &Found) -> Result<bool, Error> {
    let image = &found.manifest.image;
    let room = Room::new();
    let total = Some(image.bundled_size);
    let meter = Meter::new(&context.progress, &image.name, "read", total);
    let mut sum = 0;
    let mut wrong = Vec::new();
    for part in &image.parts {
        let read = meter.during(None, found.parts.get(part, &room));
        let Some(read) = until_stopped(context, read).await else {
            return Ok(false);
        };
        match read {
            Ok((bytes, _)) => {
                sum += bytes.len() as u64;
                meter.add(bytes.len() as u64);
            }
            Err(error) => wrong.push(error),
        }
    }
    match wrong.len() {
        0 => {}
        1 => return Err(wrong.remove(0)),
        count => {
            let all = image.parts.len();
            let named: Vec<_> = wrong.iter().take(NAMED).map(ToString::to_string).collect();
            let more = match count.saturating_sub(NAMED) {
                0 => String::new(),
                more => format!("; and {more} more"),
            };
            let named = named.join("; ");
            let what = format!(
                "{count} of {} are not right: {named}{more}",
                parts::count(all)
            );
            return Err(Error::failed(what));
        }
    }
    if sum != image.bundled_size {
        let what = format!(
            "its parts have {sum} bytes, and the manifest says {}",
            image.bundled_size
        );
        return Err(Error::failed(what));
    }
    Ok(true)
}

/// An image that nobody wants.
struct Nowhere;

impl ImageSink for Nowhere {
    fn data(&mut self, _: u64, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn hole(&mut self, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }
}
