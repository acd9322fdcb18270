//! The image is left as the build made it, and not otherwise.

use std::fs;
use std::os::unix::fs::symlink;

use crate::killed::{only_child, signal};
use crate::site::{Kind, Site, shell, wait};

const RESOLVER: &str = "cat /etc/resolv.conf";

fn host_resolver() -> String {
    fs::read_to_string("/etc/resolv.conf").unwrap_or_default()
}

#[test]
fn a_build_that_does_nothing_changes_nothing() {
    let Some(site) = Site::new() else { return };
    let tree = site.tree();
    fs::write(tree.join("usr/bin/dpkg"), "").expect("written");
    let disk = site.disk(&tree, Kind::Ext4);
    let before = site.listing(&disk);
    let bind = format!("{}:/workspace/deep/er", site.directory.display());
    let file = format!("{}:/opt/file:ro", site.path("tree/etc/passwd").display());
    let line = "test -x /usr/sbin/policy-rc.d && test -s /etc/resolv.conf && \
                test -d /workspace/deep/er/tree && test -s /opt/file";
    site.sh(&["--bind", &bind, "--bind", &file], &disk, line)
        .expect(0);
    assert_eq!(site.listing(&disk), before);
    // Nor if the command cannot be run, or is killed.
    site.build(&["--bind", &bind], &disk, &["nothing"])
        .expect(127);
    site.sh(&["--bind", &bind], &disk, "kill -9 $$").expect(137);
    assert_eq!(site.listing(&disk), before);
}

#[test]
fn names_are_asked_of_whom_the_host_asks() {
    let Some(site) = Site::new() else { return };
    let tree = site.tree();
    let own = tree.join("etc/resolv.conf");
    fs::write(&own, "nameserver 192.0.2.1\n").expect("written");
    shell(&["chown", "7:8"], &own);
    shell(&["chmod", "604"], &own);
    shell(&["touch", "-d", "2001-02-03 04:05:06.789"], &own);
    let disk = site.disk(&tree, Kind::Ext4);
    let before = site.listing(&disk);
    assert_eq!(
        site.sh(&[], &disk, RESOLVER).expect(0).stdout,
        host_resolver()
    );
    assert_eq!(site.listing(&disk), before);
    // Without a network nobody is asked.
    let built = site.sh(&["--network", "none"], &disk, RESOLVER);
    assert_eq!(built.expect(0).stdout, "nameserver 192.0.2.1\n");
    assert_eq!(site.listing(&disk), before);
}

#[test]
fn a_link_stays_the_link_that_it_was() {
    let Some(site) = Site::new() else { return };
    for target in [
        "../run/systemd/resolve/stub-resolv.conf",
        "/run/systemd/resolve/resolv.conf",
        "/run/resolv.conf",
        "/var/run/resolvconf/resolv.conf",
        "/nowhere/at/all",
        "resolv.conf",
        "../../../../etc/hostname",
        "/proc/self/environ",
    ] {
        let tree = site.tree();
        let _ = fs::remove_dir_all(tree.join("var/run"));
        symlink("/run", tree.join("var/run")).expect("a link");
        symlink(target, tree.join("etc/resolv.conf")).expect("a link");
        let disk = site.disk(&tree, Kind::Ext4);
        let before = site.listing(&disk);
        assert!(before.contains(&format!(" {target}\n")), "{before}");
        let built = site.sh(&[], &disk, RESOLVER);
        assert_eq!(built.expect(0).stdout, host_resolver(), "{target}");
        assert_eq!(built.report().notes, [""; 0], "{target}");
        assert_eq!(site.listing(&disk), before, "{target}");
        fs::remove_dir_all(&tree).expect("removed");
    }
}

