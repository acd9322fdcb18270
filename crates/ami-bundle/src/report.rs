//! What was left out of a running system's bundle, as it is told.

mod place;

use std::io;
use std::path::Path;

use ami_capture::{Reason, Report};
use ami_core::app::Context;
use ami_core::escape::escape;

pub(crate) use place::check;

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

/// Writes all of it, a JSON object a line: into a file that only its owner may read, or into a device
/// or a pipe.
pub(crate) fn write(path: &Path, report: &Report) -> io::Result<()> {
    place::fill(path, |to| {
        for left_out in &report.left_out {
            let line = serde_json::to_string(left_out)?;
            let line = ami_core::escape::escape_json(&line);
            writeln!(to, "{line}")?;
        }
        Ok(())
    })
}
