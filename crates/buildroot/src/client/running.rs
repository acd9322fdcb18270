//! A build that is under way: to be waited for and stopped.

use std::io;
use std::time::Duration;

use super::relay::Terminal;
use super::{Error, Helper};
use crate::channel::Channel;
use crate::protocol::{Answer, Ask, Report, Step};

/// A build that is under way. Dropped, it is ended and undone.
#[derive(Debug)]
pub struct Running {
    pub(super) helper: Helper,
    pub(super) terminal: Option<Terminal>,
}

/// Ends a build from elsewhere: a signal handler's task, say.
#[derive(Debug)]
pub struct Stopper {
    channel: Channel,
}

impl Running {
    /// A way to stop it while someone waits for it.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn stopper(&self) -> io::Result<Stopper> {
        Ok(Stopper {
            channel: self.helper.channel.try_clone()?,
        })
    }

    /// Waits until it is over, telling of each step that begins.
    ///
    /// # Errors
    /// What could not be done, even where the command itself ran: see [`Fault::ended`](crate::protocol::Fault::ended).
    pub fn wait(mut self, mut on_step: impl FnMut(Step)) -> Result<Report, Error> {
        // Dropped in any case, so that the terminal is again as it was.
        let mut relay = None;
        loop {
            match self.helper.hear()? {
                (Answer::Step(step), _) => on_step(step),
                (Answer::Terminal, mut with) => {
                    let own = self.terminal.take().zip(with.pop());
                    let begun = own.map(|(terminal, near)| terminal.relay(near));
                    relay = begun.transpose().map_err(|cause| self.helper.talk(cause))?;
                }
                (Answer::Finished(report), _) => {
                    if let Some(relay) = relay {
                        relay.finish();
                    }
                    return Ok(*report);
                }
                (Answer::Failed(fault), _) => return Err(fault.into()),
                (Answer::Ready { .. } | Answer::VolumeOpened { .. }, _) => {
                    return Err(self.helper.confused());
                }
            }
        }
    }
}

impl Stopper {
    /// Sends the command SIGTERM and, after the grace time or when called again, SIGKILL. The build
    /// is then put in order and reported as usual.
    ///
    /// # Errors
    /// The helper is gone.
    pub fn stop(&self, grace: Duration) -> io::Result<()> {
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        self.channel.send(&Ask::Stop { grace_ms }, &[])
    }
}
