//! Signals that ask a tool to stop.

use std::cell::Cell;
use std::time::Duration;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal as signal_stream};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Signals so close together are one wish to stop, told twice: by timeout(1), which signals a program
/// and its group, or by a terminal that goes and its shell.
const ONE_WISH: Duration = Duration::from_millis(300);

/// How long a signal that was sent may need to be noted.
const ON_ITS_WAY: Duration = Duration::from_millis(50);

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
    /// Is what was begun being undone?
    is_undoing: Cell<bool>,
    arrived: Notify,
}

impl Interrupt {
    /// The signal that has arrived, if any.
    pub fn seen(&self) -> Option<Signal> {
        self.seen.get()
    }

    /// The same for work that has failed: Ctrl-C ends the program that fills a pipe as well, and the end
    /// of the pipe may be seen before the signal.
    pub async fn seen_after_failure(&self) -> Option<Signal> {
        tokio::time::timeout(ON_ITS_WAY, self.arrived()).await.ok()
    }

    /// From now on the tool only undoes what it has begun: its calls are as patient as ever, though
    /// it was asked to stop. A second signal ends it all the same.
    pub fn begin_undoing(&self) {
        self.is_undoing.set(true);
    }

    /// Is trying again given up, because the tool was asked to stop and undoes nothing?
    pub(crate) fn gives_up(&self) -> bool {
        self.seen.get().is_some() && !self.is_undoing.get()
    }

    /// Waits until that is so.
    pub(crate) async fn until_it_gives_up(&self) {
        self.arrived().await;
        if self.is_undoing.get() {
            std::future::pending::<()>().await;
        }
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
        let ignored = ignored_signals();
        let stream = |signal: Signal| {
            let is_ignored = ignored & (1 << (signal.number() - 1)) != 0;
            let kind = SignalKind::from_raw(signal.number());
            // Without a handler the signal does what it does by default.
            (!is_ignored).then(|| signal_stream(kind).ok()).flatten()
        };
        let mut interrupt = stream(Signal::Interrupt);
        let mut terminate = stream(Signal::Terminate);
        let mut hang_up = stream(Signal::HangUp);
        let mut first = None;
        loop {
            let signal = tokio::select! {
                () = receive(&mut interrupt) => Signal::Interrupt,
                () = receive(&mut terminate) => Signal::Terminate,
                () = receive(&mut hang_up) => Signal::HangUp,
            };
            match first {
                Some(first) if Instant::now() > first + ONE_WISH => return signal,
                Some(_) => {}
                None => {
                    first = Some(Instant::now());
                    self.seen.set(Some(signal));
                    self.arrived.notify_waiters();
                }
            }
        }
    }
}

async fn receive(stream: &mut Option<Stream>) {
    match stream {
        Some(stream) => {
            stream.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// The signals that the program was told to ignore when it was started, a bit each: by nohup(1), or
/// by a shell without job control for what it runs in the background. They stay ignored.
///
/// Linux tells it in `/proc/self/status` (proc(5), SigIgn); elsewhere none is taken for ignored.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}
