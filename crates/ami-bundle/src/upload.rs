//! `ami-bundle upload`: a bundle that is there, put into S3. The manifest goes last; what S3 has already
//! is not sent again.

use std::cell::Cell;
use std::path::PathBuf;

use ami_bundle_format::manifest::Part;
use ami_bundle_format::pack::S3Digests;
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::s3::{Look, NewObject, Over, Place, S3, Seen, is_taken};
use ami_registration::until_stopped;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};

use crate::at::{self, At, Found};
use crate::destination::Bucket;
use crate::meter::Meter;
use crate::operand::{Operand, Reads};
use crate::parts::{self, NOT_WHOLE, Parts};
use crate::record::Record;
use crate::room::Room;
use crate::sending::put_manifest_over;

/// Parts on their way at once, as far as there is room for them.
const ON_THE_WAY: usize = 4;

/// Runs the verb.
pub(crate) async fn run(context: &Context) -> Result<(), Error> {
    let reads = Reads {
        files: true,
        ..Reads::default()
    };
    let operand = Operand::read(context.args.operands(), reads)?;
    let bucket = Bucket::read(&context.args)?;
    let bucket = bucket.ok_or_else(|| Error::usage("say where to with --to s3://BUCKET/PREFIX"))?;
    let source = at::source(&context.args)?;
    let overwrites = context.args.flag("overwrite");
    if context.output_is_gone() {
        return Ok(());
    }
    let Some(at) = until_stopped(context, operand.at()).await else {
        return Ok(());
    };
    let at = at?;
    if let At::S3(place) = &at {
        return Err(Error::usage(format!("{place} is in S3 already")).hint(
            "download it first, or copy its manifest and its parts with 'aws s3 cp --acl aws-exec-read', \
             without which EC2 cannot read the copy",
        ));
    }
    let found = at::find(context, &at, source).await?;
    check_parts_are_there(&found)?;
    let work = upload(context, &found, &bucket, overwrites);
    let done = tokio::select! {
        biased;
        _ = context.interrupt.arrived() => {
            context.progress.hint("what is in S3 stays there; the same command goes on from it");
            Ok(None)
        }
        done = work => done,
    };
    if !matches!(done, Ok(Some(_))) && bucket.is_new() {
        let s3 = context.session.s3(&context.session.region().await?).await;
        bucket.take_back(context, &s3).await;
    }
    let done = done?;
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
        let what = match std::fs::metadata(&path) {
            Ok(about) if about.is_file() => continue,
            Ok(_) => "is no file",
            Err(_) => NOT_WHOLE,
        };
        return Err(Error::failed(what).of(path.display()));
    }
    Ok(())
}

/// Gives the place of the manifest; none for a dry run.
async fn upload(
    context: &Context,
    found: &Found,
    bucket: &Bucket,
    overwrites: bool,
) -> Result<Option<Place>, Error> {
    let s3 = bucket.open(context).await?;
    let image = &found.manifest.image;
    let place = bucket.manifest_of(&found.manifest);
    let over = over(context, &s3, &place, &found.bytes).await?;
    if context.args.flag("dry-run") {
        context.progress.hint(&format!(
            "would put {} of {} bytes and the manifest to {place}",
            parts::count(image.parts.len()),
            image.bundled_size
        ));
        context.done();
        return Ok(None);
    }
    let uploading = Uploading {
        context,
        s3: &s3,
        bucket,
        found,
        overwrites,
        room: Room::new(),
    };
    uploading.parts().await?;
    let text = found.bytes.to_vec();
    put_manifest_over(&s3, bucket, &found.manifest, text, &over).await?;
    Ok(Some(place))
}

/// What the manifest may be put over: a manifest that is there and is another one's would lose its
/// parts.
async fn over(context: &Context, s3: &S3, place: &Place, bytes: &Bytes) -> Result<Over, Error> {
    let there = match s3.look_if_allowed(place).await? {
        Look::Nothing => return Ok(Over::Nothing),
        Look::NotTold(error) => {
            let text = format!("{place} may be there or not: {error}");
            context.progress.trace(&text);
            return Ok(Over::Nothing);
        }
        Look::There(there) => there,
    };
    let is_same = there.size == bytes.len() as u64
        && s3
            .get(place, ami_bundle_format::manifest::MOST_BYTES)
            .await?
            == *bytes;
    match (is_same, there.etag) {
        (true, Some(etag)) => Ok(Over::This(etag)),
        (true, None) => Ok(Over::Anything),
        (false, _) => Err(Error::usage("is there already, of another bundle")
            .of(place)
            .hint("delete that with 'ami-bundle delete', or choose another place")),
    }
}

