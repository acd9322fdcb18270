//! Disks of other formats, read through qemu-img.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use ami_blocks::disk::Disk;
use ami_core::app::Context;
use ami_core::error::{Error, Kind};

const PROGRAM: &str = "qemu-img";
/// How often it is looked at whether qemu-img is done.
const TICK: Duration = Duration::from_millis(20);
/// What is kept of what qemu-img says, the last bytes: why it fails it says in the end.
const WORDS: usize = 4096;
/// What `qemu-img check` ends with where a disk is good, has clusters that nobody uses, or is of a format
/// that it cannot check (qemu-img manual, "check").
const USABLE: [i32; 3] = [0, 3, 63];
/// How many lines of it are told.
const LINES: usize = 5;

/// Converts a disk of that format, by qemu-img's name for it, to a raw one in a temporary file that
/// nobody else can read. The file has lost its name when this returns, so that nothing is left of it
/// however this program ends. `None` when the tool was asked to stop meanwhile.
pub(crate) async fn convert(
    context: &Context,
    path: &Path,
    format: &str,
    work_dir: Option<&Path>,
) -> Result<Option<Disk>, Error> {
    let mut names = tempfile::Builder::new();
    names.prefix("ami-register-image-").suffix(".raw");
    let default = std::env::temp_dir();
    let directory = work_dir.unwrap_or(&default);
    let raw = names.tempfile_in(directory).map_err(|error| {
        let what = format!("no temporary file can be made: {error}");
        Error::new(Kind::Usage, what).of(directory.display())
    })?;
    let text = format!("converting {} with {PROGRAM}", path.display());
    context.progress.trace(&text);
    // A name that begins with a dash or holds a colon would be taken for something else.
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let line = context.progress.watch(&path.display().to_string());
    if let Some(line) = &line {
        line.show("converting", None);
    }
    // Of a file that is cut off, qemu-img convert takes what is missing for zeros.
    let mut check = Command::new(PROGRAM);
    check.args(["check", "-q", "-f", format]).arg(&whole);
    let Some((status, words)) = run(context, check).await? else {
        return Ok(None);
    };
    if !status.code().is_some_and(|code| USABLE.contains(&code)) {
        let what = format!("{PROGRAM} finds it damaged: {words}");
        return Err(Error::failed(what).of(path.display()));
    }
    let mut command = Command::new(PROGRAM);
    command
        .args(["convert", "-f", format, "-O", "raw"])
        .args([whole.as_path(), raw.path()]);
    let Some((status, words)) = run(context, command).await? else {
        return Ok(None);
    };
    if !status.success() {
        let is_full = words.contains("No space left");
        let what = format!("{PROGRAM} could not convert it: {words}");
        let error = Error::failed(what).of(path.display());
        return Err(match is_full {
            true => error.hint("name a directory with more room with --work-dir"),
            false => error,
        });
    }
    let file = File::open(raw.path());
    let file = file.map_err(|error| Error::failed(format!("cannot be read again: {error}")))?;
    // Losing its name changes the file's times, by which it is told whether somebody wrote to it.
    drop(raw);
    // Messages call it by the name that the user knows.
    Disk::new(file, path).map(Some)
}

/// Runs it to its end, and tells what it has said; `None` when the tool was asked to stop meanwhile.
async fn run(context: &Context, command: Command) -> Result<Option<(ExitStatus, String)>, Error> {
    let mut running = Running::start(command)?;
    let status = tokio::select! {
        biased;
        _ = context.interrupt.arrived() => return Ok(None),
        status = running.end() => status?,
    };
    Ok(Some((status, running.words())))
}

/// qemu-img at work. Dropped, it is ended.
struct Running {
    child: Child,
    /// Reads what it says, all the time: it would wait for ever for somebody to read from a pipe that
    /// is full.
    words: Option<JoinHandle<Vec<u8>>>,
}

impl Running {
    fn start(mut command: Command) -> Result<Self, Error> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            let what = match error.kind() {
                std::io::ErrorKind::NotFound => {
                    format!("--convert needs {PROGRAM}, which is not on PATH")
                }
                _ => format!("{PROGRAM} cannot be started: {error}"),
            };
            Error::new(Kind::Usage, what).hint("on Debian it is in the package qemu-utils")
        })?;
        let stderr = child.stderr.take();
        let words = stderr.map(|stderr| std::thread::spawn(move || last_of(stderr)));
        Ok(Self { child, words })
    }

    async fn end(&mut self) -> Result<ExitStatus, Error> {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) => tokio::time::sleep(TICK).await,
                Err(error) => return Err(Error::failed(format!("{PROGRAM} is lost: {error}"))),
            }
        }
    }

    /// What it said, in a line.
    fn words(&mut self) -> String {
        let words = self.words.take().and_then(|words| words.join().ok());
        let words = words.unwrap_or_default();
        let text = String::from_utf8_lossy(&words);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines: Vec<_> = lines.collect();
        let last = lines.len().saturating_sub(LINES);
        lines[last..].join("; ")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads to the end, and keeps the last of it.
fn last_of(mut from: impl Read) -> Vec<u8> {
    let (mut last, mut piece) = (Vec::new(), [0; WORDS]);
    // What cannot be read of it is not worth another error.
    while let Ok(count @ 1..) = from.read(&mut piece) {
        last.extend_from_slice(&piece[..count]);
        last.drain(..last.len().saturating_sub(WORDS));
    }
    last
}
