//! `ami-waiton`: wait until images, snapshots, volumes or instances reach a state.

mod record;
mod request;
pub mod spec;

use std::collections::HashSet;
use std::ffi::OsString;
use std::process::ExitCode;

use ami_core::app::{self, Context};
use ami_core::error::Error;
use ami_core::input::Operands;
use ami_core::reference::{Located, Reference};
use ami_core::wait::{Event, Waiter, say_how_to_go_on};

use record::Reached;
use request::Request;

/// Runs the tool from the words after its name.
pub fn main(words: Vec<OsString>) -> ExitCode {
    app::main(&spec::SPEC, words, async |context| {
        let (request, operands) = Request::read(&context.args)?;
        Wait {
            context,
            waiter: Waiter::new(context, request.rules.clone()),
            request,
            begun: HashSet::new(),
        }
        .run(operands)
        .await
    })
}

struct Wait<'a> {
    context: &'a Context,
    waiter: Waiter<'a>,
    request: Request,
    /// What was ever waited for. A reference that comes again is printed once, whether it comes
    /// before or after it got there.
    begun: HashSet<Located>,
}

/// Is there more to do?
#[derive(PartialEq, Eq)]
enum Flow {
    Go,
    Stop,
}

impl Wait<'_> {
    async fn run(mut self, mut operands: Operands) -> Result<(), Error> {
        let mut reading = true;
        self.waiter.expect_more(operands.reads_stdin());
        while reading || !self.waiter.is_empty() {
            tokio::select! {
                biased;
                _ = self.context.interrupt.arrived() => {
                    self.leave().await;
                    return Ok(());
                }
                event = self.waiter.next(), if !self.waiter.is_empty() => {
                    if let Some(event) = event && self.end(event).await == Flow::Stop {
                        if self.context.output_is_gone() && !self.request.any {
                            self.leave().await;
                        }
                        return Ok(());
                    }
                }
                batch = operands.next(), if reading => match batch {
                    Ok(Some(batch)) => self.begin(batch).await,
                    Ok(None) => {
                        reading = false;
                        self.waiter.expect_more(false);
                    }
                    // What is waited for already is waited for all the same.
                    Err(error) => {
                        self.context.fail(&error);
                        reading = false;
                    }
                },
            }
        }
        Ok(())
    }

    async fn begin(&mut self, batch: Vec<Result<Reference, Error>>) {
        for reference in batch {
            if let Err(error) = self.begin_one(reference).await {
                self.context.fail(&error);
            }
        }
    }

    async fn begin_one(&mut self, reference: Result<Reference, Error>) -> Result<(), Error> {
        let reference = reference?;
        let wanted = self.request.wanted(reference.id.kind())?;
        let located = self.context.session.locate(reference).await?;
        if self.begun.insert(located.clone()) {
            self.waiter.add(located, wanted).await;
        }
        Ok(())
    }

    async fn end(&mut self, event: Event) -> Flow {
        let resource = match event.result {
            Ok(resource) => resource,
            Err(error) => {
                self.context.fail(&error);
                return Flow::Go;
            }
        };
        let reached = Reached {
            located: event.located,
            resource,
        };
        let printed = self.context.print(&reached).await;
        self.context.done();
        if self.request.any {
            self.context.enough();
        }
        if printed.is_err() || self.request.any {
            return Flow::Stop;
        }
        Flow::Go
    }

    /// Ends before all have ended: what the last answer has brought is not lost, and what is still
    /// waited for is named.
    async fn leave(&mut self) {
        for event in self.waiter.take_ended() {
            if self.end(event).await == Flow::Stop && self.request.any {
                return;
            }
        }
        let (left, state) = (self.waiter.remaining(), self.request.state.as_deref());
        say_how_to_go_on(self.context, &self.request.typed, &left, state);
    }
}
