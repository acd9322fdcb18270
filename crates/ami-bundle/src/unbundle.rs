//! `ami-bundle unbundle`: the disk file of a bundle.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ami_bundle_format::directory::{Existing, ImageFile};
use ami_bundle_format::image::InOrder;
use ami_bundle_format::{Certificate, ContentKey, ImageSink, PrivateKey, manifest};
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;

use crate::apart::explain;
use crate::at::{self, At, Found};
use crate::destination::check_directory;
use crate::keys;
use crate::record::Record;
use crate::unpacking::unpack_into;

/// What is asked for.
struct Request {
    at: At,
    key: PrivateKey,
    certificate: Option<Certificate>,
    source: Option<PathBuf>,
    to: To,
    existing: Existing,
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
    let request = Request::read(context)?;
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
    let path = match &request.to {
        To::File(path) => path.clone(),
        To::Directory(directory) => {
            let name = &found.manifest.image.name;
            if is_hidden(name) {
                let what = format!("its disk has the name of a hidden file, {}", escape(name));
                let error = Error::failed(what).of(request.at.shown());
                return Err(error.hint("name the file with -o"));
            }
            directory.join(name)
        }
        To::Output => {
            return write_out(context, found, key)
                .await
                .map_err(|error| error.of(request.at.shown()));
        }
    };
    if context.args.flag("dry-run") {
        let image = &found.manifest.image;
        context.progress.hint(&format!(
            "would make {}, of {} bytes, of {} parts",
            escape(&path.display().to_string()),
            image.size,
            image.parts.len()
        ));
        context.done();
        return Ok(());
    }
    let file =
        ImageFile::create(&path, request.existing).map_err(|error| unusable(&path, error))?;
    let file = Named(file, path.display().to_string());
    let done = unpack_into(context, &found.manifest, key, found.parts, file).await;
    let Some(Named(file, _)) = done.map_err(|error| error.of(request.at.shown()))? else {
        return Ok(());
    };
    file.finish()
        .map_err(|error| Error::failed(error.to_string()).of(path.display()))?;
    let record = Record {
        at: Some(request.at.shown()),
        manifest: &found.manifest,
        file: Some(path.display().to_string()),
    };
    record.print(context);
    Ok(())
}

impl Request {
    fn read(context: &Context) -> Result<Self, Error> {
        let args = &context.args;
        let at = At::read(args.operands())?;
        let existing = match args.flag("overwrite") {
            true => Existing::Replace,
            false => Existing::Refuse,
        };
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
                // A new file has no name before it is whole, so this is only a look.
                let looked = ImageFile::create(&path, existing);
                drop(looked.map_err(|error| unusable(&path, error))?);
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
        let key = keys::private_key(context)?;
        Ok(Self {
            at,
            key: key.ok_or_else(|| Error::usage("a bundle is opened with --privatekey"))?,
            certificate,
            source,
            to,
            existing,
        })
    }
}

/// Files that programs read without being asked have such names, and a stranger's bundle makes none.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

fn unusable(path: &Path, error: io::Error) -> Error {
    let error_text = error.to_string();
    let wrong = Error::new(Kind::Usage, error_text).of(path.display());
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            wrong.hint("replace it with --overwrite, or choose another")
        }
        _ => wrong,
    }
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

/// A file that says in its errors which it is.
struct Named(ImageFile, String);

impl Named {
    fn explain(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.1))
    }
}

impl ImageSink for Named {
    fn data(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let done = self.0.data(offset, bytes);
        done.map_err(|error| self.explain(&error))
    }

    fn hole(&mut self, offset: u64, length: u64) -> io::Result<()> {
        let done = self.0.hole(offset, length);
        done.map_err(|error| self.explain(&error))
    }
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
