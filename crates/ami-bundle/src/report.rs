//! What was left out of a running system's bundle, as it is told.

use std::io::{self, Write};
use std::path::Path;

use ami_capture::{Reason, Report};
use ami_core::app::Context;
use ami_core::escape::escape;

/// Says what is to be known, and how much was left out; each with `-v`.
pub(crate) fn tell(context: &Context, report: &Report, is_written: bool) {
    for note in &report.notes {
        context.progress.hint(&escape(note));
    }
    // What is of the live system belongs to no image, and nobody misses it.
    let counts = report.counts().into_iter();
    let counts = counts.filter(|(reason, _)| *reason != Reason::Live);
    let counts: Vec<_> = counts
        .map(|(reason, count)| format!("{} {count}", reason.code()))
        .collect();
    if !counts.is_empty() {
        let counts = counts.join(", ");
        let more = match is_written {
            true => "",
            false => " (--report FILE lists them)",
        };
        context.progress.hint(&format!("left out: {counts}{more}"));
    }
    for left_out in &report.left_out {
        let path = escape(&left_out.path.to_string_lossy());
        let code = left_out.reason.code();
        context
            .progress
            .trace(&format!("left out: {path} ({code})"));
    }
}

/// Writes all of it into a file that only its owner may read, a JSON object a line.
pub(crate) fn write(path: &Path, report: &Report) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // It may replace one that others can read.
    let waiting = directory.join(format!(".ami-bundle.{}.report", std::process::id()));
    let write = || {
        let mut file = create(&waiting)?;
        for left_out in &report.left_out {
            let line = serde_json::to_string(left_out)?;
            let line = ami_core::escape::escape_json(&line);
            writeln!(file, "{line}")?;
        }
        file.flush()?;
        std::fs::rename(&waiting, path)
    };
    let written = write();
    if written.is_err() {
        // It is of no use, and the error says what is wrong.
        let _ = std::fs::remove_file(&waiting);
    }
    written
}

fn create(path: &Path) -> io::Result<io::BufWriter<std::fs::File>> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    Ok(io::BufWriter::new(file))
}
