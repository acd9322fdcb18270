//! What this machine has for tests.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Says that something is not tested, past the test harness, which would keep it to itself.
pub fn skip(why: &str) {
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "skipped: {name}: {why}");
}

/// Is there such a program?
pub fn have(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// Can builds be tested here?
pub fn needs() -> Result<(), String> {
    if !fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
        return Err("needs root".to_owned());
    }
    if !Path::new("/dev/loop-control").exists() {
        return Err("needs loop devices".to_owned());
    }
    for program in ["mkfs.ext4", "unshare", "find"] {
        if !have(program) {
            return Err(format!("needs {program}"));
        }
    }
    match busybox() {
        Some(_) => Ok(()),
        None => Err("needs busybox (busybox-static)".to_owned()),
    }
}

/// A busybox that runs without libraries.
pub fn busybox() -> Option<PathBuf> {
    let paths = ["/bin/busybox", "/usr/bin/busybox"].map(PathBuf::from);
    paths.into_iter().find(|path| path.is_file())
}

/// Makes a program of C that runs without libraries. False where that cannot be done.
pub fn compile(file: &Path, text: &str, program: &Path) -> bool {
    fs::write(file, text).expect("written");
    let mut cc = Command::new("cc");
    let compiled = cc
        .args(["-static", "-w", "-o"])
        .arg(program)
        .arg(file)
        .status();
    compiled.is_ok_and(|status| status.success())
}

/// What that busybox can be called.
pub fn applets() -> &'static [String] {
    static APPLETS: OnceLock<Vec<String>> = OnceLock::new();
    APPLETS.get_or_init(|| {
        let output = Command::new(busybox().expect("checked"))
            .arg("--list")
            .output();
        let list = String::from_utf8(output.expect("run").stdout).expect("names");
        list.lines().map(str::to_owned).collect()
    })
}

/// Where control groups can be made that hold processes and limit nothing.
pub fn hierarchy() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let line = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
    line.split(' ').nth(4).map(PathBuf::from)
}
