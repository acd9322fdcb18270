//! Waits for the command, and reaps every other process of the build on the way, as PID 1 has to.

use std::io::{self, Read};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Child;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, wait};
use signal_hook::consts::{SIGCHLD, SIGTERM};

use super::plan::Word;
use crate::protocol::{Ended, Leftover};

/// Signals that came in, as bytes to read.
pub(crate) struct Watch {
    children: UnixStream,
    stop: UnixStream,
}

impl Watch {
    /// Begins to listen: before there is anything to hear.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            children: listen(SIGCHLD)?,
            stop: listen(SIGTERM)?,
        })
    }

    /// Waits until the command has ended. SIGTERM is passed on to it. Ends early when the helper's
    /// end of the channel closes.
    pub(crate) fn until_ended(&self, child: &Child, channel: BorrowedFd<'_>) -> io::Result<Word> {
        let command = Pid::from_child(child);
        loop {
            if let Some(status) = reap(command)? {
                return Ok(Word::Ended {
                    ended: ended(status),
                    leftovers: leftovers(),
                });
            }
            let mut waited = [
                PollFd::new(&self.children, PollFlags::IN),
                PollFd::new(&self.stop, PollFlags::IN),
                PollFd::new(&channel, PollFlags::IN),
            ];
            match poll(&mut waited, None) {
                Err(rustix::io::Errno::INTR) => continue,
                result => result?,
            };
            if !waited[2].revents().is_empty() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let stop = !waited[1].revents().is_empty();
            empty(&self.children)?;
            if stop {
                empty(&self.stop)?;
                // It leads the group of all that it started in the foreground. It may just have
                // ended.
                let _ = kill_process_group(command, Signal::TERM);
                // What is suspended would hear of it only when it goes on.
                let _ = kill_process_group(command, Signal::CONT);
            }
        }
    }
}

fn listen(signal: i32) -> io::Result<UnixStream> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(signal, theirs)?;
    Ok(ours)
}

fn empty(mut stream: &UnixStream) -> io::Result<()> {
    let mut bytes = [0; 64];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Takes every process that has ended; the command's status, if it is among them.
fn reap(command: Pid) -> io::Result<Option<WaitStatus>> {
    let mut found = None;
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == command => found = Some(status),
            Ok(Some(_)) => {}
            Ok(None) | Err(rustix::io::Errno::CHILD) => return Ok(found),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn ended(status: WaitStatus) -> Ended {
    match (status.exit_status(), status.terminating_signal()) {
        // A status has eight bits.
        (Some(status), _) => Ended::Exited(status as u8),
        (None, Some(signal)) => Ended::Signaled(signal),
        (None, None) => Ended::CannotRun("it ended in a way that is not known".to_owned()),
    }
}

/// What is still running beside us: the kernel kills it when we end.
fn leftovers() -> Vec<Leftover> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let mut found: Vec<Leftover> = entries
        .flatten()
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            (pid != 1).then_some(())?;
            let (name, state) = read_process(&entry.path())?;
            (!matches!(state, 'Z' | 'X')).then_some(Leftover { pid, name })
        })
        .collect();
    found.sort_by_key(|process| process.pid);
    found
}

/// A process's name and state. The name stands in parentheses, and may have any of its own.
fn read_process(directory: &Path) -> Option<(String, char)> {
    let bytes = std::fs::read(directory.join("stat")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let name = text.split_once('(')?.1.rsplit_once(')')?;
    Some((name.0.to_owned(), name.1.trim_start().chars().next()?))
}
