//! PID 1 of a build: sets up its tree of files, starts the command, reaps what is left of others,
//! and tells how it ended. When it ends itself, the kernel ends all that is still there.

pub(crate) mod command;
pub(crate) mod confine;
pub(crate) mod devices;
pub(crate) mod filter;
pub(crate) mod kernel_files;
pub(crate) mod own_places;
pub(crate) mod plan;
mod programs;
pub(crate) mod reap;
pub(crate) mod terminal;
pub(crate) mod tree;
pub(crate) mod user;

use std::os::fd::AsFd;
use std::process::ExitCode;

use rustix::process::{DumpableBehavior, Signal};

use crate::channel::Channel;
use crate::fault::{Because, Result};
use crate::kernel;
use crate::protocol::{Fault, FaultKind, Network};
use command::Start;
use plan::{Means, Plan, Word};

/// Runs as PID 1. The channel is to the helper.
pub(crate) fn run(channel: &Channel) -> ExitCode {
    let word = build(channel).unwrap_or_else(Word::Failed);
    // If nobody listens the helper is gone, and we go as well.
    match channel.send(&word, &[]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn build(channel: &Channel) -> Result<Word> {
    let what = || "PID 1 of the build".to_owned();
    // Whoever kills the helper kills us. If it died before this, its end of the channel is closed.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .because(FaultKind::Host, what)?;
    // What runs in the build must not look into this process, which is the host's.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .because(FaultKind::Host, what)?;
    rustix::process::umask(rustix::fs::Mode::empty());
    let watch = reap::Watch::new().because(FaultKind::Host, what)?;
    let packet = channel.receive::<Plan>().because(FaultKind::Host, what)?;
    let Some((plan, descriptors)) = packet else {
        return Err(Fault::new(FaultKind::Stopped, "the helper is gone"));
    };
    let Some(mut means) = Means::new(&plan, descriptors) else {
        return Err(Fault::new(FaultKind::Host, "the helper gave too little"));
    };
    tree::enter(&plan, &mut means)?;
    rustix::system::sethostname(b"localhost").because(FaultKind::Host, what)?;
    if plan.network == Network::None {
        kernel::raise_loopback().because(FaultKind::Host, || "the loopback interface".into())?;
    }
    match command::start(&plan, means, channel)? {
        Start::Not(ended) => Ok(Word::Ended {
            ended,
            leftovers: Vec::new(),
        }),
        Start::Running(child) => watch
            .until_ended(&child, channel.as_fd())
            .because(FaultKind::Host, what),
    }
}
