//! Whoever kills it, and when: no mount, no loop device, no file, no process stays.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};

use crate::support::{can, sh, write};

/// The example of this crate, which cargo builds with its tests.
fn program() -> std::path::PathBuf {
    let test = std::env::current_exe().expect("a path");
    let place = test.ancestors().nth(2).expect("a build directory");
    place.join("examples/capture")
}

/// What is left of a capture: loop devices of files in the work directory, mounts of such, files, and
/// processes that a script started.
fn left(work: &Path) -> String {
    let script = r#"
        ls -A "$1"
        cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -F "$1/" || true
        grep -aFs "$1/" /proc/[0-9]*/mountinfo || true
        ps -eo args | grep -F "sleep 98765.$2" | grep -v grep || true
    "#;
    let own = std::process::id().to_string();
    sh(script, &[work, Path::new(&own)])
}

#[test]
fn nothing_stays_of_what_is_killed() {
    if !can(
        "nothing_stays_of_what_is_killed",
        &["mke2fs", "mkfs.btrfs", "ps"],
    ) {
        return;
    }
    let tree = tempfile::tempdir().expect("a directory");
    for number in 0..1500 {
        write(
            tree.path(),
            &format!("d{}/f{number}", number % 40),
            vec![b'x'; 9000],
        );
    }
    let script = tree.path().join("script");
    let text = format!(
        "#!/bin/sh\nsleep 98765.{0} &\nsetsid sleep 98765.{0} &\nmount -t tmpfs none \"$1/d0\"\nsleep 0.2\n",
        std::process::id()
    );
    write(tree.path(), "script", text);
    sh("chmod +x \"$1\"", &[&script]);
    let work = tempfile::tempdir().expect("a directory");
    let begin = |kind: &str| {
        let mut command = Command::new(program());
        command.args([tree.path(), work.path()]);
        command.args(["name=image", "size=300", &format!("type={kind}")]);
        command.arg(format!("script={}", script.display()));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the example")
    };
    for (kind, times) in [("ext4", 16), ("btrfs", 8)] {
        // How long it takes, so that it is killed at all of its stages.
        let start = Instant::now();
        assert!(begin(kind).wait().expect("an end").success());
        let length = start.elapsed();
        std::fs::remove_file(work.path().join("image")).expect("an image");
        for part in 0..times {
            let mut child = begin(kind);
            std::thread::sleep(length * part / times);
            let id = rustix::process::Pid::from_child(&child);
            let _ = kill_process(id, Signal::KILL);
            let status = child.wait().expect("an end");
            if status.success() {
                std::fs::remove_file(work.path().join("image")).expect("an image");
            }
            // The kernel takes down mounts and devices after the process is gone.
            let until = Instant::now() + Duration::from_secs(20);
            while !left(work.path()).is_empty() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(20));
            }
            assert_eq!(left(work.path()), "", "{kind}, killed at {part}/{times}");
        }
    }
}
