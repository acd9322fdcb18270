//! The end of a bundle: its manifest comes behind the last part, and whoever dies just then leaves a whole
//! bundle or nothing.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;
mod support;

use std::time::{Duration, Instant};

use ami_sandbox::Fault;
use ami_testkit::{Running, Signal, Tool};
use machine::Machine;
use rustix::process::{Pid, kill_process};
use support::Desk;

const MANIFEST: &str = "web/image.manifest.xml";
const PART: &str = "web/image.part.0";

fn node<'d>(desk: &'d Desk, machine: &Machine) -> Tool<'d> {
    let ssh = machine.ssh();
    let tool = desk.bundle(&["node", "--ssh", &ssh, "-k", "pk.pem", "-c", "cert.pem"]);
    let words = [
        "--ec2cert",
        "ec2.pem",
        "--size",
        "64M",
        "--no-inherit",
        "-v",
    ];
    let tool = tool.args(words).args(["--to", "s3://bundles/web"]);
    tool.env("AMI_TOOLS_GRACE", "1s").args(["root@127.0.0.1"])
}

/// The second object is the manifest.
fn manifest() -> Fault {
    Fault::on("PutObject").skip(1)
}

/// A tool whose node is about to put the manifest, which takes a while.
fn begin<'d>(desk: &'d Desk, machine: &Machine, fault: Fault) -> Running<'d> {
    desk.sandbox.inject(fault);
    let mut running = node(desk, machine).spawn();
    running.wait_until("the manifest is on its way", |_| {
        desk.sandbox.count_calls("PutObject") > 1
    });
    running
}

fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // It may have ended by itself just now.
    let _ = kill_process(pid.expect("a number"), Signal::KILL);
}

fn until_gone(desk: &Desk, after: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    while !desk.keys().is_empty() {
        assert!(Instant::now() < end, "{after}: {:?}", desk.keys());
        std::thread::sleep(Duration::from_millis(100));
    }
    // Nothing comes late.
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(desk.keys(), [""; 0], "{after}");
}

fn is_whole(desk: &Desk) {
    assert_eq!(desk.keys(), [MANIFEST, PART]);
    let place = format!("s3://bundles/{MANIFEST}");
    let verify = desk.bundle(&["verify", "-k", "pk.pem", "-c", "cert.pem", &place]);
    let outcome = verify.run().expect().stdout_has("s3://");
    outcome.stderr_any().done();
}

#[test]
fn a_tool_that_is_killed_at_the_manifest_leaves_a_whole_bundle_or_nothing() {
    let Some(machine) = Machine::start() else {
        return;
    };
    // It arrives though the tool is dead.
    let desk = Desk::with_bucket();
    let late = manifest().delay(Duration::from_secs(2));
    desk.sandbox.inject(late);
    let mut running = node(&desk, &machine).spawn();
    running.wait_until("the part is there", |_| !desk.keys().is_empty());
    std::thread::sleep(Duration::from_millis(1000));
    running.signal(Signal::KILL);
    let ended = running.wait().expect().dies_of(Signal::KILL);
    ended.stdout_is("").stderr_any().done();
    machine.is_clean("a late manifest");
    match desk.keys().len() {
        0 => until_gone(&desk, "a late manifest"),
        _ => is_whole(&desk),
    }
    // It is refused for the time being, and nobody is there any more to wait for.
    let desk = Desk::with_bucket();
    let busy = manifest().always().error(503, "SlowDown", "Please wait");
    let running = begin(&desk, &machine, busy);
    running.signal(Signal::KILL);
    let ended = running.wait().expect().dies_of(Signal::KILL);
    ended.stdout_is("").stderr_any().done();
    machine.is_clean("no manifest");
    until_gone(&desk, "no manifest");
}

#[test]
fn a_tool_that_is_killed_at_any_time_about_the_end_does_the_same() {
    let Some(machine) = Machine::start() else {
        return;
    };
    for wait in [0, 5, 20, 60, 150] {
        let desk = Desk::with_bucket();
        let mut running = node(&desk, &machine)
            .args(["--phase", "install,configure,bundle,upload,cleanup"])
            .spawn();
        running.wait_until("the part is there", |_| !desk.keys().is_empty());
        std::thread::sleep(Duration::from_millis(wait));
        running.signal(Signal::KILL);
        let _ = running.wait();
        machine.is_clean(&format!("{wait} ms"));
        match desk.keys().contains(&MANIFEST.to_owned()) {
            false => until_gone(&desk, &format!("{wait} ms")),
            true => is_whole(&desk),
        }
    }
}

#[test]
fn a_connection_that_is_lost_at_the_manifest_leaves_nothing() {
    let Some(machine) = Machine::start() else {
        return;
    };
    for fault in [
        manifest().always().error(503, "SlowDown", "Please wait"),
        manifest().error(503, "SlowDown", "Please wait"),
    ] {
        let desk = Desk::with_bucket();
        let running = begin(&desk, &machine, fault);
        for pid in machine.connections() {
            kill(pid);
        }
        let ended = running.wait().expect().fails(1);
        ended.stdout_is("").stderr_has("ami-bundle: ").done();
        machine.is_clean("a lost connection");
        until_gone(&desk, "a lost connection");
    }
}

#[test]
fn a_manifest_that_is_refused_takes_the_parts_with_it() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = Desk::with_bucket();
    let denied = manifest()
        .always()
        .error(403, "AccessDenied", "Access Denied");
    desk.sandbox.inject(denied);
    let ended = node(&desk, &machine).run().expect().fails(1).stdout_is("");
    ended
        .stderr_has("the manifest cannot be sent: S3 refuses it: Access Denied (403 AccessDenied)")
        .done();
    machine.is_clean("a refusal");
    assert_eq!(desk.keys(), [""; 0]);
    // Leave that is over is given anew.
    desk.sandbox.clear_faults();
    let over = manifest().error(403, "AccessDenied", "Request has expired");
    desk.sandbox.inject(over);
    let done = node(&desk, &machine).run().expect();
    done.stdout_has("ami-").stderr_any().done();
    is_whole(&desk);
}
