//! The privileged program `amichroot`: where it is, and a build by it that heeds signals.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ami_buildroot::client::{self, Elevation, Helper, Order, Volume};
use ami_buildroot::protocol::{Ended, FaultKind, OpenVolume, Report, Step};
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::escape;
use tokio::sync::mpsc;

use crate::cloud::halt::Halt;

const PROGRAM: &str = "amichroot";
/// Where packages put it, from the directory of the tools.
const ELSEWHERE: [&str; 2] = ["../libexec/ami-tools", "../lib/ami-tools"];
/// For tests: a directory in which `sys` and `dev` stand for the host's.
const DEVICES: &str = "AMI_CHROOT_DEVICES_AT";
/// What is said of a panic.
const BROKEN: &str = "a thread of the tool broke down";
/// How long a command that is asked to stop may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// Starts the helper for a disk file.
pub(crate) async fn start() -> Result<Helper, Error> {
    start_at(None).await
}

/// Starts the helper. It must be there before a volume is attached that it is to open.
pub(crate) async fn start_for_volumes() -> Result<Helper, Error> {
    let Some(devices) = std::env::var_os(DEVICES) else {
        return start_at(None).await;
    };
    let started = start_at(Some(devices.into())).await;
    started.map_err(|error| match Elevation::needed() {
        Elevation::None => error,
        Elevation::Sudo => error.hint(format!(
            "{DEVICES} is set: sudo must allow '{PROGRAM} --devices-at' too"
        )),
    })
}

async fn start_at(devices: Option<PathBuf>) -> Result<Helper, Error> {
    let program = find()?;
    aside(move || {
        let elevation = Elevation::needed();
        Helper::start_with(&program, elevation, devices.as_deref())
    })
    .await
}

/// Opens a volume that was attached since.
pub(crate) async fn open_volume(
    mut helper: Helper,
    which: OpenVolume,
) -> Result<(Helper, Volume), Error> {
    aside(move || {
        let volume = helper.open_volume(&which)?;
        Ok((helper, volume))
    })
    .await
}

/// Carries out a build in the disk of that name. When the tool is asked to stop the command is, and the
/// build is put in order and reported as usual.
pub(crate) async fn build(
    context: &Context,
    helper: Helper,
    order: Order,
    disk: &str,
) -> Result<Report, Halt> {
    let halt = |error| halt(context, error, disk);
    let running = helper.build(order).map_err(halt)?;
    let stopper = running.stopper();
    let stopper = stopper.map_err(|cause| Error::failed(format!("descriptors: {cause}")))?;
    let (tell, mut told) = mpsc::unbounded_channel();
    let wait = tokio::task::spawn_blocking(move || {
        running.wait(|step| {
            // Whoever does not listen any more needs not to know.
            let _ = tell.send(step);
        })
    });
    let mut wait = std::pin::pin!(wait);
    let (mut is_stopped, mut runs) = (false, false);
    loop {
        tokio::select! {
            biased;
            _ = context.interrupt.arrived(), if !is_stopped => {
                is_stopped = true;
                if runs {
                    tell_of_stop(context);
                }
                // It fails only when the helper is gone, which is what waiting then tells.
                let _ = stopper.stop(GRACE);
            }
            Some(step) = told.recv() => {
                runs = step == Step::Run;
                context.progress.trace(words(step));
            }
            report = &mut wait => {
                let report = report.map_err(|_| Error::failed(BROKEN))?.map_err(halt)?;
                tell_of(context, &report);
                return Ok(report);
            }
        }
    }
}

fn tell_of_stop(context: &Context) {
    let seconds = GRACE.as_secs();
    context.progress.hint(&format!(
        "what runs in the build is asked to stop, and killed after {seconds} s; a second signal kills it at once"
    ));
}

/// Why a build is no success though nothing of ours has failed.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// The code that stands for how the command ended.
    pub(crate) code: u8,
    text: String,
    /// Has it run at all?
    has_run: bool,
}

impl Verdict {
    pub(crate) fn tell(&self, context: &Context) {
        match self.has_run {
            true => context.progress.hint(&self.text),
            false => context.progress.insist(&self.text),
        }
    }
}

/// Is it over as it should be? `left` says what a command that has run has left.
pub(crate) fn judge(command: &str, ended: &Ended, left: &str) -> Result<(), Verdict> {
    let program = command.split(' ').next().unwrap_or_default();
    let text = match ended {
        Ended::Exited(0) => return Ok(()),
        Ended::Exited(status) => format!("'{command}' ended with status {status}"),
        Ended::Signaled(signal) => format!("'{command}' was ended by signal {signal}"),
        Ended::NotFound => format!("'{program}' is not in the build: command not found"),
        Ended::NoInterpreter => format!(
            "'{program}' cannot be run: the interpreter in its first line, or its loader, is not in the build"
        ),
        Ended::CannotRun(why) => format!("'{program}' cannot be run: {}", escape(why)),
    };
    let has_run = matches!(ended, Ended::Exited(_) | Ended::Signaled(_));
    let left = match has_run {
        true => left,
        false => NOTHING,
    };
    Err(Verdict {
        code: ended.code(),
        text: format!("{text}; {left}"),
        has_run,
    })
}

