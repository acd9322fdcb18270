//! The tool's side: starts `amichroot`, hands it descriptors, and waits for what becomes of them.

mod error;
mod open;
mod relay;
mod running;

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::channel::Channel;
use crate::protocol::{Answer, Ask, Build, OpenVolume, VERSION};

pub use error::Error;
pub use open::{open_disk, open_source};
use relay::Terminal;
pub use running::{Running, Stopper};

/// How long to wait for the helper to end by itself after its socket was closed.
const LAST_WORDS: Timespec = Timespec {
    tv_sec: 10,
    tv_nsec: 0,
};

/// How the helper gets its privilege.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elevation {
    /// We have it: it is started as it is.
    None,
    /// Through `sudo -n`: by a line in sudoers, never by asking for a password.
    Sudo,
}

impl Elevation {
    /// What this process needs.
    pub fn needed() -> Self {
        if rustix::process::geteuid().is_root() {
            Self::None
        } else {
            Self::Sudo
        }
    }
}

/// A running `amichroot`. Dropped, it ends, and all that it made with it.
#[derive(Debug)]
pub struct Helper {
    channel: Channel,
    child: Child,
    program: String,
}

/// All that a build is given: what to do, and descriptors of what to do it with.
#[derive(Debug)]
pub struct Order {
    /// What to do.
    pub build: Build,
    /// The disk: a regular file or block device, open for reading and writing.
    pub disk: OwnedFd,
    /// Standard input, output and error of the command.
    pub stdio: [OwnedFd; 3],
    /// The sources of the binds, in the order of [`Build::binds`]; `O_PATH` will do.
    pub sources: Vec<OwnedFd>,
}

/// A volume that the helper opened.
#[derive(Debug)]
pub struct Volume {
    /// The device, open for reading and writing.
    pub device: OwnedFd,
    /// The kernel's name of it, like `nvme1n1`.
    pub name: String,
}

impl Helper {
    /// Starts the program at this path and waits until it is ready.
    ///
    /// To open volumes it must be started before they are attached.
    ///
    /// # Errors
    /// It, or sudo, cannot be started; sudo refuses; it is of another version.
    pub fn start(program: &Path, elevation: Elevation) -> Result<Self, Error> {
        Self::start_with(program, elevation, None)
    }

