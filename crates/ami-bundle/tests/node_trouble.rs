//! What goes wrong on a machine while it is bundled: each is told in one line, and nothing stays, neither
//! there nor in S3.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;
mod support;

use std::fs;
use std::path::Path;

use ami_sandbox::Fault;
use ami_testkit::{Outcome, Tool, front};
use machine::Machine;
use support::{Desk, MIB, noise};

fn node<'d>(desk: &'d Desk, machine: &Machine, args: &[&str]) -> Tool<'d> {
    let ssh = machine.ssh();
    let tool = desk.bundle(&["node", "--ssh", &ssh, "-k", "pk.pem", "-c", "cert.pem"]);
    let words = ["--ec2cert", "ec2.pem", "--no-inherit"];
    let tool = tool.args(words).args(["--to", "s3://bundles/web"]);
    let size = ["--size", "64M"]
        .iter()
        .filter(|_| !args.contains(&"--size"));
    let tool = tool.args(size).args(args).args(["root@127.0.0.1"]);
    tool.env("AMI_TOOLS_GRACE", "1s")
}

/// It failed with this in one line, beside which there are hints only.
fn fails(desk: &Desk, machine: &Machine, code: i32, outcome: Outcome, why: &str) {
    let outcome = outcome.expect().fails(code).stdout_is("");
    let outcome = outcome.stderr_has(why).stderr_any().done();
    let lines = outcome.stderr.lines();
    let told = lines.filter(|line| line.contains("root@127.0.0.1: "));
    assert_eq!(told.count(), 1, "{outcome}");
    assert!(!outcome.stderr.contains("X-Amz-"), "{outcome}");
    machine.is_clean(why);
    assert_eq!(desk.keys(), [""; 0], "{why}");
}

/// An authority that the node trusts, or none.
const TRUST: &str = r#"
mkdir -p etc/ssl/certs; printf '127.0.0.1 localhost\n' > etc/hosts
printf 'hosts: files resolve [!UNAVAIL=return] dns\n' > etc/nsswitch.conf
[ $# = 0 ] || cp "$1" etc/ssl/certs/ca-certificates.crt
"#;

#[test]
fn parts_go_by_https_to_whom_the_node_trusts() {
    let desk = Desk::with_bucket();
    let (known, config) = front::authority("known");
    let (other, _) = front::authority("other");
    for (name, pem) in [("known.crt", known), ("other.crt", other)] {
        desk.write(name, pem.as_bytes());
    }
    let url = front::with_tls(&desk.sandbox, config);
    let run = |machine: &Machine| {
        let tool = node(&desk, machine, &[]).env("AWS_ENDPOINT_URL", &url);
        tool.env("AWS_CA_BUNDLE", desk.path("known.crt")).run()
    };
    for trusted in [Some("other.crt"), None] {
        let trusted = trusted.map(|name| desk.path(name));
        let words: Vec<&Path> = trusted.iter().map(AsRef::as_ref).collect();
        let Some(machine) = Machine::start_with(TRUST, &words) else {
            return;
        };
        let why = "root@127.0.0.1: a part cannot be sent: the node does not trust who answers as S3 \
                   (io: invalid peer certificate: UnknownIssuer)";
        fails(&desk, &machine, 1, run(&machine), why);
    }
    let machine = Machine::start_with(TRUST, &[&desk.path("known.crt")]);
    let machine = machine.expect("a machine");
    let outcome = run(&machine);
    outcome.expect().stdout_has("ami-").stderr_any().done();
    machine.is_clean("https");
    assert_eq!(desk.keys().len(), 2);
}

#[test]
fn a_node_that_does_not_reach_s3_says_so() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = Desk::with_bucket();
    let url = front::without_presigned(&desk.sandbox);
    let outcome = node(&desk, &machine, &[])
        .env("AWS_ENDPOINT_URL", url)
        .run();
    let why = "a part cannot be sent: the node does not reach S3 (";
    fails(&desk, &machine, 1, outcome, why);
}

#[test]
fn s3_refuses_a_later_part() {
    let Some(machine) = Machine::start() else {
        return;
    };
    fs::write(machine.path("/srv/load"), noise(35 * MIB)).expect("a file");
    for (status, code, message) in [
        (403, "AccessDenied", "Access Denied"),
        (403, "RequestTimeTooSkewed", "The difference is too large."),
        (400, "InvalidRequest", "No."),
    ] {
        let desk = Desk::with_bucket();
        let later = Fault::on("PutObject").skip(2).always();
        desk.sandbox.inject(later.error(status, code, message));
        let outcome = node(&desk, &machine, &["--size", "128M"]).run();
        let why = format!("a part cannot be sent: S3 refuses it: {message} ({status} {code})");
        fails(&desk, &machine, 1, outcome, &why);
    }
}

