//! A tree of everything that a file system can hold, on each kind of file system, and back.

use std::path::Path;

use ami_capture::{OtherFileSystems, Size};

use crate::support::{Mounted, assert_same, can, captured, left_out, order, sh};

/// A UUID for each test: btrfs makes none that is in use.
fn uuid(kind: &str) -> String {
    let process = std::process::id();
    let kind = kind.bytes().fold(0, |sum, byte| sum * 31 + u64::from(byte)) & 0xffff_ffff;
    format!("{kind:08x}-9f4a-4c61-a3fb-{process:012x}")
}

/// Everything. The trailing directory times are set last.
const TREE: &str = r#"
    cd "$1"
    mkdir -p etc a/b/c .hidden/d empty "with blank" srv/$'caf\xc3\xa9' link-farm var/log
    echo top > .dot; echo one > a/one; ln a/one a/b/two; ln a/one link-farm/three
    echo 'UUID=x / auto defaults 0 1' > etc/fstab
    seq 200000 > a/large; head -c 3000000 /dev/urandom > a/larger; : > a/nothing
    truncate -s 50M a/hole; printf x | dd of=a/hole bs=1 seek=20000000 conv=notrunc status=none
    truncate -s 3M a/all-hole; printf y >> a/ends-in-data; truncate -s 70000 a/small-hole
    ln -s one a/soft; ln -s /nowhere/at/all a/dangling; ln -s . a/loop; ln -s "$(printf 'x%.0s' {1..300})" a/long
    mkfifo -m 622 a/fifo; mknod -m 640 a/block b 7 200; mknod a/char c 1 3; chown 12:34 a/char
    chmod 4755 a/larger; chmod 2775 a/b; chmod 1777 empty; chmod 0 a/nothing; chown 1001:1002 a/b/c .dot
    chown -h 77:78 a/soft
    setfacl -m u:1234:rw,g:99:r,m::rwx a/large; setfacl -d -m u:1234:rwx a/b; setfacl -m g:7:x empty
    echo plain > a/b/inherits-not; setfacl -b a/b/inherits-not
    setfattr -n user.note -v hello a/large; setfattr -n trusted.t -v 1 a/b
    setfattr -n user.large -v "$(printf 'v%.0s' {1..600})" a/one
    setfattr -h -n trusted.link -v l a/soft; setfattr -n trusted.fifo -v f a/fifo
    setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 a/larger
    for i in $(seq 300); do echo $i > link-farm/$i; done
    touch -h -d '2001-02-03 04:05:06.123456789' a/soft; touch -d '1999-12-31 23:59:59.987654321' a/one a/fifo
    touch -d '1970-01-01 00:00:01' a/all-hole; touch -d '2030-01-01' .dot
    touch -d '2011-09-09 23:36:00.5' a/b/c a/b a .hidden empty . 
"#;

/// Makes a file system with everything on it.
fn source(work: &Path, kind: &str) -> Mounted {
    let image = work.join("source");
    let uuid = uuid(kind);
    let make = match kind {
        "xfs" => format!("mkfs.xfs -q -L srclabel -m uuid={uuid}"),
        "btrfs" => format!("mkfs.btrfs -q -L srclabel -U {uuid}"),
        kind => format!("mke2fs -q -F -t {kind} -L srclabel -U {uuid}"),
    };
    sh(
        &format!("truncate -s 500M \"$1\"; {make} \"$1\""),
        &[&image],
    );
    let mounted = Mounted::new(&image, "rw");
    sh(TREE, &[&mounted.path]);
    mounted
}

