//! Waits while the command runs: for its end, for the tool's, and for who wants it to stop.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::role::Player;
use crate::channel::Channel;
use crate::fault::{Because, Result};
use crate::init::plan::Word;
use crate::protocol::{Answer, Ask, Ended, Fault, FaultKind, Step};

/// How long the command may take to end when the helper itself is told to.
const GRACE: Duration = Duration::from_secs(5);

/// Signals that the helper gets, as bytes to read.
pub(crate) struct Signals(UnixStream);

impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            signal_hook::low_level::pipe::register(signal, theirs.try_clone()?)?;
        }
        Ok(Self(ours))
    }

    /// Has one come in since it was asked last?
    pub(crate) fn any(&self) -> bool {
        matches!((&self.0).read(&mut [0; 64]), Ok(1..))
    }
}

/// How a build went, as far as its processes go. None of them is left.
pub(crate) struct Outcome {
    /// What PID 1 said at last, if it came to that.
    pub word: Option<Word>,
    /// When the command began.
    pub began: Option<Instant>,
    /// When PID 1 and all others were gone.
    pub over: Instant,
}

/// Waits until no process of the build is left. `player` is its PID 1.
pub(crate) fn wait(tool: &Channel, signals: &Signals, mut player: Player) -> Result<Outcome> {
    let mut waiting = Waiting {
        tool,
        signals,
        init: Pid::from_child(&player.child),
        kill_at: None,
        stopping: false,
        asked: false,
        began: None,
    };
    let word = waiting.until_ended(&player.channel);
    if word.is_err() {
        waiting.kill();
    }
    // PID 1 ends right after its last word; and the kernel lets nobody see it end before all
    // others in its namespace have.
    player
        .child
        .wait()
        .because(FaultKind::Host, || "PID 1 of the build".to_owned())?;
    Ok(Outcome {
        word: word?,
        began: waiting.began,
        over: Instant::now(),
    })
}

struct Waiting<'a> {
    tool: &'a Channel,
    signals: &'a Signals,
    init: Pid,
    kill_at: Option<Instant>,
    stopping: bool,
    /// Has the tool asked for it?
    asked: bool,
    began: Option<Instant>,
}

impl Waiting<'_> {
    /// The last word of PID 1; none if it was killed.
    fn until_ended(&mut self, channel: &Channel) -> Result<Option<Word>> {
        let what = || "PID 1 of the build".to_owned();
        let mut listening = true;
        loop {
            let flags = |wanted| {
                if wanted {
                    PollFlags::IN
                } else {
                    PollFlags::empty()
                }
            };
            let mut waited = [
                PollFd::new(channel, PollFlags::IN),
                PollFd::new(&self.signals.0, PollFlags::IN),
                PollFd::new(self.tool, flags(listening)),
            ];
            match poll(&mut waited, self.patience().as_ref()) {
                Err(rustix::io::Errno::INTR) => continue,
                result => result.because(FaultKind::Host, what)?,
            };
            let came: Vec<bool> = waited.iter().map(|fd| !fd.revents().is_empty()).collect();
            if self.kill_at.is_some_and(|at| Instant::now() >= at) {
                self.kill();
            }
            if came[0] {
                match channel.receive::<Word>().because(FaultKind::Host, what)? {
                    Some((Word::Started, _)) => self.started(),
                    Some((Word::Terminal, near)) => {
                        let near: Vec<BorrowedFd<'_>> = near.iter().map(AsFd::as_fd).collect();
                        // If the tool is gone, we shall see that at once.
                        let _ = self.tool.send(&Answer::Terminal, &near);
                    }
                    Some((word, _)) => return Ok(Some(word)),
                    None => return Ok(None),
                }
            }
            if came[1] && self.signals.any() && !self.stopping {
                self.stop(GRACE);
            }
            if came[2] && listening {
                listening = self.hear_tool();
            }
        }
    }

    fn started(&mut self) {
        self.began = Some(Instant::now());
        // If the tool is gone, we shall see that at once.
        let _ = self.tool.send(&Answer::Step(Step::Run), &[]);
    }

    /// What the tool says. When it is gone, so is the command, at once: nobody waits for it.
    fn hear_tool(&mut self) -> bool {
        match self.tool.receive::<Ask>() {
            Ok(Some((Ask::Stop { grace_ms }, _))) => {
                // A terminal's signal comes to tool and helper, so only the tool can ask twice.
                if std::mem::replace(&mut self.asked, true) {
                    self.kill();
                } else {
                    self.stop(Duration::from_millis(grace_ms));
                }
                true
            }
            Ok(Some(_) | None) | Err(_) => {
                self.kill();
                false
            }
        }
    }

    fn stop(&mut self, grace: Duration) {
        if self.began.is_none() {
            return self.kill();
        }
        self.stopping = true;
        // PID 1 passes it on.
        let _ = kill_process(self.init, Signal::TERM);
        self.kill_at = Instant::now().checked_add(grace);
    }

    fn kill(&mut self) {
        self.kill_at = None;
        self.stopping = true;
        // It is our child and not waited for, so its number is not another's.
        let _ = kill_process(self.init, Signal::KILL);
    }

    fn patience(&self) -> Option<Timespec> {
        let left = self.kill_at?.saturating_duration_since(Instant::now());
        // A millisecond more, so that the time has come when the waiting ends.
        Timespec::try_from(left + Duration::from_millis(1)).ok()
    }
}

impl Outcome {
    /// How the command ended. PID 1 that was killed had it killed.
    pub(crate) fn ended(&self) -> Result<Ended> {
        match &self.word {
            Some(Word::Ended { ended, .. }) => Ok(ended.clone()),
            Some(Word::Failed(fault)) => Err(fault.clone()),
            Some(Word::Started | Word::Terminal) | None if self.began.is_some() => {
                Ok(Ended::Signaled(Signal::KILL.as_raw()))
            }
            Some(Word::Started | Word::Terminal) | None => Err(Fault::new(
                FaultKind::Stopped,
                "stopped before the command began",
            )),
        }
    }
}
