//! The connection to the tool.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::Wrong;
use crate::protocol::{Event, LONGEST, Leave, Reply, Request, VERSION, line};

/// How often signals are looked for by those who wait.
const GLANCE: Duration = Duration::from_millis(100);

/// The connection to the tool. Its end stops all that is done.
pub(crate) struct Link {
    stop: Arc<AtomicBool>,
    inbox: Arc<(Mutex<Inbox>, Condvar)>,
    output: Mutex<io::Stdout>,
}

#[derive(Default)]
struct Inbox {
    leaves: BTreeMap<usize, Leave>,
    is_committed: bool,
}

impl Link {
    /// Says that the program is there, and reads what it is to do.
    pub(crate) fn open() -> io::Result<(Self, Request)> {
        let stop = Arc::<AtomicBool>::default();
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&stop))?;
        }
        let link = Self {
            stop,
            inbox: Arc::default(),
            output: Mutex::new(io::stdout()),
        };
        link.say(&Event::Ready { version: VERSION });
        let mut input = io::BufReader::new(io::stdin());
        let request = receive(&mut input)?;
        let (stop, inbox) = (Arc::clone(&link.stop), Arc::clone(&link.inbox));
        std::thread::spawn(move || listen(input, &stop, &inbox));
        Ok((link, request))
    }

    /// Tells the tool. When it listens no more, all ends.
    pub(crate) fn say(&self, event: &Event) {
        let mut output = lock(&self.output);
        let said = output.write_all(line(event).as_bytes());
        if said.and_then(|()| output.flush()).is_err() {
            self.end();
        }
    }

    /// What ends work when it becomes true.
    pub(crate) fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// Ends all work.
    pub(crate) fn end(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.inbox.1.notify_all();
    }

    /// Is all over?
    pub(crate) fn check(&self) -> Result<(), Wrong> {
        match self.stop.load(Ordering::Relaxed) {
            true => Err(self.lost()),
            false => Ok(()),
        }
    }

    /// The reason of an end that came from outside.
    pub(crate) fn lost(&self) -> Wrong {
        Wrong::new("it was stopped")
    }

    /// Waits for the leave to send a part.
    pub(crate) fn leave(&self, index: usize) -> Result<Leave, Wrong> {
        self.wait(|inbox| inbox.leaves.remove(&index))
            .ok_or_else(|| self.lost())
    }

    /// Waits until the tool takes over what was sent; false when it goes away instead.
    pub(crate) fn is_committed(&self) -> bool {
        let committed = self.wait(|inbox| inbox.is_committed.then_some(()));
        committed.is_some()
    }

    fn wait<T>(&self, mut look: impl FnMut(&mut Inbox) -> Option<T>) -> Option<T> {
        let (inbox, changed) = &*self.inbox;
        let mut inbox = lock(inbox);
        loop {
            if let Some(found) = look(&mut inbox) {
                return Some(found);
            }
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            let woken = changed.wait_timeout(inbox, GLANCE);
            inbox = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Takes replies until there are no more. After a commit the end is what is expected.
fn listen(mut input: impl BufRead, stop: &AtomicBool, inbox: &(Mutex<Inbox>, Condvar)) {
    while let Ok(reply) = receive(&mut input) {
        let mut waiting = lock(&inbox.0);
        match reply {
            Reply::Leave(leave) => {
                waiting.leaves.insert(leave.index, leave);
            }
            Reply::Commit => waiting.is_committed = true,
        }
        drop(waiting);
        inbox.1.notify_all();
    }
    stop.store(true, Ordering::Relaxed);
    inbox.1.notify_all();
}

/// Reads one message.
fn receive<T: DeserializeOwned>(input: &mut impl BufRead) -> io::Result<T> {
    let mut text = Vec::new();
    let most = LONGEST as u64;
    input.by_ref().take(most).read_until(b'\n', &mut text)?;
    if !text.ends_with(b"\n") {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&text)?)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