fn goes_and_comes(kind: &str, programs: &[&str], check: &str) {
    let test = format!("a tree on {kind}");
    if !can(
        &test,
        &[programs, &["setfacl", "setfattr", "getfattr", "blkid"]].concat(),
    ) {
        return;
    }
    let work = tempfile::tempdir().expect("a directory");
    let source = source(work.path(), kind);
    let mut order = order(&source.path, work.path());
    order.filter = false;
    let result = captured(&order);
    assert_eq!(left_out(&result), []);
    assert_eq!(result.file_system.as_str(), kind);
    assert_eq!(result.uuid, uuid(kind));
    assert_eq!(result.label.as_deref(), Some("srclabel"));
    let path = result.path.expect("a name");
    let told = sh("blkid -p -o export \"$1\"", &[&path]);
    for line in [
        &format!("UUID={}", uuid(kind)),
        "LABEL=srclabel",
        &format!("TYPE={kind}"),
    ] {
        assert!(told.lines().any(|told| told == line), "{line} in {told}");
    }
    sh(check, &[&path]);
    // btrfs, unlike the others, does not let a file system be mounted twice.
    let expected = kept_inventory(source);
    let image = Mounted::image(&path, kind);
    let actual = crate::support::inventory(&image.path);
    assert!(expected.len() > 330, "{}", expected.len());
    assert_eq!(
        expected.keys().collect::<Vec<_>>(),
        actual.keys().collect::<Vec<_>>()
    );
    for (path, facts) in &expected {
        assert_eq!(facts, &actual[path], "{path}");
    }
    let blocks = sh(
        "cd \"$1\"; stat -c %b a/hole a/all-hole a/small-hole",
        &[&image.path],
    );
    let blocks: Vec<u64> = blocks
        .lines()
        .map(|line| line.parse().expect("a number"))
        .collect();
    assert!(
        blocks[0] < 1000 && blocks[1] < 100 && blocks[2] < 100,
        "{blocks:?}"
    );
}

fn kept_inventory(source: Mounted) -> std::collections::BTreeMap<String, String> {
    crate::support::inventory(&source.path)
}

#[test]
fn ext2() {
    goes_and_comes("ext2", &["mke2fs"], "e2fsck -fn \"$1\"");
}

#[test]
fn ext3() {
    goes_and_comes("ext3", &["mke2fs"], "e2fsck -fn \"$1\"");
}

#[test]
fn ext4() {
    goes_and_comes("ext4", &["mke2fs"], "e2fsck -fn \"$1\"");
}

#[test]
fn xfs() {
    goes_and_comes("xfs", &["mkfs.xfs"], "xfs_repair -n -f \"$1\"");
}

#[test]
fn btrfs() {
    goes_and_comes("btrfs", &["mkfs.btrfs"], "btrfs check \"$1\"");
}

#[test]
fn rsync_finds_no_difference() {
    if !can(
        "rsync_finds_no_difference",
        &["rsync", "mke2fs", "setfacl", "setfattr"],
    ) {
        return;
    }
    let work = tempfile::tempdir().expect("a directory");
    let source = source(work.path(), "ext4");
    let mut order = order(&source.path, work.path());
    order.filter = false;
    captured(&order);
    let image = Mounted::image(&work.path().join("image"), "ext4");
    let script = "rsync -naHAXSc --delete --itemize-changes --exclude /lost+found \"$1/\" \"$2/\"";
    assert_eq!(sh(script, &[&source.path, &image.path]), "");
}

#[test]
fn the_flags_of_files_are_kept() {
    if !can(
        "the_flags_of_files_are_kept",
        &["mke2fs", "chattr", "lsattr", "getfattr"],
    ) {
        return;
    }
    let work = tempfile::tempdir().expect("a directory");
    let image = work.path().join("source");
    sh(
        "truncate -s 100M \"$1\"; mke2fs -q -F -t ext4 \"$1\"",
        &[&image],
    );
    let source = Mounted::new(&image, "rw");
    let script = "cd \"$1\"; mkdir d; echo 1 > d/i; ln d/i second; echo 2 > d/a; echo 3 > n
        chattr +i d/i; chattr +a d/a; chattr +Ad n; chattr +i d";
    sh(script, &[&source.path]);
    let mut order = order(&source.path, work.path());
    order.size = Size::Bytes(64 << 20);
    captured(&order);
    let copy = Mounted::image(&work.path().join("image"), "ext4");
    assert_same(&source.path, &copy.path);
    let flags = sh("cd \"$1\"; lsattr -d d d/i d/a n", &[&copy.path]);
    assert!(
        flags
            .lines()
            .all(|line| line[..22].contains(['i', 'a', 'A'])),
        "{flags}"
    );
    sh(
        "chattr -i \"$1/d\"; chattr -ia \"$1/d/i\" \"$1/d/a\"",
        &[&source.path],
    );
}

