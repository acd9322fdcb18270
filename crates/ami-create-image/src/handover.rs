//! Handing images over to the user: at once, or when they are available.
//!
//! Whatever happens, the reference of an image that EC2 has accepted is printed.

use std::collections::BTreeMap;

use ami_core::app::Context;
use ami_core::reference::Located;
use ami_core::wait::{Event, Rules, Waiter, say_how_to_go_on};

use crate::record::Made;

pub(crate) struct Handover<'a> {
    context: &'a Context,
    waiter: Option<Waiter<'a>>,
    made: BTreeMap<Located, Made>,
    /// Options for the command that goes on waiting.
    options: Vec<String>,
    /// Images that were printed before the end of their wait, because the run was asked to stop.
    late: Vec<Located>,
}

impl<'a> Handover<'a> {
    pub(crate) fn new(context: &'a Context, wait: Option<&Rules>, options: Vec<String>) -> Self {
        Self {
            context,
            waiter: wait.map(|rules| Waiter::new(context, rules.clone())),
            made: BTreeMap::new(),
            options,
            late: Vec::new(),
        }
    }

    /// Takes an image that EC2 has accepted.
    pub(crate) async fn take(&mut self, made: Made) {
        match &mut self.waiter {
            Some(waiter) => {
                waiter.add(made.located.clone(), "available").await;
                self.made.insert(made.located.clone(), made);
            }
            None => {
                self.print(&made).await;
                if self.context.interrupt.seen().is_some() {
                    self.late.push(made.located);
                }
            }
        }
    }

    /// Is no image waited for?
    pub(crate) fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// The next image whose wait is over. It may be given up and called again.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        self.waiter.as_mut()?.next().await
    }

    /// Hands over an image whose wait is over.
    pub(crate) async fn settle(&mut self, event: Event) {
        let Some(mut made) = self.made.remove(&event.located) else {
            return;
        };
        if let Some(last) = event.last {
            made.state = last.as_str().to_owned();
        }
        match event.result {
            Ok(_) => self.print(&made).await,
            Err(error) => {
                self.context.fail(&error);
                // The reference is printed all the same; when that fails it is on standard error.
                let _ = self.context.print(&made).await;
                if error.kind() != ami_core::error::Kind::Unreachable {
                    say_how_to_go_on(self.context, &self.options, &[made.located], None);
                }
            }
        }
    }

    /// Hands over what is still waited for, because the tool is to stop, and waits no more.
    pub(crate) async fn stop_waiting(&mut self) {
        self.waiter = None;
        for made in std::mem::take(&mut self.made).into_values() {
            // Where standard output is gone the reference is on standard error.
            let _ = self.context.print(&made).await;
            self.late.push(made.located);
        }
    }

    /// Says which command waits for what this run has not waited for to the end.
    pub(crate) fn say_how_to_go_on(&self) {
        say_how_to_go_on(self.context, &self.options, &self.late, None);
    }

    async fn print(&self, made: &Made) {
        // Where standard output is gone the reference is on standard error, and the run stops.
        let _ = self.context.print(made).await;
        self.context.done();
    }
}