#[test]
fn what_the_build_makes_of_it_is_kept() {
    let Some(site) = Site::new() else { return };
    let tree = site.tree();
    fs::write(tree.join("etc/resolv.conf"), "old\n").expect("written");
    let disk = site.disk(&tree, Kind::Ext4);
    let own = "echo new >/etc/resolv.conf; echo mine >/usr/sbin/policy-rc.d";
    let built = site.sh(&[], &disk, own);
    assert_eq!(
        built.expect(0).report().notes,
        ["/etc/resolv.conf is as the build made it"]
    );
    let after = site.sh(
        &["--network", "none"],
        &disk,
        "cat /etc/resolv.conf /usr/sbin/policy-rc.d",
    );
    assert_eq!(after.stdout, "new\nmine\n");
    assert!(!site.listing(&disk).contains("ami-chroot"));
    site.sh(
        &[],
        &disk,
        "rm /etc/resolv.conf; ln -s ../run/x /etc/resolv.conf",
    )
    .expect(0);
    let after = site.sh(&["--network", "none"], &disk, "readlink /etc/resolv.conf");
    assert_eq!(after.stdout, "../run/x\n");
}

/// Who is killed together with its helper leaves the image as it was meanwhile; a build in place
/// after that puts it right.
#[test]
fn the_next_build_puts_back_what_a_killed_one_left() {
    let Some(site) = Site::new() else { return };
    let tree = site.tree();
    fs::write(tree.join("usr/bin/dpkg"), "").expect("written");
    fs::write(tree.join("etc/resolv.conf"), "old\n").expect("written");
    let disk = site.disk(&tree, Kind::Ext4);
    let find = |name: &str| -> Vec<String> {
        let listing = site.listing(&disk);
        let lines = listing.lines().filter(|line| line.contains(name));
        lines.map(str::to_owned).collect()
    };
    let before = (find("resolv"), find("policy"));
    let child = site.running(&disk, "sync", &[]);
    signal(only_child(child.id()), "-KILL");
    wait(child);
    site.expect_nothing_left(std::time::Duration::from_secs(3));
    assert_eq!(
        (find("resolv").len(), find("policy").len()),
        (4, 2),
        "it was killed in between"
    );
    let built = site.sh(&[], &disk, "true");
    assert_eq!(built.expect(0).report().notes.len(), 1, "{built:#?}");
    assert_eq!((find("resolv"), find("policy")), before);
}

#[test]
fn services_do_not_start() {
    let Some(site) = Site::new() else { return };
    let tree = site.tree();
    fs::write(tree.join("usr/bin/dpkg"), "").expect("written");
    let disk = site.disk(&tree, Kind::Ext4);
    let built = site.sh(
        &[],
        &disk,
        "/usr/sbin/policy-rc.d ssh start; echo $? $SYSTEMD_OFFLINE",
    );
    assert_eq!(built.expect(0).stdout, "101 1\n");
    // The image's own word on it stands.
    fs::write(tree.join("usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 104\n").expect("written");
    shell(&["chmod", "755"], &tree.join("usr/sbin/policy-rc.d"));
    let disk = site.disk(&tree, Kind::Ext4);
    let before = site.listing(&disk);
    let built = site.sh(&[], &disk, "/usr/sbin/policy-rc.d ssh start; echo $?");
    assert_eq!(built.expect(0).stdout, "104\n");
    assert_eq!(site.listing(&disk), before);
}

#[test]
fn the_callers_mask_does_not_show() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let bind = format!("{}:/deep/er", site.directory.display());
    let tool = site.tool(&["--bind", &bind], &disk, &["stat", "-c", "%a", "/deep"]);
    let mut words = vec!["-c", "umask 077; exec \"$@\"", "sh"];
    let program = tool.get_program().to_string_lossy().into_owned();
    let rest: Vec<_> = tool
        .get_args()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    words.push(&program);
    words.extend(rest.iter().map(String::as_str));
    let output = std::process::Command::new("sh").args(words).output();
    let built = site.built(output.expect("run"));
    assert_eq!(built.expect(0).stdout, "755\n");
}
