//! What a build sees of the host: nothing.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::machine::compile;
use crate::site::{Kind, Site, skip};

#[test]
fn it_has_processes_names_and_mounts_of_its_own() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let line = "ls /proc | grep -c '^[0-9]'; hostname; grep -c . /proc/mounts; \
                grep -v -e ' / ' -e ' /dev' -e ' /proc' -e ' /sys' -e ' /run ' -e ' /tmp ' \
                /proc/mounts; true";
    let built = site.sh(&[], &disk, line);
    let lines: Vec<&str> = built.expect(0).stdout.lines().collect();
    // PID 1, the shell, ls and, if it is there already, grep.
    assert!(["3", "4"].contains(&lines[0]), "{built:#?}");
    assert_eq!(lines[1], "localhost", "{built:#?}");
    assert_eq!(lines.len(), 3, "mounts of the host: {built:#?}");
    for namespace in ["mnt", "pid", "ipc", "uts", "cgroup"] {
        let inside = site.build(
            &[],
            &disk,
            &["readlink", &format!("/proc/self/ns/{namespace}")],
        );
        let outside = fs::read_link(format!("/proc/self/ns/{namespace}")).expect("a namespace");
        assert_ne!(
            inside.stdout.trim(),
            outside.display().to_string(),
            "{namespace}"
        );
    }
}

#[test]
fn it_has_the_network_that_it_is_given() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let line = "readlink /proc/self/ns/net; cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' '; \
                cat /sys/class/net/lo/operstate; ip addr show lo | grep -c 127.0.0.1";
    let outside = fs::read_link("/proc/self/ns/net").expect("a namespace");
    let built = site.sh(&["--network", "none"], &disk, line);
    let lines: Vec<&str> = built.expect(0).stdout.lines().collect();
    assert_ne!(lines[0], outside.display().to_string());
    assert_eq!(&lines[1..], ["lo", "unknown", "1"], "{built:#?}");
    let built = site.sh(&[], &disk, "readlink /proc/self/ns/net");
    assert_eq!(built.stdout.trim(), outside.display().to_string());
}

#[test]
fn its_devices_are_harmless() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let line = "find /dev -type b; for name in null zero full random urandom tty ptmx shm pts \
                console stdin stdout stderr fd; do test -e /dev/$name || test -L /dev/$name || \
                echo no $name; done; echo x >/dev/null; head -c 3 /dev/zero | wc -c; \
                echo y >/dev/stderr; echo z >/dev/shm/z; \
                mknod /dev/sda b 8 0; mknod /root/null c 1 3; cat /root/null";
    let built = site.sh(&[], &disk, line);
    assert_eq!(built.stdout.trim(), "3", "{built:#?}");
    let said: Vec<&str> = built.stderr.lines().collect();
    let [stderr, made, opened] = said[..] else {
        panic!("{built:#?}");
    };
    assert_eq!(stderr, "y");
    assert!(made.contains("Read-only file system"), "{built:#?}");
    // A device file in the image can be made, and is one when the image boots.
    assert!(
        opened.contains("/root/null") && opened.contains("Permission denied"),
        "{built:#?}"
    );
}

/// A boot loader writes to the disk, not to a file system. It gets this disk and no other.
#[test]
fn its_own_disk_is_shown_for_a_boot_loader() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let line = "for disk in $(find /dev -type b); do \
                printf boot | dd of=$disk conv=notrunc 2>/dev/null; echo written; done; \
                mount -t ext4 $disk /root 2>/dev/null && echo mounted; find /dev -type b | wc -l";
    let built = site.sh(&["--bootable"], &disk, line);
    // Here the disk has no partitions, and its first kilobyte is for boot loaders.
    assert_eq!(
        built.expect(0).stdout,
        "written\nwritten\n2\n",
        "{built:#?}"
    );
    site.expect_nothing_left(Duration::ZERO);
    assert!(fs::read(&disk).expect("the disk").starts_with(b"boot"));
}