/// The parts on their way.
struct Uploading<'a> {
    context: &'a Context,
    s3: &'a S3,
    bucket: &'a Bucket,
    found: &'a Found,
    /// Are other bundles' parts replaced?
    overwrites: bool,
    room: Room,
}

impl Uploading<'_> {
    /// Puts all of them.
    async fn parts(&self) -> Result<(), Error> {
        let image = &self.found.manifest.image;
        let total = Some(image.bundled_size);
        let meter = Meter::new(&self.context.progress, &image.name, "sent", total);
        let failed = Cell::new(false);
        let put = |part| self.put(part);
        // What is on its way when another fails arrives, and the next run need not send it.
        let parts = image.parts.iter().take_while(|_| !failed.get()).map(put);
        let mut parts = stream::iter(parts).buffer_unordered(ON_THE_WAY);
        let mut result = Ok(());
        while let Some(put) = meter.during(None, parts.next()).await {
            match put {
                Ok(bytes) => meter.add(bytes),
                Err(error) => {
                    failed.set(true);
                    result = result.and(Err(error));
                }
            }
        }
        result
    }

    /// Puts one part, unless S3 has it, and gives its size in bytes.
    async fn put(&self, part: &Part) -> Result<u64, Error> {
        let place = self.bucket.place.below(&part.file_name);
        let (bytes, _taken) = self.found.parts.get(part, &self.room).await?;
        let length = bytes.len() as u64;
        let object = NewObject {
            sha256: S3Digests::of(&bytes).sha256,
            data: bytes,
            acl: self.bucket.acl,
            description: None,
            mark: self.bucket.mark.clone(),
        };
        let over = match self.s3.look_if_allowed(&place).await? {
            Look::There(seen) if self.is_same(&place, &seen, &object).await? => {
                return self.keep(&place, length).await;
            }
            Look::There(Seen {
                etag: Some(etag), ..
            }) if self.overwrites => Over::This(etag),
            Look::There(_) | Look::NotTold(_) if self.overwrites => Over::Anything,
            Look::There(_) => return Err(another(Error::usage("is there already").of(&place))),
            Look::Nothing | Look::NotTold(_) => Over::Nothing,
        };
        match self.s3.put(&place, &object, &over).await {
            Err(error) if is_taken(&error) => {
                // Another upload of the same bundle may have been faster.
                match self.s3.look_if_allowed(&place).await? {
                    Look::There(seen) if self.is_same(&place, &seen, &object).await? => {
                        self.keep(&place, length).await
                    }
                    _ => Err(another(error)),
                }
            }
            put => {
                put?;
                let text = format!("{place} is in S3");
                self.context.progress.trace(&text);
                Ok(length)
            }
        }
    }

    /// Has S3 that very part? One that came without a checksum, as by other tools, is read.
    async fn is_same(&self, place: &Place, seen: &Seen, part: &NewObject) -> Result<bool, Error> {
        if seen.size != part.data.len() as u64 {
            return Ok(false);
        }
        match seen.sha256 {
            Some(sha256) => Ok(sha256 == part.sha256),
            None => Ok(self.s3.get(place, part.data.len()).await? == part.data),
        }
    }

    /// Leaves a part that is there. Who put it there, and whom they let in, is not known: a copy by other
    /// tools names nobody.
    async fn keep(&self, place: &Place, length: u64) -> Result<u64, Error> {
        self.s3.set_acl(place, self.bucket.acl).await?;
        let text = format!("{place} is in S3 already");
        self.context.progress.trace(&text);
        Ok(length)
    }
}

fn another(error: Error) -> Error {
    error.hint(
        "it is a part of another bundle, or of an earlier one of this name: choose another place, or \
         replace it with --overwrite",
    )
}
