//! Running systems on each kind of file system, bundled and opened again.

mod support;

use support::tree::can;
use support::{Desk, MAKE, say, sh};

/// What is made below the top: all that is lost easily. Directories' times are set last.
const TREE: &str = r#"
    cd "$1"
    mkdir -p etc a/b empty var/cache 'with blank' proc
    echo web > etc/hostname; echo one > a/one; ln a/one a/b/two; ln a/one 'with blank/three'
    seq 100000 > a/large; head -c 1500000 /dev/urandom > a/noise; : > a/nothing
    truncate -s 30M a/hole; printf x | dd of=a/hole bs=1 seek=20000000 conv=notrunc status=none
    ln -s one a/soft; ln -s /nowhere/at/all a/dangling; mkfifo -m 622 a/fifo; mknod -m 640 a/null c 1 3
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("a/socket")'
    cp a/noise a/able; chmod 4755 a/able; chmod 1777 empty; chmod 0 a/nothing; chown 1001:1002 a/b a/large
    chown -h 77:78 a/soft
    setfacl -m u:1234:rw,g:99:r,m::rwx a/large; setfacl -d -m u:1234:rwx a/b
    setfattr -n user.note -v hello a/large; setfattr -n trusted.t -v 1 a/b
    setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 a/able
    touch -h -d '2001-02-03 04:05:06.123456789' a/soft; touch -d '1999-12-31 23:59:59.5' a/one
    touch -d '2011-09-09 23:36:00' a/b a empty .
"#;

/// All that find, getfattr and sha256sum know of a tree, but for sockets, which do not travel.
const LOOK: &str = r#"
    cd "$1"; export LC_ALL=C
    find . ! -path './lost+found*' ! -type s -printf '%p %y %m %U %G %T@ %l\n' | sort
    find . -type f -printf '%p %n %s\n' | sort
    find . -type f -print0 | sort -z | xargs -0 sha256sum
    find . -type f -links +1 -printf '%i %p\n' | sort |
        awk '{ if ($1 != last) { last = $1; first = $2 } print "same", $2, first }' | sort
    find . ! -path './lost+found*' ! -type s -print0 | sort -z | xargs -0 getfattr -h -d -m - -e hex --
    stat -c '%n %t %T' a/null
"#;

/// A line for each kind: its UUID is new for each run, as btrfs wants it.
fn uuid(kind: &str) -> String {
    let process = std::process::id();
    let number = kind.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte)) & 0xffff_ffff;
    format!("{number:08x}-17aa-4c61-a3fb-{process:012x}")
}

/// What one test has mounted, until it goes out of scope.
struct Mounts(Vec<std::path::PathBuf>);

impl Drop for Mounts {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            let _ = std::process::Command::new("umount")
                .arg("-l")
                .arg(path)
                .status();
        }
    }
}

/// Mounts what is in a file of the desk on a directory there; false where the kernel cannot.
fn mount(desk: &Desk, mounts: &mut Mounts, file: &str, directory: &str, options: &str) -> bool {
    let (file, directory) = (desk.path(file), desk.path(directory));
    std::fs::create_dir_all(&directory).expect("a directory");
    let mut command = std::process::Command::new("mount");
    command.args(["-o", options]).args([&file, &directory]);
    let mounted = command.output().expect("mount").status.success();
    if mounted {
        mounts.0.push(directory);
    }
    mounted
}

/// The verb; the image is made in `work` and the bundle in `out`.
fn volume<'d>(desk: &'d Desk, more: &[&str]) -> ami_testkit::Tool<'d> {
    let bundle = desk.bundle(&["volume"]).args(MAKE);
    bundle
        .args([
            "-u",
            "111122223333",
            "--no-inherit",
            "--work-dir",
            "work",
            "-d",
            "out",
        ])
        .args(more)
}

/// What captures leave where they are not right: files, loop devices, mounts.
#[track_caller]
fn assert_nothing_is_left(desk: &Desk, of: &str) {
    let script = r#"
        ls -A "$1/work" "$1/out" | grep -v -e : -e '^$' || true
        for i in 1 2 3 4 5 6 7 8 9; do
            left=$(cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -F "$1/work/" || true
                grep -aFs "$1/work/" /proc/[0-9]*/mountinfo || true)
            [ -n "$left" ] || break
            sleep 0.5
        done
        printf %s "$left"
    "#;
    let top = desk.path("").canonicalize().expect("a path");
    assert_eq!(sh(script, &[&top]), "", "{of}");
}