#[test]
fn it_cannot_change_the_kernel() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let attempts = [
        "echo x >/proc/sys/kernel/hostname",
        "echo h >/proc/sysrq-trigger",
        "echo 1 >/sys/kernel/mm/ksm/run",
        "mount -t tmpfs none /root",
        "mount -o remount,rw /sys",
        "umount /proc/sys",
        "umount /sys",
        "hostname other",
        "swapoff -a && grep -q . /proc/kmsg",
        "test -s /proc/kcore",
        "dmesg -c && dmesg -n 1",
        "insmod /etc/passwd",
        "losetup /dev/loop7 /etc/passwd",
        "chroot / readlink /proc/1/root && ls /proc/1/root/",
        "cat /proc/1/fd/0",
        "readlink /proc/1/exe",
        "cat /proc/1/maps",
        "cat /proc/1/environ",
        "renice -20 $$",
        "test -e /sys/firmware/acpi",
    ];
    for attempt in attempts {
        let built = site.sh(&[], &disk, &format!("{attempt} 2>/dev/null"));
        assert_ne!(built.code, Some(0), "{attempt}: {built:#?}");
        assert_ne!(built.code, Some(125), "{attempt}: {built:#?}");
    }
}

/// The classic: a directory outside is held open while the root is changed to one below it.
const ESCAPE: &str = r#"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int count, char **words) {
    char text[64];
    int outside = open("/", O_RDONLY);
    mkdir("/jail", 0755);
    if (chroot("/jail") || fchdir(outside)) return 2;
    for (int i = 0; i < 100; i++) chdir("..");
    chroot(".");
    int file = open(words[1], O_RDONLY);
    long length = file < 0 ? -1 : read(file, text, sizeof text);
    if (length < 0) return 1;
    write(1, text, length);
    return 0;
}
"#;

#[test]
fn the_classic_way_out_of_a_chroot_leads_nowhere() {
    let Some(site) = Site::new() else { return };
    let tree = site.tree();
    if !compile(&site.path("escape.c"), ESCAPE, &tree.join("bin/escape")) {
        return skip("needs a C compiler and static libraries");
    }
    let secret = site.path("secret");
    fs::write(&secret, "of the host").expect("written");
    // It works where the root is only changed.
    let mut chroot = Command::new("chroot");
    let output = chroot
        .arg(&tree)
        .arg("/bin/escape")
        .arg(&secret)
        .output()
        .expect("run");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "of the host");

    let disk = site.disk(&tree, Kind::Ext4);
    let path = secret.display().to_string();
    let built = site.build(&[], &disk, &["/bin/escape", &path]);
    assert_eq!(
        (built.expect(1).stdout.as_str(), built.stderr.as_str()),
        ("", "")
    );
    let line = format!(
        "cat /proc/1/root{path} /proc/1/cwd{path} {}{path}",
        "../".repeat(40)
    );
    assert_eq!(site.sh(&[], &disk, &line).expect(1).stdout, "");
    site.expect_nothing_left(Duration::ZERO);
}

#[test]
fn its_session_is_not_the_callers() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let built = site.sh(&[], &disk, "cut -d' ' -f5,6,7 /proc/self/stat; : </dev/tty");
    assert!(built.stdout.ends_with(" 0\n"), "a terminal: {built:#?}");
    assert!(built.stderr.contains("/dev/tty"), "{built:#?}");
}

/// In a user namespace of its own, root would have the capabilities that it was not given.
const NEW_USERS: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    long flags = CLONE_NEWUSER | SIGCHLD;
    printf("%d", unshare(CLONE_NEWUSER) ? errno : 0);
    if (syscall(SYS_clone, flags, 0, 0, 0, 0) == 0) return 0;
    printf(" %d", errno);
    errno = 0;
    syscall(435, 0, 0);
    printf(" %d\n", errno);
    fflush(stdout);
    return fork() < 0;
}
"#;

#[test]
fn it_makes_no_user_namespaces() {
    let Some(site) = Site::new() else { return };
    let tree = site.tree();
    if !compile(&site.path("users.c"), NEW_USERS, &tree.join("bin/users")) {
        return skip("needs a C compiler and static libraries");
    }
    let disk = site.disk(&tree, Kind::Ext4);
    let built = site.build(&[], &disk, &["/bin/users"]);
    // EPERM, EPERM, ENOSYS.
    assert_eq!(built.expect(0).stdout, "1 1 38\n");
}

/// Whoever may make raw sockets sees, and makes up, all that the host's network carries.
#[test]
fn raw_sockets_are_for_a_network_of_its_own() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let line = "for name in CapEff CapBnd; do \
                bits=$(grep $name /proc/self/status | cut -f2); echo $((0x$bits >> 13 & 1)); done";
    assert_eq!(site.sh(&[], &disk, line).expect(0).stdout, "0\n0\n");
    let built = site.sh(&["--network", "none"], &disk, line);
    assert_eq!(built.expect(0).stdout, "1\n1\n");
}
