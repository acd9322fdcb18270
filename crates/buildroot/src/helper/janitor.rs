//! Control groups outlive whoever made them, unlike all else of a build. So a process of its own
//! waits for the helper's end, however that comes about, and removes them.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::role::{self, Player, Role};
use crate::channel::Channel;

/// How long processes that were killed may take to leave a group.
const PATIENCE: Duration = Duration::from_secs(10);

const TICK: Duration = Duration::from_millis(2);

/// The janitor of a build's groups.
#[derive(Debug)]
pub(crate) struct Janitor {
    player: Player,
}

impl Janitor {
    /// Hires one for these groups, before they are made: a janitor with nothing to do does no harm.
    pub(crate) fn hire(groups: &[PathBuf]) -> io::Result<Self> {
        let player = role::start(Role::Janitor)?;
        player.channel.send(&groups, &[])?;
        // It answers when nobody can end it together with us any more.
        match player.channel.receive::<()>()? {
            Some(_) => Ok(Self { player }),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Lets it do its work, which is the same whether we are still there or not.
    pub(crate) fn dismiss(mut self) {
        self.player.channel.close();
        // If somebody killed it, we do its work.
        let _ = self.player.child.wait();
    }
}

/// Runs as janitor.
pub(crate) fn run(channel: &Channel) -> ExitCode {
    // A session of its own, so that no signal to the caller's terminal ends it, and no directory
    // that somebody may want to unmount.
    let _ = rustix::process::setsid();
    let _ = std::env::set_current_dir("/");
    let Ok(Some((groups, _))) = channel.receive::<Vec<PathBuf>>() else {
        return ExitCode::FAILURE;
    };
    if channel.send(&(), &[]).is_err() {
        return ExitCode::FAILURE;
    }
    // Nothing more is ever said: this is the end.
    let _ = channel.receive::<()>();
    remove(&groups);
    ExitCode::SUCCESS
}

/// Removes groups as soon as they are empty, with those that were made in them.
pub(crate) fn remove(groups: &[PathBuf]) {
    let end = Instant::now() + PATIENCE;
    for group in groups {
        while let Err(error) = remove_tree(group) {
            let busy = error.kind() == io::ErrorKind::ResourceBusy;
            if !busy || Instant::now() >= end {
                break;
            }
            std::thread::sleep(TICK);
        }
    }
}

/// Removes a group after those in it: the kernel removes none that has any.
pub(crate) fn remove_tree(group: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(group)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    std::fs::remove_dir(group)
}
