//! The phases of a machine's bundle, each by itself; settings; instances by ID and by group.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;
mod support;

use std::fs;

use ami_testkit::{Tool, assert_no_calls};
use machine::Machine;
use support::Desk;

const SETTINGS: &str = r#"
image-name = "web"
image-description = "A web server"
s3-bucket = "bundles"
s3-path = "images"
user-id = "1234-5678-9012"
private-key-source = { local-file = "pk.pem" }
certificate-source = { local-file = "cert.pem" }
ec2-certificate-source = "ec2.pem"
"#;

fn desk() -> Desk {
    let desk = Desk::with_bucket();
    desk.write("settings.toml", SETTINGS.as_bytes());
    desk
}

fn phase<'d>(desk: &'d Desk, machine: &Machine, phase: &str) -> Tool<'d> {
    desk.bundle(&[
        "node",
        "--ssh",
        &machine.ssh(),
        "--settings",
        "settings.toml",
    ])
    .args(["--size", "256M", "--no-inherit", "--phase", phase])
    .env("AMI_TOOLS_GRACE", "1s")
    .args(["root@127.0.0.1"])
}

#[test]
fn each_phase_goes_on_where_the_last_one_ended() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = desk();
    let run = |name: &str| phase(&desk, &machine, name).run().expect().stderr_any();
    run("settings").stdout_is("").done();
    assert!(machine.ours().is_empty());
    run("install").stdout_is("").done();
    assert_eq!(machine.ours().len(), 1);
    run("configure").stdout_is("").done();
    run("ami-bundle")
        .stdout_is("")
        .stderr_has("waits in")
        .done();
    let names = support::names(&machine.ours()[0]);
    assert_eq!(
        names,
        ["ami-bundle-node", "order.json", "part.0", "state.json"]
    );
    for name in ["part.0", "state.json"] {
        use std::os::unix::fs::MetadataExt;
        let about = fs::metadata(machine.ours()[0].join(name)).expect("a file");
        assert_eq!((about.mode() & 0o777, about.uid()), (0o600, 0), "{name}");
    }
    assert_eq!(desk.keys(), [""; 0]);
    let place = "s3://bundles/images/web.manifest.xml";
    run("ami-upload").stdout_is(&format!("{place}\n")).done();
    assert_eq!(
        desk.keys(),
        ["images/web.manifest.xml", "images/web.part.0"]
    );
    let outcome = run("ami-register").stdout_has("ami-").done();
    let image = desk
        .sandbox
        .find_image(outcome.stdout.trim())
        .expect("an image");
    assert_eq!(image.name, "web");
    assert_eq!(image.description.as_deref(), Some("A web server"));
    assert_eq!(machine.ours().len(), 1);
    run("cleanup").stdout_is("").done();
    machine.is_clean("cleanup");
    desk.bundle(&["verify", "-k", "pk.pem", "-c", "cert.pem", place])
        .run()
        .expect()
        .stdout_has(place)
        .stderr_any()
        .done();
}

#[test]
fn a_phase_needs_those_before_it() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = desk();
    for (name, why) in [
        ("bundle", "nothing is installed on the node"),
        ("upload", "nothing is installed on the node"),
        ("install,bundle,cleanup", "there is no order"),
        ("install,upload,cleanup", "there is no bundle on the node"),
    ] {
        let outcome = phase(&desk, &machine, name).run();
        let code = if name.contains("install") { 1 } else { 5 };
        outcome.expect().fails(code).stderr_has(why).done();
        machine.is_clean(name);
    }
    assert_eq!(desk.keys(), [""; 0]);
}

#[test]
fn wrong_words_do_nothing() {
    let desk = desk();
    let node = |args: &[&str]| desk.bundle(&["node"]).args(args).run().expect();
    for (args, why) in [
        (
            &["--phase", "ruby", "web1"] as &[&str],
            "is none of settings",
        ),
        (&["web1"], "say where to with --to"),
        (&["--settings", "settings.toml"], "name a node"),
        (&["--settings", "settings.toml", "a", "b"], "one node"),
        (
            &["--settings", "settings.toml", "--ssh", "ssh '", "a"],
            "--ssh",
        ),
        (&["--settings", "none.toml", "web1"], "cannot be read"),
        (
            &["--settings", "settings.toml", "--", "-oProxyCommand=x"],
            "is no host",
        ),
    ] {
        node(args).fails(2).stdout_is("").stderr_has(why).done();
    }
    assert_no_calls(&desk.sandbox);
}