fn goes_and_comes(kind: &str, make: &str, size: &str, check: &str) {
    if !can(kind) {
        return;
    }
    let program = make.split(' ').next().expect("a word");
    let look = format!(
        "PATH=$PATH:/usr/sbin:/sbin; command -v {program} && command -v getfattr && command -v setfacl"
    );
    let there = std::process::Command::new("sh")
        .args(["-c", &look])
        .output();
    if !there.is_ok_and(|output| output.status.success()) {
        return say(&format!(
            "skipped: a tree on {kind}: no {program}, getfattr or setfacl"
        ));
    }
    let desk = Desk::new();
    let mut mounts = Mounts(Vec::new());
    let uuid = uuid(kind);
    let line = format!(
        "cd \"$1\"; mkdir work out; truncate -s 400M source; {} source > /dev/null",
        make.replace("UUID", &uuid)
    );
    sh(&line, &[&desk.path("")]);
    if !mount(&desk, &mut mounts, "source", "tree", "loop") {
        return say(&format!(
            "skipped: a tree on {kind}: the kernel does not mount it"
        ));
    }
    sh(TREE, &[&desk.path("tree")]);
    // While it is filled the new file system must not be taken for the old one, which is mounted.
    desk.write(
        "script",
        b"#!/bin/sh\nPATH=$PATH:/usr/sbin:/sbin; d=$(findmnt -no SOURCE -M \"$1\"); blkid -p -s UUID -o value \"$d\" > \"$0.uuid\"\n",
    );
    support::mode(&desk.path("script"), 0o755);
    volume(
        &desk,
        &["--no-filter", "-S", "./script", "-s", size, "tree"],
    )
    .run()
    .expect()
    .stdout_is("out/image.manifest.xml\n")
    .stderr_any()
    .done();
    let meanwhile = String::from_utf8(desk.read("script.uuid")).expect("text");
    assert_eq!(meanwhile.trim().len(), uuid.len(), "{meanwhile}");
    assert_ne!(meanwhile.trim(), uuid);
    assert!(support::names(&desk.path("work")).is_empty());
    let expected = sh(LOOK, &[&desk.path("tree")]);
    assert!(
        expected.contains("./a/hole f 644") && !expected.contains("socket"),
        "{expected}"
    );
    drop(mounts);
    desk.bundle(&[
        "unbundle",
        "-k",
        "pk.pem",
        "-c",
        "cert.pem",
        "-o",
        "back",
        "out/image.manifest.xml",
    ])
    .run()
    .expect()
    .stdout_is("back\n")
    .done();
    let back = desk.path("back");
    let told = sh("blkid -p -o export \"$1\"", &[&back]);
    for line in [
        format!("UUID={uuid}"),
        "LABEL=srclabel".into(),
        format!("TYPE={kind}"),
    ] {
        assert!(told.lines().any(|told| told == line), "{line} in {told}");
    }
    sh(check, &[&back]);
    let mut mounts = Mounts(Vec::new());
    let options = if kind == "xfs" {
        "loop,ro,nouuid"
    } else {
        "loop,ro"
    };
    assert!(mount(&desk, &mut mounts, "back", "again", options));
    let actual = sh(LOOK, &[&desk.path("again")]);
    let pairs = expected.lines().zip(actual.lines());
    let other = pairs
        .filter(|(one, other)| one != other)
        .collect::<Vec<_>>();
    // The top is the file system's own: its time is when the image was finished.
    let other: Vec<_> = other
        .iter()
        .filter(|(one, _)| !one.starts_with(". d "))
        .collect();
    assert!(other.is_empty(), "{other:?}");
    assert_eq!(expected.lines().count(), actual.lines().count());
    let blocks = sh("stat -c %b \"$1/a/hole\"", &[&desk.path("again")]);
    assert!(
        blocks.trim().parse::<u64>().expect("a number") < 1000,
        "{blocks}"
    );
}

