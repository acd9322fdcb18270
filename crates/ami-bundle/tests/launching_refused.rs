//! A node that is asked for and does not come: refused, never running, never answering; and what is wrong
//! with the words, which is told before anything is called.

#![cfg(target_os = "linux")]

#[path = "support/launch.rs"]
mod launch;
#[path = "support/machine.rs"]
mod machine;
mod support;

use std::time::Duration;

use ami_sandbox::{Fault, Pace};
use ami_testkit::{Tool, assert_no_calls};
use launch::{IMAGE, desk, nothing_is_left, runs};
use support::{Desk, HOME};

/// A way to the node on which nothing answers.
const NOBODY: &str = "sh -c 'echo nobody is there >&2; exit 255'";
/// One that would fail the test.
const UNUSED: &str = "sh -c 'echo ssh was called >&2; exit 9'";

/// Nothing is copied to a node here, and so any file will do.
fn ask<'d>(desk: &'d Desk, ssh: &str, args: &[&str]) -> Tool<'d> {
    launch::launch(desk, ssh, args).args(["--node-program", "pk.pem"])
}

fn refused(desk: &Desk, args: &[&str], code: i32, why: &str) {
    let outcome = ask(desk, UNUSED, args).run();
    let outcome = outcome.expect().fails(code).stdout_is("");
    let outcome = outcome.stderr_has(why).stderr_has_not("ssh was called");
    outcome.stderr_any().done();
    nothing_is_left(desk, why);
}

