//! Bundling a machine that is stopped, killed or cut off: the machine is as it was, and nothing is in S3.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;
mod support;

use std::fs;
use std::time::{Duration, Instant};

use ami_sandbox::Fault;
use ami_testkit::{Running, Signal};
use machine::Machine;
use rustix::process::{Pid, kill_process};
use support::{Desk, MIB, noise};

/// When it happens.
#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    /// The directory is there.
    Install,
    /// The program runs.
    Bundle,
    /// Parts are in S3, and more are to come.
    Upload,
}

const ALWAYS: [When; 3] = [When::Install, When::Bundle, When::Upload];

fn desk() -> Desk {
    let desk = Desk::with_bucket();
    desk.sandbox
        .configure(|settings| settings.object_delay = Duration::from_millis(400));
    desk
}

fn machine() -> Option<Machine> {
    let machine = Machine::start()?;
    fs::write(machine.path("/srv/load"), noise(75 * MIB)).expect("a file");
    Some(machine)
}

fn begin<'d>(desk: &'d Desk, machine: &Machine, when: When) -> Running<'d> {
    let ssh = machine.ssh();
    let tool = desk.bundle(&["node", "--ssh", &ssh, "-k", "pk.pem", "-c", "cert.pem"]);
    let words = ["--ec2cert", "ec2.pem", "--size", "256M", "--no-inherit"];
    let tool = tool.args(words).args(["--to", "s3://bundles/web"]);
    let tool = tool.env("AMI_TOOLS_GRACE", "1s").args(["root@127.0.0.1"]);
    let mut running = tool.spawn();
    running.wait_until(&format!("{when:?}"), |_| match when {
        When::Install => !machine.ours().is_empty(),
        When::Bundle => program(machine).is_some(),
        When::Upload => !desk.keys().is_empty(),
    });
    running
}

fn program(machine: &Machine) -> Option<u32> {
    let commands = machine.commands().into_iter();
    let mut running = commands.filter(|(_, words)| words.trim().ends_with("/ami-bundle-node"));
    running
        .find(|(_, words)| words.starts_with('/'))
        .map(|(pid, _)| pid)
}

fn kill(pid: u32) {
    send(pid, Signal::KILL);
}

fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // It may have ended by itself just now.
    let _ = kill_process(pid.expect("a number"), signal);
}

fn nothing_is_left(desk: &Desk, machine: &Machine, after: &str) {
    machine.is_clean(after);
    let end = Instant::now() + Duration::from_secs(30);
    while !desk.keys().is_empty() {
        assert!(Instant::now() < end, "{after}: {:?}", desk.keys());
        std::thread::sleep(Duration::from_millis(100));
    }
    // Nothing comes late.
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(desk.keys(), [""; 0], "{after}");
    assert!(desk.sandbox.images(support::HOME).is_empty(), "{after}");
}

#[test]
fn a_signal_leaves_nothing() {
    let Some(machine) = machine() else { return };
    for when in ALWAYS {
        let desk = desk();
        let running = begin(&desk, &machine, when);
        running.signal(Signal::TERM);
        let ended = running.wait().expect().dies_of(Signal::TERM);
        ended.stdout_is("").stderr_any().done();
        nothing_is_left(&desk, &machine, &format!("{when:?}"));
    }
}

#[test]
fn the_node_ends_by_itself_when_the_tool_is_killed() {
    let Some(machine) = machine() else { return };
    for when in ALWAYS {
        let desk = desk();
        let running = begin(&desk, &machine, when);
        running.signal(Signal::KILL);
        let ended = running.wait().expect().dies_of(Signal::KILL);
        ended.stdout_is("").stderr_any().done();
        nothing_is_left(&desk, &machine, &format!("{when:?}"));
    }
}

#[test]
fn a_lost_connection_leaves_nothing() {
    let Some(machine) = machine() else { return };
    for when in ALWAYS {
        let desk = desk();
        let running = begin(&desk, &machine, when);
        for pid in machine.connections() {
            kill(pid);
        }
        let ended = running.wait().expect().fails(1);
        ended.stdout_is("").stderr_has("ami-bundle: ").done();
        nothing_is_left(&desk, &machine, &format!("{when:?}"));
    }
}

#[test]
#[ignore = "slow: waits until the node has heard nothing for two minutes"]
fn a_network_that_is_gone_leaves_nothing() {
    let Some(machine) = machine() else { return };
    let desk = desk();
    let running = begin(&desk, &machine, When::Upload);
    // Nothing is closed, and nothing comes any more.
    let silenced = machine.connections();
    assert!(silenced.len() >= 2, "{silenced:?}");
    for pid in &silenced {
        send(*pid, Signal::STOP);
    }
    let end = Instant::now() + Duration::from_secs(150);
    while !machine.ours().is_empty() && Instant::now() < end {
        std::thread::sleep(Duration::from_secs(1));
    }
    nothing_is_left(&desk, &machine, "silence");
    drop(running);
    for pid in silenced {
        kill(pid);
    }
}

#[test]
fn a_program_that_is_killed_leaves_nothing() {
    let Some(machine) = machine() else { return };
    for when in [When::Bundle, When::Upload] {
        let desk = desk();
        let running = begin(&desk, &machine, when);
        kill(program(&machine).expect("it runs"));
        let ended = running.wait().expect().fails(1);
        ended.stdout_is("").stderr_has("root@127.0.0.1").done();
        nothing_is_left(&desk, &machine, &format!("{when:?}"));
    }
}

#[test]
fn what_s3_answers_is_heeded_on_the_node() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let run = |fault: Fault| {
        let desk = Desk::with_bucket();
        desk.sandbox.inject(fault);
        let ssh = machine.ssh();
        let tool = desk.bundle(&["node", "--ssh", &ssh, "-k", "pk.pem", "-c", "cert.pem"]);
        let words = [
            "--ec2cert",
            "ec2.pem",
            "--size",
            "64M",
            "--no-inherit",
            "--to",
        ];
        let tool = tool
            .args(words)
            .args(["s3://bundles/web", "root@127.0.0.1"]);
        let outcome = tool.env("AMI_TOOLS_GRACE", "1s").run();
        machine.is_clean("a fault");
        (outcome, desk.keys())
    };
    let put = || Fault::on("PutObject");
    for passing in [
        put().error(403, "AccessDenied", "Request has expired"),
        put().error(503, "SlowDown", "Please reduce your request rate."),
        put().reset_before(),
    ] {
        let (outcome, keys) = run(passing);
        outcome.expect().stdout_has("ami-").stderr_any().done();
        assert_eq!(keys, ["web/image.manifest.xml", "web/image.part.0"]);
    }
    let denied = put().always().error(403, "AccessDenied", "Access Denied");
    let (outcome, keys) = run(denied);
    let outcome = outcome.expect().fails(1).stdout_is("");
    outcome.stderr_has("(403 AccessDenied)").done();
    assert_eq!(keys, [""; 0]);
}
