//! A node that is made for its bundle: from an image to an image.

#![cfg(target_os = "linux")]

#[path = "support/launch.rs"]
mod launch;
#[path = "support/machine.rs"]
mod machine;
mod support;

use std::fs;
use std::path::Path;

use launch::{IMAGE, begin, desk, nothing_is_left, runs};
use machine::Machine;
use support::{Desk, HOME, sh};

const SCRIPT: &str = "#!/bin/sh\n\
    echo \"set up by $(id -u)\"; printf 'red \\033[31m\\n' >&2; echo made > /srv/made; pwd\n";

/// What a file of the bundle's disk holds.
fn in_bundle(desk: &Desk, path: &str) -> String {
    let place = "s3://bundles/web/image.manifest.xml";
    let words = ["-k", "pk.pem", "-c", "cert.pem", "-o", "disk", place];
    let tool = desk.bundle(&["unbundle"]).args(words);
    tool.run().expect().stdout_has("disk").done();
    let mounted = desk.path("mounted");
    fs::create_dir(&mounted).expect("a directory");
    let disk = desk.path("disk");
    let words: [&Path; 3] = [&disk, &mounted, Path::new(path)];
    let line = "unshare --mount sh -euc 'mount -o loop,ro \"$1\" \"$2\"; cat \"$2$3\"' sh \"$@\"";
    sh(line, &words)
}

#[test]
fn an_image_becomes_an_image() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = desk();
    desk.write("setup.sh", SCRIPT.as_bytes());
    let running = begin(&desk, &machine, &["--provision", "setup.sh", "-n", "web"]);
    let outcome = running.wait().expect().stdout_has("ami-");
    let outcome = outcome
        .stderr_has(&format!("launching a t3.micro of {IMAGE} in us-east-1"))
        .stderr_has("set up by 0\n")
        .stderr_has("red \\u{1b}[31m\n")
        .stderr_has("ami-bundle: /\n")
        .stderr_has("is being terminated")
        .stderr_any()
        .done();
    nothing_is_left(&desk, "success");
    machine.is_clean("success");
    assert_eq!(machine.shutdowns(), ["-c", "-h +60", "-c", "-h +2"]);

    let image = desk.sandbox.find_image(outcome.stdout.trim());
    let image = image.expect("an image");
    assert_eq!(image.name, "web");
    assert_eq!(image.tags["source_image"], IMAGE);
    assert_eq!(in_bundle(&desk, "/srv/made"), "made\n");

    let [instance] = &desk.sandbox.instances(HOME)[..] else {
        panic!("one instance is made");
    };
    assert_eq!(instance.tags["Name"], format!("ami-bundle {IMAGE}"));
    let run = &instance.tags["ami_tools_run"];
    assert_eq!(instance.key_name, Some(format!("ami-tools-{run}")));
    let calls = desk.sandbox.calls_to("RunInstances");
    let said = |name: &str| calls[0].params[name].clone();
    assert_eq!(said("ClientToken"), *run);
    assert_eq!(said("InstanceInitiatedShutdownBehavior"), "terminate");
    assert_eq!(said("TagSpecification.2.ResourceType"), "volume");
    desk.write("data", said("UserData").as_bytes());
    let data = sh("base64 -d < \"$1\"", &[&desk.path("data")]);
    assert!(data.starts_with("#!/bin/sh\n"), "{data}");
    assert!(data.contains("shutdown -h +60"), "{data}");
}

#[test]
fn a_script_that_fails_ends_it() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = desk();
    // Without a first line of its own it is one for sh.
    desk.write("setup.sh", b"echo going wrong; exit 3\n");
    let running = begin(&desk, &machine, &["--provision", "setup.sh"]);
    let outcome = running.wait().expect().fails(1).stdout_is("");
    outcome
        .stderr_has("ami-bundle: going wrong\n")
        .stderr_has("setup.sh: it ended with 3 on the node")
        .done();
    nothing_is_left(&desk, "a script");
    machine.is_clean("a script");
    assert_eq!(desk.keys(), [""; 0]);
}

#[test]
fn a_node_is_kept_where_that_is_asked_for() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = desk();
    desk.write("setup.sh", b"exit 1\n");
    let words = ["--provision", "setup.sh", "--keep-node"];
    let outcome = begin(&desk, &machine, &words).wait();
    let [instance] = &desk.sandbox.instances(HOME)[..] else {
        panic!("one instance is made");
    };
    let (id, address) = (&instance.id, &instance.private_ip);
    let kept = format!(
        "instance {id} is kept at {address}; to terminate it: aws ec2 terminate-instances \
         --region us-east-1 --instance-ids {id}; the key of this run"
    );
    outcome.expect().fails(1).stderr_has(&kept).done();
    assert!(runs(&desk));
    assert!(desk.sandbox.key_pairs(HOME).is_empty());
    machine.is_clean("a node that is kept");
    assert_eq!(machine.shutdowns(), [""; 0]);
    let calls = desk.sandbox.calls_to("RunInstances");
    assert!(!calls[0].params.contains_key("UserData"));
}

#[test]
fn a_key_pair_of_the_user_is_left_alone() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = desk();
    desk.sandbox.key_pair(HOME, "mine");
    // What the user says of the host's key and of his own counts more than what the tool would say.
    let ssh = format!(
        "{} -o HostName=127.0.0.1 -o HostKeyAlias=[127.0.0.1]:{}",
        machine.ssh(),
        machine.port
    );
    let run = |more: &[&str]| {
        let tool = launch::launch(&desk, &ssh, &["--key-name", "mine"]).args(more);
        tool.run().expect().stdout_has("ami-")
    };
    run(&[]).stderr_any().done();
    assert!(!runs(&desk));
    // One that is kept can be logged in to.
    let kept = run(&["--keep", "--prefix", "kept", "-n", "kept"]);
    let kept = kept.stderr_has(" is kept at ").stderr_has_not("is gone");
    kept.stderr_any().done();
    assert!(runs(&desk));
    machine.is_clean("a node that is kept");
    let keys = desk.sandbox.key_pairs(HOME);
    assert_eq!(keys[0].name, "mine");
    assert_eq!(desk.sandbox.count_calls("DeleteKeyPair"), 0);
    let instances = desk.sandbox.instances(HOME);
    assert_eq!(instances[0].key_name.as_deref(), Some("mine"));
}
