//! Machines that are not as one would wish, and runs that do not fit what an earlier one has left there.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;
mod support;

use ami_sandbox::{BucketSeed, Ownership};
use ami_testkit::Tool;
use machine::Machine;
use rustix::process::Signal;
use support::{Desk, HOME, mode};

const PLACE: &str = "s3://bundles/web";

fn node<'d>(desk: &'d Desk, ssh: &str, args: &[&str]) -> Tool<'d> {
    let tool = desk.bundle(&["node", "--ssh", ssh, "-k", "pk.pem", "-c", "cert.pem"]);
    let tool = tool.args(["--ec2cert", "ec2.pem", "--size", "96M", "--no-inherit"]);
    tool.args(args).env("AMI_TOOLS_GRACE", "1s")
}

/// An ssh that does something before.
fn wrapped(desk: &Desk, machine: &Machine, line: &str) -> String {
    desk.write("wrapper", format!("{line}\nexec \"$@\"\n").as_bytes());
    format!("sh {} {}", desk.path("wrapper").display(), machine.ssh())
}

#[test]
fn what_waits_on_the_node_is_not_lost_and_stays_what_it_is() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = Desk::with_bucket();
    let run = |args: &[&str]| {
        let tool = node(&desk, &machine.ssh(), args).args(["--to", PLACE]);
        tool.args(["root@127.0.0.1"]).run().expect()
    };
    run(&["--phase=install,configure,bundle", "-p", "mine"])
        .stdout_is("")
        .stderr_has("waits in")
        .done();
    for again in ["--phase=bundle", "--phase=bundle,upload,cleanup"] {
        run(&[again, "--exclude=/srv"])
            .fails(2)
            .stdout_is("")
            .stderr_has("no effect has --size, --exclude, --no-inherit, --ec2cert")
            .stderr_has("a bundle waits there already; --phase upload sends it")
            .done();
        assert_eq!(machine.ours().len(), 1, "{again}");
    }
    run(&["--phase=upload", "-p", "other"])
        .fails(2)
        .stderr_has("the bundle on the node is called mine, and --prefix says otherwise")
        .done();
    let other = desk.bundle(&["node", "--ssh", &machine.ssh(), "-k", "ec2-pk.pem"]);
    let other = other.args(["-c", "ec2.pem", "--ec2cert", "ec2.pem", "--to", PLACE]);
    other
        .args(["--phase=upload", "root@127.0.0.1"])
        .run()
        .expect()
        .fails(2)
        .stderr_has("was made for another certificate")
        .done();
    assert_eq!(desk.keys(), [""; 0]);
    let manifest = format!("{PLACE}/mine.manifest.xml");
    run(&["--phase=upload,cleanup"])
        .stdout_is(&format!("{manifest}\n"))
        .stderr_any()
        .done();
    machine.is_clean("upload");
    let verify = desk.bundle(&["verify", "-k", "pk.pem", "-c", "cert.pem", &manifest]);
    verify.run().expect().stdout_has(&manifest).done();
}

#[test]
fn a_shell_may_print_without_the_end_of_a_line() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = Desk::with_bucket();
    let ssh = wrapped(&desk, &machine, r"printf '\033]0;web1\007'");
    node(&desk, &ssh, &["--to", PLACE, "root@127.0.0.1"])
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_any()
        .done();
    machine.is_clean("a title");
}

#[test]
fn a_script_may_say_much() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = Desk::with_bucket();
    let script = "#!/bin/sh\nyes 'a line of many' | head -n 30000 >&2\necho the end >&2\nexit 3\n";
    desk.write("script", script.as_bytes());
    mode(&desk.path("script"), 0o755);
    let args = ["--to", PLACE, "--script", "script", "root@127.0.0.1"];
    node(&desk, &machine.ssh(), &args)
        .run()
        .expect()
        .fails(1)
        .stderr_has("the end")
        .done();
    machine.is_clean("a script");
}

