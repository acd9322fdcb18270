//! Who dies, and when: nothing is ever left, and where anyone is left to do it, the disk is put in
//! order.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use ami_buildroot::protocol::Ended;

use crate::site::{Site, wait};

/// How soon nothing is left when the tool died, and when the helper did.
const SOON: Duration = Duration::from_secs(3);

pub fn signal(pid: u32, signal: &str) {
    let status = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status();
    assert!(status.expect("kill").success(), "kill {signal} {pid}");
}

/// The children of a process.
pub fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .map(|pid| pid.parse().expect("a number"))
        .collect()
}

pub fn only_child(pid: u32) -> u32 {
    let children = children(pid);
    assert_eq!(children.len(), 1, "children of {pid}");
    children[0]
}

#[test]
fn the_tool_is_killed_while_the_command_runs() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let before = site.listing(&disk);
    for name in ["-KILL", "-QUIT"] {
        let child = site.running(&disk, ":", &[]);
        signal(child.id(), name);
        wait(child);
        site.expect_nothing_left(SOON);
        // The helper was not killed, so everything is as it was.
        assert_eq!(site.listing(&disk), before, "{name}");
    }
}

#[test]
fn the_helper_is_killed_while_the_command_runs() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let child = site.running(&disk, ":", &[]);
    signal(only_child(child.id()), "-KILL");
    let built = site.built(wait(child));
    assert_eq!(built.code, Some(125), "{built:#?}");
    assert!(
        built
            .stderr
            .contains("ended before the build did: signal: 9"),
        "{built:#?}"
    );
    site.expect_nothing_left(SOON);
}

#[test]
fn pid_1_of_the_build_is_killed() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let before = site.listing(&disk);
    let child = site.running(&disk, ":", &[]);
    signal(only_child(only_child(child.id())), "-KILL");
    let built = site.built(wait(child));
    assert_eq!(built.expect(128 + 9).report().ended, Ended::Signaled(9));
    site.expect_nothing_left(Duration::ZERO);
    assert_eq!(site.listing(&disk), before);
}

#[test]
fn the_command_is_killed() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let child = site.running(&disk, ":", &[]);
    signal(only_child(only_child(only_child(child.id()))), "-KILL");
    let built = site.built(wait(child));
    let report = built.expect(128 + 9).report();
    assert_eq!(report.leftovers.len(), 2, "{built:#?}");
    site.expect_nothing_left(Duration::ZERO);
}

#[test]
fn the_tool_asks_the_command_to_end() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let before = site.listing(&disk);
    for name in ["-INT", "-TERM", "-HUP"] {
        let child = site.running(&disk, ":", &[]);
        signal(child.id(), name);
        let built = site.built(wait(child));
        assert_eq!(built.expect(128 + 15).report().ended, Ended::Signaled(15));
        site.expect_nothing_left(Duration::ZERO);
        assert_eq!(site.listing(&disk), before, "{name}");
    }
}

#[test]
fn a_command_may_end_in_its_own_way() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let child = site.running(&disk, "trap 'echo bye; exit 3' TERM", &[]);
    signal(child.id(), "-TERM");
    let built = site.built(wait(child));
    assert_eq!(built.expect(3).stdout, "bye\n");
}

#[test]
fn a_command_that_will_not_end_is_killed_after_the_grace_time() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let stubborn = "trap '' TERM INT HUP";
    let child = site.running(&disk, stubborn, &["--grace", "200"]);
    signal(child.id(), "-TERM");
    site.built(wait(child)).expect(128 + 9);
    // Asked twice: at once.
    let child = site.running(&disk, stubborn, &["--grace", "3600000"]);
    signal(child.id(), "-TERM");
    std::thread::sleep(Duration::from_millis(50));
    signal(child.id(), "-INT");
    site.built(wait(child)).expect(128 + 9);
    site.expect_nothing_left(Duration::ZERO);
}

#[test]
fn the_helper_gets_the_signals() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let before = site.listing(&disk);
    for name in ["-INT", "-TERM", "-HUP"] {
        let child = site.running(&disk, ":", &[]);
        signal(only_child(child.id()), name);
        let built = site.built(wait(child));
        assert_eq!(built.expect(128 + 15).report().ended, Ended::Signaled(15));
        site.expect_nothing_left(Duration::ZERO);
        assert_eq!(site.listing(&disk), before, "{name}");
    }
}

/// Somebody kills one of the processes, or all, at some moment between the start and the end.
#[test]
fn anyone_is_killed_at_any_moment() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    for round in 0..60 {
        let mut tool = site.tool(&[], &disk, &["sh", "-c", "sleep 1000 & sync; true"]);
        let child = tool
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("run");
        std::thread::sleep(Duration::from_micros(700 * round));
        let mut victim = child.id();
        // The tool, its child, its grandchild, in turn, as far as they are there yet.
        for _ in 0..round % 4 {
            victim = children(victim).first().copied().unwrap_or(victim);
        }
        let _ = Command::new("kill")
            .args(["-KILL", &victim.to_string()])
            .stderr(Stdio::null())
            .status();
        wait(child);
        site.expect_nothing_left(SOON);
    }
    // It was killed often, and is a file system still.
    crate::site::shell(&["e2fsck", "-fy"], &disk);
    site.build(&[], &disk, &["true"]).expect(0);
}
