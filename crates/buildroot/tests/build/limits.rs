//! What a command may use.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ami_buildroot::protocol::Ended;

use crate::killed::only_child;
use crate::site::{Site, skip, wait};

/// The groups of helpers that are there.
fn groups() -> Vec<String> {
    let mut found = Vec::new();
    for mount in fs::read_to_string("/proc/self/mounts")
        .expect("mounts")
        .lines()
    {
        let mut words = mount.split(' ').skip(1);
        let (Some(path), Some(kind)) = (words.next(), words.next()) else {
            continue;
        };
        if kind.starts_with("cgroup") {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            let names = entries.map(|entry| entry.file_name().display().to_string());
            let ours = names.filter(|name| name.starts_with("amichroot-"));
            found.extend(ours.map(|name| format!("{path}/{name}")));
        }
    }
    found
}

/// The groups of a helper that this site started.
fn groups_of(helper: &str) -> Vec<String> {
    let name = format!("/amichroot-{helper}");
    groups()
        .into_iter()
        .filter(|group| group.ends_with(&name))
        .collect()
}

/// Where a limit can be set, a build with it runs.
fn can_limit(site: &Site, disk: &Path, option: &str) -> bool {
    let built = site.build(&[option, "1000000000"], disk, &["true"]);
    if built.code == Some(125) {
        assert!(
            built.stderr.contains("no control group of this host"),
            "{built:#?}"
        );
        skip(&built.stderr);
    }
    built.code == Some(0)
}

#[test]
fn a_fork_bomb_is_contained() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    if !can_limit(&site, &disk, "--pids") {
        return;
    }
    let bomb = "bomb() { bomb | bomb & }; bomb; sleep 0.5; exit 0";
    let built = site.sh(&["--pids", "30"], &disk, bomb);
    assert!(built.stderr.contains("fork"), "{built:#?}");
    assert!(built.report().leftovers.len() < 30, "{built:#?}");
    site.expect_nothing_left(Duration::ZERO);
}

#[test]
fn memory_is_limited() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    if !can_limit(&site, &disk, "--memory") {
        return;
    }
    let limit = (64 << 20).to_string();
    let line = "head -c 300000000 /dev/zero | tail -c 200000000 | wc -c";
    let built = site.sh(&["--memory", &limit], &disk, line);
    let killed = built
        .report()
        .notes
        .iter()
        .any(|note| note.contains("memory had run out"));
    assert!(
        killed || built.report().ended == Ended::Signaled(9),
        "{built:#?}"
    );
    assert_ne!(built.stdout.trim(), "200000000");
    site.sh(&["--memory", &limit, "--pids", "20"], &disk, "true")
        .expect(0);
}

#[test]
fn groups_go_with_the_build_whoever_is_killed() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    if !can_limit(&site, &disk, "--pids") {
        return;
    }
    for round in 0..4 {
        let child = site.running(&disk, ":", &["--pids", "100"]);
        let helper = only_child(child.id()).to_string();
        assert!(!groups_of(&helper).is_empty(), "it has groups");
        let path = format!("/proc/{helper}/task/{helper}/children");
        let players = fs::read_to_string(path).expect("children");
        let players: Vec<&str> = players.split_whitespace().collect();
        assert_eq!(players.len(), 2, "janitor and PID 1");
        let tool = child.id().to_string();
        // The helper; the tool; the janitor, then the tool; PID 1.
        let victims = match round {
            0 => vec![helper.as_str()],
            1 => vec![tool.as_str()],
            2 => vec![players[0], tool.as_str()],
            _ => vec![players[1]],
        };
        for victim in victims {
            let status = Command::new("kill").args(["-KILL", victim]).status();
            assert!(status.expect("kill").success());
        }
        wait(child);
        site.expect_nothing_left(Duration::from_secs(3));
        let mut left = groups_of(&helper);
        for _ in 0..100 {
            if left.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
            left = groups_of(&helper);
        }
        assert!(left.is_empty(), "round {round}: {left:?}");
    }
}

#[test]
fn groups_go_with_those_in_them() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    if !can_limit(&site, &disk, "--pids") {
        return;
    }
    let child = site.running(&disk, ":", &["--pids", "100"]);
    let helper = only_child(child.id()).to_string();
    let groups = groups_of(&helper);
    for group in &groups {
        fs::create_dir_all(Path::new(group).join("in/it")).expect("a group");
        // One that a helper left that was killed together with its janitor: no process has that
        // number (PID_MAX_LIMIT).
        let stale = Path::new(group).with_file_name("amichroot-4194305");
        fs::create_dir_all(stale.join("in/it")).expect("a group");
    }
    crate::killed::signal(child.id(), "-TERM");
    wait(child);
    assert_eq!(groups_of(&helper), [""; 0]);
    site.sh(&["--pids", "100"], &disk, "true").expect(0);
    assert_eq!(groups_of("4194305"), [""; 0]);
}
