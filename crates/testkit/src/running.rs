//! A tool that is running: to be signalled, looked at and waited for.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ami_sandbox::Sandbox;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::home::Home;
use crate::outcome::Outcome;

/// How often a child is looked at while it is waited for.
const TICK: Duration = Duration::from_millis(5);

/// A running tool. Dropped, it is killed.
pub struct Running<'s> {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Stream,
    stderr: Stream,
    line: String,
    sandbox: Option<&'s Sandbox>,
    end: Instant,
    home: Option<Home>,
}

/// What a child writes, collected by a thread.
struct Stream {
    text: Arc<Mutex<Vec<u8>>>,
    closed: Receiver<()>,
}

impl<'s> Running<'s> {
    pub(crate) fn new(
        mut child: Child,
        stdin: Option<ChildStdin>,
        terminal: Option<File>,
        line: String,
        sandbox: Option<&'s Sandbox>,
        deadline: Duration,
        home: Home,
    ) -> Self {
        let stdout = Stream::collect(child.stdout.take());
        let stderr = match terminal {
            Some(near_end) => Stream::collect(Some(near_end)),
            None => Stream::collect(child.stderr.take()),
        };
        let end = Instant::now() + deadline;
        Running {
            child,
            stdin,
            stdout,
            stderr,
            line,
            sandbox,
            end,
            home: Some(home),
        }
    }

    /// The number of the process, for `/proc`.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The words of the process as everybody on the machine can read them.
    pub fn cmdline(&self) -> Vec<String> {
        let path = format!("/proc/{}/cmdline", self.pid());
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let words = bytes.split(|b| *b == 0).filter(|word| !word.is_empty());
        words
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect()
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: Signal) {
        let sent = kill_process(self.group(), signal);
        sent.unwrap_or_else(|e| panic!("{}: cannot be signalled: {e}", self.line));
    }

    /// Sends a signal to all processes of the pipeline, as a terminal does.
    pub fn signal_all(&self, signal: Signal) {
        let sent = kill_process_group(self.group(), signal);
        sent.unwrap_or_else(|e| panic!("{}: cannot be signalled: {e}", self.line));
    }

    /// Writes to an input that was left open.
    pub fn write(&mut self, text: &str) {
        let stdin = self
            .stdin
            .as_mut()
            .unwrap_or_else(|| panic!("the input is not open"));
        let written = stdin
            .write_all(text.as_bytes())
            .and_then(|()| stdin.flush());
        written.unwrap_or_else(|e| panic!("{}: reads no input: {e}", self.line));
    }

    /// Closes an input that was left open.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// What it has printed so far.
    pub fn stdout(&self) -> String {
        self.stdout.so_far()
    }

    /// What it has said so far.
    pub fn stderr(&self) -> String {
        self.stderr.so_far()
    }

    /// Waits until something has come true, such as a call in the log of the sandbox or a line of
    /// output.
    ///
    /// # Panics
    /// When the deadline passes, or the process ends, before that.
    pub fn wait_until(&mut self, what: &str, mut is_true: impl FnMut(&Self) -> bool) {
        while !is_true(self) {
            if let Some(status) = self.child.try_wait().ok().flatten() {
                // It may have come true by the very end of the process, whose last words are still on
                // their way.
                self.stdout.finish();
                self.stderr.finish();
                assert!(
                    is_true(self),
                    "it ended before: {what}\n{}",
                    self.outcome(status)
                );
                return;
            }
            self.check_deadline(what);
            std::thread::sleep(TICK);
        }
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When the deadline passes before that; the process is killed then.
    pub fn wait(mut self) -> Outcome {
        self.stdin = None;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return self.outcome(status);
            }
            self.check_deadline("its end");
            std::thread::sleep(TICK);
        }
    }

    fn check_deadline(&mut self, what: &str) {
        if Instant::now() < self.end {
            return;
        }
        self.kill();
        let status = self
            .child
            .wait()
            .unwrap_or_else(|e| panic!("{}: {e}", self.line));
        panic!(
            "the deadline passed while waiting for: {what}\n{}",
            self.outcome(status)
        );
    }

    /// What became of it. Processes that it left behind may hold its output open; what they write after
    /// a moment is not waited for.
    fn outcome(&mut self, status: ExitStatus) -> Outcome {
        self.stdout.finish();
        self.stderr.finish();
        Outcome {
            stdout: self.stdout.so_far(),
            stderr: self.stderr.so_far(),
            code: status.code(),
            signal: status.signal(),
            command: self.line.clone(),
            calls: self.sandbox.map(Sandbox::calls).unwrap_or_default(),
            home: self.home.take(),
        }
    }

    fn kill(&mut self) {
        // Both may be gone already, which is what is wanted.
        let _ = kill_process_group(self.group(), Signal::KILL);
        let _ = self.child.kill();
    }

    fn group(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
            let _ = self.child.wait();
        }
    }
}

impl Stream {
    fn collect(source: Option<impl Read + Send + 'static>) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let (close, closed) = channel();
        let collected = Arc::clone(&text);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            let Some(mut source) = source else { return };
            // A terminal ends with an error when its far end is closed.
            while let Ok(n @ 1..) = source.read(&mut buffer) {
                let mut text = collected.lock().unwrap_or_else(PoisonError::into_inner);
                text.extend_from_slice(&buffer[..n]);
            }
            let _ = close.send(());
        });
        Stream { text, closed }
    }

    fn finish(&self) {
        let _ = self.closed.recv_timeout(Duration::from_secs(2));
    }

    fn so_far(&self) -> String {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&text).into_owned()
    }
}