/// What a build has left that is thrown away.
pub(crate) const NOTHING: &str = "nothing was made";

/// Standard input, output and error of a command: its output is not the tool's.
pub(crate) fn streams() -> Result<[OwnedFd; 3], Error> {
    let stdin = io::stdin().as_fd().try_clone_to_owned();
    let stdin = stdin.map_err(|error| Error::failed(format!("standard input: {error}")))?;
    let stderr = io::stderr().as_fd().try_clone_to_owned();
    let stderr = stderr.map_err(|error| Error::failed(format!("standard error: {error}")))?;
    streams_of(stdin, stderr)
}

/// The same with others.
pub(crate) fn streams_of(stdin: OwnedFd, stderr: OwnedFd) -> Result<[OwnedFd; 3], Error> {
    let all = || -> io::Result<[OwnedFd; 3]> { Ok([stdin, stderr.try_clone()?, stderr]) };
    all().map_err(|error| Error::failed(format!("standard streams: {error}")))
}

/// What went wrong with a file.
pub(crate) fn io_error(path: &Path, cause: &io::Error) -> Error {
    let text = cause.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    Error::failed(text).of(path.display())
}

/// Runs what waits for the kernel or the helper beside all else, so that signals are heeded.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, client::Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(error),
        Err(_) => Err(Error::failed(BROKEN)),
    }
}

/// The error of a build. One that came because the tool was asked to stop is no failure: helper, sudo
/// and command may have been sent the signal too.
fn halt(context: &Context, cause: client::Error, disk: &str) -> Halt {
    let is_of_disk = matches!(&cause, client::Error::Fault(fault) if fault.kind == FaultKind::Disk);
    let is_of_stop = match &cause {
        client::Error::Fault(fault) => fault.kind == FaultKind::Stopped,
        client::Error::Died { .. } => true,
        _ => false,
    };
    match is_of_stop && context.interrupt.seen().is_some() {
        true => Halt::Stopped,
        false if is_of_disk => error(cause).of(escape(disk)).into(),
        false => error(cause).into(),
    }
}

fn error(error: client::Error) -> Error {
    let text = error.to_string();
    match error {
        client::Error::Fault(fault) => match fault.ended {
            Some(ended) => Error::failed(text).hint(format!(
                "what ran in the build had ended with status {}",
                ended.code()
            )),
            None => Error::failed(text),
        },
        _ => Error::failed(text),
    }
}

fn find() -> Result<PathBuf, Error> {
    let own = std::env::current_exe().and_then(|path| path.canonicalize());
    let own = own.map_err(|error| Error::failed(format!("where this program is: {error}")))?;
    let beside = own.parent().unwrap_or(Path::new("/"));
    let mut places = std::iter::once("").chain(ELSEWHERE);
    let found = places.find_map(|place| {
        let path = beside.join(place).join(PROGRAM);
        path.is_file().then_some(path)
    });
    let found = found.ok_or_else(|| {
        let beside = beside.display();
        Error::failed(format!("{PROGRAM} is not installed: not in {beside}"))
            .hint("its manual says where it is looked for")
    })?;
    // sudo compares the path with that of its rules, letter by letter.
    Ok(found.canonicalize().unwrap_or(found))
}

fn tell_of(context: &Context, report: &Report) {
    let timings = report.timings;
    context.progress.trace(&format!(
        "the {} root: {} ms before the command, {} ms of it, {} ms after it",
        report.root.filesystem, timings.before_ms, timings.command_ms, timings.after_ms
    ));
    if let Some((before, after)) = report.root.grown {
        let text = format!("grown from {before} to {after} bytes");
        context.progress.trace(&text);
    }
    if !report.leftovers.is_empty() {
        let all = report.leftovers.iter();
        let all: Vec<_> = all
            .map(|left| format!("{} ({})", escape(&left.name), left.pid))
            .collect();
        let text = format!(
            "the command left running, and was ended: {}",
            all.join(", ")
        );
        context.progress.hint(&text);
    }
    for note in &report.notes {
        context.progress.hint(&escape(note));
    }
}

fn words(step: Step) -> &'static str {
    match step {
        Step::Mount => "mounting the root file system",
        Step::Grow => "growing the root file system",
        Step::Run => "running the command",
        Step::Restore => "putting back what was lent to the image",
        Step::Unmount => "unmounting",
    }
}
