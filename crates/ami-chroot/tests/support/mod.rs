//! What the tests of this tool share: disks to build in, a sandbox whose volumes are block devices, and
//! a look at what is left.
//!
//! Building needs root. Where the tests are run by somebody else they say so, and count as skipped.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test file is a program of its own, and none uses all of this"
)]

mod cloud;
mod host;
#[path = "../../../buildroot/tests/build/machine.rs"]
mod machine;
mod place;
pub mod user;
mod watch;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use ami_testkit::Tool;

pub use cloud::{Cloud, HOME};
pub use host::Host;
pub use place::{Kind, Parts, Place};
pub use watch::Watch;

/// The tool with arguments, and all that it starts is watched.
pub fn watched(watch: &Watch, words: &[&str]) -> Tool<'static> {
    let line = format!("{}exec ami-chroot \"$@\"", watch.enter());
    ami_testkit::shell(&line).args(["sh"]).args(words)
}

/// Sends a signal to any process, which may be gone by now.
pub fn kill(pid: u32, signal: &str) {
    let words = ["-s", signal, &pid.to_string()].map(str::to_owned);
    let mut kill = Command::new("kill");
    let kill = kill.args(words).stderr(std::process::Stdio::null());
    let _ = kill.status();
}

/// A line for every file on a bare disk: path, type, mode, owners, size, time of change, where it links
/// to, and what it holds.
pub fn listing(disk: &Path) -> String {
    let script = "mount -o loop,ro,nodev \"$0\" /mnt && cd /mnt && \
        find . -printf '%p %y %m %U:%G %n %s %T@ %l\n' | sort && \
        find . -type f -exec sha256sum {} + | sort -k2";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-ec", script])
        .arg(disk)
        .output()
        .expect("unshare");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", disk.display());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn debugfs(disk: &Path, request: &str) -> String {
    let output = Command::new("debugfs")
        .args(["-R", request])
        .arg(disk)
        .output()
        .expect("debugfs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn sh(script: &str) {
    let output = Command::new("sh")
        .args(["-ec", script])
        .output()
        .expect("sh");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
}

pub fn have(program: &str) -> bool {
    which(program).is_some()
}

fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    places.extend(["/usr/sbin".into(), "/sbin".into()]);
    places
        .into_iter()
        .map(|place| place.join(program))
        .find(|path| path.is_file())
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id");
    output.stdout == b"0\n"
}

pub fn skip(why: &str) {
    tell(&format!("skipped: {why}"));
}

/// Says something whether the test fails or not: what is written with the macros is shown only when it
/// does.
pub fn tell(text: &str) {
    // Nobody is left to be told where this fails.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
