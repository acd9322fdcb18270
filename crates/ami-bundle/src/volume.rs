//! `ami-bundle volume`: a bundle of the running system, or of what is below a directory.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ami_bundle_format::Image;
use ami_capture::{Captured, ErrorKind, Order, Progress, Size, Stage, Watch, capture};
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use ami_registration::until_stopped;

use crate::apart::{Stop, apart, explain};
use crate::bundling::{Bundle, Disk, check_count, warn_of_kernel, warn_of_size};
use crate::inherit::inherit;
use crate::{capturing, keys, machine, report};

/// What the image is called unless somebody says.
const UNNAMED: &str = "image";

/// What is asked for.
struct Request {
    bundle: Bundle,
    order: Order,
    architecture: String,
    report: Option<PathBuf>,
}

/// Runs the verb.
pub(crate) async fn run(context: &Context) -> Result<(), Error> {
    let Some(request) = until_stopped(context, Request::read(context)).await else {
        return Ok(());
    };
    let request = request?;
    let Request {
        bundle,
        order,
        architecture,
        report,
    } = request;
    if context.output_is_gone() {
        return Ok(());
    }
    let name = bundle.name.clone().unwrap_or_else(|| UNNAMED.to_owned());
    let mut prepared = bundle.prepare(context, name).await?;
    inherit(context, prepared.machine()).await;
    if context.interrupt.seen().is_some() {
        prepared.take_back(context).await;
        return Ok(());
    }
    if context.args.flag("dry-run") {
        context.progress.hint(&format!(
            "would bundle what is below {} for account {} into {}",
            escape(&order.volume.display().to_string()),
            prepared.user(),
            escape(&prepared.place())
        ));
        context.done();
        return Ok(());
    }
    if let Size::Bytes(size) = order.size {
        warn_of_size(context, "the file system", size);
    }
    warn_of_kernel(context, prepared.machine());
    let work = disk(context, order, architecture, report.as_deref());
    let made = work.await.and_then(|disk| {
        if let Some(disk) = &disk {
            check_count(prepared.name(), disk.image.stored())?;
        }
        Ok(disk)
    });
    match made {
        Ok(Some(disk)) => prepared.make(context, disk).await,
        failed => {
            prepared.take_back(context).await;
            failed.map(drop)
        }
    }
}

/// Makes the disk that is bundled, and tells what is not on it; none when the tool was stopped.
async fn disk(
    context: &Context,
    order: Order,
    architecture: String,
    report: Option<&Path>,
) -> Result<Option<Disk>, Error> {
    let shown = order.volume.display().to_string();
    let is_automatic = order.size == Size::Automatic;
    let Some(captured) = captured(context, order).await? else {
        return Ok(None);
    };
    report::tell(context, &captured.report, report.is_some());
    if let Some(path) = report {
        report::write(path, &captured.report).map_err(|error| unwritable(path, &error))?;
    }
    if is_automatic {
        warn_of_size(context, "the file system", captured.size);
    }
    let image = Image::open(captured.file).map_err(|error| explain(error).of(&shown))?;
    Ok(Some(Disk {
        image,
        shown,
        architecture,
        mode: 0o600,
        mtime: now(),
        stop: Stop::default(),
        standing: None,
    }))
}

impl Request {
    async fn read(context: &Context) -> Result<Self, Error> {
        let args = &context.args;
        let mut order = capturing::order(args)?;
        let report = keys::path(args, "report")?;
        // Only those who may read all files can bundle them, and only they may mount.
        if !rustix::process::geteuid().is_root() {
            let error = Error::usage("a running system is bundled as root");
            return Err(error.hint("run this with sudo"));
        }
        let key = keys::path(args, "privatekey")?;
        let directory = keys::path(args, "destination")?;
        let directory = directory.as_deref().unwrap_or(Path::new("."));
        capturing::leave_out_ours(&mut order, key.as_deref(), directory)?;
        ami_capture::check(&order).map_err(|error| wrong(&error))?;
        if let Some(report) = &report {
            report::check(report)?;
        }
        let bundle = Bundle::read(context).await?;
        let architecture = match &bundle.machine.architecture {
            Some(architecture) => architecture.clone(),
            None => machine::here().map_err(|why| {
                Error::new(Kind::Usage, why).hint("say with --arch what the image is for")
            })?,
        };
        Ok(Self {
            bundle,
            order,
            architecture,
            report,
        })
    }
}

/// Makes the image; none when the tool was stopped.
async fn captured(context: &Context, order: Order) -> Result<Option<Captured>, Error> {
    let line = context.progress.watch(&order.volume.display().to_string());
    let (tell, mut told) = tokio::sync::watch::channel(None::<Progress>);
    let stop = Stop::default();
    let work = apart(context, &stop, move |stop| {
        // Who listens no more needs to hear nothing.
        let progress = move |progress| tell.send(Some(progress)).unwrap_or_default();
        let watch = Watch {
            stop: Some(stop),
            progress: Some(&progress),
        };
        capture(&order, &watch)
    });
    tokio::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            Ok(()) = told.changed() => {
                let progress = *told.borrow_and_update();
                if let (Some(line), Some(progress)) = (&line, progress) {
                    line.show(&words(progress), percent(progress));
                }
            }
        }
    };
    match done {
        Err(error) if error.kind() == ErrorKind::Stopped => Ok(None),
        done => done.map(Some).map_err(|error| wrong(&error)),
    }
}

fn wrong(error: &ami_capture::Error) -> Error {
    let text = escape(&error.to_string());
    match error.kind() {
        ErrorKind::Order => Error::new(Kind::Usage, text),
        ErrorKind::TooSmall => Error::failed(text).hint("say it with --size"),
        _ => Error::failed(text),
    }
}

fn words(progress: Progress) -> String {
    let stage = match progress.stage {
        Stage::Measuring => "measuring",
        Stage::Making => "making the file system",
        Stage::Copying => {
            let mib = progress.bytes >> 20;
            return format!("{} files, {mib} MiB copied", progress.files);
        }
        Stage::Script => "running the script",
        Stage::Finishing => "finishing",
    };
    stage.to_owned()
}

/// What is copied is less than what there is, so it never says all.
fn percent(progress: Progress) -> Option<u8> {
    let is_copying = progress.stage == Stage::Copying && progress.at_most > 0;
    let percent = progress.bytes.saturating_mul(100) / progress.at_most.max(1);
    is_copying.then(|| u8::try_from(percent.min(99)).unwrap_or(99))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::failed(format!("cannot be written: {error}")).of(path.display())
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.as_ref().map_or(0, Duration::as_secs)
}
