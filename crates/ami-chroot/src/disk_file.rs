//! A build in a disk file: in a copy that becomes the result, or in the file itself.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ami_buildroot::client::open_disk;
use ami_buildroot::protocol::Report;
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::{escape, shell_word};
use ami_core::settings::Format;
use ami_disk::Format as DiskFormat;
use rustix::fs::OFlags;

use crate::cloud::halt::Halt;
use crate::cloud::record::json_of_file;
use crate::helper::{self, io_error};
use crate::output_file::{self, OutputFile};
use crate::request::{self, Build};
use crate::sparse;

/// The disk that is built in.
enum Disk {
    /// A copy, which becomes the result.
    Copy(OutputFile),
    /// The source itself.
    Source,
}

/// Carries out the build, and prints the name of the result.
pub(crate) async fn run(
    context: &Context,
    build: &Build,
    file: &request::File,
) -> Result<(), Error> {
    build.wishes.check(context)?;
    check(file)?;
    if build.dry_run {
        let text = rehearse(build, file);
        context.progress.hint(&text);
        return Ok(());
    }
    let helper = helper::start().await?;
    let Some(disk) = prepare(context, build, file).await? else {
        return Ok(());
    };
    let order = build.wishes.order(descriptor(&disk, file)?)?;
    let report = helper::build(context, helper, order, &disk_name(file)).await;
    match judge(context, build, &disk, report) {
        Ok(()) => finish(context, disk, file).await,
        Err(halt) => {
            let halt = halt.map_failure(|error| explain(error, file));
            // The cause comes last.
            if let Err(error) = give_up(context, build, disk) {
                context.progress.insist(&error.to_string());
            }
            halt.end(context)
        }
    }
}

/// What is called the disk in errors of the helper.
fn disk_name(file: &request::File) -> String {
    let path = file.output.as_ref().unwrap_or(&file.source);
    path.display().to_string()
}

fn judge(
    context: &Context,
    build: &Build,
    disk: &Disk,
    report: Result<Report, Halt>,
) -> Result<(), Halt> {
    let report = report?;
    let left = match disk {
        Disk::Copy(_) => helper::NOTHING,
        Disk::Source => "the disk is as the command has left it",
    };
    let verdict = helper::judge(&build.wishes.command(), &report.ended, left);
    match context.interrupt.seen() {
        None => verdict.map_err(Halt::Command),
        Some(_) => {
            if let Disk::Source = disk {
                context.progress.hint(left);
            }
            Err(Halt::Stopped)
        }
    }
}

/// Where there is no room for the copy, the kernel tells the file system in it of failed writes only.
fn explain(error: Error, file: &request::File) -> Error {
    match &file.output {
        Some(output) => output_file::explain(error, output),
        None => error,
    }
}

fn check(file: &request::File) -> Result<(), Error> {
    let source = &file.source;
    let opened = open_source(source)?;
    let unreadable = |error: ami_disk::Error| Error::failed(error.to_string()).of(source.display());
    let disk = ami_disk::Source::new(opened).map_err(unreadable)?;
    let format = DiskFormat::of(&disk).map_err(unreadable)?;
    if let Some(line) = format.to_raw(&source.to_string_lossy()) {
        let what = format!("is {}, and not a raw disk", format.name());
        return Err(Error::failed(what)
            .of(source.display())
            .hint(format!("try {line}")));
    }
    match &file.output {
        Some(output) if is_same(source, output) => {
            let what = "the result would replace the source; --in-place builds in it";
            Err(Error::usage(what).of(output.display()))
        }
        Some(output) => match output_file::destination(output) {
            Ok(_) => Ok(()),
            Err(error) => Err(io_error(output, &error)),
        },
        None => Ok(()),
    }
}

