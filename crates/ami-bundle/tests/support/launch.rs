//! Nodes that are made for their bundle: what the tests of them share.
#![allow(
    dead_code,
    reason = "each test file is a program of its own, and none uses all of this"
)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use ami_sandbox::InstanceState;
use ami_testkit::{Running, Tool};

use crate::machine::Machine;
use crate::support::{Desk, HOME, say};

/// Amazon's own image in every region of the sandbox.
pub const IMAGE: &str = "ami-0a1b2c3d4e5f60001";

/// Can keys be made here? Said where they cannot.
pub fn has_ssh_keygen() -> bool {
    let found = Path::new("/usr/bin/ssh-keygen").exists();
    if !found {
        say("skipped: needs ssh-keygen");
    }
    found
}

/// With a directory for what is temporary, and the wait for what is new made short.
pub fn desk() -> Desk {
    let desk = Desk::with_bucket();
    fs::create_dir(desk.path("tmp")).expect("a directory");
    desk
}

/// The verb with all that it needs but for the way to the node.
pub fn launch<'d>(desk: &'d Desk, ssh: &str, args: &[&str]) -> Tool<'d> {
    desk.bundle(&["node", "--launch", IMAGE, "--instance-type", "t3.micro"])
        .args(["--ssh", ssh, "--login", "root"])
        .args(["-k", "pk.pem", "-c", "cert.pem", "--ec2cert", "ec2.pem"])
        .args(["--size", "256M", "--no-inherit", "--to", "s3://bundles/web"])
        .args(args)
        .env("TMPDIR", desk.path("tmp"))
        .env("AMI_TOOLS_GRACE", "1s")
}

/// Begins, and does with the key what EC2 and cloud-init do: the machine lets in who has it.
pub fn begin<'d>(desk: &'d Desk, machine: &Machine, args: &[&str]) -> Running<'d> {
    machine.let_in("");
    let mut running = launch(desk, &machine.ssh_of_stranger(), args).spawn();
    running.wait_until("a key pair", |_| !desk.sandbox.key_pairs(HOME).is_empty());
    let key = desk.sandbox.key_pairs(HOME).remove(0);
    machine.let_in(&key.public.expect("an imported one"));
    running
}

/// Is there an instance that is not on its way to be gone?
pub fn runs(desk: &Desk) -> bool {
    let instances = desk.sandbox.instances(HOME);
    instances.iter().any(|instance| {
        let state = instance.state();
        !matches!(
            state,
            InstanceState::ShuttingDown | InstanceState::Terminated
        )
    })
}

/// Nothing of a run is there: no instance, no key pair, no private key.
pub fn nothing_is_left(desk: &Desk, after: &str) {
    assert!(!runs(desk), "{after}: an instance runs");
    assert!(
        desk.sandbox.key_pairs(HOME).is_empty(),
        "{after}: a key pair is there"
    );
    let temporary = crate::support::names(&desk.path("tmp"));
    assert_eq!(temporary, [""; 0], "{after}");
}

/// Nor a part, now or late.
pub fn no_parts(desk: &Desk, after: &str) {
    let end = Instant::now() + Duration::from_secs(30);
    while !desk.keys().is_empty() {
        assert!(Instant::now() < end, "{after}: {:?}", desk.keys());
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(desk.keys(), [""; 0], "{after}");
    assert!(desk.sandbox.images(HOME).is_empty(), "{after}");
}
