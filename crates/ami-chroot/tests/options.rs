//! What the options of a build do to its command.

mod support;

use std::path::Path;

use ami_sandbox::Look;
use ami_testkit::Tool;
use support::{Cloud, Host, Kind, Parts, Place, Watch, skip, watched};

fn tool(words: &[&str], disk: &Path, line: &str) -> Tool<'static> {
    let disk = disk.display().to_string();
    ami_testkit::tool("ami-chroot")
        .args(["--in-place"])
        .args(words)
        .args([&disk, "sh", "-c", line])
}

/// Where a limit can be set, a build with it runs.
fn can_limit(option: &str, disk: &Path) -> bool {
    let outcome = tool(&[option, "1000000000"], disk, "true").run();
    let is_told = outcome.stderr.contains("no control group of this host");
    if outcome.code == Some(125) && is_told {
        skip(&outcome.stderr);
    }
    assert!(outcome.code == Some(0) || is_told, "{outcome}");
    outcome.code == Some(0)
}

#[test]
fn a_fork_bomb_has_so_many_processes() {
    let Some(place) = Place::new() else { return };
    let (host, watch, disk) = (Host::look(&place), Watch::new(), place.usual_disk());
    if !can_limit("--pids", &disk) {
        return;
    }
    let bomb = "bomb() { bomb | bomb & }; bomb; sleep 0.5; exit 0";
    let disk = disk.display().to_string();
    let words = ["--in-place", "--pids", "30", &disk, "sh", "-c", bomb];
    watched(&watch, &words)
        .run()
        .expect()
        .stdout_has(&disk)
        .stderr_has("fork")
        .done();
    watch.empty().expect("nothing");
    host.expect_again(&place);
}

#[test]
fn memory_is_what_was_said() {
    let Some(place) = Place::new() else { return };
    let (host, disk) = (Host::look(&place), place.usual_disk());
    if !can_limit("--memory", &disk) {
        return;
    }
    let line = "dd if=/dev/zero of=/dev/null bs=150M count=1 2>/dev/null && echo enough";
    let outcome = tool(&["--memory", "64M"], &disk, line).run();
    let is_told = outcome.stderr.contains("memory had run out") || outcome.code == Some(137);
    let had_enough = outcome.stderr.contains("enough\n");
    assert!(is_told && !had_enough, "{outcome}");
    tool(&["--memory", "1G"], &disk, line)
        .run()
        .expect()
        .stdout_has("base.raw")
        .stderr_is("enough\n")
        .done();
    host.expect_again(&place);
}

#[test]
fn a_build_sees_its_disk_only_where_it_is_to_boot() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let line = "for node in /dev/*; do if test -b $node; then echo ${node%%[0-9]*}; head -c 512 $node | tail -c 2; fi; done";
    for parts in [Parts::Bare, Parts::Mbr, Parts::Gpt] {
        let disk = place.disk("disk", Kind::Ext4, parts);
        let seen = tool(&[], &disk, line).run().expect().stdout_has("disk");
        assert_eq!(seen.done().stderr, "", "{parts:?}");
        let seen = tool(&["--bootable"], &disk, line).run();
        let seen = seen.expect().stdout_has("disk").stderr_has("/dev/loop");
        // Of a disk with partitions a boot loader sees its first sector, with the mark at its end.
        let stderr = seen.done().stderr;
        let has_mark = stderr.contains("U\u{fffd}");
        assert_eq!(has_mark, parts != Parts::Bare, "{parts:?}: {stderr:?}");
    }
    // What is written there is written to the disk.
    let disk = place.disk("disk", Kind::Ext4, Parts::Mbr);
    let line = "for node in /dev/loop*; do mark=$(dd if=$node bs=1 skip=510 count=2 2>/dev/null); \
                if test \"$mark\" = \"$(printf '\\125\\252')\"; then \
                printf loader | dd of=$node conv=notrunc 2>/dev/null; fi; done";
    tool(&["--bootable"], &disk, line)
        .run()
        .expect()
        .stdout_has("disk")
        .done();
    let bytes = std::fs::read(&disk).expect("read");
    assert_eq!(
        (&bytes[..6], &bytes[510..512]),
        (&b"loader"[..], &[0x55, 0xaa][..])
    );
    host.expect_again(&place);
}

#[test]
fn the_command_is_run_as_who_was_named() {
    let Some(place) = Place::new() else { return };
    let tree = place.tree();
    let users = "root:x:0:0:root:/root:/bin/sh\nbuild:x:1000:1001::/home/build:/bin/sh\n";
    std::fs::write(tree.join("etc/passwd"), users).expect("written");
    let disk = place.disk_of("disk", &tree, Kind::Ext4, Parts::Bare);
    for (user, seen) in [
        ("build", "1000 1001 build\n"),
        ("1000", "1000 1001 build\n"),
        ("7:8", "7 8"),
        ("root", "0 0 root\n"),
    ] {
        let line = "echo $(id -u) $(id -g) $USER";
        let ran = tool(&["--user", user], &disk, line).run().expect();
        ran.stdout_has("disk").stderr_has(seen).done();
    }
    tool(&["--user", "nobody-here"], &disk, "true")
        .run()
        .expect()
        .fails(125)
        .stderr_has("nobody-here")
        .done();
    tool(&["--user", "build"], &disk, "echo x > /root/x")
        .run()
        .expect()
        .fails(1)
        .stderr_has("ermission denied")
        .done();
}

