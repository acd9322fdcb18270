//! Signals that ask a tool to stop.

use std::cell::Cell;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
use tokio::sync::Notify;

/// A signal that ends programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// Asked to end.
    Terminate,
    /// The terminal is gone.
    HangUp,
}

impl Signal {
    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::HangUp => 1,
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

/// Tells a tool that it was asked to stop, so that it can end what it has begun.
#[derive(Debug, Default)]
pub struct Interrupt {
    seen: Cell<Option<Signal>>,
    arrived: Notify,
}

impl Interrupt {
    /// The signal that has arrived, if any.
    pub fn seen(&self) -> Option<Signal> {
        self.seen.get()
    }

    /// Waits until the tool is asked to stop; at once when it already was.
    pub async fn arrived(&self) -> Signal {
        loop {
            let arrived = self.arrived.notified();
            if let Some(signal) = self.seen.get() {
                return signal;
            }
            arrived.await;
        }
    }

    /// Notes signals as they come. Ends at the second one: the user has lost patience.
    pub(crate) async fn watch(&self) -> Signal {
        let (Some(mut interrupt), Some(mut terminate), Some(mut hang_up)) = (
            stream(SignalKind::interrupt()),
            stream(SignalKind::terminate()),
            stream(SignalKind::hangup()),
        ) else {
            // Without handlers the signals do what they do by default.
            return std::future::pending().await;
        };
        loop {
            let signal = tokio::select! {
                _ = interrupt.recv() => Signal::Interrupt,
                _ = terminate.recv() => Signal::Terminate,
                _ = hang_up.recv() => Signal::HangUp,
            };
            if self.seen.replace(Some(signal)).is_some() {
                return signal;
            }
            self.arrived.notify_waiters();
        }
    }
}

fn stream(kind: SignalKind) -> Option<Stream> {
    signal(kind).ok()
}