    /// Like [`Helper::start`], but with a directory in which `sys` and `dev` stand for the host's,
    /// for tests. The line in sudoers has to allow it, and only root may have made it.
    ///
    /// # Errors
    /// Those of [`Helper::start`].
    pub fn start_with(
        program: &Path,
        elevation: Elevation,
        devices_at: Option<&Path>,
    ) -> Result<Self, Error> {
        let (ours, theirs) = Channel::pair().map_err(|cause| error::start(program, cause))?;
        let mut command = match elevation {
            Elevation::None => Command::new(program),
            Elevation::Sudo => {
                let mut sudo = Command::new("sudo");
                sudo.args(["-n", "--"]).arg(program);
                sudo
            }
        };
        if let Some(directory) = devices_at {
            command.arg("--devices-at").arg(directory);
        }
        // The helper needs nothing of the environment, and must not pass credentials on.
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("LC_ALL", "C");
        command.stdin(theirs.into_socket());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|cause| {
            let name = command.get_program();
            error::start(Path::new(name), cause)
        })?;
        // The command holds a copy of the other end, and with it open we would never see it close.
        drop(command);
        let mut helper = Self {
            channel: ours,
            child,
            program: program.display().to_string(),
        };
        match helper.hear() {
            Ok((Answer::Ready { version: VERSION }, _)) => Ok(helper),
            Ok((Answer::Ready { version }, _)) => Err(Error::Version {
                program: helper.program.clone(),
                theirs: version,
            }),
            Ok((Answer::Failed(fault), _)) => Err(fault.into()),
            Ok(_) => Err(helper.confused()),
            Err(Error::Died { program, said }) => Err(Error::NotReady { program, said }),
            Err(error) => Err(error),
        }
    }

    /// Opens a volume that was attached since [`Helper::start`], as soon as its device is there.
    ///
    /// # Errors
    /// It does not appear in time; it was there before; something uses it.
    pub fn open_volume(&mut self, which: &OpenVolume) -> Result<Volume, Error> {
        self.tell(&Ask::OpenVolume(which.clone()), &[])?;
        match self.hear()? {
            (Answer::VolumeOpened { name }, mut with) if with.len() == 1 => Ok(Volume {
                device: with.remove(0),
                name,
            }),
            (Answer::Failed(fault), _) => Err(fault.into()),
            _ => Err(self.confused()),
        }
    }

    /// Begins a build. Where standard output or error is a terminal, the command gets one of its
    /// own, which [`Running::wait`] shows there; then [`Build::terminal`] is set here.
    ///
    /// # Errors
    /// The helper does not listen, or the order is too long to be told.
    pub fn build(mut self, mut order: Order) -> Result<Running, Error> {
        let terminal = Terminal::of(&order.stdio).map_err(|cause| self.talk(cause))?;
        order.build.terminal = terminal.as_ref().map(Terminal::size);
        let mut with: Vec<BorrowedFd<'_>> = order.stdio.iter().map(AsFd::as_fd).collect();
        with.push(order.disk.as_fd());
        with.extend(order.sources.iter().map(AsFd::as_fd));
        self.tell(&Ask::Build(Box::new(order.build)), &with)?;
        Ok(Running {
            helper: self,
            terminal,
        })
    }

    fn tell(&mut self, ask: &Ask, with: &[BorrowedFd<'_>]) -> Result<(), Error> {
        self.channel
            .send(ask, with)
            .map_err(|cause| match cause.kind() {
                io::ErrorKind::BrokenPipe => self.died(),
                io::ErrorKind::ArgumentListTooLong => Error::TooLong(cause),
                _ => self.talk(cause),
            })
    }

    /// Waits for the next answer, and for the end of sudo, which ends without its command when it is
    /// killed.
    fn hear(&mut self) -> Result<(Answer, Vec<OwnedFd>), Error> {
        loop {
            let pidfd = pidfd_open(Pid::from_child(&self.child), PidfdFlags::empty())
                .map_err(|cause| self.talk(cause.into()))?;
            let mut waited = [
                PollFd::new(&self.channel, PollFlags::IN),
                PollFd::new(&pidfd, PollFlags::IN),
            ];
            match poll(&mut waited, None) {
                Err(rustix::io::Errno::INTR) => continue,
                result => result.map_err(|cause| self.talk(cause.into()))?,
            };
            if !waited[0].revents().is_empty() {
                let packet = self.channel.receive();
                return match packet.map_err(|cause| self.talk(cause))? {
                    Some(packet) => Ok(packet),
                    None => Err(self.died()),
                };
            }
            return Err(self.died());
        }
    }

    /// The helper, or sudo, is gone. What it made is gone too when this returns.
    fn died(&mut self) -> Error {
        self.end();
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            said = read_what_is_there(&mut stderr);
        }
        if said.is_empty() {
            said = match self.child.wait() {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            };
        }
        Error::Died {
            program: self.program.clone(),
            said,
        }
    }

    fn confused(&self) -> Error {
        self.talk(io::Error::new(
            io::ErrorKind::InvalidData,
            "it said something unexpected",
        ))
    }

    fn talk(&self, cause: io::Error) -> Error {
        Error::Talk {
            program: self.program.clone(),
            cause,
        }
    }

    /// Lets the helper end everything, and waits until it has: its end of the socket closes when its
    /// last process is gone.
    fn end(&mut self) {
        // Our reading side stays open: it tells when the helper's end closes.
        let _ = rustix::net::shutdown(&self.channel, rustix::net::Shutdown::Write);
        loop {
            let mut waited = [PollFd::new(&self.channel, PollFlags::IN)];
            match poll(&mut waited, Some(&LAST_WORDS)) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(1..) => match self.channel.receive::<Answer>() {
                    Ok(Some(_)) => {}
                    Ok(None) | Err(_) => return,
                },
                Ok(0) | Err(_) => return,
            }
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.end();
        // sudo waits for its command, which has ended. If one of them hangs all the same, whoever
        // started us must not: it is reaped by whoever reaps us.
        let pid = Pid::from_child(&self.child);
        if let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) {
            let _ = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&LAST_WORDS));
        }
        let _ = self.child.try_wait();
    }
}

/// What a program that ended wrote to standard error, on one line.
fn read_what_is_there(stderr: &mut (impl Read + AsFd)) -> String {
    let mut bytes = Vec::new();
    // A process that hangs may hold the other end.
    if rustix::io::ioctl_fionbio(&mut *stderr, true).is_err() {
        return String::new();
    }
    // What cannot be read is not there; the status then stands for it.
    let _ = stderr.take(4096).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join("; ").trim_matches([';', ' ']).to_owned()
}
