//! A sandbox whose volumes are block devices.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ami_sandbox::{Client, Config, Look, Sandbox, ThisInstance};
use ami_testkit::Tool;
use tempfile::TempDir;

use super::{Place, Watch, debugfs, watched};

/// The region of this instance.
pub const HOME: &str = "us-east-1";

/// A sandbox whose metadata service speaks for an instance with block devices.
pub struct Cloud {
    pub sandbox: Sandbox,
    pub instance: String,
    devices: TempDir,
}

impl Cloud {
    pub fn new(look: Look) -> Self {
        let this = ThisInstance {
            region: HOME.into(),
            instance_type: "t3.micro".into(),
            role: None,
        };
        let devices = tempfile::tempdir().expect("a directory");
        // By the place of the volumes' files their loop devices are told from those of others.
        let config = Config {
            this_instance: Some(this),
            data: Some(devices.path().to_owned()),
            ..Config::default()
        };
        let sandbox = Sandbox::start(config).expect("a sandbox");
        sandbox
            .show_devices(devices.path(), look)
            .expect("block devices");
        let instance = sandbox.this_instance().expect("an instance");
        Self {
            sandbox,
            instance,
            devices,
        }
    }

    /// A completed snapshot with the bytes of a disk file.
    pub fn snapshot(&self, disk: &Path, tags: &[(&str, &str)]) -> String {
        let id = self.sandbox.snapshot_from_file(HOME, disk, |snapshot| {
            for (key, value) in tags {
                snapshot.tags.insert((*key).into(), (*value).into());
            }
        });
        id.expect("a snapshot")
    }

    /// The tool with arguments, on this instance.
    pub fn tool(&self, words: &[&str]) -> Tool<'_> {
        ami_testkit::tool("ami-chroot")
            .sandbox(&self.sandbox)
            .metadata()
            .env("AMI_TOOLS_GRACE", "2s")
            .env("AMI_CHROOT_DEVICES_AT", self.devices.path())
            .args(words)
    }

    /// The same, and all that it starts is watched.
    pub fn watched(&self, watch: &Watch, words: &[&str]) -> Tool<'_> {
        watched(watch, words)
            .sandbox(&self.sandbox)
            .metadata()
            .env("AMI_TOOLS_GRACE", "2s")
            .env("AMI_CHROOT_DEVICES_AT", self.devices.path())
    }

    /// The directory that stands for the host's devices.
    pub fn devices(&self) -> &Path {
        self.devices.path()
    }

    /// Makes a call that is not the tool's, and gives the XML of the answer.
    pub fn call(&self, action: &str, params: &[(&str, &str)]) -> String {
        let environment = self.sandbox.environment();
        let of = |name: &str| {
            let mut all = environment.iter();
            all.find(|(key, _)| *key == name).expect("set").1.clone()
        };
        let mut client = Client::on_loopback(self.sandbox.endpoint()).expect("loopback");
        client.access_key = of("AWS_ACCESS_KEY_ID");
        client.secret_key = of("AWS_SECRET_ACCESS_KEY");
        client.region = HOME.to_owned();
        let params = params.iter();
        let params: Vec<_> = params
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        client.call(action, &params).expect("allowed")
    }

    /// The calls to EC2, by name.
    pub fn actions(&self) -> Vec<String> {
        let calls = self.sandbox.calls().into_iter();
        let calls = calls.filter(|call| call.service == "ec2");
        calls.map(|call| call.action).collect()
    }

    /// The IDs of the volumes, snapshots and images that there are.
    pub fn resources(&self) -> BTreeSet<String> {
        let sandbox = &self.sandbox;
        let volumes = sandbox.volumes(HOME).into_iter().map(|one| one.id);
        let snapshots = sandbox.snapshots(HOME).into_iter().map(|one| one.id);
        let images = sandbox.images(HOME).into_iter().map(|one| one.id);
        volumes.chain(snapshots).chain(images).collect()
    }

    /// What a file in the root file system of a snapshot holds: a bare ext4.
    pub fn file_in(&self, place: &Place, snapshot: &str, path: &str) -> String {
        let disk = place.path("exported");
        self.sandbox
            .export_snapshot(snapshot, &disk)
            .expect("a disk");
        let text = debugfs(&disk, &format!("cat {path}"));
        fs::remove_file(disk).expect("removed");
        text
    }

    /// Do loop devices of this sandbox show?
    pub fn has_devices(&self) -> bool {
        let dev = fs::read_dir(self.devices.path().join("dev")).expect("a directory");
        dev.flatten().any(|entry| entry.file_name() != "disk")
    }
}
