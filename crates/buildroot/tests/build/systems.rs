//! File systems and partition tables.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use crate::killed::signal;
use crate::site::{Kind, Site, have, make_filesystem, shell, skip, wait};

/// A disk with two partitions: something small, then the root.
fn partitioned(site: &Site, label: &str, kind: Kind) -> std::path::PathBuf {
    let (disk, part) = (site.path("disk"), site.path("part"));
    make_filesystem(&part, &site.tree(), kind);
    let length = std::fs::metadata(&part).expect("made").len();
    let file = File::create(&disk).expect("a file");
    file.set_len(length + (4 << 20)).expect("a length");
    let root = if label == "gpt" { "L" } else { "83" };
    let layout = format!(
        "printf 'label: {label}\\nstart=2048,size=2048,type={}\\nstart=4096,size={},type={root}\\n' \
         | sfdisk -q \"$0\"",
        if label == "gpt" { "U" } else { "c" },
        length / 512
    );
    shell(&["sh", "-c", &layout], &disk);
    let copy = format!(
        "dd if={} of=\"$0\" bs=1M seek=2 conv=notrunc,sparse status=none",
        part.display()
    );
    shell(&["sh", "-c", &copy], &disk);
    disk
}

fn can_make(kind: Kind) -> bool {
    let (program, name) = match kind {
        Kind::Ext4 => ("mkfs.ext4", "ext4"),
        Kind::Xfs => ("mkfs.xfs", "xfs"),
        Kind::Btrfs => ("mkfs.btrfs", "btrfs"),
    };
    let known = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    // A module may still be loaded by the mount, but then the next test knows it.
    let can = have(program) && have("sfdisk") && known.contains(name);
    if !can {
        skip(&format!("needs {program}, sfdisk and {name} in the kernel"));
    }
    can
}

fn works(site: &Site, disk: &Path, kind: Kind, partition: Option<u32>) {
    site.sh(&["--disposable"], disk, "echo kept >/root/kept")
        .expect(0);
    site.expect_nothing_left(Duration::ZERO);
    let built = site.sh(&[], disk, "test -s /root/kept && echo kept >/root/kept");
    let root = &built.expect(0).report().root;
    let name = format!("{kind:?}").to_lowercase();
    assert_eq!(
        (root.filesystem.as_str(), root.partition),
        (name.as_str(), partition)
    );
    site.expect_nothing_left(Duration::ZERO);
    assert_eq!(
        site.build(&[], disk, &["cat", "/root/kept"]).stdout,
        "kept\n"
    );
}

#[test]
fn every_file_system_with_every_table() {
    for kind in [Kind::Ext4, Kind::Xfs, Kind::Btrfs] {
        let Some(site) = Site::new() else { return };
        if !can_make(kind) {
            continue;
        }
        let disk = site.disk(&site.tree(), kind);
        works(&site, &disk, kind, None);
        for label in ["gpt", "dos"] {
            let disk = partitioned(&site, label, kind);
            works(&site, &disk, kind, Some(2));
            site.build(&["--partition", "2"], &disk, &["true"])
                .expect(0);
            let built = site.build(&["--partition", "9"], &disk, &["true"]);
            assert!(
                built.expect(125).stderr.contains("has no partition 9"),
                "{built:#?}"
            );
        }
    }
}

/// Two xfs of one UUID are mounted at once only if the kernel is told that this is meant.
#[test]
fn an_xfs_is_built_in_twice_at_once() {
    let Some(site) = Site::new() else { return };
    if !can_make(Kind::Xfs) {
        return;
    }
    let disk = site.disk(&site.tree(), Kind::Xfs);
    let other = site.path("other");
    std::fs::copy(&disk, &other).expect("a copy");
    let first = site.running(&disk, ":", &[]);
    site.build(&[], &other, &["true"]).expect(0);
    signal(first.id(), "-TERM");
    site.built(wait(first)).expect(128 + 15);
}

#[test]
fn a_disk_is_built_in_once_at_a_time() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let first = site.running(&disk, ":", &[]);
    let built = site.build(&[], &disk, &["true"]);
    assert!(
        built
            .expect(125)
            .stderr
            .contains("another program has the disk locked"),
        "{built:#?}"
    );
    signal(first.id(), "-TERM");
    site.built(wait(first)).expect(128 + 15);
}

