//! The connection to the tool.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::Wrong;
use crate::protocol::{Event, LONGEST, Leave, Manifest, Reply, Request, SILENCE, VERSION, line};

/// How often signals are looked for by those who wait.
const GLANCE: Duration = Duration::from_millis(100);

/// The connection to the tool. Its end stops all that is done.
pub(crate) struct Link {
    stop: Arc<AtomicBool>,
    inbox: Arc<(Mutex<Inbox>, Condvar)>,
    output: Mutex<io::Stdout>,
}

struct Inbox {
    leaves: BTreeMap<usize, Leave>,
    manifest: Option<Manifest>,
    /// When the tool was heard last.
    heard: Instant,
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
            inbox: Arc::new((
                Mutex::new(Inbox {
                    leaves: BTreeMap::new(),
                    manifest: None,
                    heard: Instant::now(),
                }),
                Condvar::new(),
            )),
            output: Mutex::new(io::stdout()),
        };
        link.say(&Event::Ready { version: VERSION });
        let mut input = io::BufReader::new(io::stdin());
        let request = receive(&mut input)?;
        let (stop, inbox) = (Arc::clone(&link.stop), Arc::clone(&link.inbox));
        std::thread::spawn(move || listen(input, &stop, &inbox));
        let (stop, inbox) = (Arc::clone(&link.stop), Arc::clone(&link.inbox));
        std::thread::spawn(move || heed_silence(Duration::from_secs(SILENCE), &stop, &inbox));
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

    /// Waits for the manifest.
    pub(crate) fn manifest(&self) -> Result<Manifest, Wrong> {
        self.wait(|inbox| inbox.manifest.take())
            .ok_or_else(|| self.lost())
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

/// Takes replies until there are no more. After the manifest the end is what is expected.
fn listen(mut input: impl BufRead, stop: &AtomicBool, inbox: &(Mutex<Inbox>, Condvar)) {
    while let Ok(reply) = receive(&mut input) {
        let mut waiting = lock(&inbox.0);
        waiting.heard = Instant::now();
        match reply {
            Reply::Alive => {}
            Reply::Leave(leave) => {
                waiting.leaves.insert(leave.index, leave);
            }
            Reply::Manifest(manifest) => waiting.manifest = Some(manifest),
        }
        drop(waiting);
        inbox.1.notify_all();
    }
    stop.store(true, Ordering::Relaxed);
    inbox.1.notify_all();
}

/// Ends all work when nothing was heard for that long: a network that is gone closes nothing.
fn heed_silence(longest: Duration, stop: &AtomicBool, inbox: &(Mutex<Inbox>, Condvar)) {
    loop {
        let silent = lock(&inbox.0).heard.elapsed();
        let Some(left) = longest.checked_sub(silent) else {
            break;
        };
        std::thread::sleep(left.max(GLANCE));
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Condvar, Mutex};
    use std::time::Instant;

    use super::{GLANCE, Inbox, heed_silence, listen};
    use crate::protocol::{Reply, line};

    #[test]
    fn silence_ends_all_and_signs_of_life_put_that_off() {
        let inbox = Mutex::new(Inbox {
            leaves: BTreeMap::new(),
            manifest: None,
            heard: Instant::now(),
        });
        let (inbox, stop) = ((inbox, Condvar::new()), AtomicBool::new(false));
        let begun = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| heed_silence(GLANCE * 2, &stop, &inbox));
            for _ in 0..5 {
                std::thread::sleep(GLANCE);
                let heard = AtomicBool::new(false);
                listen(line(&Reply::Alive).as_bytes(), &heard, &inbox);
                assert!(heard.load(Ordering::Relaxed), "its end was seen");
            }
        });
        assert!(stop.load(Ordering::Relaxed));
        assert!(begun.elapsed() >= GLANCE * 6, "{:?}", begun.elapsed());
    }
}
