//! Volumes of this instance as block devices. Only root can have these; elsewhere the test says so.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use ami_sandbox::{Client, Config, Look, Sandbox, ThisInstance, VolumeState};

const REGION: &str = "us-east-1";

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id");
    let is_root = output.stdout == b"0\n";
    if !is_root {
        let _ = writeln!(std::io::stdout().lock(), "skipped: needs root");
    }
    is_root
}

fn sh(script: &str) {
    let status = Command::new("sh").args(["-ec", script]).status();
    assert!(status.expect("sh").success(), "{script}");
}

fn sandbox(directory: &Path, look: Look) -> (Sandbox, String) {
    let this = ThisInstance {
        region: REGION.into(),
        instance_type: "t3.micro".into(),
        role: None,
    };
    let config = Config {
        this_instance: Some(this),
        ..Config::default()
    };
    let sandbox = Sandbox::start(config).expect("a sandbox");
    sandbox.show_devices(directory, look).expect("devices");
    let instance = sandbox.this_instance().expect("an instance");
    (sandbox, instance)
}

fn call(sandbox: &Sandbox, action: &str, params: &[(&str, &str)]) -> String {
    let mut client = Client::on_loopback(sandbox.endpoint()).expect("a client");
    for (name, value) in sandbox.environment() {
        match name {
            "AWS_ACCESS_KEY_ID" => client.access_key = value,
            "AWS_SECRET_ACCESS_KEY" => client.secret_key = value,
            "AWS_DEFAULT_REGION" => client.region = value,
            _ => {}
        }
    }
    let params: Vec<_> = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    client.call(action, &params).expect(action)
}

fn attach(sandbox: &Sandbox, instance: &str) -> String {
    let zone = sandbox.instances(REGION)[0].zone.clone();
    let made = call(
        sandbox,
        "CreateVolume",
        &[("AvailabilityZone", &zone), ("Size", "1")],
    );
    let volume = made.split("<volumeId>").nth(1).expect("an ID");
    let volume = volume.split('<').next().expect("an ID").to_owned();
    call(sandbox, "DescribeVolumes", &[]);
    call(sandbox, "DescribeVolumes", &[]);
    let params = [
        ("VolumeId", volume.as_str()),
        ("InstanceId", instance),
        ("Device", "/dev/sdf"),
    ];
    call(sandbox, "AttachVolume", &params);
    volume
}

#[test]
fn they_look_as_on_nitro_and_as_on_xen() {
    if !is_root() {
        return;
    }
    for look in [Look::Nvme, Look::Xen] {
        let place = tempfile::tempdir().expect("a directory");
        let (sandbox, instance) = sandbox(place.path(), look);
        let volume = attach(&sandbox, &instance);
        let serial = volume.replace('-', "");
        let (name, known) = match look {
            Look::Nvme => ("nvme1n1", Some(serial.as_str())),
            Look::Xen => ("xvdf", None),
        };
        let sys = place.path().join("sys/block").join(name);
        let told = fs::read_to_string(sys.join("device/serial")).ok();
        assert_eq!(told.as_deref().map(str::trim), known);
        let link = format!("dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{serial}");
        assert_eq!(place.path().join(link).exists(), look == Look::Nvme);
        let node = place.path().join("dev").join(name);
        sh(&format!(
            "printf 'bytes' | dd of={} conv=fsync status=none",
            node.display()
        ));
        assert_eq!(
            sandbox.volume_bytes(&volume, 0, 5).expect("bytes"),
            b"bytes"
        );
        drop(sandbox);
        assert!(!node.exists(), "it goes with the sandbox");
    }
}

#[test]
fn one_that_is_mounted_stays_busy() {
    if !is_root() {
        return;
    }
    let place = tempfile::tempdir().expect("a directory");
    let (sandbox, instance) = sandbox(place.path(), Look::Nvme);
    let volume = attach(&sandbox, &instance);
    let node = place.path().join("dev/nvme1n1");
    let mount = place.path().join("mount");
    fs::create_dir(&mount).expect("a directory");
    let (node, mount) = (node.display(), mount.display());
    sh(&format!("mkfs.ext4 -q {node} && mount {node} {mount}"));
    call(&sandbox, "DetachVolume", &[("VolumeId", &volume)]);
    for _ in 0..3 {
        let seen = call(&sandbox, "DescribeVolumes", &[("VolumeId.1", &volume)]);
        assert!(seen.contains("<status>busy</status>"), "{seen}");
    }
    sh(&format!("umount {mount}"));
    for _ in 0..3 {
        call(&sandbox, "DescribeVolumes", &[("VolumeId.1", &volume)]);
    }
    let state = sandbox.find_volume(&volume).expect("it").state();
    assert_eq!(state, VolumeState::Available);
    assert!(!place.path().join("dev/nvme1n1").exists());
}

#[test]
fn a_number_that_is_free_is_given_again() {
    if !is_root() {
        return;
    }
    let place = tempfile::tempdir().expect("a directory");
    let (sandbox, instance) = sandbox(place.path(), Look::Nvme);
    let first = attach(&sandbox, &instance);
    let shown = |name: &str| {
        let serial = place
            .path()
            .join("sys/block")
            .join(name)
            .join("device/serial");
        fs::read_to_string(serial)
            .map(|text| text.trim().to_owned())
            .ok()
    };
    call(&sandbox, "DetachVolume", &[("VolumeId", &first)]);
    for _ in 0..3 {
        call(&sandbox, "DescribeVolumes", &[("VolumeId.1", &first)]);
    }
    assert_eq!(shown("nvme1n1"), None);
    let second = attach(&sandbox, &instance);
    assert_eq!(shown("nvme1n1"), Some(second.replace('-', "")));
    assert_eq!(shown("nvme2n1"), None);
}