#[test]
fn what_is_no_root_is_refused() {
    let Some(site) = Site::new() else { return };
    let disk = site.path("disk");
    let file = File::create(&disk).expect("a file");
    for (length, words) in [(0, ""), (1 << 20, ""), (100 << 20, "")] {
        file.set_len(length).expect("a length");
        let built = site.build(&[], &disk, &["true"]);
        assert!(
            built.expect(125).stderr.starts_with("build: "),
            "{built:#?} {words}"
        );
    }
    let built = site.build(&["--region", "4096:8192"], &disk, &["true"]);
    assert!(
        built
            .expect(125)
            .stderr
            .contains("there is nothing that is known"),
        "{built:#?}"
    );
    site.expect_nothing_left(Duration::ZERO);
}

#[test]
fn a_damaged_file_system_is_told_in_the_kernels_words() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    // More blocks in a group than there are bits for in its map.
    let script =
        "printf '\\377\\377\\377\\017' | dd of=\"$0\" bs=1 seek=1056 conv=notrunc status=none";
    shell(&["sh", "-c", script], &disk);
    let built = site.build(&[], &disk, &["true"]);
    assert!(
        built
            .expect(125)
            .stderr
            .contains("the ext4 in the disk cannot be mounted"),
        "{built:#?}"
    );
    site.expect_nothing_left(Duration::ZERO);
}

#[test]
fn root_and_partition_grow_with_the_disk() {
    for kind in [Kind::Ext4, Kind::Xfs, Kind::Btrfs] {
        let Some(site) = Site::new() else { return };
        if !can_make(kind) {
            continue;
        }
        for label in ["none", "gpt", "dos"] {
            let disk = match label {
                "none" => site.disk(&site.tree(), kind),
                label => partitioned(&site, label, kind),
            };
            let line = "df -k / | tail -n 1 | tr -s ' ' | cut -d' ' -f2";
            let size = |options: &[&str]| -> (u64, bool) {
                let built = site.sh(options, &disk, line);
                let size = built.expect(0).stdout.trim().parse().expect("a size");
                (size, built.report().root.grown.is_some())
            };
            let (before, _) = size(&[]);
            let file = File::options().write(true).open(&disk).expect("the disk");
            let length = file.metadata().expect("the disk").len();
            file.set_len(length + (200 << 20)).expect("a length");
            assert_eq!(size(&[]), (before, false), "{kind:?} {label}");
            let (after, grown) = size(&["--grow"]);
            assert!(
                grown && after > before + (180 << 10),
                "{kind:?} {label}: {before} {after}"
            );
            assert_eq!(size(&["--grow"]), (after, false), "{kind:?} {label}");
            assert_eq!(size(&[]), (after, false), "{kind:?} {label}");
            if label != "none" {
                let verdict = shell(&["sfdisk", "--verify"], &disk);
                assert!(verdict.contains("No errors"), "{kind:?} {label}: {verdict}");
            }
        }
    }
}

#[test]
fn a_partition_with_another_behind_it_does_not_grow() {
    let Some(site) = Site::new() else { return };
    if !can_make(Kind::Ext4) {
        return;
    }
    let disk = partitioned(&site, "gpt", Kind::Ext4);
    let file = File::options().write(true).open(&disk).expect("the disk");
    file.set_len(file.metadata().expect("the disk").len() + (8 << 20))
        .expect("a length");
    let more = "printf 'size=2048\\n' | sfdisk -q --append --no-reread \"$0\"";
    shell(&["sh", "-c", more], &disk);
    let built = site.build(&["--grow", "--partition", "2"], &disk, &["true"]);
    let words = "partition 2 cannot be grown: partition 3 lies behind it";
    assert!(built.expect(125).stderr.contains(words), "{built:#?}");
}

#[test]
fn eight_disks_are_built_in_at_once() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let disks: Vec<_> = (0..8)
        .map(|number| site.path(&format!("disk{number}")))
        .collect();
    for other in &disks {
        std::fs::copy(&disk, other).expect("a copy");
    }
    for round in 0..3 {
        let started = disks.iter().map(|disk| {
            let line = format!("echo {round} >/root/{round}; sleep 0.0$(($$ % 10))");
            let mut tool = site.tool(&[], disk, &["sh", "-c", &line]);
            let tool = tool.stderr(std::process::Stdio::piped());
            tool.spawn().expect("run")
        });
        let started: Vec<_> = started.collect();
        for child in started {
            let output = wait(child);
            assert!(output.status.success(), "{output:?}");
        }
        site.expect_nothing_left(Duration::ZERO);
    }
    for disk in &disks {
        let built = site.sh(&[], disk, "cat /root/0 /root/1 /root/2");
        assert_eq!(built.expect(0).stdout, "0\n1\n2\n");
    }
}