/// Opens what is to be a disk. Of anything else it is said what it is, before it is waited for.
fn open_source(source: &Path) -> Result<File, Error> {
    let nonblock = OFlags::NONBLOCK.bits().cast_signed();
    let mut options = File::options();
    let opened = options.read(true).custom_flags(nonblock).open(source);
    let opened = opened.map_err(|error| io_error(source, &error))?;
    let metadata = opened.metadata();
    let metadata = metadata.map_err(|error| io_error(source, &error))?;
    let kind = metadata.file_type();
    let what = match kind.is_file() {
        true if metadata.len() == 0 => "is empty, and no disk",
        true => return Ok(opened),
        false if kind.is_block_device() => return Ok(opened),
        false if kind.is_dir() => "is a directory, and not a disk",
        false if kind.is_char_device() => "is a character device, and no disk",
        false => "is neither a file nor a block device, and so no disk",
    };
    Err(Error::failed(what).of(source.display()))
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Makes the copy, and gives the disk the size that it is to have. None when the tool was asked to
/// stop meanwhile.
async fn prepare(
    context: &Context,
    build: &Build,
    file: &request::File,
) -> Result<Option<Disk>, Error> {
    let disk = match &file.output {
        None => Disk::Source,
        Some(output) => match copy(context, &file.source, output).await? {
            Some(copy) => Disk::Copy(copy),
            None => return Ok(None),
        },
    };
    if let Some(size) = build.size {
        enlarge(&disk, file, size)?;
    }
    Ok(Some(disk))
}

async fn copy(
    context: &Context,
    source: &Path,
    output: &Path,
) -> Result<Option<OutputFile>, Error> {
    context.progress.trace("copying the disk");
    let from = open_source(source)?;
    let mode = from.metadata().map_err(|error| io_error(source, &error))?;
    let mode = mode.permissions().mode() & 0o777;
    let made = OutputFile::new(output, mode).map_err(|error| io_error(output, &error))?;
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let mut copying = tokio::task::spawn_blocking(move || {
        let copied = sparse::copy(&from, made.file(), &told);
        copied.map(|()| made)
    });
    let done = tokio::select! {
        biased;
        _ = context.interrupt.arrived() => {
            stop.store(true, Ordering::Relaxed);
            // What was made goes with it.
            let _ = copying.await;
            return Ok(None);
        }
        done = &mut copying => done,
    };
    match done {
        Ok(copied) => copied.map(Some).map_err(|error| io_error(output, &error)),
        Err(_) => Err(Error::failed("the thread that copies broke down")),
    }
}

fn enlarge(disk: &Disk, file: &request::File, size: u64) -> Result<(), Error> {
    let source = &file.source;
    let path = file.output.as_ref().unwrap_or(source);
    let work = || -> io::Result<Option<u64>> {
        let opened;
        let bytes = match disk {
            Disk::Copy(copy) => copy.file(),
            Disk::Source => {
                opened = File::options().write(true).open(source)?;
                &opened
            }
        };
        let now = bytes.metadata()?.len();
        if now > size {
            return Ok(Some(now));
        }
        bytes.set_len(size)?;
        Ok(None)
    };
    match work().map_err(|error| io_error(path, &error))? {
        None => Ok(()),
        Some(now) => Err(Error::failed(format!(
            "has {now} bytes, and a disk is never made smaller than it is, to {size}"
        ))
        .of(source.display())),
    }
}

fn descriptor(disk: &Disk, file: &request::File) -> Result<OwnedFd, Error> {
    match disk {
        Disk::Copy(copy) => copy.file().try_clone().map(Into::into),
        Disk::Source => open_disk(&file.source),
    }
    .map_err(|error| io_error(&file.source, &error))
}

async fn finish(context: &Context, disk: Disk, file: &request::File) -> Result<(), Error> {
    let path = file.output.as_ref().unwrap_or(&file.source);
    if let Disk::Copy(copy) = disk {
        let finished = tokio::task::spawn_blocking(move || copy.finish()).await;
        let finished = finished.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        finished.map_err(|error| io_error(path, &error))?;
    }
    let name = path.display().to_string();
    let text = match context.settings.format {
        Format::Json => json_of_file(&name),
        Format::Columns => format!("FILE\n{}", escape(&name)),
        Format::References => escape(&name),
    };
    // Where standard output is gone nobody wants to know the name.
    let _ = context.print_text(&format!("{text}\n"));
    context.done();
    Ok(())
}

/// Keeps the copy if that was asked for; else it goes.
fn give_up(context: &Context, build: &Build, disk: Disk) -> Result<(), Error> {
    match disk {
        Disk::Copy(copy) if build.keep => {
            let kept = copy.keep();
            let kept = kept.map_err(|error| Error::failed(format!("keeping the copy: {error}")))?;
            let word = shell_word(&kept.to_string_lossy());
            context.progress.insist(&format!(
                "the copy is kept: to go on in it: ami-chroot --in-place {word} COMMAND; to remove it: rm {word}"
            ));
        }
        Disk::Copy(_) | Disk::Source => {}
    }
    Ok(())
}

fn rehearse(build: &Build, file: &request::File) -> String {
    let source = escape(&file.source.to_string_lossy());
    let command = build.wishes.command();
    match &file.output {
        Some(output) => format!(
            "would run '{command}' in a copy of {source}, and make it {}",
            escape(&output.to_string_lossy())
        ),
        None => format!("would run '{command}' in {source}"),
    }
}
