//! coldsnap reads what we write, and we read what it writes.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use ami_sandbox::Sandbox;
use ami_testkit::tool;

use crate::{BLOCK, Disk, GIB, MIB, sandbox, uploaded};

/// Where coldsnap is, if it is anywhere.
fn coldsnap() -> Option<PathBuf> {
    let peers = std::env::var_os("AMI_TOOLS_PEERS").filter(|value| !value.is_empty());
    let peers = peers.map(PathBuf::from);
    let target = std::env::current_exe().ok()?;
    let target = target.ancestors().nth(3)?.join("peers");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = peers
        .into_iter()
        .chain([target])
        .map(|peers| peers.join("bin"));
    let mut programs = directories
        .chain(std::env::split_paths(&path))
        .map(|directory| directory.join("coldsnap"));
    programs.find(|program| program.is_file())
}

fn run(program: &PathBuf, sandbox: &Sandbox, words: &[&str]) -> String {
    let mut command = Command::new(program);
    command
        .args(words)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(sandbox.environment())
        .stderr(Stdio::inherit());
    let output = command.output().expect("coldsnap");
    assert!(output.status.success(), "{words:?}: {}", output.status);
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn both_read_what_the_other_writes() {
    let Some(coldsnap) = coldsnap() else {
        crate::say("skipped: both_read_what_the_other_writes: no coldsnap");
        return;
    };
    for size in [1, BLOCK - 1, 3 * BLOCK + 1, GIB, GIB + 5 * MIB + 3] {
        let sandbox = sandbox();
        let disk = Disk::new(size);
        disk.fill(0, size.min(2 * BLOCK), 1);
        disk.fill(size - size.min(BLOCK), size.min(BLOCK), 2);
        let ours = uploaded(&sandbox, &[disk.text()]);
        let theirs = run(
            &coldsnap,
            &sandbox,
            &["upload", "--no-progress", "--wait", disk.text()],
        );
        let bytes = fs::read(&disk.path).expect("disk");

        let back = disk.beside("theirs.raw");
        run(
            &coldsnap,
            &sandbox,
            &["download", "--no-progress", &ours, &back],
        );
        let read = fs::read(&back).expect("read by coldsnap");
        assert!(read[..bytes.len()] == bytes[..], "{size}");
        assert!(read[bytes.len()..].iter().all(|byte| *byte == 0), "{size}");

        let back = disk.beside("ours.raw");
        let fetch = tool("ami-register-image").sandbox(&sandbox);
        let fetch = fetch.args(["--fetch", "-o", &back, &theirs]);
        fetch.run().expect().stderr_any().done();
        assert!(fs::read(&back).expect("read by us") == read, "{size}");
    }
}
