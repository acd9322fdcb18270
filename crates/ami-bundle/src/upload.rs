//! `ami-bundle upload`: a bundle that is there, put into S3. The manifest goes last; what S3 has already
//! is not sent again.

use std::cell::Cell;
use std::path::PathBuf;

use ami_bundle_format::manifest::Part;
use ami_bundle_format::pack::S3Digests;
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::s3::{NewObject, Place, S3};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};

use crate::at::{self, At, Found};
use crate::destination::Bucket;
use crate::meter::Meter;
use crate::packing::put_manifest;
use crate::parts::Parts;
use crate::record::Record;

/// Parts on their way at once. Each is held in memory.
const ON_THE_WAY: usize = 4;

/// Runs the verb.
pub(crate) async fn run(context: &Context) -> Result<(), Error> {
    let at = At::read(context.args.operands())?;
    let bucket = Bucket::read(&context.args)?;
    let bucket = bucket.ok_or_else(|| Error::usage("say where to with --to s3://BUCKET/PREFIX"))?;
    let source = at::source(&context.args)?;
    if let At::S3(place) = &at {
        return Err(Error::usage(format!("{place} is in S3 already"))
            .hint("download it first, or copy it with 'aws s3 cp'"));
    }
    if context.output_is_gone() {
        return Ok(());
    }
    let found = at::find(context, &at, source).await?;
    check_parts_are_there(&found)?;
    let work = upload(context, &found, &bucket);
    let done = tokio::select! {
        biased;
        _ = context.interrupt.arrived() => {
            context.progress.hint("what is in S3 stays there; the same command goes on from it");
            return Ok(());
        }
        done = work => done?,
    };
    if let Some(place) = done {
        let record = Record {
            at: Some(place.to_string()),
            manifest: &found.manifest,
            file: None,
        };
        record.print(context);
    }
    Ok(())
}

/// A part that is missing is told before anything is sent.
fn check_parts_are_there(found: &Found) -> Result<(), Error> {
    let Parts::Directory(directory) = &found.parts else {
        return Ok(());
    };
    for part in &found.manifest.image.parts {
        let path: PathBuf = directory.join(&part.file_name);
        if !path.is_file() {
            return Err(Error::new(Kind::Usage, "is no file").of(path.display()));
        }
    }
    Ok(())
}

/// Gives the place of the manifest; none for a dry run.
async fn upload(context: &Context, found: &Found, bucket: &Bucket) -> Result<Option<Place>, Error> {
    let s3 = bucket.open(context).await?;
    let image = &found.manifest.image;
    let name = ami_bundle_format::name::manifest_name(&image.name);
    let place = bucket.place.below(&name);
    check_manifest_there(&s3, &place, &found.bytes).await?;
    if context.args.flag("dry-run") {
        context.progress.hint(&format!(
            "would put {} parts of {} bytes and the manifest to {place}",
            image.parts.len(),
            image.bundled_size
        ));
        context.done();
        return Ok(None);
    }
    let total = Some(image.bundled_size);
    let mut meter = Meter::new(&context.progress, &image.name, "sent", total);
    let failed = Cell::new(false);
    let put = |part| put_part(context, &s3, bucket, found, part);
    // What is on its way when another fails arrives, and the next run need not send it.
    let parts = image.parts.iter().take_while(|_| !failed.get()).map(put);
    let mut parts = stream::iter(parts).buffer_unordered(ON_THE_WAY);
    let mut result = Ok(());
    while let Some(put) = parts.next().await {
        match put {
            Ok(bytes) => meter.add(bytes),
            Err(error) => {
                failed.set(true);
                result = result.and(Err(error));
            }
        }
    }
    result?;
    put_manifest(&s3, bucket, &found.manifest, found.bytes.to_vec()).await?;
    Ok(Some(place))
}

/// A manifest that is there and is another one's would lose its parts.
async fn check_manifest_there(s3: &S3, place: &Place, bytes: &Bytes) -> Result<(), Error> {
    let Some(there) = s3.look(place).await? else {
        return Ok(());
    };
    let is_same = there.size == bytes.len() as u64
        && s3
            .get(place, ami_bundle_format::manifest::MOST_BYTES)
            .await?
            == *bytes;
    match is_same {
        true => Ok(()),
        false => Err(Error::usage("is there already, of another bundle")
            .of(place)
            .hint("delete that with 'ami-bundle delete', or choose another place")),
    }
}

/// Puts one part, unless S3 has it, and gives its size in bytes.
async fn put_part(
    context: &Context,
    s3: &S3,
    bucket: &Bucket,
    found: &Found,
    part: &Part,
) -> Result<u64, Error> {
    let bytes = found.parts.get(part).await?;
    let length = bytes.len() as u64;
    let sha256 = S3Digests::of(&bytes).sha256;
    let place = bucket.place.below(&part.file_name);
    let there = s3.look(&place).await?;
    if there.is_some_and(|there| there.size == length && there.sha256 == Some(sha256)) {
        context.progress.trace(&format!("{place} is in S3 already"));
        return Ok(length);
    }
    let object = NewObject {
        data: bytes,
        sha256,
        acl: bucket.acl,
        description: None,
    };
    s3.put(&place, &object).await?;
    context.progress.trace(&format!("{place} is in S3"));
    Ok(length)
}
