//! `ami-bundle download`: a bundle in S3 as files. The manifest is written last.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use ami_bundle_format::Sha1;
use ami_bundle_format::manifest::Part;
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use futures_util::stream::{self, StreamExt};

use crate::at::{self, At, Found};
use crate::destination::check_directory;
use crate::keys;
use crate::meter::Meter;
use crate::operand::{Operand, Reads};
use crate::parts::{self, read};
use crate::record::Record;
use crate::room::Room;
use crate::unbundle::is_hidden;

/// Parts that are got at once, as far as there is room for them.
const AT_ONCE: usize = 4;

/// Runs the verb.
pub(crate) async fn run(context: &Context) -> Result<(), Error> {
    let reads = Reads {
        instead: Some("a bundle is downloaded from S3"),
        ..Reads::default()
    };
    let operand = Operand::read(context.args.operands(), reads)?;
    let directory = keys::path(&context.args, "destination")?;
    let directory = directory.unwrap_or_default();
    let overwrite = context.args.flag("overwrite");
    check_directory(&directory)?;
    if context.output_is_gone() {
        return Ok(());
    }
    let work = async {
        let place = &operand.place().await?;
        let found = at::find(context, &At::S3(place.clone()), None).await?;
        let hidden = |part: &&Part| is_hidden(&part.file_name);
        if let Some(part) = found.manifest.image.parts.iter().find(hidden) {
            let name = escape(&part.file_name);
            let what = format!("its parts would be hidden files, such as {name}");
            return Err(Error::failed(what).of(place));
        }
        let manifest = directory.join(place.name());
        check(&found, &directory, &manifest, overwrite)?;
        if context.args.flag("dry-run") {
            let parts = parts::count(found.manifest.image.parts.len());
            let text = format!("would get {parts} and {}", manifest.display());
            context.progress.hint(&text);
            context.done();
            return Ok(());
        }
        get(context, &found, &directory).await?;
        write(&manifest, &found.bytes).map_err(|error| cannot(&manifest, &error))?;
        let record = Record {
            at: Some(manifest.display().to_string()),
            manifest: &found.manifest,
            file: None,
        };
        record.print(context);
        Ok(())
    };
    tokio::select! {
        biased;
        _ = context.interrupt.arrived() => {
            context.progress.hint("parts that are there stay; the same command goes on from them");
            Ok(())
        }
        done = work => done,
    }
}

/// Refuses to replace what is not the bundle's: a part with the right digest may be there, and the same
/// manifest.
fn check(found: &Found, directory: &Path, manifest: &Path, overwrite: bool) -> Result<(), Error> {
    if overwrite {
        return Ok(());
    }
    let is_ours = |path: &Path, is_right: &dyn Fn(&[u8]) -> bool| match read(path) {
        Ok(bytes) if is_right(&bytes) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => Err(
            Error::new(Kind::Usage, "is there already, and is something else")
                .of(path.display())
                .hint("replace it with --overwrite, or choose another directory with -d"),
        ),
    };
    is_ours(manifest, &|bytes| bytes == found.bytes)?;
    for part in &found.manifest.image.parts {
        let is_right = |bytes: &[u8]| Sha1::of(bytes) == part.digest;
        is_ours(&directory.join(&part.file_name), &is_right)?;
    }
    Ok(())
}

async fn get(context: &Context, found: &Found, directory: &Path) -> Result<(), Error> {
    let image = &found.manifest.image;
    let total = Some(image.bundled_size);
    let meter = Meter::new(&context.progress, &image.name, "got", total);
    let room = Room::new();
    let get = |part| get_part(found, part, directory, &room);
    let mut parts = stream::iter(image.parts.iter().map(get)).buffer_unordered(AT_ONCE);
    while let Some(got) = meter.during(None, parts.next()).await {
        meter.add(got?);
    }
    Ok(())
}

/// Gets one part, unless it is there, and gives its size in bytes.
async fn get_part(found: &Found, part: &Part, directory: &Path, room: &Room) -> Result<u64, Error> {
    let path = directory.join(&part.file_name);
    if let Ok(bytes) = read(&path)
        && Sha1::of(&bytes) == part.digest
    {
        return Ok(bytes.len() as u64);
    }
    let (bytes, _taken) = found.parts.get(part, room).await?;
    write(&path, &bytes).map_err(|error| cannot(&path, &error))?;
    Ok(bytes.len() as u64)
}

/// Writes a file that only its owner may read, under another name until it is whole.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Names may be as long as there is room for one.
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let (run, number) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let waiting = path.with_file_name(format!(".ami-bundle.{run}.{number}.download"));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&waiting)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&waiting, path));
    if written.is_err() {
        // It is of no use, and the error says what is wrong.
        let _ = fs::remove_file(&waiting);
    }
    written
}

fn cannot(path: &Path, error: &io::Error) -> Error {
    Error::failed(format!("cannot be written: {error}")).of(path.display())
}
