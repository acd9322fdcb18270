//! `ami-bundle unbundle`: the disk file of a bundle.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ami_bundle_format::image::InOrder;
use ami_bundle_format::{Certificate, ContentKey, Manifest, PrivateKey, manifest};
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_registration::until_stopped;

use crate::apart::explain;
use crate::at::{self, At, Found};
use crate::destination::check_directory;
use crate::holes;
use crate::keys;
use crate::operand::{Operand, Reads};
use crate::parts;
use crate::record::Record;
use crate::target::{self, Target};
use crate::unpacking::unpack_into;

/// What is asked for.
struct Request {
    at: At,
    key: PrivateKey,
    certificate: Option<Certificate>,
    source: Option<PathBuf>,
    to: To,
    overwrites: bool,
}

/// Where the disk goes.
enum To {
    /// Into this file.
    File(PathBuf),
    /// Into a file of the image's name in this directory.
    Directory(PathBuf),
    /// To standard output.
    Output,
}

/// Runs the verb.
pub(crate) async fn run(context: &Context) -> Result<(), Error> {
    let Some(request) = until_stopped(context, Request::read(context)).await else {
        return Ok(());
    };
    let request = request?;
    if context.output_is_gone() {
        return Ok(());
    }
    let found = tokio::select! {
        biased;
        _ = context.interrupt.arrived() => return Ok(()),
        found = at::find(context, &request.at, request.source.clone()) => found?,
    };
    check_signature(&found, request.certificate.as_ref())
        .map_err(|error| error.of(request.at.shown()))?;
    let key = found
        .manifest
        .content_key(&request.key)
        .map_err(|why| explain(why).of(request.at.shown()))?;
    let done = match path(&request, &found.manifest)? {
        None => write_out(context, found, key).await,
        Some(path) => return write_to(context, &request, found, key, &path).await,
    };
    done.map_err(|error| error.of(request.at.shown()))
}

/// The file that is asked for, or the image's name in the directory; none for standard output.
fn path(request: &Request, manifest: &Manifest) -> Result<Option<PathBuf>, Error> {
    match &request.to {
        To::File(path) => Ok(Some(path.clone())),
        To::Directory(directory) => {
            let name = &manifest.image.name;
            if is_hidden(name) {
                let what = format!("its disk has the name of a hidden file, {}", escape(name));
                let error = Error::failed(what).of(request.at.shown());
                return Err(error.hint("name the file with -o"));
            }
            Ok(Some(directory.join(name)))
        }
        To::Output => Ok(None),
    }
}

/// Makes the file, or fills the device.
async fn write_to(
    context: &Context,
    request: &Request,
    found: Found,
    key: ContentKey,
    path: &Path,
) -> Result<(), Error> {
    let image = &found.manifest.image;
    if context.args.flag("dry-run") {
        context.progress.hint(&format!(
            "would make {}, of {} bytes, of {}",
            escape(&path.display().to_string()),
            image.size,
            parts::count(image.parts.len())
        ));
        context.done();
        return Ok(());
    }
    let file = Target::open(path, request.overwrites, image.size)?;
    let done = unpack_into(context, &found.manifest, key, found.parts, file).await;
    let Some(file) = done.map_err(|error| error.of(request.at.shown()))? else {
        return Ok(());
    };
    file.finish()?;
    let record = Record {
        at: Some(request.at.shown()),
        manifest: &found.manifest,
        file: Some(path.display().to_string()),
    };
    record.print(context);
    Ok(())
}

impl Request {
    async fn read(context: &Context) -> Result<Self, Error> {
        let args = &context.args;
        let reads = Reads {
            files: true,
            ..Reads::default()
        };
        let operand = Operand::read(args.operands(), reads)?;
        let overwrites = args.flag("overwrite");
        let output = keys::path(args, "output")?;
        let directory = keys::path(args, "destination")?;
        let to = match output {
            Some(path) if path == Path::new("-") => {
                if io::stdout().is_terminal() {
                    return Err(Error::usage("standard output is a terminal, and no disk"));
                }
                To::Output
            }
            Some(path) => {
                target::check(&path, overwrites)?;
                To::File(path)
            }
            None => {
                let directory = directory.unwrap_or_default();
                check_directory(&directory)?;
                To::Directory(directory)
            }
        };
        let certificate = keys::certificate(args)?;
        let source = at::source(args)?;
        let key = keys::private_key(context).await?;
        let key = key.ok_or_else(|| Error::usage("a bundle is opened with --privatekey"))?;
        Ok(Self {
            at: operand.at().await?,
            key,
            certificate,
            source,
            to,
            overwrites,
        })
    }
}

/// Files that programs read without being asked have such names, and a stranger's bundle makes none.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

/// Checks who signed a bundle, where it was said who must have.
pub(crate) fn check_signature(
    found: &Found,
    certificate: Option<&Certificate>,
) -> Result<(), Error> {
    match certificate {
        None => Ok(()),
        Some(certificate) => manifest::verify(&found.bytes, certificate)
            .map(drop)
            .map_err(explain),
    }
}

/// Writes the disk to standard output. A reader that takes nothing is not waited for when the tool is
/// asked to stop: there is nothing to tidy up.
async fn write_out(context: &Context, found: Found, key: ContentKey) -> Result<(), Error> {
    let is_likely = holes::check(&found.manifest.image, &found.parts);
    let Some(is_likely) = until_stopped(context, is_likely).await else {
        return Ok(());
    };
    is_likely.map_err(|error| error.hint("a file keeps them: name one with -o"))?;
    if context.args.flag("dry-run") {
        let size = found.manifest.image.size;
        let text = format!("would write {size} bytes to standard output");
        context.progress.hint(&text);
        context.done();
        return Ok(());
    }
    let lost = Lost::default();
    let sink = InOrder(Stdout(io::stdout(), Arc::clone(&lost)));
    let done = tokio::select! {
        biased;
        _ = context.interrupt.arrived() => return Ok(()),
        done = unpack_into(context, &found.manifest, key, found.parts, sink) => done,
    };
    let lost = lost.lock().unwrap_or_else(PoisonError::into_inner).take();
    match lost {
        Some(error) => context.output_lost(&error),
        None => drop(done?),
    }
    context.done();
    Ok(())
}

/// Why standard output takes no more.
type Lost = Arc<Mutex<Option<io::Error>>>;

/// Standard output, which nothing else is written to meanwhile.
struct Stdout(io::Stdout, Lost);

impl Stdout {
    fn note<T>(&self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                *self.1.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
            io::Error::from(kind)
        })
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Not by Rust's standard output, which would keep the last bytes until nobody looks any more.
        let done = rustix::io::write(&self.0, bytes);
        self.note(done.map_err(io::Error::from))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
