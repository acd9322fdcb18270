//! What stands on standard error: errors, hints, the log of calls, and progress on a terminal.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::Error;
use crate::escape::escape;
use crate::settings::Talk;

/// Lines of progress that a screen holds with something else beside them.
const LINES: usize = 20;
/// How often a line is written on a terminal where it cannot be drawn anew.
const PLAIN: Duration = Duration::from_secs(10);

/// Standard error of one tool.
#[derive(Debug)]
pub struct Progress {
    tool: &'static str,
    /// The verb whose help says more than that of the whole tool.
    verb: Option<&'static str>,
    talk: Talk,
    bars: MultiProgress,
    /// Is it a terminal that cannot move its cursor (`TERM=dumb`, or none)?
    is_plain: bool,
    lines: Rc<()>,
}

impl Progress {
    /// For the tool of that name. Progress is drawn only where somebody can see it.
    pub fn new(tool: &'static str, talk: Talk) -> Self {
        let target = match talk {
            Talk::Quiet => ProgressDrawTarget::hidden(),
            _ => ProgressDrawTarget::stderr(),
        };
        let is_seen = talk != Talk::Quiet && std::io::stderr().is_terminal();
        Self {
            tool,
            verb: None,
            talk,
            is_plain: is_seen && target.is_hidden(),
            bars: MultiProgress::with_draw_target(target),
            lines: Rc::default(),
        }
    }

    /// Points to the help of that verb, where it points to help.
    #[must_use]
    pub(crate) fn of_verb(self, verb: Option<&'static str>) -> Self {
        Self { verb, ..self }
    }

    /// The tool's name.
    pub fn tool(&self) -> &'static str {
        self.tool
    }

    /// Says what went wrong.
    pub(crate) fn error(&self, error: &Error) {
        if error.points_to_help() {
            let verb = self.verb.map(|verb| format!(" {verb}"));
            let verb = verb.unwrap_or_default();
            self.line(&format!("{error} (see '{}{verb} --help')", self.tool));
        } else {
            self.line(&error.to_string());
        }
    }

    /// Says something that helps; not when quiet.
    pub fn hint(&self, text: &str) {
        if self.talk != Talk::Quiet {
            self.line(text);
        }
    }

    /// Says something whatever was asked for, because it would be lost otherwise.
    pub fn insist(&self, text: &str) {
        self.line(text);
    }

    /// Says what only those want to know who asked for more, such as each call; only when verbose.
    pub fn trace(&self, text: &str) {
        if self.talk == Talk::Verbose {
            self.line(text);
        }
    }

    /// Does somebody want to know of each call?
    pub fn is_verbose(&self) -> bool {
        self.talk == Talk::Verbose
    }

    /// Does somebody see progress?
    pub fn is_visible(&self) -> bool {
        self.is_plain || !self.bars.is_hidden()
    }

    /// A line that shows how one thing is getting on; none where nobody sees it, or where there are
    /// so many already that they tell nothing.
    pub fn watch(&self, label: &str) -> Option<Line> {
        if !self.is_visible() || Rc::strong_count(&self.lines) > LINES {
            return None;
        }
        let alive = Rc::clone(&self.lines);
        if self.is_plain {
            return Some(Line {
                shown: Shown::Written(Written {
                    tool: self.tool,
                    label: escape(label),
                    last: Cell::new(None),
                }),
                _alive: alive,
            });
        }
        let bar = self.bars.add(ProgressBar::new(100));
        // The template is ours and known to be good; without it the line is merely plainer.
        if let Ok(style) = ProgressStyle::with_template("{prefix}  {wide_msg} {elapsed:>4}") {
            bar.set_style(style);
        }
        bar.set_prefix(escape(label));
        Some(Line {
            shown: Shown::Drawn(bar),
            _alive: alive,
        })
    }

    /// Writes to standard output without tearing the lines that are being drawn.
    pub(crate) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bars.suspend(write)
    }

    fn line(&self, text: &str) {
        self.bars.suspend(|| {
            let mut stderr = std::io::stderr().lock();
            // Where standard error is closed nobody is left to be told.
            let _ = writeln!(stderr, "{}: {text}", self.tool);
        });
    }
}

/// How one thing is getting on; gone from the screen when dropped.
#[derive(Debug)]
pub struct Line {
    shown: Shown,
    /// Counts the lines there are.
    _alive: Rc<()>,
}

#[derive(Debug)]
enum Shown {
    Drawn(ProgressBar),
    Written(Written),
}

/// What stands on a terminal that keeps every line.
#[derive(Debug)]
struct Written {
    tool: &'static str,
    label: String,
    last: Cell<Option<Instant>>,
}

impl Line {
    /// Shows the state, and the percentage where it is known.
    pub fn show(&self, state: &str, percent: Option<u8>) {
        let state = escape(state);
        let text = match percent {
            Some(percent) => format!("{state} {percent}%"),
            None => state,
        };
        match &self.shown {
            Shown::Drawn(bar) => bar.set_message(text),
            Shown::Written(written) => written.show(&text),
        }
    }
}

impl Written {
    fn show(&self, text: &str) {
        let now = Instant::now();
        let is_due = |last: Instant| now.duration_since(last) >= PLAIN;
        if self.last.get().is_none_or(is_due) {
            self.last.set(Some(now));
            let mut stderr = std::io::stderr().lock();
            // Where standard error is closed nobody is left to be told.
            let _ = writeln!(stderr, "{}: {}: {text}", self.tool, self.label);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Shown::Drawn(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}
