//! `ami-bundle verify`: whether a bundle is whole and right.

use std::io;

use ami_bundle_format::ImageSink;
use ami_core::app::Context;
use ami_core::error::Error;

use crate::apart::explain;
use crate::at::{self, At, Found};
use crate::keys;
use crate::record::Record;
use crate::unbundle::check_signature;
use crate::unpacking::unpack_into;

/// Runs the verb. With a private key all is unpacked; without one parts are held against the manifest.
pub(crate) async fn run(context: &Context) -> Result<(), Error> {
    let at = At::read(context.args.operands())?;
    let certificate = keys::certificate(&context.args)?;
    let source = at::source(&context.args)?;
    let key = keys::private_key(context)?;
    if context.output_is_gone() {
        return Ok(());
    }
    let found = tokio::select! {
        biased;
        _ = context.interrupt.arrived() => return Ok(()),
        found = at::find(context, &at, source) => found?,
    };
    let all = async {
        check_signature(&found, certificate.as_ref())?;
        match key {
            None => check_parts(context, &found).await,
            Some(key) => {
                let key = found.manifest.content_key(&key).map_err(explain)?;
                let Found {
                    manifest, parts, ..
                } = &found;
                let parts = parts.again(context).await;
                let done = unpack_into(context, manifest, key, parts, Nowhere).await?;
                Ok(done.is_some())
            }
        }
    };
    if !all.await.map_err(|error| error.of(at.shown()))? {
        return Ok(());
    }
    let record = Record {
        at: Some(at.shown()),
        manifest: &found.manifest,
        file: None,
    };
    record.print(context);
    Ok(())
}

/// Holds each part against its digest, and all against the sum. `false` when the tool was stopped.
async fn check_parts(context: &Context, found: &Found) -> Result<bool, Error> {
    let image = &found.manifest.image;
    let mut sum = 0;
    for part in &image.parts {
        let read = found.parts.get(part);
        let bytes = tokio::select! {
            biased;
            _ = context.interrupt.arrived() => return Ok(false),
            bytes = read => bytes?,
        };
        sum += bytes.len() as u64;
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
