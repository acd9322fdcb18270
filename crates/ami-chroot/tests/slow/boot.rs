//! What was built starts: a Debian with a kernel, in an emulated machine.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Host, Place, have, skip, tell};
use crate::{line, place_with_base, tool};

/// How long an emulated processor may take to boot; it takes half a minute where nothing else runs.
const BOOT: Duration = Duration::from_secs(480);

/// The build: packages, and a service of its own.
const BUILD: &str = "export DEBIAN_FRONTEND=noninteractive; apt-get -qq update; \
    apt-get -qq install -y --no-install-recommends linux-image-cloud-amd64 systemd systemd-sysv; \
    install -m 644 /workspace/told.service /etc/systemd/system/told.service; \
    install -m 600 /workspace/word /root/word; systemctl enable told.service";

/// Says the word of the build on the console, and ends the machine.
const SERVICE: &str = "\
[Unit]
Description=Tell that the machine is up

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo \"up: $(cat /root/word)\" >/dev/console'
ExecStartPost=/bin/systemctl --no-block poweroff

[Install]
WantedBy=multi-user.target
";

#[test]
#[ignore = "slow: fetches a Debian with a kernel and boots it, about five minutes"]
fn a_debian_that_was_built_boots() {
    if !cfg!(target_arch = "x86_64") || !have("qemu-system-x86_64") {
        return skip("needs x86_64 and qemu-system-x86_64");
    }
    let Some(place) = place_with_base() else {
        return;
    };
    let host = Host::look(&place);
    let workspace = place.path("workspace");
    fs::create_dir(&workspace).expect("a directory");
    // No other image says this, so it is this one that boots.
    let word = format!("built by {}", std::process::id());
    fs::write(workspace.join("word"), &word).expect("written");
    fs::write(workspace.join("told.service"), SERVICE).expect("written");
    let shared = workspace.display().to_string();
    let [base, disk] = ["base.raw", "disk.raw"].map(|name| place.path(name));

    let began = Instant::now();
    let (from, to) = (base.display().to_string(), disk.display().to_string());
    let built = tool(&[
        "--workspace",
        &shared,
        "-o",
        &to,
        &from,
        "--",
        "sh",
        "-ec",
        BUILD,
    ])
    .run();
    built.expect().stdout_is(&line(&disk)).stderr_any().done();
    let copy = "cp /boot/vmlinuz-* /workspace/vmlinuz; cp /boot/initrd.img-* /workspace/initrd";
    let words = ["--workspace", &shared, "--in-place", &to, "sh", "-ec", copy];
    tool(&words).run().expect().stdout_is(&line(&disk)).done();
    host.expect_again(&place);
    let built_in = began.elapsed();

    let began = Instant::now();
    let console = boot(&place, &to);
    tell(&format!(
        "built in {} s, booted in {} s",
        built_in.as_secs(),
        began.elapsed().as_secs()
    ));
    assert!(console.contains(&format!("up: {word}")), "{console}");
}

/// Boots a disk until it ends by itself, and gives what stood on its console.
fn boot(place: &Place, disk: &str) -> String {
    let console = place.path("console");
    let workspace = place.path("workspace");
    let output = File::create(&console).expect("a file");
    // KVM is not asked for, which not every machine has that says so.
    let words = "-accel tcg -cpu max -m 1024 -nographic -no-reboot -nic none -append";
    let child = Command::new("qemu-system-x86_64")
        .args(words.split(' '))
        .arg("root=/dev/vda rw console=ttyS0 panic=-1")
        .arg("-kernel")
        .arg(workspace.join("vmlinuz"))
        .arg("-initrd")
        .arg(workspace.join("initrd"))
        .args(["-drive", &format!("file={disk},format=raw,if=virtio")])
        .stdin(Stdio::null())
        .stderr(output.try_clone().expect("a descriptor"))
        .stdout(output)
        .spawn()
        .expect("qemu");
    let mut machine = Machine(child);
    let status = machine.wait();
    let console = fs::read(console).expect("read");
    let console = String::from_utf8_lossy(&console).into_owned();
    assert_eq!(status, Some(true), "how it ended; {console}");
    console
}

/// A running machine. It does not outlive the test.
struct Machine(Child);

impl Machine {
    /// Did it end well? None when it is not over in time.
    fn wait(&mut self) -> Option<bool> {
        let end = Instant::now() + BOOT;
        while Instant::now() < end {
            if let Some(status) = self.0.try_wait().expect("a child") {
                return Some(status.success());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        None
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It is over already where all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
