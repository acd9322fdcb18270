//! The conversation with the program on the node.

use std::time::Duration;

use ami_bundle_node::protocol::{Done, Event, LONGEST, Reply, Request as Work, VERSION, line};
use ami_capture::{LeftOut, Report};
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use ami_core::progress::Line;
use ami_registration::until_stopped;
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::ChildStdout;

use super::install::PROGRAM;
use super::place::Place;
use super::pulse::Pulse;
use super::request::Request;
use super::ssh::{FIRST, Running, Ssh};
use crate::bundling::warn_of_size;
use crate::report;

/// How long the program may take to end: it may have to wait for a part, and to take others back.
const END: Duration = Duration::from_secs(90);

/// How long it may take to end after it has said why.
const SAID: Duration = Duration::from_secs(5);
/// What the program's first word begins with.
const READY: &[u8] = b"{\"ready\":";

/// A conversation.
pub(super) struct Talk<'s> {
    ssh: &'s Ssh,
    running: Running,
    input: Pulse,
    output: BufReader<ChildStdout>,
    /// What has arrived of a message.
    begun: Vec<u8>,
    report: Report,
    line: Option<Line>,
}

impl<'s> Talk<'s> {
    /// Starts the program, and tells it what to do.
    pub(super) async fn start(
        context: &Context,
        ssh: &'s Ssh,
        place: &Place,
        work: Work,
    ) -> Result<Self, Error> {
        let path = format!("{}/{PROGRAM}", place.directory);
        let mut running = ssh.start(&place.as_root(&path))?;
        let (input, output) = (running.child.stdin.take(), running.child.stdout.take());
        let output = output.ok_or_else(|| Error::failed("ssh has no output"))?;
        let mut talk = Self {
            ssh,
            running,
            input: Pulse::new(input, line(&Reply::Alive)),
            output: BufReader::new(output),
            begun: Vec::new(),
            report: Report::default(),
            line: context.progress.watch(&ssh.host),
        };
        match tokio::time::timeout(FIRST, talk.ready(place)).await {
            Ok(ready) => ready?,
            Err(_) => return Err(ssh.silent()),
        }
        // A banner, say, is no part of what comes.
        talk.running.forget_errors();
        talk.say(&work).await;
        Ok(talk)
    }

    /// Waits until the program says that it is there. What a login shell prints comes before, and may
    /// end without the end of a line.
    async fn ready(&mut self, place: &Place) -> Result<(), Error> {
        while let Some(text) = self.message().await {
            let at = text.windows(READY.len()).position(|some| some == READY);
            match serde_json::from_slice(&text[at.unwrap_or_default()..]) {
                Ok(Event::Ready { version: VERSION }) => return Ok(()),
                Ok(Event::Ready { .. }) => {
                    let what = "the program on the node is of another version than this tool";
                    return Err(Error::failed(what).of(&self.ssh.host));
                }
                _ => {}
            }
        }
        let error = self.broken().await;
        Err(match place.is_root {
            true => error,
            false => error.hint(
                "log in as root, or as a user who may run everything with sudo and no password",
            ),
        })
    }

    /// The next event that is not only to be shown.
    pub(super) async fn next(&mut self, context: &Context) -> Result<Event, Error> {
        loop {
            let Some(text) = self.message().await else {
                return Err(self.broken().await);
            };
            let event = serde_json::from_slice(&text).map_err(|_| {
                Error::failed("the node says what nobody understands").of(&self.ssh.host)
            })?;
            match event {
                Event::Ready { .. } => {}
                Event::Stage(stage) => {
                    context.progress.trace(&escape(&stage));
                    self.show(&escape(&stage), None);
                }
                Event::Progress {
                    files,
                    bytes,
                    at_most,
                } => {
                    let percent = bytes.saturating_mul(100).checked_div(at_most);
                    let percent = percent.and_then(|percent| u8::try_from(percent.min(99)).ok());
                    self.show(
                        &format!("{files} files, {} MiB copied", bytes >> 20),
                        percent,
                    );
                }
                Event::Note(note) => self.report.notes.push(note),
                Event::LeftOut(some) => self.leave_out(some),
                Event::Failed { why, is_order } => {
                    let kind = if is_order { Kind::Usage } else { Kind::Failed };
                    let error = Error::new(kind, escape(&why)).of(&self.ssh.host);
                    return Err(self.with_what_was_said(error).await);
                }
                event => return Ok(event),
            }
        }
    }

