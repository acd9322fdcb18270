//! A login that is not root's: what it may not do itself it does by sudo, without a password.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;
mod support;

use std::fs;
use std::path::Path;

use ami_testkit::{Signal, Tool};
use machine::Machine;
use support::{Desk, MIB, noise, say};

/// A user who may log in, and the system's sudo with all that it needs.
const USER: &str = r#"
cp -L "$(command -v sudo)" usr/bin/sudo; chmod 4755 usr/bin/sudo
mkdir -p usr/libexec usr/lib etc/pam.d run/sudo; cp -a /usr/libexec/sudo usr/libexec/ 2>/dev/null || cp -a /usr/lib/sudo usr/lib/
for module in $(find /lib /usr/lib -name 'pam_permit.so' -o -name 'pam_deny.so'); do
    for place in "$module" "${module#/usr}"; do mkdir -p ".$(dirname "$place")"; cp "$module" ".$place"; done
done
libraries usr/bin/sudo $(find usr/libexec usr/lib -name '*.so*') bin/busybox
printf 'auth required pam_deny.so\naccount required pam_permit.so\nsession required pam_permit.so\n' > etc/pam.d/sudo
cp etc/pam.d/sudo etc/pam.d/other
echo 'builder:x:1000:1000::/home/builder:/bin/sh' >> etc/passwd; echo 'builder:x:1000:' >> etc/group
echo 'builder:*:19000:0:99999:7:::' >> etc/shadow
printf '127.0.0.1 localhost %s\n' "$(hostname)" > etc/hosts
mkdir -p home/builder/.ssh; cp "$state/id.pub" home/builder/.ssh/authorized_keys; chown -R 1000:1000 home/builder
chmod 700 home/builder; echo mine > home/builder/secret-of-nobody; chmod 600 home/builder/secret-of-nobody
printf 'Defaults use_pty\nDefaults env_reset\nDefaults secure_path=/usr/sbin:/usr/bin:/sbin:/bin\nroot ALL=(ALL) ALL\n' > etc/sudoers
[ $# = 0 ] || echo 'builder ALL=(ALL) NOPASSWD: ALL' >> etc/sudoers
chmod 440 etc/sudoers
"#;

fn machine(rights: &[&Path]) -> Option<Machine> {
    let sudo = ["/usr/bin/sudo", "/bin/sudo"];
    if !sudo.iter().any(|path| Path::new(path).exists()) {
        say("skipped: needs sudo");
        return None;
    }
    Machine::start_with(USER, rights)
}

fn node<'d>(desk: &'d Desk, machine: &Machine, args: &[&str]) -> Tool<'d> {
    let ssh = machine.ssh();
    let tool = desk.bundle(&["node", "--ssh", &ssh, "-k", "pk.pem", "-c", "cert.pem"]);
    let words = ["--ec2cert", "ec2.pem", "--size", "128M", "--no-inherit"];
    let tool = tool.args(words).args(["--to", "s3://bundles/web"]);
    let tool = tool.args(args).args(["builder@127.0.0.1"]);
    tool.env("AMI_TOOLS_GRACE", "1s")
}

#[test]
fn what_needs_root_is_done_by_sudo() {
    let Some(machine) = machine(&["rights".as_ref()]) else {
        return;
    };
    let desk = Desk::with_bucket();
    let outcome = node(&desk, &machine, &[]).run().expect();
    outcome.stdout_has("ami-").stderr_any().done();
    machine.is_clean("sudo");
    assert_eq!(desk.keys().len(), 2);
    // Nobody but root could read all of it.
    let place = "s3://bundles/web/image.manifest.xml";
    let back = [
        "unbundle", "-k", "pk.pem", "-c", "cert.pem", "-o", "disk", place,
    ];
    desk.bundle(&back).run().expect().stdout_has("disk").done();
    let list = "debugfs -R 'ls -l /root' \"$1\"; debugfs -R 'cat /home/builder/secret-of-nobody' \"$1\"; debugfs -R 'cat /etc/sudoers' \"$1\"";
    let told = support::sh(list, &[&desk.path("disk")]);
    assert!(
        told.contains(".ssh") && told.contains("mine") && told.contains("NOPASSWD"),
        "{told}"
    );
}

#[test]
fn its_phases_and_its_end_are_as_those_of_root() {
    let Some(machine) = machine(&["rights".as_ref()]) else {
        return;
    };
    let desk = Desk::with_bucket();
    for phase in ["install,configure", "bundle", "cleanup"] {
        let run = node(&desk, &machine, &["--phase", phase]).run();
        run.expect().stdout_is("").stderr_any().done();
        assert_eq!(machine.ours().len(), usize::from(phase != "cleanup"));
    }
    machine.is_clean("cleanup");
    fs::write(machine.path("/srv/load"), noise(45 * MIB)).expect("a file");
    for signal in [Signal::TERM, Signal::KILL] {
        let desk = Desk::with_bucket();
        let mut running = node(&desk, &machine, &[]).spawn();
        running.wait_until("parts are there", |_| !desk.keys().is_empty());
        running.signal(signal);
        let ended = running.wait().expect().dies_of(signal);
        ended.stdout_is("").stderr_any().done();
        machine.is_clean(&format!("{signal:?}"));
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while !desk.keys().is_empty() {
            assert!(
                std::time::Instant::now() < end,
                "{signal:?}: {:?}",
                desk.keys()
            );
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
}

#[test]
fn a_login_that_may_not_become_root_is_told_so() {
    let Some(machine) = machine(&[]) else { return };
    let desk = Desk::with_bucket();
    let outcome = node(&desk, &machine, &[])
        .run()
        .expect()
        .fails(1)
        .stdout_is("");
    let outcome = outcome
        .stderr_has("ami-bundle: builder@127.0.0.1: ")
        .stderr_has("sudo: a password is required; log in as root, or as a user who may")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    machine.is_clean("no rights");
    assert_eq!(desk.keys(), [""; 0]);
    // A machine that has no sudo at all.
    fs::remove_file(machine.path("/usr/bin/sudo")).expect("a file");
    let outcome = node(&desk, &machine, &[])
        .run()
        .expect()
        .fails(1)
        .stdout_is("");
    outcome.stderr_has("sudo").stderr_has("not found").done();
    machine.is_clean("no sudo");
}
