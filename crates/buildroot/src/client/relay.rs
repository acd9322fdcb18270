//! Passes on what is typed and shown, between the user's terminal and the build's own.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::getpgrp;
use rustix::termios::{
    OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr, tcsetwinsize,
};

use crate::protocol::TerminalSize;

/// A signal that the size of the terminal has changed (signal(7)).
const SIGWINCH: i32 = 28;

/// The user's terminal, as far as a build has to do with it.
#[derive(Debug)]
pub(super) struct Terminal {
    input: Option<OwnedFd>,
    output: OwnedFd,
}

/// Two threads, and the way to end them. Dropped, the terminal is again as it was.
#[derive(Debug)]
pub(super) struct Relay {
    shown: Option<JoinHandle<()>>,
    typed: Option<JoinHandle<()>>,
    stop: UnixStream,
    restore: Option<(OwnedFd, Termios)>,
}

impl Terminal {
    /// That of a command's streams, if one of them goes to a terminal.
    pub(super) fn of(stdio: &[OwnedFd; 3]) -> io::Result<Option<Self>> {
        let Some(output) = stdio[1..].iter().find(|stream| isatty(stream)) else {
            return Ok(None);
        };
        // In the background one may not read from a terminal, nor change it.
        let ours = tcgetpgrp(&stdio[0]).is_ok_and(|group| group == getpgrp());
        let input = ours.then(|| stdio[0].try_clone());
        Ok(Some(Self {
            input: input.transpose()?,
            output: output.try_clone()?,
        }))
    }

    /// Its size now.
    pub(super) fn size(&self) -> TerminalSize {
        let size = tcgetwinsize(&self.output);
        size.map_or(TerminalSize::default(), |size| TerminalSize {
            rows: size.ws_row,
            columns: size.ws_col,
        })
    }

    /// Begins to pass on. `build` is the other end of the build's terminal.
    pub(super) fn relay(self, build: OwnedFd) -> io::Result<Relay> {
        let (stop, stopped) = UnixStream::pair()?;
        let mut restore = None;
        if let Some(input) = &self.input {
            let before = tcgetattr(input)?;
            let mut raw = before.clone();
            raw.make_raw();
            tcsetattr(input, OptionalActions::Now, &raw)?;
            restore = Some((input.try_clone()?, before));
        }
        let mut relay = Relay {
            shown: None,
            typed: None,
            stop,
            restore,
        };
        let (from, to) = (
            File::from(build.try_clone()?),
            File::from(self.output.try_clone()?),
        );
        relay.shown = Some(std::thread::spawn(move || show(from, to)));
        let (resized, writer) = UnixStream::pair()?;
        signal_hook::low_level::pipe::register(SIGWINCH, writer)?;
        relay.typed = Some(std::thread::spawn(move || {
            // What fails here is the build's terminal, and it fails when the build is over.
            let _ = self.type_in(&build, &resized, &stopped);
        }));
        Ok(relay)
    }

    fn type_in(
        &self,
        build: &OwnedFd,
        mut resized: &UnixStream,
        stopped: &UnixStream,
    ) -> io::Result<()> {
        let mut listening = self.input.is_some();
        let nothing = stopped.as_fd();
        loop {
            let input = self.input.as_ref().map_or(nothing, AsFd::as_fd);
            let wanted = if listening {
                PollFlags::IN
            } else {
                PollFlags::empty()
            };
            let mut waited = [
                PollFd::new(&stopped, PollFlags::IN),
                PollFd::new(&resized, PollFlags::IN),
                PollFd::from_borrowed_fd(input, wanted),
            ];
            match poll(&mut waited, None) {
                Err(rustix::io::Errno::INTR) => continue,
                result => result?,
            };
            let came = |index: usize| !waited[index].revents().is_empty();
            let (end, size, keys) = (came(0), came(1), came(2));
            if end {
                return Ok(());
            }
            let mut bytes = [0; 4096];
            if size {
                let _ = resized.read(&mut bytes)?;
                tcsetwinsize(build, tcgetwinsize(&self.output)?)?;
            }
            if keys && listening {
                let count = rustix::io::read(input, &mut bytes)?;
                listening = count > 0;
                File::from(build.try_clone()?).write_all(&bytes[..count])?;
            }
        }
    }
}

/// Until nobody in the build has the terminal open any more: the kernel calls that an error.
fn show(mut from: File, mut to: File) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..count]).is_err() {
            return;
        }
    }
}

impl Relay {
    /// Waits until all that the build wrote is shown: it must be over.
    pub(super) fn finish(mut self) {
        if let Some(shown) = self.shown.take() {
            let _ = shown.join();
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.stop.shutdown(std::net::Shutdown::Both);
        if let Some(typed) = self.typed.take() {
            let _ = typed.join();
        }
        if let Some((terminal, before)) = &self.restore {
            let _ = tcsetattr(terminal, OptionalActions::Drain, before);
        }
    }
}