    /// Adds what a script has said, which tells more than its exit status. The program ends by itself.
    async fn with_what_was_said(&mut self, error: Error) -> Error {
        self.input.end(b"").await;
        let ended = tokio::time::timeout(SAID, self.running.end()).await;
        let said = self.running.errors();
        match ended.is_ok() && !said.is_empty() {
            true => error.hint(format!("on the node was said: {said}")),
            false => error,
        }
    }

    fn show(&self, text: &str, percent: Option<u8>) {
        if let Some(line) = &self.line {
            line.show(text, percent);
        }
    }

    fn leave_out(&mut self, some: Vec<(std::path::PathBuf, String)>) {
        // A reason that this tool does not know came from a program that is not its own.
        let known = some.into_iter().filter_map(|(path, reason)| {
            let reason = serde_json::from_value(reason.into()).ok()?;
            Some(LeftOut { path, reason })
        });
        self.report.left_out.extend(known);
    }

    /// Tells what was left out, when the image is there.
    pub(super) fn tell(
        &mut self,
        context: &Context,
        request: &Request,
        size: u64,
    ) -> Result<(), Error> {
        self.line = None;
        warn_of_size(context, "the file system", size);
        report::tell(context, &self.report, request.report.is_some());
        match &request.report {
            Some(path) => report::write(path, &self.report).map_err(|error| {
                Error::failed(format!("cannot be written: {error}")).of(path.display())
            }),
            None => Ok(()),
        }
    }

    /// Answers.
    pub(super) async fn reply(&mut self, reply: &Reply) {
        self.say(reply).await;
    }

    async fn say(&mut self, message: &impl Serialize) {
        self.input.say(line(message).as_bytes()).await;
    }

    /// Ends the conversation, which ends the program, and waits for that. False when it did not end
    /// by itself.
    pub(super) async fn end(&mut self) -> bool {
        self.line = None;
        self.input.end(b"").await;
        let ending = async {
            while self.message().await.is_some() {}
            self.running.end().await
        };
        match tokio::time::timeout(END, ending).await {
            // 255 is ssh's own failure: what became of the program is not known.
            Ok(Ok(status)) => status.code().is_some_and(|code| code != 255),
            _ => {
                let _ = self.running.child.kill().await;
                false
            }
        }
    }

    async fn broken(&mut self) -> Error {
        self.input.end(b"").await;
        match tokio::time::timeout(END, self.running.end()).await {
            Ok(Ok(status)) => self.ssh.failed(&self.running, status),
            Ok(Err(error)) => error,
            Err(_) => Error::failed("the connection was lost").of(&self.ssh.host),
        }
    }

    async fn message(&mut self) -> Option<Vec<u8>> {
        let room = LONGEST.saturating_sub(self.begun.len()) as u64;
        let mut output = (&mut self.output).take(room);
        output.read_until(b'\n', &mut self.begun).await.ok()?;
        match self.begun.ends_with(b"\n") {
            true => Some(std::mem::take(&mut self.begun)),
            false => None,
        }
    }
}

/// Bundles, and leaves the bundle on the node. None when the tool was stopped.
pub(super) async fn keep(
    context: &Context,
    request: &Request,
    ssh: &Ssh,
    place: &Place,
) -> Result<Option<Done>, Error> {
    let start = Talk::start(context, ssh, place, Work::Keep);
    let Some(talk) = until_stopped(context, start).await else {
        return Ok(None);
    };
    let mut talk = talk?;
    let kept = loop {
        let event = tokio::select! {
            biased;
            _ = context.interrupt.arrived() => break Ok(None),
            event = talk.next(context) => event,
        };
        match event {
            Ok(Event::Image { size, .. }) => {
                if let Err(error) = talk.tell(context, request, size) {
                    break Err(error);
                }
            }
            Ok(Event::Done(done)) => break Ok(Some(*done)),
            Ok(_) => {}
            Err(error) => break Err(error),
        }
    };
    talk.end().await;
    kept
}
