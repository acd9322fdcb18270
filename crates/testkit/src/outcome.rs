//! What became of a tool, and what a test expects of it.

use std::fmt::{self, Display};
use std::path::Path;

use ami_sandbox::Call;

use crate::home::Home;

/// What a tool did.
#[derive(Debug)]
pub struct Outcome {
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
    /// Its exit code, when it was not ended by a signal.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    pub(crate) command: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) home: Option<Home>,
}

impl Outcome {
    /// Begins to say what is expected: exit code 0 and nothing on standard error, until said otherwise.
    pub fn expect(self) -> Expectation {
        Expectation {
            outcome: self,
            end: End::Code(0),
            stderr: Some(String::new()),
            stdout: None,
            parts: Vec::new(),
        }
    }

    /// The HOME of the tool, to look for files; it goes with the outcome.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_ref().map(Home::path)
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "--- command: {}", self.command)?;
        match (self.code, self.signal) {
            (Some(code), _) => writeln!(f, "--- exit code {code}")?,
            (None, signal) => writeln!(f, "--- ended by signal {}", signal.unwrap_or_default())?,
        }
        writeln!(f, "--- stdout:\n{}", self.stdout.escape_debug_lines())?;
        writeln!(f, "--- stderr:\n{}", self.stderr.escape_debug_lines())?;
        write!(f, "--- calls to the sandbox:\n{}", list_calls(&self.calls))
    }
}

/// What a test expects of an outcome; checked by [`Expectation::done`].
#[must_use = "an expectation is checked by done()"]
pub struct Expectation {
    outcome: Outcome,
    end: End,
    stderr: Option<String>,
    stdout: Option<String>,
    parts: Vec<(Part, String)>,
}

#[derive(Debug, PartialEq)]
enum End {
    Code(i32),
    Signal(i32),
}

#[derive(Clone, Copy)]
enum Part {
    StdoutHas,
    StderrHas,
    StderrHasNot,
}

impl Expectation {
    /// It ends with this exit code.
    pub fn fails(mut self, code: i32) -> Self {
        self.end = End::Code(code);
        self
    }

    /// It is ended by this signal.
    pub fn dies_of(mut self, signal: rustix::process::Signal) -> Self {
        self.end = End::Signal(signal.as_raw());
        self
    }

    /// It prints exactly this.
    pub fn stdout_is(mut self, text: &str) -> Self {
        self.stdout = Some(text.into());
        self
    }

    /// It prints this among other things.
    pub fn stdout_has(mut self, text: &str) -> Self {
        self.parts.push((Part::StdoutHas, text.into()));
        self
    }

    /// It says exactly this.
    pub fn stderr_is(mut self, text: &str) -> Self {
        self.stderr = Some(text.into());
        self
    }

    /// It says this among other things.
    pub fn stderr_has(mut self, text: &str) -> Self {
        self.stderr = None;
        self.parts.push((Part::StderrHas, text.into()));
        self
    }

    /// It does not say this, whatever else it says.
    pub fn stderr_has_not(mut self, text: &str) -> Self {
        self.stderr = None;
        self.parts.push((Part::StderrHasNot, text.into()));
        self
    }

    /// It may say anything.
    pub fn stderr_any(mut self) -> Self {
        self.stderr = None;
        self
    }

    /// Checks it all, and gives the outcome back for more.
    ///
    /// # Panics
    /// When anything is not as expected.
    #[track_caller]
    pub fn done(self) -> Outcome {
        let wrongs = self.wrongs();
        assert!(wrongs.is_empty(), "{}\n{}", wrongs.join("\n"), self.outcome);
        self.outcome
    }

    fn wrongs(&self) -> Vec<String> {
        let Outcome {
            stdout,
            stderr,
            code,
            signal,
            ..
        } = &self.outcome;
        let mut wrongs = Vec::new();
        let ended = code.map(End::Code).or(signal.map(End::Signal));
        if ended.as_ref() != Some(&self.end) {
            wrongs.push(format!("expected {:?}, got {ended:?}", self.end));
        }
        if let Some(expected) = self.stdout.as_ref().filter(|expected| *expected != stdout) {
            wrongs.push(format!("expected on stdout exactly: {expected:?}"));
        }
        if let Some(expected) = self.stderr.as_ref().filter(|expected| *expected != stderr) {
            wrongs.push(format!("expected on stderr exactly: {expected:?}"));
        }
        for (part, text) in &self.parts {
            let (fits, words) = match part {
                Part::StdoutHas => (stdout.contains(text), "expected on stdout"),
                Part::StderrHas => (stderr.contains(text), "expected on stderr"),
                Part::StderrHasNot => (!stderr.contains(text), "not expected on stderr"),
            };
            if !fits {
                wrongs.push(format!("{words}: {text:?}"));
            }
        }
        wrongs
    }
}

/// Calls, one a line.
pub(crate) fn list_calls(calls: &[Call]) -> String {
    calls
        .iter()
        .map(|call| format!("{}\n", call.to_json()))
        .collect()
}

/// Shows control characters, and keeps lines.
trait EscapeLines {
    fn escape_debug_lines(&self) -> String;
}

impl EscapeLines for str {
    fn escape_debug_lines(&self) -> String {
        let show = |c: char| {
            if c.is_control() && c != '\n' {
                c.escape_debug().collect()
            } else {
                c.to_string()
            }
        };
        self.chars().map(show).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(code: i32, stdout: &str, stderr: &str) -> Outcome {
        Outcome {
            stdout: stdout.into(),
            stderr: stderr.into(),
            code: Some(code),
            signal: None,
            command: "tool".into(),
            calls: Vec::new(),
            home: None,
        }
    }

    #[test]
    fn success_and_silence_are_expected_by_default() {
        assert!(outcome(0, "x", "").expect().wrongs().is_empty());
        assert_eq!(outcome(1, "", "").expect().wrongs().len(), 1);
        assert_eq!(outcome(0, "", "hint").expect().wrongs().len(), 1);
        assert_eq!(outcome(2, "", "hint").expect().fails(2).wrongs().len(), 1);
    }

    #[test]
    fn what_is_said_can_be_expected_in_parts_or_whole() {
        let said = || outcome(2, "", "tool: wrong\n").expect().fails(2);
        assert!(said().stderr_is("tool: wrong\n").wrongs().is_empty());
        assert!(
            said()
                .stderr_has("wrong")
                .stderr_has_not("right")
                .wrongs()
                .is_empty()
        );
        assert_eq!(
            said().stderr_has("right").wrongs(),
            ["expected on stderr: \"right\""]
        );
        assert_eq!(said().stderr_has_not("wrong").wrongs().len(), 1);
        assert_eq!(
            said()
                .stderr_any()
                .stdout_is("y")
                .stdout_has("z")
                .wrongs()
                .len(),
            2
        );
    }
}