/// Little room in one place, and a file that cannot be read.
const SMALL: &str = r#"
truncate -s 200M "$state/disk"; mkfs.ext4 -q -O ^extents,^64bit,^metadata_csum "$state/disk"
echo text > "$state/text"; debugfs -w -R "write $state/text broken" "$state/disk" 2>/dev/null
debugfs -w -R 'set_inode_field broken block[0] 0xfffffff0' "$state/disk" 2>/dev/null
mkdir srv/small srv/load
cat > "$state/mounts" <<'END'
mount -t tmpfs -o size=6m small "$live/srv/small"
END
"#;

#[test]
fn a_node_without_room_and_a_file_that_cannot_be_read() {
    let Some(machine) = Machine::start_with(SMALL, &[]) else {
        return;
    };
    let desk = Desk::with_bucket();
    let run = |args: &[&str]| node(&desk, &machine, args).run();
    fails(&desk, &machine, 1, run(&[]), "/broken: ");
    let without = ["--exclude", "/broken", "--work-dir", "/srv/small"];
    let why = "the file system of /srv/small is full";
    fails(&desk, &machine, 1, run(&without), why);
    assert!(support::names(&machine.path("/srv/small")).is_empty());
    fs::write(machine.path("/srv/load/noise"), noise(60 * MIB)).expect("a file");
    let why = "the image of 64 MiB is full";
    fails(&desk, &machine, 1, run(&["--exclude", "/broken"]), why);
    fs::remove_file(machine.path("/srv/load/noise")).expect("a file");
    for (args, code, why) in [
        (
            &["--work-dir", "/none"][..],
            2,
            "work directory /none is no directory",
        ),
        (&["--exclude", "/none"], 2, "/none"),
        (
            &["--size", "512M", "--filesystem", "btrfs"],
            1,
            "mkfs.btrfs is not installed",
        ),
    ] {
        fails(&desk, &machine, code, run(args), why);
    }
    // No room for the program itself.
    let nobody = "mount -t tmpfs -o size=100k full \"$live/var/tmp\"\n";
    let script = format!("cat > \"$state/mounts\" <<'END'\n{nobody}END\n");
    let machine = Machine::start_with(&script, &[]).expect("a machine");
    let outcome = node(&desk, &machine, &[]).run();
    fails(&desk, &machine, 1, outcome, "No space left on device");
}

#[test]
fn what_has_arrived_is_checked_with_what_the_node_has() {
    let desk = Desk::with_bucket();
    // As a shell busybox has them all, whatever there is.
    let without =
        "rm -f bin/sha256sum bin/sh; cp \"$(command -v dash)\" bin/sh; libraries bin/sh\n";
    let Some(machine) = Machine::start_with(without, &[]) else {
        return;
    };
    let run = |machine: &Machine| {
        let args = ["--phase", "install,cleanup"];
        node(&desk, machine, &args).run()
    };
    let why = "there is none of sha256sum, openssl and shasum, to check with what has arrived";
    fails(&desk, &machine, 1, run(&machine), why);
    for (name, script) in [
        (
            "openssl",
            "[ \"$1 $2\" = 'dgst -sha256' ] || exit 1\nset -- \"$(/bin/busybox sha256sum \"$3\")\" \"$3\"\necho \"SHA2-256($2)= ${1%% *}\"",
        ),
        (
            "shasum",
            "[ \"$1 $2\" = '-a 256' ] && exec /bin/busybox sha256sum \"$3\"",
        ),
        ("sha256sum", "echo 0000 wrong"),
    ] {
        let program = format!(
            "{without}cat > bin/{name} <<'END'\n#!/bin/sh\n{script}\nEND\nchmod 755 bin/{name}\n"
        );
        let machine = Machine::start_with(&program, &[]).expect("a machine");
        match name {
            "sha256sum" => fails(
                &desk,
                &machine,
                1,
                run(&machine),
                "has not arrived on the node as it was sent",
            ),
            _ => {
                run(&machine).expect().stdout_is("").done();
                machine.is_clean(name);
            }
        }
    }
}