#[test]
fn subvolumes_become_directories() {
    let programs = ["mkfs.btrfs", "btrfs", "chattr", "lsattr"];
    if !can("subvolumes_become_directories", &programs) {
        return;
    }
    let work = tempfile::tempdir().expect("a directory");
    let image = work.path().join("source");
    sh("truncate -s 300M \"$1\"; mkfs.btrfs -q \"$1\"", &[&image]);
    let source = Mounted::new(&image, "rw");
    let script = "cd \"$1\"; btrfs -q subvolume create one; btrfs -q subvolume create one/two
        echo 1 > one/two/copied; chattr +C one/two; echo 2 > one/two/in-place";
    sh(script, &[&source.path]);
    captured(&order(&source.path, work.path()));
    let copy = Mounted::image(&work.path().join("image"), "btrfs");
    assert_same(&source.path, &copy.path);
    let flags = sh(
        "cd \"$1/one/two\"; lsattr -d . copied in-place",
        &[&copy.path],
    );
    let has: Vec<bool> = flags.lines().map(|line| line.contains('C')).collect();
    assert_eq!(has, [true, false, true], "{flags}");
}

#[test]
fn what_is_mounted_below_is_left_or_taken() {
    if !can("what_is_mounted_below_is_left_or_taken", &["mke2fs"]) {
        return;
    }
    let work = tempfile::tempdir().expect("a directory");
    let (top, other) = (work.path().join("top"), work.path().join("other"));
    for image in [&top, &other] {
        sh(
            "truncate -s 64M \"$1\"; mke2fs -q -F -t ext4 \"$1\"",
            &[image],
        );
    }
    let source = Mounted::new(&top, "rw");
    let script = r#"cd "$1"; mkdir data pseudo; chmod 751 data; chown 5:6 data; echo hidden > data/hidden
        mount -o loop "$2" data; echo shown > data/shown; mount -t tmpfs none pseudo; echo p > pseudo/p
        mkdir again; mount --bind data again; echo real > file; echo over > "$2.over"; mount --bind "$2.over" file"#;
    sh(script, &[&source.path, &other]);
    let result = std::panic::catch_unwind(|| below(&source.path, work.path()));
    let script = "cd \"$1\"; umount file again pseudo data";
    sh(script, &[&source.path]);
    result.expect("no panic");
}

fn below(source: &Path, work: &Path) {
    let mut order = order(source, work);
    order.size = Size::Bytes(64 << 20);
    captured(&order);
    let image = Mounted::image(&work.join("image"), "ext4");
    let found = sh(
        "cd \"$1\"; find . -path ./lost+found -prune -o -printf '%p %m %U:%G\n' | sort; cat file",
        &[&image.path],
    );
    let expected =
        ". 755 0:0\n./again 755 0:0\n./data 751 5:6\n./file 644 0:0\n./pseudo 755 0:0\nreal\n";
    assert_eq!(found, expected);
    drop(image);
    std::fs::remove_file(work.join("image")).expect("removed");
    order.others = OtherFileSystems::TakeLocal;
    captured(&order);
    let image = Mounted::image(&work.join("image"), "ext4");
    let found = sh("cd \"$1\"; find . -type f | sort", &[&image.path]);
    assert_eq!(found, "./data/shown\n./file\n");
}