#[test]
fn without_a_network_there_is_the_loopback_only() {
    let Some(place) = Place::new() else { return };
    let disk = place.usual_disk();
    let line = "tail -n +3 /proc/net/dev | cut -d: -f1; cat /proc/net/route | wc -l";
    tool(&["--network", "none"], &disk, line)
        .run()
        .expect()
        .stdout_has("base.raw")
        .stderr_is("    lo\n1\n")
        .done();
    let names = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        lines.map(|(name, _)| name.trim().to_owned()).collect()
    };
    let seen = tool(&["--network", "host"], &disk, "cat /proc/net/dev").run();
    let seen = seen.expect().stdout_has("base.raw").stderr_any().done();
    let own = std::fs::read_to_string("/proc/net/dev").expect("read");
    assert_eq!(names(&seen.stderr), names(&own));
}

#[test]
fn variables_reach_the_command_of_a_volume() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    cloud
        .tool(&[
            "--env", "A=b c", "--env", "HERE", "--env", "GONE", &base, "env",
        ])
        .env("HERE", "there")
        .run()
        .expect()
        .stdout_has("ami-")
        .stderr_has("A=b c\n")
        .stderr_has("HERE=there\n")
        .stderr_has_not("GONE")
        .stderr_has_not("AWS_")
        .done();
}

#[test]
fn a_partition_may_be_chosen() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let cloud = Cloud::new(Look::Nvme);
    for label in ["dos", "gpt"] {
        let disk = place.two_roots(label);
        for (number, seen) in [("1", "first\n"), ("2", "second\n")] {
            tool(&["--partition", number], &disk, "cat /etc/which")
                .run()
                .expect()
                .stdout_has("two")
                .stderr_is(seen)
                .done();
        }
        tool(&["--partition", "3"], &disk, "true")
            .run()
            .expect()
            .fails(125)
            .stderr_has("partition")
            .done();
        tool(&["--partition", "0"], &disk, "true")
            .run()
            .expect()
            .fails(125)
            .stderr_has("no number from 1 on")
            .done();
        let base = cloud.snapshot(&disk, &[]);
        cloud
            .tool(&["--partition", "2", &base, "cat", "/etc/which"])
            .run()
            .expect()
            .stdout_has("ami-")
            .stderr_is("second\n")
            .done();
    }
    drop(cloud);
    host.expect_again(&place);
}

/// The words of a shell in which the tool has a terminal.
fn on_terminal(line: &str) -> Tool<'static> {
    let script = format!("stty rows 33 cols 99; exec {line}");
    ami_testkit::shell("exec script --quiet --return --command \"$LINE\" /dev/null")
        .env("LINE", script)
        .stdin_open()
}

#[test]
fn a_command_has_a_terminal_where_the_tool_has_one() {
    let Some(place) = Place::new() else { return };
    if !support::have("script") {
        return skip("needs script (bsdutils)");
    }
    let (host, disk) = (Host::look(&place), place.usual_disk());
    let script = "test -t 0 && test -t 1 && test -t 2 && tty; stty size; trap \"echo caught; exit 9\" INT; \
                  echo ready; read word; echo got $word; while :; do sleep 0.1; done";
    let line = format!("ami-chroot --in-place {} sh -c '{script}'", disk.display());
    let mut running = on_terminal(&line).spawn();
    running.wait_until("it asks", |running| running.stdout().contains("ready"));
    assert!(
        running.stdout().contains("/dev/pts/0\r\n33 99\r\n"),
        "{}",
        running.stdout()
    );
    running.write("typed\n");
    running.wait_until("it answers", |running| {
        running.stdout().contains("got typed")
    });
    // The terminal makes a signal of it, for the command and nobody else.
    running.write("\u{3}");
    running.wait_until("it is caught", |running| {
        running.stdout().contains("caught")
    });
    let outcome = running.wait();
    assert_eq!(outcome.code, Some(9), "{outcome}");
    host.expect_again(&place);
}

#[test]
fn what_is_piped_in_reaches_the_command() {
    let Some(place) = Place::new() else { return };
    let disk = place.usual_disk();
    tool(&[], &disk, "cat > /root/in; test ! -t 0")
        .stdin("piped in")
        .run()
        .expect()
        .stdout_has("base.raw")
        .done();
    assert_eq!(support::debugfs(&disk, "cat /root/in"), "piped in");
}