#[test]
fn a_signal_is_heeded_while_the_program_starts() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = Desk::with_bucket();
    let begun = desk.path("begun");
    let line = format!(
        "case \"$*\" in */ami-bundle-node) echo > {}; exec sleep 300;; esac",
        begun.display()
    );
    let ssh = wrapped(&desk, &machine, &line);
    let mut running = node(&desk, &ssh, &["--to", PLACE, "root@127.0.0.1"]).spawn();
    running.wait_until("its program starts", |_| begun.exists());
    running.signal(Signal::TERM);
    let ended = running.wait().expect().dies_of(Signal::TERM);
    ended.stdout_is("").stderr_any().done();
    machine.is_clean("a signal");
}

#[test]
fn programs_are_run_where_that_is_allowed() {
    let mounts = "cat > \"$state/mounts\" <<'END'\nfor d in var/tmp tmp; do mount -t tmpfs -o noexec,mode=1777 hard \"$live/$d\"; done\nEND\n";
    let Some(machine) = Machine::start_with(mounts, &[]) else {
        return;
    };
    let desk = Desk::with_bucket();
    let whole = node(&desk, &machine.ssh(), &["--to", PLACE, "root@127.0.0.1"]);
    whole.run().expect().stdout_has("ami-").stderr_any().done();
    machine.is_clean("noexec");
    let home = support::names(&machine.path("/root"));
    assert_eq!(home, [".ssh"], "nothing is left at home");
    // It is not in its own bundle either.
    let place = format!("{PLACE}/image.manifest.xml");
    let back = desk.bundle(&["unbundle", "-k", "pk.pem", "-o", "disk", &place]);
    back.run().expect().stdout_has("disk").done();
    let script = "debugfs -R 'ls -p /root' \"$1\" 2>/dev/null";
    let listed = support::sh(script, &[&desk.path("disk")]);
    assert!(!listed.contains(machine::OURS), "{listed}");
}

#[test]
fn a_dry_run_looks_at_the_node_and_changes_nothing() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = Desk::with_bucket();
    let run = |ssh: &str, args: &[&str]| {
        let tool = node(&desk, ssh, &["--dry-run", "--to", PLACE]).args(args);
        tool.run().expect().stdout_is("")
    };
    let there = ["root@127.0.0.1"];
    run(&machine.ssh(), &there)
        .stderr_has("would bundle root@127.0.0.1 into s3://bundles/web/image.manifest.xml")
        .done();
    run(&machine.ssh(), &["--phase=cleanup", "root@127.0.0.1"])
        .stderr_has("would run cleanup of root@127.0.0.1")
        .done();
    run(&machine.ssh(), &["nobody-here@127.0.0.1"])
        .fails(1)
        .stderr_has("log in once by hand")
        .done();
    run("no-such-ssh", &there)
        .fails(1)
        .stderr_has("no-such-ssh")
        .done();
    run(&machine.ssh(), &["root@nowhere.invalid"])
        .fails(5)
        .stderr_has("Could not resolve hostname")
        .done();
    let program = ["--node-program", "/nonexistent", "root@127.0.0.1"];
    run(&machine.ssh(), &program)
        .fails(2)
        .stderr_has("/nonexistent")
        .done();
    assert!(machine.ours().is_empty() && desk.keys().is_empty());
}

#[test]
fn what_would_fail_at_the_end_fails_at_the_beginning() {
    let desk = Desk::with_bucket();
    let run = |args: &[&str]| {
        let tool = node(&desk, "false", args);
        tool.run().expect().stdout_is("")
    };
    desk.sandbox
        .bucket(HOME, "modern", |seed: &mut BucketSeed| {
            seed.ownership = Ownership::BucketOwnerEnforced;
        });
    run(&["--to", "s3://modern/web", "web1"])
        .fails(1)
        .stderr_has("modern: the bucket has no ACLs")
        .stderr_has("--ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerPreferred}]'")
        .done();
    let named = |image: &mut ami_sandbox::Image| image.name = "taken".to_owned();
    desk.sandbox.image(HOME, named);
    run(&["--to", PLACE, "-n", "taken", "web1"])
        .fails(1)
        .stderr_has("the name 'taken' is taken")
        .done();
    for args in [
        &["--private-address", "web1"][..],
        &["-l", "bob", "root@web1"],
    ] {
        run(&["--to", PLACE]).fails(2).stderr_any().done();
        let all = [&["--to", PLACE][..], args].concat();
        run(&all).fails(2).stderr_has("--").done();
    }
}
