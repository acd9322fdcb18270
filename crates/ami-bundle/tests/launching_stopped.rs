//! A run with a new node that is stopped or killed: no instance stays, no key pair, no part.

#![cfg(target_os = "linux")]

#[path = "support/launch.rs"]
mod launch;
#[path = "support/machine.rs"]
mod machine;
mod support;

use std::fs;
use std::time::{Duration, Instant};

use ami_sandbox::{Fault, Pace};
use ami_testkit::{Running, Signal};
use launch::{begin, desk, no_parts, nothing_is_left};
use machine::Machine;
use rustix::process::{Pid, kill_process};
use support::{Desk, HOME, MIB, noise};

/// A way to the node on which nothing answers.
const NOBODY: &str = "sh -c 'exit 255'";
/// It says that it runs, and would run for long.
const SCRIPT: &[u8] = b"#!/bin/sh\necho on it; sleep 300; echo never\n";

/// When it happens, on a node that there is.
#[derive(Debug, Clone, Copy)]
enum When {
    Provision,
    Bundle,
    Upload,
}

const ALWAYS: [When; 3] = [When::Provision, When::Bundle, When::Upload];

fn slow_desk() -> Desk {
    let desk = desk();
    desk.write("setup.sh", SCRIPT);
    desk.sandbox
        .configure(|settings| settings.object_delay = Duration::from_millis(400));
    desk
}

fn machine() -> Option<Machine> {
    let machine = Machine::start()?;
    fs::write(machine.path("/srv/load"), noise(75 * MIB)).expect("a file");
    Some(machine)
}

fn begin_until<'d>(desk: &'d Desk, machine: &Machine, when: When) -> Running<'d> {
    let words: &[&str] = match when {
        When::Provision => &["--provision", "setup.sh"],
        _ => &[],
    };
    let mut running = begin(desk, machine, words);
    running.wait_until(&format!("{when:?}"), |running| match when {
        When::Provision => running.stderr().contains("on it"),
        When::Bundle => {
            let commands = machine.commands().into_iter();
            let mut programs = commands.filter(|(_, words)| words.starts_with('/'));
            programs.any(|(_, words)| words.trim().ends_with("/ami-bundle-node"))
        }
        When::Upload => !desk.keys().is_empty(),
    });
    running
}

fn dies(running: Running<'_>, signal: Signal) {
    running.signal(signal);
    let ended = running.wait().expect().dies_of(signal);
    ended.stdout_is("").stderr_any().done();
}

/// Nothing of the script, or of the program, goes on there.
fn is_quiet(machine: &Machine, after: &str) {
    machine.is_clean(after);
    let end = Instant::now() + Duration::from_secs(20);
    while machine
        .commands()
        .iter()
        .any(|(_, words)| words.contains("sleep 300"))
    {
        assert!(Instant::now() < end, "{after}: {:?}", machine.commands());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_signal_ends_the_node() {
    let Some(machine) = machine() else { return };
    for (when, signal) in ALWAYS
        .into_iter()
        .zip([Signal::INT, Signal::TERM, Signal::INT])
    {
        let desk = slow_desk();
        dies(begin_until(&desk, &machine, when), signal);
        let after = format!("{when:?}");
        nothing_is_left(&desk, &after);
        is_quiet(&machine, &after);
        no_parts(&desk, &after);
    }
}

#[test]
fn a_node_whose_tool_is_killed_ends_by_itself() {
    let Some(machine) = machine() else { return };
    for when in ALWAYS {
        let desk = slow_desk();
        let after = format!("{when:?}");
        let before = machine.shutdowns().len();
        dies(begin_until(&desk, &machine, when), Signal::KILL);
        is_quiet(&machine, &after);
        let said = &machine.shutdowns()[before..];
        assert_eq!(said, ["-c", "-h +60", "-c", "-h +2"], "{after}");
        no_parts(&desk, &after);
    }
}

#[test]
fn a_lost_connection_ends_the_node() {
    let Some(machine) = machine() else { return };
    for when in ALWAYS {
        let desk = slow_desk();
        let after = format!("{when:?}");
        let running = begin_until(&desk, &machine, when);
        for pid in machine.connections() {
            let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
            // It may have ended by itself just now.
            let _ = kill_process(pid.expect("a number"), Signal::KILL);
        }
        let ended = running.wait().expect().fails(1);
        ended
            .stdout_is("")
            .stderr_has("ami-bundle: ")
            .stderr_any()
            .done();
        nothing_is_left(&desk, &after);
        is_quiet(&machine, &after);
        no_parts(&desk, &after);
    }
}

#[test]
fn a_signal_while_it_is_launched_leaves_no_instance() {
    if !launch::has_ssh_keygen() {
        return;
    }
    for fault in [
        Fault::on("RunInstances").delay(Duration::from_secs(2)),
        Fault::on("RunInstances").always().reset_after(),
        Fault::on("ImportKeyPair").delay(Duration::from_secs(2)),
        Fault::on("ImportKeyPair").always().reset_after(),
    ] {
        for signal in [Signal::INT, Signal::TERM] {
            let desk = desk();
            let after = format!("{fault:?}");
            desk.sandbox.inject(fault.clone());
            let mut running = launch::launch(&desk, NOBODY, &[]).spawn();
            running.wait_until(&after, |running| {
                let temporary = support::names(&desk.path("tmp"));
                match after.contains("RunInstances") {
                    true => running.stderr().contains("launching a"),
                    false => !temporary.is_empty(),
                }
            });
            dies(running, signal);
            nothing_is_left(&desk, &after);
        }
    }
}

#[test]
fn a_signal_while_it_is_waited_for_ends_it() {
    if !launch::has_ssh_keygen() {
        return;
    }
    for pace in [Pace::Never, Pace::Now] {
        for signal in [Signal::INT, Signal::TERM] {
            let desk = desk();
            let set = |settings: &mut ami_sandbox::Settings| settings.paces.instance = pace;
            desk.sandbox.configure(set);
            let mut running = launch::launch(&desk, NOBODY, &[]).spawn();
            running.wait_until("an instance", |running| match pace {
                Pace::Never => !desk.sandbox.instances(HOME).is_empty(),
                _ => running.stderr().contains("the node is"),
            });
            dies(running, signal);
            nothing_is_left(&desk, &format!("{pace:?}"));
        }
    }
}
