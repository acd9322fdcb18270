//! The system's ssh.

use std::ffi::OsString;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::request::Request;

/// Options that are given after the user's own, which count more since they come first (ssh(1)). A
/// question could not be answered; nothing of this machine is lent to the node; and a connection that
/// is lost is noticed.
const OPTIONS: [&str; 8] = [
    "-T",
    "-a",
    "-x",
    "-oBatchMode=yes",
    "-oConnectTimeout=60",
    "-oServerAliveInterval=15",
    "-oServerAliveCountMax=4",
    "-oPermitLocalCommand=no",
];
/// What ssh's environment does not have: keys of AWS, which a `SendEnv` would carry to the node. Without
/// the first of them a `ProxyCommand` that needs keys takes those of a profile, and all of it.
const SECRETS: [&str; 7] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
];
/// Bytes of an answer that are read.
const LONGEST: u64 = 64 << 10;
/// Lines of its errors that are kept.
const LINES: usize = 5;
/// Bytes of one of them that are kept.
const LONGEST_LINE: usize = 1 << 10;
/// How long the node may take to say its first word.
pub(super) const FIRST: Duration = Duration::from_secs(120);
/// What ssh says of a name that nobody knows (ssh prints what getaddrinfo(3) says behind it).
const UNKNOWN: &str = "Could not resolve hostname";
/// What it says where it would have to ask.
const ASKS: [&str; 2] = ["Host key verification failed", "Permission denied ("];

/// What ssh says when it notes the key of a host that it has not met before.
const ADDED: &str = "Warning: Permanently added";

/// How the node is reached.
pub(super) struct Ssh {
    words: Vec<String>,
    /// Options for a node that was made for this run, none for others.
    more: Vec<OsString>,
    login: Option<String>,
    pub(super) host: String,
    /// Is the node to end by itself when the connection does?
    pub(super) is_to_end: bool,
}

/// A command on the node.
pub(super) struct Running {
    pub(super) child: Child,
    errors: Arc<Mutex<Vec<String>>>,
    reading: JoinHandle<()>,
}

impl Ssh {
    pub(super) fn new(request: &Request, host: String) -> Self {
        Self {
            words: request.ssh.clone(),
            more: Vec::new(),
            login: request.login.clone(),
            host,
            is_to_end: false,
        }
    }

    /// For a node that was made for this run, with options that the user's own count more than.
    pub(super) fn of_new_node(self, more: Vec<OsString>, is_to_end: bool) -> Self {
        Self {
            more,
            is_to_end,
            ..self
        }
    }