#[test]
fn ext2() {
    goes_and_comes(
        "ext2",
        "mkfs.ext2 -q -F -L srclabel -U UUID",
        "100M",
        "e2fsck -fn \"$1\"",
    );
}

#[test]
fn ext3() {
    goes_and_comes(
        "ext3",
        "mkfs.ext3 -q -F -L srclabel -U UUID",
        "100M",
        "e2fsck -fn \"$1\"",
    );
}

#[test]
fn ext4() {
    goes_and_comes(
        "ext4",
        "mkfs.ext4 -q -F -L srclabel -U UUID",
        "100M",
        "e2fsck -fn \"$1\"",
    );
}

#[test]
fn xfs() {
    goes_and_comes(
        "xfs",
        "mkfs.xfs -q -L srclabel -m uuid=UUID",
        "400M",
        "xfs_repair -n -f \"$1\"",
    );
}

#[test]
fn btrfs() {
    goes_and_comes(
        "btrfs",
        "mkfs.btrfs -q -L srclabel -U UUID",
        "400M",
        "btrfs check \"$1\"",
    );
}

/// A small ext4 on `tree`, with `work` and `out` beside it.
fn small(fill: &str) -> (Desk, Mounts) {
    let desk = Desk::new();
    let mut mounts = Mounts(Vec::new());
    let make = "cd \"$1\"; mkdir work out; truncate -s 200M source; mkfs.ext4 -q -F source";
    sh(make, &[&desk.path("")]);
    assert!(mount(&desk, &mut mounts, "source", "tree", "loop"));
    sh(&format!("cd \"$1\"; {fill}"), &[&desk.path("tree")]);
    (desk, mounts)
}

/// The files in the bundle.
fn files(desk: &Desk) -> String {
    desk.bundle(&[
        "unbundle",
        "-k",
        "pk.pem",
        "-o",
        "back",
        "--overwrite",
        "out/image.manifest.xml",
    ])
    .run()
    .expect()
    .stdout_is("back\n")
    .done();
    let script = r#"
        mkdir -p "$1/again"; mount -o loop,ro "$1/back" "$1/again"; cd "$1/again"
        find . ! -path './lost+found*' -printf '%p %y\n' | LC_ALL=C sort; cd /; umount "$1/again"; rm "$1/out/"*
    "#;
    sh(script, &[&desk.path("")])
}

#[test]
fn what_is_mounted_below_is_taken_with_all_only() {
    if !can("what_is_mounted_below_is_taken_with_all_only") {
        return;
    }
    let (desk, mut mounts) = small("mkdir data ram; echo under > data/under; echo top > top");
    sh(
        "cd \"$1\"; truncate -s 50M other; mkfs.ext4 -q -F other",
        &[&desk.path("")],
    );
    assert!(mount(&desk, &mut mounts, "other", "tree/data", "loop"));
    sh(
        "echo x > \"$1/data/x\"; mount -t tmpfs none \"$1/ram\"; echo r > \"$1/ram/r\"",
        &[&desk.path("tree")],
    );
    mounts.0.push(desk.path("tree/ram"));
    for (all, expected) in [
        (&[][..], ". d\n./data d\n./ram d\n./top f\n"),
        (
            &["--all"][..],
            ". d\n./data d\n./data/lost+found d\n./data/x f\n./ram d\n./top f\n",
        ),
    ] {
        let run = volume(&desk, &["-s", "64M"]).args(all).args(["tree"]).run();
        run.expect()
            .stdout_is("out/image.manifest.xml\n")
            .stderr_any()
            .done();
        assert_eq!(files(&desk), expected, "{all:?}");
    }
}

