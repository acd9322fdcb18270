//! A tool with its arguments, its input and its environment, not yet started.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ami_sandbox::Sandbox;

use crate::built;
use crate::home::Home;
use crate::outcome::Outcome;
use crate::running::Running;
use crate::terminal::Terminal;

/// How long a child may take when the test says nothing.
const DEADLINE: Duration = Duration::from_secs(120);

/// Where the input of a child comes from.
enum Input {
    Nothing,
    Text(String),
    Slowly(Vec<String>, Duration),
    Open,
}

/// A tool that is to be run.
#[must_use = "a tool does nothing until it is run"]
pub struct Tool<'s> {
    command: Command,
    shown: Vec<OsString>,
    input: Input,
    sandbox: Option<&'s Sandbox>,
    columns: Option<u16>,
    deadline: Duration,
    home: Home,
}

impl<'s> Tool<'s> {
    pub(crate) fn new(program: PathBuf, name: &str) -> Self {
        let home = Home::new();
        let mut path = built::directory().into_os_string();
        path.push(":/usr/bin:/bin");
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .env("LC_ALL", "C")
            .env("COLUMNS", "80")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(home.path())
            // A group of its own, so that a deadline ends all of a pipeline.
            .process_group(0);
        Tool {
            command,
            shown: vec![name.into()],
            input: Input::Nothing,
            sandbox: None,
            columns: None,
            deadline: DEADLINE,
            home,
        }
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        for arg in args {
            self.shown.push(arg.as_ref().to_owned());
            self.command.arg(arg);
        }
        self
    }

    /// Sets a variable.
    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Takes a variable away.
    pub fn env_remove(mut self, key: &str) -> Self {
        self.command.env_remove(key);
        self
    }

    /// Leads AWS clients to a sandbox, as its first account. The metadata service stays off; see
    /// [`Tool::metadata`].
    pub fn sandbox<'n>(self, sandbox: &'n Sandbox) -> Tool<'n> {
        let account = sandbox.account().to_owned();
        self.sandbox_as(sandbox, &account)
    }

    /// Leads AWS clients to a sandbox, as any of its accounts.
    pub fn sandbox_as<'n>(self, sandbox: &'n Sandbox, account: &str) -> Tool<'n> {
        let Tool {
            mut command,
            shown,
            input,
            columns,
            deadline,
            home,
            ..
        } = self;
        command.envs(sandbox.environment_of(account));
        Tool {
            command,
            shown,
            input,
            sandbox: Some(sandbox),
            columns,
            deadline,
            home,
        }
    }

    /// Lets the child use the metadata service.
    pub fn metadata(self) -> Self {
        self.env_remove("AWS_EC2_METADATA_DISABLED")
    }

    /// Gives the child an input, which is empty otherwise.
    pub fn stdin(mut self, text: &str) -> Self {
        self.input = Input::Text(text.into());
        self
    }

    /// Writes pieces of input one by one, with a pause before each.
    pub fn stdin_slowly<P: Into<String>>(
        mut self,
        pieces: impl IntoIterator<Item = P>,
        pause: Duration,
    ) -> Self {
        self.input = Input::Slowly(pieces.into_iter().map(Into::into).collect(), pause);
        self
    }

    /// Leaves the input open, for [`Running::write`].
    pub fn stdin_open(mut self) -> Self {
        self.input = Input::Open;
        self
    }

    /// Makes standard error a terminal of so many columns. What comes out is as a terminal gets it, with
    /// `\r\n` at the ends of lines; [`crate::screen()`] shows what would stand there in the end.
    pub fn terminal(mut self, columns: u16) -> Self {
        self.columns = Some(columns);
        self.env("TERM", "xterm-256color")
            .env("COLUMNS", columns.to_string())
    }

    /// Ends the child and fails the test after another time than two minutes.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Writes a file into the child's HOME.
    pub fn file(self, name: &str, text: &str, mode: u32) -> Self {
        self.home.write(name, text, mode);
        self
    }

    /// The child's HOME, which is its working directory too.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs the tool to its end.
    pub fn run(self) -> Outcome {
        self.spawn().wait()
    }

    /// Starts the tool.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn spawn(self) -> Running<'s> {
        let Tool {
            mut command,
            shown,
            input,
            sandbox,
            columns,
            deadline,
            home,
        } = self;
        let line = shown
            .iter()
            .map(|word| quote(&word.to_string_lossy()))
            .collect::<Vec<_>>();
        let line = line.join(" ");
        let terminal = columns.map(Terminal::open);
        let is_piped = !matches!(input, Input::Nothing);
        command.stdin(if is_piped {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        command.stdout(Stdio::piped());
        command.stderr(
            terminal
                .as_ref()
                .map_or_else(Stdio::piped, Terminal::far_end),
        );
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{line}: {e}"));
        // The command still holds the far end of the terminal, which would never be closed.
        drop(command);
        let near_end = terminal.map(Terminal::into_near_end);
        let stdin = child.stdin.take();
        let open = match input {
            Input::Open => stdin,
            input => {
                feed(stdin, input);
                None
            }
        };
        Running::new(child, open, near_end, line, sandbox, deadline, home)
    }
}

/// Writes the input from a thread, since the child may not read it before it has written itself.
fn feed(stdin: Option<std::process::ChildStdin>, input: Input) {
    let Some(mut stdin) = stdin else { return };
    std::thread::spawn(move || {
        let (pieces, pause) = match input {
            Input::Text(text) => (vec![text], Duration::ZERO),
            Input::Slowly(pieces, pause) => (pieces, pause),
            Input::Nothing | Input::Open => return,
        };
        for piece in pieces {
            std::thread::sleep(pause);
            // A child that has ended, or that reads no more, needs no more.
            if stdin
                .write_all(piece.as_bytes())
                .and_then(|()| stdin.flush())
                .is_err()
            {
                return;
            }
        }
    });
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_a_shell_needs_them() {
        assert_eq!(quote("--name=web"), "--name=web");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }
}
