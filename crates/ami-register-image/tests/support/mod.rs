//! What the tests of this tool share.
#![allow(
    dead_code,
    reason = "each test file is a program of its own, and none uses all of this"
)]

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use ami_sandbox::{Config, Image, Sandbox};
use ami_testkit::{Tool, assert_no_calls};

/// The region that the environment of the tests gives.
pub const HOME: &str = "us-east-1";
/// Bytes of a block of EBS.
pub const BLOCK: u64 = 512 * 1024;
pub const MIB: u64 = 1 << 20;
/// The journal of a disk of that name.
pub const JOURNAL: &str = ".disk.raw.ami-upload";

/// A sandbox as EC2 is on a good day.
pub fn sandbox() -> Sandbox {
    Sandbox::start(Config::default()).expect("a sandbox")
}

/// The tool with arguments, led to a sandbox.
pub fn register<'s>(sandbox: &'s Sandbox, args: &[&str]) -> Tool<'s> {
    ami_testkit::tool("ami-register-image")
        .sandbox(sandbox)
        // Lost results are looked for so long; the sandbox hides nothing longer than it is told.
        .env("AMI_TOOLS_GRACE", "1s")
        .args(args)
}

/// Runs the tool with arguments that have to be refused, in one line that says why and before any call.
pub fn refused(tool: Tool<'_>, sandbox: &Sandbox, args: &[&str], why: &str) {
    let outcome = tool.run().expect().fails(2).stderr_has(why).done();
    let lines = outcome.stderr.lines().count();
    assert_eq!(lines, 1, "{args:?}: {}", outcome.stderr);
    assert_no_calls(sandbox);
}

/// Makes a sparse disk with a byte of data at each of some places.
pub fn disk(path: &Path, size: u64, data: &[u64]) {
    let file = File::create(path).expect("a disk");
    file.set_len(size).expect("a size");
    for at in data {
        file.write_all_at(b"x", *at).expect("data");
    }
}

/// A disk of four blocks of which two have data.
pub fn with_disk(tool: Tool<'_>) -> Tool<'_> {
    disk(&tool.home().join("disk.raw"), 2 * MIB, &[0, 3 * BLOCK]);
    tool
}

/// Says something past the test harness, which shows only what failed.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// May file systems be mounted here, by those who unshare(1) theirs? A test that cannot do without
/// says that it is skipped.
pub fn may_mount(test: &str) -> bool {
    let mut try_it = Command::new("unshare");
    try_it.args(["-rm", "sh", "-c", "mount -t tmpfs none /mnt"]);
    let may = try_it.output().is_ok_and(|output| output.status.success());
    if !may {
        say(&format!("skipped: {test}: nothing can be mounted"));
    }
    may
}

/// The names of the calls that were made, in order.
pub fn actions(sandbox: &Sandbox) -> Vec<String> {
    let calls = sandbox.calls().into_iter();
    calls.map(|call| call.action).collect()
}

/// The image whose reference was printed.
pub fn printed(sandbox: &Sandbox, stdout: &str) -> Image {
    let id = stdout.trim_end().split('@').next().unwrap_or_default();
    let image = sandbox.find_image(id);
    image.unwrap_or_else(|| panic!("{stdout:?} names no image"))
}
