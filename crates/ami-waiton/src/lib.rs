//! `ami-waiton`: wait until images, snapshots, volumes or instances reach a state.

mod record;
mod request;
pub mod spec;

use std::ffi::OsString;
use std::process::ExitCode;

use ami_core::app::{self, Context};
use ami_core::error::Error;
use ami_core::escape::shell_word;
use ami_core::input::Operands;
use ami_core::reference::Reference;
use ami_core::wait::{Event, Waiter};

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
        }
        .run(operands)
        .await
    })
}

struct Wait<'a> {
    context: &'a Context,
    waiter: Waiter<'a>,
    request: Request,
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
        while reading || !self.waiter.is_empty() {
            tokio::select! {
                biased;
                _ = self.context.interrupt.arrived() => {
                    self.say_how_to_go_on();
                    return Ok(());
                }
                batch = operands.next(), if reading => match batch? {
                    Some(batch) => self.begin(batch).await?,
                    None => reading = false,
                },
                event = self.waiter.next(), if !self.waiter.is_empty() => {
                    if let Some(event) = event && self.end(event).await == Flow::Stop {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    async fn begin(&mut self, batch: Vec<Result<Reference, Error>>) -> Result<(), Error> {
        for reference in batch {
            let checked = reference.and_then(|reference| {
                let wanted = self.request.wanted(reference.id.kind())?;
                Ok((reference, wanted))
            });
            match checked {
                Ok((reference, wanted)) => {
                    let located = self.context.session.locate(reference).await?;
                    self.waiter.add(located, wanted).await;
                }
                Err(error) => self.context.fail(&error),
            }
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
        if printed.is_err() || self.request.any {
            return Flow::Stop;
        }
        Flow::Go
    }

    fn say_how_to_go_on(&self) {
        let remaining = self.waiter.remaining();
        if remaining.is_empty() {
            return;
        }
        let mut words = vec![self.context.progress.tool().to_owned()];
        words.extend(self.context.settings.as_options());
        words.extend(self.request.as_options());
        words.extend(remaining.iter().map(ToString::to_string));
        words.extend(self.request.state.clone());
        let words: Vec<_> = words.iter().map(|word| shell_word(word)).collect();
        self.context
            .progress
            .hint(&format!("to go on waiting: {}", words.join(" ")));
    }
}
