//! Standard input as a disk, of which reading can be ended: whoever fills the pipe may never go on.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::apart::Stop;

/// How long nobody looks whether to stop.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// Standard input.
pub(crate) struct Stdin {
    stop: Stop,
}

impl Stdin {
    /// Reads end with an error when `stop` is set.
    pub(crate) fn new(stop: &Stop) -> Self {
        Self {
            stop: Arc::clone(stop),
        }
    }
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let stdin = io::stdin();
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(io::Error::other("stopped"));
            }
            let mut ready = [PollFd::new(&stdin, PollFlags::IN)];
            match poll(&mut ready, Some(&TICK)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(rustix::io::read(&stdin, buffer)?),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
