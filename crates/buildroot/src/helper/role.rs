//! The other processes of a build: this program again, in another role.
//!
//! A role is a word on the command line, but nobody else can take one: it works only at the other
//! end of a socket that root made.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Child, Command, Stdio};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use crate::channel::Channel;
use crate::kernel;

/// What this program can be besides the helper itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// PID 1 of a build.
    Init,
    /// Removes control groups when the helper is gone.
    Janitor,
    /// Keeps a user namespace until somebody else holds it.
    Users,
}

impl Role {
    const ALL: [(Role, &'static str); 3] = [
        (Role::Init, "init"),
        (Role::Janitor, "janitor"),
        (Role::Users, "users"),
    ];

    fn word(self) -> &'static str {
        let entry = Self::ALL.iter().find(|(role, _)| *role == self);
        entry.map_or("", |(_, word)| word)
    }

    /// The role that the words of the command line ask for, if it may be had: none means helper.
    pub(crate) fn of_this_process(words: &[String], channel: &Channel) -> Option<Role> {
        let [word] = words else {
            return None;
        };
        let (role, _) = Self::ALL.iter().find(|(_, name)| name == word)?;
        let made_by_root = kernel::owner_of_peer(channel.as_fd()).is_ok_and(|(user, _)| user == 0);
        // PID 1 has a namespace to itself, which only root can have made for it.
        let placed = *role != Role::Init || std::process::id() == 1;
        (made_by_root && placed).then_some(*role)
    }
}

/// A process in a role, and our end of the socket to it.
#[derive(Debug)]
pub(crate) struct Player {
    pub channel: Channel,
    pub child: Child,
}

/// Starts this program in a role.
///
/// It is run from a copy in memory that nobody can change: PID 1 of a build is a process that the
/// build can see, and a program on disk could be overwritten through `/proc/1/exe` or an
/// interpreter `/proc/self/exe` (CVE-2019-5736).
pub(crate) fn start(role: Role) -> io::Result<Player> {
    let mut program = File::open("/proc/self/exe")?;
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let copy = memfd_create("amichroot", flags | MemfdFlags::EXEC)
        // Kernels before 6.3 do not know the last flag, and let everything in memory be run.
        .or_else(|_| memfd_create("amichroot", flags))?;
    io::copy(&mut program, &mut File::from(copy.try_clone()?))?;
    fcntl_add_seals(
        &copy,
        SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL,
    )?;
    let (ours, theirs) = Channel::pair()?;
    let mut command = Command::new(format!("/proc/self/fd/{}", copy.as_raw_fd()));
    command.arg(role.word()).env_clear();
    command.stdin(theirs.into_socket());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn()?;
    Ok(Player {
        channel: ours,
        child,
    })
}