    /// Starts a command, which the node's shell reads.
    pub(super) fn start(&self, command: &str) -> Result<Running, Error> {
        let (program, words) = self
            .words
            .split_first()
            .ok_or_else(|| Error::usage("--ssh names no program"))?;
        let mut ssh = Command::new(program);
        ssh.args(words).args(&self.more).args(OPTIONS);
        if let Some(login) = &self.login {
            ssh.args(["-l", login]);
        }
        ssh.args(["--", &self.host]).arg(OsString::from(command));
        for name in SECRETS {
            ssh.env_remove(name);
        }
        ssh.stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // What a terminal signals to the tool is not for ssh: the tool ends it in order.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = ssh
            .spawn()
            .map_err(|error| Error::failed(format!("{}: {error}", escape(program))))?;
        let errors = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&errors);
        let stream = child.stderr.take();
        let reading = tokio::spawn(async move {
            let Some(stream) = stream else { return };
            let mut stream = BufReader::new(stream);
            // To its end, though little is kept: who is not read cannot go on.
            while let Ok(Some(line)) = next_line(&mut stream).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == LINES {
                    kept.remove(0);
                }
                kept.push(line);
            }
        });
        Ok(Running {
            child,
            errors,
            reading,
        })
    }

    /// Runs a command with that input, and gives what it prints.
    pub(super) async fn run(&self, command: &str, input: &[u8]) -> Result<String, Error> {
        let mut running = self.start(command)?;
        let (stdin, stdout) = (running.child.stdin.take(), running.child.stdout.take());
        let write = async {
            if let Some(mut stdin) = stdin {
                // What was not taken is told by the status.
                let _ = stdin.write_all(input).await;
                let _ = stdin.shutdown().await;
            }
        };
        let read = async {
            let mut text = Vec::new();
            if let Some(mut stdout) = stdout {
                let _ = (&mut stdout).take(LONGEST).read_to_end(&mut text).await;
                let _ = tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await;
            }
            text
        };
        let ((), text) = futures_util::future::join(write, read).await;
        let status = running.end().await?;
        match status.success() {
            true => Ok(String::from_utf8_lossy(&text).into_owned()),
            false => Err(self.failed(&running, status)),
        }
    }

    /// That the node says nothing.
    pub(super) fn silent(&self) -> Error {
        let what = format!("the node has said nothing for {} s", FIRST.as_secs());
        Error::failed(what).of(&self.host)
    }

    /// Does the node run commands? None when it does, or why it cannot be reached.
    pub(super) async fn greet(&self) -> Result<Option<String>, Error> {
        let mut running = self.start("exit 0")?;
        // What a login shell prints is not of interest, and nothing is said to it.
        drop((running.child.stdin.take(), running.child.stdout.take()));
        let status = running.end().await?;
        match status.code() {
            Some(0) => Ok(None),
            Some(255) => Ok(Some(why(&running, status))),
            _ => Err(self.failed(&running, status)),
        }
    }

    /// Why a command has failed.
    pub(super) fn failed(&self, running: &Running, status: ExitStatus) -> Error {
        let why = why(running, status);
        let kind = match status.code() == Some(255) && why.contains(UNKNOWN) {
            true => Kind::NotFound,
            false => Kind::Failed,
        };
        let asks = status.code() == Some(255) && ASKS.iter().any(|text| why.contains(text));
        let error = Error::new(kind, why).of(&self.host);
        match asks && self.more.is_empty() {
            true => error.hint(
                "ssh cannot ask here: log in once by hand so that the host's key is known, and use a key or an agent",
            ),
            false => error,
        }
    }
}

/// The next line, of which no more is kept than that.
async fn next_line(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    loop {
        let some = stream.fill_buf().await?;
        if some.is_empty() && line.is_empty() {
            return Ok(None);
        }
        let end = some.iter().position(|byte| *byte == b'\n');
        let room = LONGEST_LINE.saturating_sub(line.len());
        line.extend(some.iter().take(end.unwrap_or(some.len())).take(room));
        let read = end.map_or(some.len(), |end| end + 1);
        stream.consume(read);
        if end.is_some() || read == 0 {
            return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
        }
    }
}

fn why(running: &Running, status: ExitStatus) -> String {
    let told = running.errors();
    match (told.is_empty(), status.code()) {
        (false, _) => told,
        (true, Some(255)) => "the connection failed".to_owned(),
        (true, _) => format!("the command ended with {status}"),
    }
}

impl Running {
    /// Waits for its end.
    pub(super) async fn end(&mut self) -> Result<ExitStatus, Error> {
        let ended = self.child.wait().await;
        // It is asked for twice where a conversation broke off. A program in the background may hold its
        // output open for ever.
        if self.reading.is_finished() {
            return ended.map_err(|error| Error::failed(format!("ssh: {error}")));
        }
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), &mut self.reading).await;
        ended.map_err(|error| Error::failed(format!("ssh: {error}")))
    }

    /// Forgets what it said so far.
    pub(super) fn forget_errors(&self) {
        let mut kept = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clear();
    }

    /// The last lines of what it said, in one.
    pub(super) fn errors(&self) -> String {
        let kept = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = kept.iter().map(|line| line.trim());
        // That the key of a new host was taken is no error.
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with(ADDED));
        let lines: Vec<_> = lines.map(escape).collect();
        lines.join("; ")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.reading.abort();
    }
}