/// The file of a disk has holes, and where it lies there is no room for what is written: the command
/// may not have noticed.
#[test]
fn what_could_not_be_written_is_told() {
    let Some(site) = Site::new() else { return };
    let disk = site.disk(&site.tree(), Kind::Ext4);
    let small = site.path("small");
    std::fs::create_dir(&small).expect("a directory");
    let line = "head -c 12000000 /dev/urandom >/root/much";
    let tool = site.tool(&[], &small.join("disk"), &["sh", "-c", line]);
    let words: Vec<String> = tool
        .get_args()
        .map(|word| format!("'{}'", word.to_string_lossy().replace('\'', "'\\''")))
        .collect();
    let script = format!(
        "mount -t tmpfs -o size=8m none {0} && cp --sparse=always {1} {0} && exec {2} {3}",
        small.display(),
        disk.display(),
        tool.get_program().display(),
        words.join(" ")
    );
    let mut unshare = std::process::Command::new("unshare");
    let output = unshare
        .args(["--mount", "sh", "-c", &script])
        .output()
        .expect("run");
    let built = site.built(output);
    assert_eq!(built.code, Some(125), "{built:#?}");
    assert!(
        built.stderr.contains("error") || built.stderr.contains("space"),
        "{built:#?}"
    );
    site.expect_nothing_left(Duration::from_secs(3));
}

/// What is mounted on the host, and a build in the same bytes, would each undo the other.
#[test]
fn a_disk_that_a_loop_device_shows_is_left_alone() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let device = shell(&["losetup", "--find", "--show", "--offset", "4096"], &disk);
    let built = site.build(&[], &disk, &["true"]);
    shell(&["losetup", "--detach"], Path::new(device.trim()));
    let words = format!("the disk is shown by {}, and may be mounted", device.trim());
    assert!(built.expect(125).stderr.contains(&words), "{built:#?}");
    site.build(&[], &disk, &["true"]).expect(0);
}

/// Programs that read an image's bytes on the host may do nothing else there.
#[test]
fn programs_that_grow_an_ext4_have_no_privilege() {
    let Some(site) = Site::new() else { return };
    let real = Path::new("/usr/sbin/e2fsck");
    if !real.is_file() || !have("resize2fs") || !have("setpriv") {
        return skip("needs e2fsck, resize2fs and setpriv");
    }
    let (disk, said) = (site.usual_disk(), site.path("said"));
    let file = File::options().write(true).open(&disk).expect("the disk");
    file.set_len(64 << 20).expect("a length");
    std::fs::write(&said, "").expect("written");
    shell(&["chmod", "666"], &said);
    shell(&["cp", &real.display().to_string()], &site.path("real"));
    let stand_in = format!(
        "#!/bin/sh\nid -u >>{0}; grep -E 'Cap(Prm|Amb)' /proc/self/status >>{0}\nexec {1} \"$@\"\n",
        said.display(),
        site.path("real").display()
    );
    std::fs::write(site.path("fsck"), stand_in).expect("written");
    shell(&["chmod", "755"], &site.path("fsck"));
    let tool = site.tool(&["--grow"], &disk, &["true"]);
    let words = tool.get_args().map(|word| word.to_string_lossy());
    let mut unshare = std::process::Command::new("unshare");
    let script = format!(
        "mount --bind {} /usr/sbin/e2fsck && exec setpriv --bounding-set=-sys_resource \
         --inh-caps=-sys_resource -- \"$@\"",
        site.path("fsck").display()
    );
    unshare
        .args(["--mount", "sh", "-c", &script, "sh"])
        .arg(tool.get_program());
    unshare.args(words.map(|word| word.into_owned()));
    let built = site.built(unshare.output().expect("run"));
    assert!(built.expect(0).report().root.grown.is_some(), "{built:#?}");
    let said = std::fs::read_to_string(&said).expect("said");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() == 3 && lines[0] != "0", "{said}");
    let none = |line: &&&str| line.ends_with("0000000000000000");
    assert_eq!(lines[1..].iter().filter(none).count(), 2, "{said}");
}