#[test]
fn wrong_words_call_nothing() {
    let desk = desk();
    desk.write("empty", b"");
    let run = |args: &[&str], why: &str| {
        let words = ["-k", "pk.pem", "-c", "cert.pem", "--ec2cert", "ec2.pem"];
        let tool = desk.bundle(&["node", "--to", "s3://bundles/web"]);
        let tool = tool.args(["--node-program", "pk.pem"]);
        let outcome = tool.args(words).args(args).run().expect();
        let outcome = outcome.fails(2).stdout_is("").stderr_has(why).done();
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    };
    let launch = ["--launch", IMAGE];
    let whole = ["--launch", IMAGE, "--instance-type", "t3.micro"];
    let with = |more: &[&'static str]| [&whole[..], more].concat();
    run(&launch, "--launch needs an --instance-type");
    run(
        &["--launch", "web", "--instance-type", "t3.micro"],
        "'web' names no image",
    );
    run(
        &["--launch", "i-12345678", "--instance-type", "t3.micro"],
        "another kind",
    );
    run(
        &["--launch", IMAGE, "--instance-type", "large"],
        "no type of instances",
    );
    run(&with(&["web1"]), "none is named beside it");
    run(&with(&["--group", "web"]), "none is named beside it");
    run(
        &with(&["--phase", "bundle"]),
        "--phase is for a node that stays",
    );
    run(&with(&["--subnet", "sg-12345678"]), "no subnet-");
    run(&with(&["--security-group", "web"]), "no sg-");
    run(&with(&["--key-name", ""]), "no name of a key pair");
    run(&with(&["--ssh-timeout", "0"]), "longer than nothing");
    run(&with(&["--provision", "none"]), "none: cannot be read");
    run(&with(&["--provision", "empty"]), "empty: is empty");
    for alone in [
        &["--instance-type", "t3.micro"] as &[&str],
        &["--provision", "empty"],
        &["--keep-node"],
        &["--keep"],
        &["--key-name", "mine"],
        &["--security-group", "sg-12345678"],
        &["--subnet", "subnet-12345678"],
        &["--ssh-timeout", "1m"],
    ] {
        run(
            &[alone, &["web1"]].concat(),
            "is for a new node, which --launch asks for",
        );
    }
    assert_no_calls(&desk.sandbox);
}

#[test]
fn a_dry_run_asks_and_makes_nothing() {
    let desk = desk();
    let dry = || ask(&desk, UNUSED, &["--dry-run"]).run().expect();
    dry()
        .stdout_is("")
        .stderr_has(&format!(
            "would bundle a new node of {IMAGE} into s3://bundles/web/"
        ))
        .done();
    for call in ["ImportKeyPair", "RunInstances"] {
        assert_eq!(desk.sandbox.count_calls(call), 1, "{call}");
    }
    for call in ["ImportKeyPair", "RunInstances"] {
        desk.sandbox.deny(call);
        let why = format!("the permission needed is ec2:{call}");
        dry().fails(1).stdout_is("").stderr_has(&why).done();
        desk.sandbox.allow(call);
    }
    assert!(desk.sandbox.instances(HOME).is_empty());
    nothing_is_left(&desk, "a dry run");
}

#[test]
fn what_ec2_refuses_is_told() {
    if !launch::has_ssh_keygen() {
        return;
    }
    let desk = desk();
    let group = "sg-0123456789abcdef0";
    refused(
        &desk,
        &["--subnet", "subnet-12345678"],
        5,
        "InvalidSubnetID.NotFound",
    );
    refused(
        &desk,
        &["--security-group", group],
        5,
        "InvalidGroup.NotFound",
    );
    refused(&desk, &["--key-name", "mine"], 5, "InvalidKeyPair.NotFound");
    let arm = desk
        .sandbox
        .image(HOME, |image| image.architecture = "arm64".into());
    refused_image(&desk, &arm, 1, "does not match the architecture");
    refused_image(&desk, "ami-0123456789abcdef0", 5, "InvalidAMIID.NotFound");
    desk.sandbox.deny("ImportKeyPair");
    refused(&desk, &[], 1, "the permission needed is ec2:ImportKeyPair");
    desk.sandbox.allow("ImportKeyPair");
    let full = "We currently do not have sufficient t3.micro capacity.";
    let fault = Fault::on("RunInstances").error(500, "InsufficientInstanceCapacity", full);
    desk.sandbox.inject(fault);
    refused(
        &desk,
        &[],
        1,
        "another --instance-type, or a --subnet in another zone",
    );
    assert!(desk.sandbox.instances(HOME).is_empty());
}

fn refused_image(desk: &Desk, image: &str, code: i32, why: &str) {
    let tool = desk.bundle(&["node", "--launch", image, "--instance-type", "t3.micro"]);
    let words = ["-k", "pk.pem", "-c", "cert.pem", "--ec2cert", "ec2.pem"];
    let tool = tool.args(words).args(["--to", "s3://bundles/web"]);
    let tool = tool.args(["--node-program", "pk.pem"]);
    let tool = tool.env("TMPDIR", desk.path("tmp"));
    let outcome = tool.run().expect().fails(code).stdout_is("");
    outcome.stderr_has(why).stderr_has(image).done();
    nothing_is_left(desk, why);
}

#[test]
fn an_instance_that_does_not_come_up_says_why() {
    if !launch::has_ssh_keygen() {
        return;
    }
    let desk = desk();
    let pace = |settings: &mut ami_sandbox::Settings| settings.paces.instance = Pace::Never;
    desk.sandbox.configure(pace);
    let mut running = ask(&desk, UNUSED, &[]).spawn();
    running.wait_until("an instance", |_| !desk.sandbox.instances(HOME).is_empty());
    let id = desk.sandbox.instances(HOME).remove(0).id;
    let why = "Client.VolumeLimitExceeded: Volume limit exceeded";
    desk.sandbox.edit_instance(&id, |instance| {
        instance.fail("Client.VolumeLimitExceeded", why)
    });
    let told = format!("{id}: went to terminated instead of running: {why}");
    running.wait().expect().fails(1).stderr_has(&told).done();
    nothing_is_left(&desk, "an instance that ends");

    let limited = ask(&desk, UNUSED, &["--ssh-timeout", "2s"]);
    let outcome = limited.run().expect().fails(4).stdout_is("");
    outcome.stderr_has("is not running after 2s").done();
    nothing_is_left(&desk, "an instance that stays pending");
}

#[test]
fn a_node_that_never_answers_is_given_up() {
    if !launch::has_ssh_keygen() {
        return;
    }
    let desk = desk();
    let outcome = ask(&desk, NOBODY, &["--ssh-timeout", "5s"]).run();
    let outcome = outcome.expect().fails(4).stdout_is("");
    outcome
        .stderr_has("no ssh within 5s of the launch: nobody is there; its security group")
        .done();
    nothing_is_left(&desk, "silence");
    // Another failure than that of ssh itself does not pass.
    let outcome = ask(&desk, "sh -c 'echo log in as admin >&2; exit 142'", &[]).run();
    let outcome = outcome.expect().fails(1).stdout_is("");
    outcome.stderr_has("log in as admin").done();
    nothing_is_left(&desk, "another user");
}

#[test]
fn a_lost_answer_makes_one_instance() {
    if !launch::has_ssh_keygen() {
        return;
    }
    let desk = desk();
    for call in [
        "RunInstances",
        "ImportKeyPair",
        "TerminateInstances",
        "DeleteKeyPair",
    ] {
        desk.sandbox.inject(Fault::on(call).reset_after());
    }
    let outcome = ask(&desk, "false", &[]).run();
    outcome.expect().fails(1).stdout_is("").stderr_any().done();
    assert_eq!(desk.sandbox.instances(HOME).len(), 1);
    assert_eq!(desk.sandbox.count_calls("RunInstances"), 2);
    nothing_is_left(&desk, "lost answers");
}

#[test]
fn what_cannot_be_ended_is_named() {
    if !launch::has_ssh_keygen() {
        return;
    }
    let desk = desk();
    for call in ["TerminateInstances", "DeleteKeyPair"] {
        desk.sandbox.deny(call);
    }
    let outcome = ask(&desk, "false", &[]).run();
    let instance = desk.sandbox.instances(HOME).remove(0);
    let (id, key) = (&instance.id, instance.key_name.as_ref().expect("a key"));
    let by_hand = |call: &str| format!("to remove it: aws ec2 {call}");
    outcome
        .expect()
        .fails(1)
        .stderr_has(&format!("instance {id} is still there: not authorized"))
        .stderr_has(&by_hand(&format!(
            "terminate-instances --region us-east-1 --instance-ids {id}"
        )))
        .stderr_has(&by_hand(&format!(
            "delete-key-pair --region us-east-1 --key-name {key}"
        )))
        .stderr_any()
        .done();
    assert!(runs(&desk));
}

#[test]
fn an_instance_that_is_new_may_be_unknown_for_a_while() {
    if !launch::has_ssh_keygen() {
        return;
    }
    let desk = desk();
    let hidden = |settings: &mut ami_sandbox::Settings| settings.invisible = Pace::Millis(600);
    desk.sandbox.configure(hidden);
    let tool = ask(&desk, "false", &[]);
    let tool = tool
        .env("AMI_TOOLS_GRACE", "20s")
        .deadline(Duration::from_secs(60));
    let outcome = tool.run().expect().fails(1).stdout_is("");
    outcome.stderr_has("ended with exit status: 1").done();
    nothing_is_left(&desk, "late news");
}