/// Makes a security group, and gives its ID.
fn security_group(sandbox: &ami_sandbox::Sandbox, name: &str) -> String {
    let mut client = ami_sandbox::Client::on_loopback(sandbox.endpoint()).expect("a client");
    for (variable, value) in sandbox.environment() {
        match variable {
            "AWS_ACCESS_KEY_ID" => client.access_key = value,
            "AWS_SECRET_ACCESS_KEY" => client.secret_key = value,
            _ => {}
        }
    }
    client.region = support::HOME.to_owned();
    let params = [("GroupName", name), ("GroupDescription", "of a test")];
    let params = params.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let answer = client
        .call("CreateSecurityGroup", &params)
        .expect("a group");
    let (_, rest) = answer.split_once("<groupId>").expect("an ID");
    rest.split_once('<').expect("an end").0.to_owned()
}

#[test]
fn an_instance_is_found_by_its_id_and_by_its_group() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let desk = desk();
    let named = |name: &'static str, running: bool| {
        desk.sandbox.instance(support::HOME, |seed| {
            seed.tags = [("group".to_owned(), name.to_owned())].into();
            if !running {
                seed.state = ami_sandbox::InstanceState::Stopped;
            }
        })
    };
    let (web, other) = (named("web", true), named("other", true));
    let stopped = named("web", false);
    let also = named("web", true);
    // The address leads to the machine of the test, whatever it is.
    let ssh = format!(
        "{} -o HostName=127.0.0.1 -o HostKeyAlias=[127.0.0.1]:{}",
        machine.ssh(),
        machine.port
    );
    let node = |args: &[&str]| {
        let tool = desk.bundle(&[
            "node",
            "--ssh",
            &ssh,
            "-l",
            "root",
            "--phase",
            "install,cleanup",
        ]);
        tool.args(args).run().expect()
    };
    let first = web.clone().min(also);
    let address = |id: &str| {
        let instances = desk.sandbox.instances(support::HOME);
        let it = instances.into_iter().find(|it| it.id == id).expect("it");
        it.private_ip
    };
    node(&["--group", "web"])
        .stderr_has("2 instances of web are running; one is taken")
        .stderr_has(&format!("the node is {first} at "))
        .done();
    node(&[&other])
        .stderr_has(&format!("the node is {other} at "))
        .done();
    let group = "sg-0123456789abcdef0";
    for id in [&web, &other] {
        desk.sandbox
            .edit_instance(id, |instance| instance.groups = vec![group.to_owned()]);
    }
    node(&["--group", group])
        .stderr_has(&format!("2 instances of {group}"))
        .done();
    // By the name of a security group, which is not to be mixed up with a pattern.
    let name = "web *servers";
    let named = security_group(&desk.sandbox, name);
    desk.sandbox
        .edit_instance(&other, |instance| instance.groups = vec![named.clone()]);
    for group in [name, &named] {
        node(&["--group", group])
            .stderr_is(&format!(
                "ami-bundle: the node is {other} at {}\n",
                address(&other)
            ))
            .done();
    }
    node(&["--group", "web *"])
        .fails(5)
        .stderr_has("no instance of this group is running")
        .done();
    // By its tag Name, which is told.
    desk.sandbox.edit_instance(&other, |instance| {
        instance
            .tags
            .insert("Name".to_owned(), "db \u{1b}1".to_owned());
    });
    node(&["--group", "db \u{1b}1"])
        .stderr_has(&format!("the node is {other} (db "))
        .stderr_has_not("\u{1b}")
        .done();
    node(&[&stopped])
        .fails(1)
        .stderr_has("is stopped, and a running system is bundled")
        .done();
    node(&["--group", "none"])
        .fails(5)
        .stderr_has("no instance of this group is running")
        .done();
    node(&["i-0123456789abcdef0"])
        .fails(5)
        .stderr_has("there is no such instance")
        .done();
    machine.is_clean("instances");
}
