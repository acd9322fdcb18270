//! The helper: has the privilege, and does what the tool asks within the limits that are checked
//! here.

pub(crate) mod alone;
pub(crate) mod binds;
pub(crate) mod bootable;
pub(crate) mod build;
pub(crate) mod caller;
pub(crate) mod change;
pub(crate) mod disk;
pub(crate) mod files;
pub(crate) mod filesystem;
pub(crate) mod groups;
pub(crate) mod grow;
pub(crate) mod holders;
pub(crate) mod image;
pub(crate) mod janitor;
pub(crate) mod loops;
pub(crate) mod mount_points;
pub(crate) mod order;
pub(crate) mod owners;
pub(crate) mod protection;
pub(crate) mod role;
pub(crate) mod root;
pub(crate) mod superblock;
pub(crate) mod supervise;
pub(crate) mod users;
pub(crate) mod volume;

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::channel::Channel;
use crate::fault::{Because, Result};
use crate::init;
use crate::protocol::{Answer, Ask, Fault, FaultKind, OpenVolume, VERSION};
use build::Site;
use caller::Caller;
use role::Role;
use supervise::Signals;
use volume::{Devices, Opened};

/// How often a volume that is not there yet is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// No volume takes longer.
const LONGEST_WAIT_MS: u64 = 3_600_000;

/// Runs the program `amichroot`: as the helper, or in the role that it gave itself.
pub fn main() -> ExitCode {
    let channel = match io::stdin().as_fd().try_clone_to_owned() {
        Ok(socket) => Channel::from_socket(socket),
        Err(error) => return complain(&format!("standard input: {error}")),
    };
    let words: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    match (Role::of_this_process(&words, &channel), words.as_slice()) {
        (Some(Role::Init), _) => init::run(&channel),
        (Some(Role::Janitor), _) => janitor::run(&channel),
        (Some(Role::Users), _) => users::run(&channel),
        (None, []) => help(&channel, Path::new("/")),
        (None, [option, host]) if option == "--devices-at" => {
            match volume::check_stand_in(Path::new(host)) {
                Ok(host) => help(&channel, &host),
                Err(message) => complain(&message),
            }
        }
        _ => complain("amichroot takes no arguments; ami-chroot starts it"),
    }
}

/// Runs as the helper: one conversation, then the end.
fn help(channel: &Channel, host: &Path) -> ExitCode {
    match Caller::of(channel.as_fd()) {
        Err(fault) => {
            // Whoever started this by hand has no other way to hear of it.
            let _ = channel.send(&Answer::Failed(fault.clone()), &[]);
            complain(&fault.message)
        }
        Ok(caller) => {
            // What is made for a build, in the image too, is not to depend on who calls.
            rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
            let devices = Devices::new(host);
            let last = converse(channel, caller, &devices);
            let last = last.unwrap_or_else(|fault| Some(Answer::Failed(fault)));
            match last.map(|answer| channel.send(&answer, &[])) {
                None | Some(Ok(())) => ExitCode::SUCCESS,
                Some(Err(_)) => ExitCode::FAILURE,
            }
        }
    }
}

/// The last answer; none if the tool went away.
fn converse(channel: &Channel, caller: Caller, devices: &Devices) -> Result<Option<Answer>> {
    let host = |what: &'static str| move || what.to_owned();
    let signals = Signals::listen().because(FaultKind::Host, host("signals"))?;
    let site = Site {
        caller,
        tool: channel,
        signals: &signals,
    };
    let ready = Answer::Ready { version: VERSION };
    channel
        .send(&ready, &[])
        .because(FaultKind::Host, host("the socket"))?;
    loop {
        let packet = channel.receive::<Ask>();
        let packet = packet.because(FaultKind::Refused, host("what the tool asks"))?;
        match packet {
            None => return Ok(None),
            Some((Ask::Build(build), descriptors)) => {
                let report = build::run(&site, *build, descriptors)?;
                return Ok(Some(Answer::Finished(Box::new(report))));
            }
            Some((Ask::Stop { .. }, _)) => {
                return Err(Fault::new(FaultKind::Stopped, "stopped before the build"));
            }
            Some((Ask::OpenVolume(ask), _)) => {
                let opened = wait_for_volume(&site, devices, &ask)?;
                let answer = Answer::VolumeOpened { name: opened.name };
                channel
                    .send(&answer, &[opened.device.as_fd()])
                    .because(FaultKind::Host, host("the socket"))?;
            }
        }
    }
}

/// Looks for a volume until it is there: the kernel takes its time after AWS has said that it is.
fn wait_for_volume(site: &Site<'_>, devices: &Devices, ask: &OpenVolume) -> Result<Opened> {
    let end = Instant::now() + Duration::from_millis(ask.timeout_ms.min(LONGEST_WAIT_MS));
    loop {
        if let Some(opened) = devices.open(ask, site.caller)? {
            return Ok(opened);
        }
        if Instant::now() >= end {
            let message = format!(
                "{}: no device of it appeared within {} s (neither an NVMe controller of that \
                 serial number nor {})",
                ask.volume,
                ask.timeout_ms / 1000,
                ask.attached_as.escape_debug()
            );
            return Err(Fault::new(FaultKind::Volume, message));
        }
        if site.interrupted(LOOK_AGAIN) {
            return Err(Fault::new(FaultKind::Stopped, "stopped before the build"));
        }
    }
}

/// Says something to the person who started this by hand, and fails.
fn complain(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "amichroot: {message}");
    // As of a tool that cannot do its own work (chroot(1)).
    ExitCode::from(125)
}
