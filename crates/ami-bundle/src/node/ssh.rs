//! The system's ssh.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use ami_core::error::Error;
use ami_core::escape::escape;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::request::Request;

/// Options that are given after the user's own, which count more since they come first (ssh(1)). A
/// question could not be answered; nothing of this machine is lent to the node; and a connection that
/// is lost is noticed.
const OPTIONS: [&str; 7] = [
    "-T",
    "-a",
    "-x",
    "-oBatchMode=yes",
    "-oServerAliveInterval=15",
    "-oServerAliveCountMax=4",
    "-oPermitLocalCommand=no",
];
/// Bytes of an answer that are read.
const LONGEST: u64 = 64 << 10;
/// Lines of its errors that are kept.
const LINES: usize = 5;

/// How the node is reached.
pub(super) struct Ssh {
    words: Vec<String>,
    login: Option<String>,
    pub(super) host: String,
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
            login: request.login.clone(),
            host,
        }
    }

    /// Starts a command, which the node's shell reads.
    pub(super) fn start(&self, command: &str) -> Result<Running, Error> {
        let (program, words) = self
            .words
            .split_first()
            .ok_or_else(|| Error::usage("--ssh names no program"))?;
        let mut ssh = Command::new(program);
        ssh.args(words).args(OPTIONS);
        if let Some(login) = &self.login {
            ssh.args(["-l", login]);
        }
        ssh.args(["--", &self.host]).arg(OsString::from(command));
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
            let mut lines = BufReader::new(stream.take(LONGEST)).lines();
            while let Ok(Some(line)) = lines.next_line().await {
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
            if let Some(stdout) = stdout {
                let _ = stdout.take(LONGEST).read_to_end(&mut text).await;
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

    /// Why a command has failed.
    pub(super) fn failed(&self, running: &Running, status: ExitStatus) -> Error {
        let told = running.errors();
        let why = match (told.is_empty(), status.code()) {
            (false, _) => told,
            (true, Some(255)) => "the connection failed".to_owned(),
            (true, _) => format!("the command ended with {status}"),
        };
        let error = Error::failed(why).of(&self.host);
        match status.code() {
            Some(255) => error.hint(
                "ssh cannot ask here: log in once by hand so that the host's key is known, and use a key or an agent",
            ),
            _ => error,
        }
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

    /// The last lines of what it said, in one.
    pub(super) fn errors(&self) -> String {
        let kept = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = kept.iter().map(|line| escape(line.trim()));
        let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        lines.join("; ")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.reading.abort();
    }
}
