//! A running machine, bundled through ssh into S3, registered, and brought back.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use ami_bundle_format::{Manifest, PrivateKey};
use ami_testkit::Tool;
use machine::Machine;
use support::{BUCKET, Desk, hex, sh};

/// What the tree is told by, file by file; what is not in an image is left out.
const LIST: &str = r#"cd "$1" && find . -mindepth 1 \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./run \
    -o -path ./tmp -o -path ./var/tmp -o -path ./lost+found \) -prune \
    -o ! -name 'ssh_host_*' ! -name authorized_keys \
    \( -type f -printf '%p %y %m %U %G %s %n ' -exec sh -c 'sha256sum < "$1"' sh {} \; \
    -o -type d -printf '%p %y %m %U %G\n' -o -printf '%p %y %m %U %G %l\n' \) | LC_ALL=C sort"#;

fn node<'d>(desk: &'d Desk, machine: &Machine, args: &[&str]) -> Tool<'d> {
    desk.bundle(&["node", "--ssh", &machine.ssh()])
        .args(["-k", "pk.pem", "-c", "cert.pem", "--ec2cert", "ec2.pem"])
        .args(["--size", "256M", "--no-inherit", "root@127.0.0.1"])
        .args(args)
        .env("AMI_TOOLS_GRACE", "1s")
}

const TO: [&str; 2] = ["--to", "s3://bundles/web"];

/// Keeps all that can be seen of a machine.
fn watch(machine: &Machine, stop: &AtomicBool) -> BTreeSet<Vec<u8>> {
    let mut seen = BTreeSet::new();
    while !stop.load(Ordering::Relaxed) {
        for pid in machine.processes() {
            for what in ["cmdline", "environ"] {
                seen.extend(fs::read(format!("/proc/{pid}/{what}")));
            }
        }
        for directory in machine.ours() {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                // The program does not change, and is large.
                if entry.file_name() != "ami-bundle-node" {
                    seen.extend(fs::read(entry.path()));
                }
            }
        }
    }
    seen
}

#[test]
fn a_running_machine_becomes_an_image_and_comes_back() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = Desk::with_bucket();
    let stop = AtomicBool::new(false);
    let (outcome, seen) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| watch(&machine, &stop));
        let outcome = node(&desk, &machine, &TO).args(["-n", "web", "-v"]).run();
        stop.store(true, Ordering::Relaxed);
        (outcome, watching.join().expect("a watcher"))
    });
    let outcome = outcome.expect().stdout_has("ami-").stderr_any().done();
    let image = outcome.stdout.trim();
    assert!(desk.sandbox.find_image(image).is_some(), "{image}");
    machine.is_clean("success");
    assert_eq!(
        desk.keys(),
        ["web/image.manifest.xml", "web/image.part.0"],
        "{outcome}"
    );

    // The watcher was awake, and has seen no secret.
    let has = |needle: &[u8]| {
        seen.iter()
            .any(|text| text.windows(needle.len()).any(|window| window == needle))
    };
    assert!(has(b"\"compression\":\"default\""), "it saw the order");
    let manifest = desk.object("web/image.manifest.xml").bytes;
    let manifest = Manifest::parse(&manifest).expect("a manifest");
    let pem = String::from_utf8(desk.read("pk.pem")).expect("text");
    let key = PrivateKey::from_pem(&pem, None).expect("a key");
    let content = manifest.content_key(&key).expect("its key");
    let content = content.secret_bytes();
    let line = pem.lines().nth(2).expect("a line of the key");
    for (what, secret) in [
        ("the private key", line.as_bytes()),
        ("the contents' key", &content[..16]),
        ("the contents' vector", &content[16..]),
        (
            "the contents' key in digits",
            hex(&content[..16]).as_bytes(),
        ),
        ("leave to put", b"X-Amz-Signature"),
    ] {
        assert!(!has(secret), "{what} was seen on the node");
    }
    for (name, value) in desk.sandbox.environment() {
        if name.contains("SECRET") {
            assert!(!has(value.as_bytes()), "{name} was seen on the node");
            assert!(!outcome.stderr.contains(&value), "{name} was told");
        }
    }
    assert!(!outcome.stderr.contains("X-Amz-Signature"), "{outcome}");

    // And back.
    let place = format!("s3://{BUCKET}/web/image.manifest.xml");
    let back = [
        "unbundle", "-k", "pk.pem", "-c", "cert.pem", "-o", "disk", &place,
    ];
    desk.bundle(&back).run().expect().stdout_has("disk").done();
    let mounted = desk.path("mounted");
    fs::create_dir(&mounted).expect("a directory");
    fs::write(desk.path("list"), LIST).expect("a script");
    let list = desk.path("list");
    let disk = desk.path("disk");
    let words: [&Path; 3] = [&disk, &mounted, &list];
    let back = sh(
        "unshare --mount sh -euc 'mount -o loop,ro \"$1\" \"$2\"; sh \"$3\" \"$2\"' sh \"$1\" \"$2\" \"$3\"",
        &words,
    );
    let words: [&Path; 2] = [&list, &machine.original()];
    let original = sh("sh \"$1\" \"$2\"", &words);
    assert!(original.contains("./home/web/holes f"), "{original}");
    assert_eq!(back, original);
}