#[test]
fn its_own_work_is_not_in_it() {
    if !can("its_own_work_is_not_in_it") {
        return;
    }
    let (desk, _mounts) =
        small("mkdir -p srv/work srv/out; echo x > srv/work/mine; cp ../*.pem srv");
    let mut words = MAKE;
    (words[1], words[3]) = ("tree/srv/pk.pem", "tree/srv/cert.pem");
    desk.bundle(&["volume"])
        .args(words)
        .args([
            "-u",
            "111122223333",
            "--no-inherit",
            "--no-filter",
            "-s",
            "64M",
        ])
        .args(["--work-dir", "tree/srv/work", "-d", "tree/srv/out", "tree"])
        .run()
        .expect()
        .stdout_is("tree/srv/out/image.manifest.xml\n")
        .stderr_any()
        .done();
    sh("cd \"$1\"; mv tree/srv/out/* out", &[&desk.path("")]);
    assert_eq!(
        files(&desk),
        ". d\n./srv d\n./srv/cert.pem f\n./srv/ec2-pk.pem f\n./srv/ec2.pem f\n./srv/out d\n./srv/work d\n./srv/work/mine f\n"
    );
    assert_nothing_is_left(&desk, "a work directory in the tree");
    assert_eq!(support::names(&desk.path("tree/srv/work")), ["mine"]);
}

#[test]
fn no_room_is_one_line_and_leaves_nothing() {
    if !can("no_room_is_one_line_and_leaves_nothing") {
        return;
    }
    let (desk, mut mounts) = small("head -c 40M /dev/urandom > noise");
    for full in ["work", "out"] {
        let path = desk.path(full);
        sh("mount -t tmpfs -o size=15M none \"$1\"", &[&path]);
        mounts.0.push(path.clone());
        let outcome = volume(&desk, &["-q", "-s", "100M", "tree"])
            .run()
            .expect()
            .fails(1)
            .stdout_is("")
            .stderr_any()
            .done();
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
        let told = ["is full", "No space left"]
            .iter()
            .any(|what| outcome.stderr.contains(what));
        assert!(told, "{outcome}");
        assert_nothing_is_left(&desk, full);
        sh("umount \"$1\"", &[&path]);
        mounts.0.pop();
    }
    // A file system that is too small for what there is, and one that no file system can be.
    for (size, code, why) in [("30M", 1, "--size"), ("1M", 2, "ext4 needs 8 MiB at least")] {
        let run = volume(&desk, &["-q", "-s", size, "tree"]).run().expect();
        let outcome = run.fails(code).stdout_is("").stderr_has(why).done();
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
        assert_nothing_is_left(&desk, size);
    }
}

/// By whatever signal and whenever it is ended, the tool leaves nothing.
#[test]
fn signals_leave_nothing() {
    use ami_testkit::Signal;
    use std::time::Instant;
    if !can("signals_leave_nothing") {
        return;
    }
    let (desk, _mounts) = small(
        "head -c 30M /dev/urandom > noise; for d in $(seq 30); do mkdir $d; for f in $(seq 40); do echo $f > $d/$f; done; done",
    );
    let words = ["-q", "-s", "100M", "tree"];
    let begun = Instant::now();
    volume(&desk, &words)
        .run()
        .expect()
        .stdout_has("out/")
        .stderr_any()
        .done();
    let length = begun.elapsed();
    sh("rm \"$1/out/\"*", &[&desk.path("")]);
    desk.write("script", b"#!/bin/sh\necho > \"$0.began\"; sleep 60\n");
    support::mode(&desk.path("script"), 0o755);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL] {
        let mut running = volume(&desk, &words).args(["-S", "./script"]).spawn();
        running.wait_until("the script runs", |_| desk.path("script.began").exists());
        running.signal(signal);
        let ended = running.wait().expect().dies_of(signal);
        ended.stdout_is("").stderr_is("").done();
        assert_nothing_is_left(&desk, &format!("{signal:?} in the script"));
        sh("rm \"$1/script.began\"", &[&desk.path("")]);
        for part in [1, 3, 5, 7] {
            let running = volume(&desk, &words).spawn();
            std::thread::sleep(length * part / 8);
            running.signal(signal);
            let outcome = running.wait();
            // One that was done before is not what is looked at here.
            if outcome.stdout.is_empty() {
                assert!(outcome.stderr.is_empty(), "{outcome}");
            } else {
                sh("rm \"$1/out/\"*", &[&desk.path("")]);
            }
            assert_nothing_is_left(&desk, &format!("{signal:?} at {part}/8"));
        }
    }
}
