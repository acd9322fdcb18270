//! `ami-bundle image`: a bundle of a disk file.

use std::fs::File;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use ami_bundle_format::Image;
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use ami_disk::{Format, Source};
use ami_registration::until_stopped;

use crate::apart::Stop;
use crate::bundling::{Bundle, Disk, check_count, plain, warn_of_size};
use crate::machine;
use crate::size::bytes;
use crate::standing::Standing;
use crate::stdin::Stdin;

/// What a disk on standard input is called unless somebody says.
const UNNAMED: &str = "image";

/// What is asked for.
struct Request {
    bundle: Bundle,
    disk: Option<PathBuf>,
    size: Option<u64>,
}

/// Runs the verb.
pub(crate) async fn run(context: &Context) -> Result<(), Error> {
    let Some(request) = until_stopped(context, Request::read(context)).await else {
        return Ok(());
    };
    let request = request?;
    let (disk, name) = request.open()?;
    check_count(&name, disk.image.stored()).map_err(|error| error.of(&disk.shown))?;
    warn_of_size(context, &disk.shown, disk.image.size());
    request.warn_of_mounts(context);
    if context.output_is_gone() {
        return Ok(());
    }
    let prepared = request.bundle.prepare(context, name).await?;
    prepared.make(context, disk).await
}

impl Request {
    async fn read(context: &Context) -> Result<Self, Error> {
        let args = &context.args;
        let disk = match args.operands() {
            [word] if word == "-" => None,
            [word] if !word.is_empty() => Some(PathBuf::from(word)),
            [] | [_] => return Err(Error::usage("name a disk, or - for standard input")),
            all => {
                let what = format!("one DISK is read, and {} are named", all.len());
                return Err(Error::usage(what));
            }
        };
        let size = args.value("size", bytes)?;
        if disk.is_some() && size.is_some() {
            return Err(Error::usage("--size is for a disk on standard input"));
        }
        if disk.is_none() && size.is_none() {
            return Err(Error::usage("a pipe does not tell how large its disk is")
                .hint("say it with --size, such as --size 8G"));
        }
        Ok(Self {
            bundle: Bundle::read(context).await?,
            disk,
            size,
        })
    }

    fn open(&self) -> Result<(Disk, String), Error> {
        match &self.disk {
            Some(path) => self.file(path),
            None => self.standard_input(),
        }
    }

    fn file(&self, path: &Path) -> Result<(Disk, String), Error> {
        let shown = path.display().to_string();
        let wrong = |what: String| Error::new(Kind::Usage, what).of(&shown);
        let cannot = |error: std::io::Error| wrong(format!("cannot be opened: {error}"));
        let about = std::fs::metadata(path).map_err(cannot)?;
        let kind = about.file_type();
        if !kind.is_file() && !kind.is_block_device() {
            let error = wrong("is neither a file nor a block device".to_owned());
            return Err(error.hint("a pipe is read with --size SIZE -"));
        }
        let file = File::open(path).map_err(cannot)?;
        let again = file.try_clone().map_err(cannot)?;
        let standing = Standing::of(&file).map_err(cannot)?;
        let image = Image::open(file).map_err(|error| wrong(error.to_string()))?;
        if image.size() == 0 {
            return Err(wrong("is empty".to_owned()));
        }
        let name = self.name(path)?;
        check_format(again.try_clone().map_err(cannot)?).map_err(wrong)?;
        let architecture = self.architecture(|| machine::of_disk(again));
        let disk = Disk {
            image,
            architecture: architecture.map_err(|error| error.of(&shown))?,
            mode: about.mode() & 0o777,
            mtime: u64::try_from(about.mtime()).unwrap_or_default(),
            stop: Stop::default(),
            standing,
            shown,
        };
        Ok((disk, name))
    }

    #[cfg(not(target_os = "linux"))]
    fn warn_of_mounts(&self, _context: &Context) {}

    /// Says of a device that somebody may write to it meanwhile.
    #[cfg(target_os = "linux")]
    fn warn_of_mounts(&self, context: &Context) {
        let Some(path) = &self.disk else {
            return;
        };
        let is_device = std::fs::metadata(path).is_ok_and(|it| it.file_type().is_block_device());
        let device = is_device.then(|| File::open(path).ok()).flatten();
        if let Some(place) = device.as_ref().and_then(crate::mounted::written_at) {
            context.progress.hint(&format!(
                "{} is mounted at {} and can be written to meanwhile: unmount it, mount it read-only or \
                 freeze it (fsfreeze), or what is bundled may be damaged",
                escape(&path.display().to_string()),
                escape(&place)
            ));
        }
    }

    /// The name of the image in the bundle.
    fn name(&self, path: &Path) -> Result<String, Error> {
        if let Some(name) = &self.bundle.name {
            return Ok(name.clone());
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        plain(&name).map_err(|why| {
            let error = Error::new(Kind::Usage, why).of(path.display());
            error.hint("name the image with --prefix")
        })
    }

    fn standard_input(&self) -> Result<(Disk, String), Error> {
        let size = self.size.unwrap_or_default();
        if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
            return Err(Error::usage("standard input is a terminal, and no disk"));
        }
        let nothing = || Err("a pipe cannot be looked into".to_owned());
        let architecture = self.architecture(nothing)?;
        let stop = Stop::default();
        let disk = Disk {
            image: Image::stream(Box::new(Stdin::new(&stop)), size),
            shown: "standard input".to_owned(),
            architecture,
            mode: 0o600,
            mtime: 0,
            stop,
            standing: None,
        };
        let name = self.bundle.name.clone();
        Ok((disk, name.unwrap_or_else(|| UNNAMED.to_owned())))
    }

    fn architecture(&self, look: impl FnOnce() -> Result<String, String>) -> Result<String, Error> {
        if let Some(architecture) = &self.bundle.machine.architecture {
            return Ok(architecture.clone());
        }
        look().map_err(|why| {
            Error::new(Kind::Usage, format!("its architecture is not known: {why}"))
                .hint("say which with --arch x86_64 or --arch i386")
        })
    }
}

/// A disk of another format would be bundled as it is, and nothing would start of it.
fn check_format(file: File) -> Result<(), String> {
    let bytes = Source::new(file).map_err(|error| error.to_string())?;
    let format = Format::of(&bytes).map_err(|error| error.to_string())?;
    match format.is_raw() {
        true => Ok(()),
        false => Err(format!("is {}, not a raw disk", format.name())),
    }
}
