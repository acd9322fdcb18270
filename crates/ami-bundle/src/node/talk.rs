//! The conversation with the program on the node.

use std::time::Duration;

use ami_bundle_node::protocol::{Done, Event, LONGEST, Reply, Request as Work, VERSION, line};
use ami_capture::{LeftOut, Report};
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use ami_core::progress::Line;
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};

use super::install::PROGRAM;
use super::place::Place;
use super::request::Request;
use super::ssh::{Running, Ssh};
use crate::bundling::warn_of_size;
use crate::report;

/// How long the program may take to end: it may have to wait for a part, and to take others back.
const END: Duration = Duration::from_secs(90);

/// A conversation.
pub(super) struct Talk<'s> {
    ssh: &'s Ssh,
    running: Running,
    input: Option<ChildStdin>,
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
            input,
            output: BufReader::new(output),
            begun: Vec::new(),
            report: Report::default(),
            line: context.progress.watch(&ssh.host),
        };
        loop {
            match talk.message().await {
                // What a login shell prints comes before.
                Some(text) => match serde_json::from_slice(&text) {
                    Ok(Event::Ready { version: VERSION }) => break,
                    Ok(Event::Ready { .. }) => {
                        let what = "the program on the node is of another version than this tool";
                        return Err(Error::failed(what).of(&ssh.host));
                    }
                    _ => {}
                },
                None => return Err(talk.broken().await),
            }
        }
        talk.say(&work).await;
        Ok(talk)
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
                    return Err(Error::new(kind, escape(&why)).of(&self.ssh.host));
                }
                event => return Ok(event),
            }
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
        if let Some(input) = &mut self.input {
            // Where nobody listens the next event does not come either, and that is told.
            let _ = input.write_all(line(message).as_bytes()).await;
            let _ = input.flush().await;
        }
    }

    /// Ends the conversation, which ends the program, and waits for that. False when it did not end
    /// by itself.
    pub(super) async fn end(&mut self) -> bool {
        self.line = None;
        self.input = None;
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
        self.input = None;
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
    let mut talk = Talk::start(context, ssh, place, Work::Keep).await?;
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
