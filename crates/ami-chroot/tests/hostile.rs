//! Images and commands that are to do harm, through the tool: nothing outside of the image changes.

#[path = "../../buildroot/tests/build/bait.rs"]
mod bait;
mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use ami_sandbox::Look;
use bait::{Bait, PLACES, put};
use support::{Cloud, Host, Kind, Parts, Place, Watch, listing, sh, watched};

/// A file of the host, a directory, and the words that show them to a build.
struct Shared {
    bait: Bait,
    words: [String; 4],
}

impl Shared {
    fn new(place: &Place) -> Self {
        let bait = Bait::new(&place.path(""));
        let (directory, file) = (place.path("shared"), place.path("file"));
        fs::create_dir_all(&directory).expect("a directory");
        fs::write(&file, "").expect("written");
        let file = format!("{}:/usr/sbin/tool:ro", file.display());
        let words = [
            "--workspace",
            &directory.display().to_string(),
            "--bind",
            &file,
        ];
        Self {
            bait,
            words: words.map(str::to_owned),
        }
    }

    fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }
}

/// A tree with something else at one place.
fn tree_with(place: &Place, at: &str, make: &dyn Fn(&Path)) -> PathBuf {
    let tree = place.tree();
    for name in ["usr/sbin", "usr/bin"] {
        fs::create_dir_all(tree.join(name)).expect("a directory");
    }
    fs::write(tree.join("usr/bin/dpkg"), "").expect("written");
    put(&tree, at, make);
    tree
}

/// Builds with something else at each place in turn. A build may fail, but in the tool's own words.
fn try_all(makes: &[&dyn Fn(&Path)]) {
    let Some(place) = Place::new() else { return };
    let (host, watch, shared) = (Host::look(&place), Watch::new(), Shared::new(&place));
    let before = shared.bait.listing();
    for make in makes {
        for at in PLACES {
            let tree = tree_with(&place, at, make);
            let disk = place.disk_of("disk", &tree, Kind::Ext4, Parts::Bare);
            fs::remove_dir_all(&tree).expect("removed");
            let image = listing(&disk);
            let name = disk.display().to_string();
            let words = [&["--in-place"], &shared.words()[..], &[&name, "true"]].concat();
            let outcome = watched(&watch, &words).run();
            let is_told = outcome.code == Some(0) || outcome.stderr.contains("ami-chroot: ");
            assert!(
                is_told && matches!(outcome.code, Some(0 | 125)),
                "{at}: {outcome}"
            );
            watch.empty().expect("nothing");
            host.expect_again(&place);
            assert_eq!(shared.bait.listing(), before, "{at}: {outcome}");
            assert_eq!(listing(&disk), image, "{at}: {outcome}");
        }
    }
}

fn bait_of(path: &Path) -> PathBuf {
    let mut all = path.ancestors();
    let tree = all.find(|path| path.ends_with("tree")).expect("a tree");
    tree.with_file_name("bait")
}

#[test]
fn links_to_the_host_lead_nowhere() {
    try_all(&[
        &|path| symlink(bait_of(path), path).expect("a link"),
        &|path| {
            let up = format!("{}{}", "../".repeat(30), bait_of(path).display());
            symlink(Path::new(&up).join("resolv.conf"), path).expect("a link");
        },
        &|path| {
            let through = format!("/proc/1/root{}", bait_of(path).display());
            symlink(through, path).expect("a link");
        },
    ]);
}

#[test]
fn fifos_and_device_nodes_are_not_opened() {
    try_all(&[
        &|path| sh(&format!("mkfifo {}", path.display())),
        // The numbers of /dev/null.
        &|path| sh(&format!("mknod {} c 1 3", path.display())),
        // Those of a disk, which no machine has.
        &|path| sh(&format!("mknod {} b 259 1048000", path.display())),
    ]);
}

#[test]
fn immutable_files_stay_as_they_are() {
    let Some(place) = Place::new() else { return };
    let (host, watch) = (Host::look(&place), Watch::new());
    let tree = tree_with(&place, "etc/resolv.conf", &|path| {
        fs::write(path, "own\n").expect("written");
    });
    let disk = place.disk_of("disk", &tree, Kind::Ext4, Parts::Bare);
    sh(&format!(
        "unshare --mount sh -ec 'mount -o loop {} /mnt; chattr +i /mnt/etc/resolv.conf /mnt/usr/sbin /mnt'",
        disk.display()
    ));
    let before = listing(&disk);
    let name = disk.display().to_string();
    let words = ["--in-place", &name, "cat", "/etc/resolv.conf"];
    watched(&watch, &words)
        .run()
        .expect()
        .fails(125)
        .stderr_has("cannot be made: Operation not permitted")
        .done();
    assert_eq!(listing(&disk), before);
    // Where it has all that it needs to have it is built in.
    sh(&format!(
        "unshare --mount sh -ec 'mount -o loop {} /mnt; chattr -i /mnt; cd /mnt; \
         mkdir dev proc sys run tmp workspace; chattr +i /mnt'",
        disk.display()
    ));
    let before = listing(&disk);
    watched(&watch, &words)
        .run()
        .expect()
        .stdout_has(&name)
        .stderr_has("own\n")
        .stderr_has("policy-rc.d cannot be written")
        .stderr_has("/etc/resolv.conf stays as it is")
        .done();
    assert_eq!(listing(&disk), before);
    watch.empty().expect("nothing");
    host.expect_again(&place);
}

#[test]
fn nobody_leaves_the_root() {
    let Some(place) = Place::new() else { return };
    let (host, watch, shared) = (Host::look(&place), Watch::new(), Shared::new(&place));
    let before = shared.bait.listing();
    let disk = place.usual_disk().display().to_string();
    let bait = shared.bait.path();
    // The classic one: a working directory outside of the root that chroot(2) gives.
    let up = "../".repeat(30);
    for escape in [
        format!("cd /; mkdir -p /x; busybox chroot /x /bin/true; cd {up}; test ! -e .{bait}"),
        format!("test ! -e /proc/1/root{bait}"),
        format!("test ! -e /proc/self/cwd/{up}{bait}"),
        format!("! busybox mount -t tmpfs none {bait} 2>/dev/null"),
        // The host's own processes cannot be seen.
        "test $(ls -d /proc/[0-9]* | wc -l) -lt 10".to_owned(),
        "! echo x 2>/dev/null > /proc/sys/kernel/core_pattern".to_owned(),
        "! echo b 2>/dev/null > /proc/sysrq-trigger".to_owned(),
        // A device node that the command makes, or that the image has, is none.
        "mknod /root/mem c 1 1 2>/dev/null; ! head -c 1 /root/mem 2>/dev/null".to_owned(),
        "! mount -t proc none /root 2>/dev/null && ! umount /proc 2>/dev/null".to_owned(),
    ] {
        let words = [
            &["--in-place"],
            &shared.words()[..],
            &[&disk, "sh", "-c", &escape],
        ];
        let outcome = watched(&watch, &words.concat()).run();
        assert_eq!(outcome.code, Some(0), "{escape}: {outcome}");
        assert_eq!(shared.bait.listing(), before, "{escape}");
        watch.empty().expect("nothing");
        host.expect_again(&place);
    }
}

/// As in the classic escape: a directory that is kept open while the root is changed below it.
#[test]
fn the_classic_escape_ends_in_the_image() {
    let Some(place) = Place::new() else { return };
    if !support::have("perl") {
        return support::skip("needs perl");
    }
    let shared = Shared::new(&place);
    let script = "mkdir '/jail'; opendir(my $d, '/') or exit 3; chroot('/jail') or exit 4; \
                  chdir($d) or exit 5; chdir('..') for 1..64; chroot('.') or exit 6; \
                  exit(-e $ARGV[0] ? 7 : -e '/etc/passwd' ? 0 : 8)";
    // With the host's perl, since busybox calls no more of it than chroot(1) does.
    let Ok(loader) = fs::canonicalize("/lib64/ld-linux-x86-64.so.2") else {
        return support::skip("needs the loader of x86_64");
    };
    let disk = place.usual_disk().display().to_string();
    let line = format!(
        "exec /host{} --library-path /host/usr/lib/x86_64-linux-gnu /host/usr/bin/perl -e \"$0\" {}",
        loader.display(),
        shared.bait.path()
    );
    let words = [
        "--workspace",
        "none",
        "--bind",
        "/usr:/host/usr:ro",
        "--in-place",
        &disk,
    ];
    let words = [&words[..], &["sh", "-c", &line, script]].concat();
    let before = shared.bait.listing();
    let outcome = ami_testkit::tool("ami-chroot").args(&words).run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!(shared.bait.listing(), before);
}

#[test]
fn binds_end_in_the_image() {
    let Some(place) = Place::new() else { return };
    let (host, watch, shared) = (Host::look(&place), Watch::new(), Shared::new(&place));
    let before = shared.bait.listing();
    let tree = place.tree();
    symlink(shared.bait.path(), tree.join("opt")).expect("a link");
    symlink("/", tree.join("all")).expect("a link");
    let disk = place.disk_of("disk", &tree, Kind::Ext4, Parts::Bare);
    let image = listing(&disk);
    let name = disk.display().to_string();
    let source = place.path("shared");
    fs::write(source.join("mark"), "").expect("written");
    for (destination, seen) in [
        ("/a/../../../b", None),
        ("/../../c", None),
        ("/b", Some("/b/mark")),
        ("/deep/er/c", Some("/deep/er/c/mark")),
        ("/all/all/d", Some("/d/mark")),
        ("/run/e", Some("/run/e/mark")),
        ("/opt", None),
        ("/opt/sub", None),
        ("/", None),
        ("/..", None),
        ("/../..", None),
        ("/proc/self", None),
        ("/sys", None),
        ("/dev/shm", None),
        ("/etc/passwd", None),
    ] {
        let bind = format!("{}:{destination}", source.display());
        let test = ["test", "-e", seen.unwrap_or("/")];
        let words = ["--workspace", "none", "--bind", &bind, "--in-place", &name];
        let outcome = watched(&watch, &[&words[..], &test].concat()).run();
        let code = seen.map_or(125, |_| 0);
        assert_eq!(outcome.code, Some(code), "{destination}: {outcome}");
        watch.empty().expect("nothing");
        host.expect_again(&place);
        assert_eq!(shared.bait.listing(), before, "{destination}");
        assert_eq!(listing(&disk), image, "{destination}");
    }
}

#[test]
fn a_hostile_base_harms_no_account_and_no_host() {
    let Some(place) = Place::new() else { return };
    let (host, shared) = (Host::look(&place), Shared::new(&place));
    let before = shared.bait.listing();
    let cloud = Cloud::new(Look::Nvme);
    let (mut images, mut refused) = (0, 0);
    for at in PLACES {
        let bait = shared.bait.path();
        let tree = tree_with(&place, at, &|path| symlink(&bait, path).expect("a link"));
        let disk = place.disk_of("disk", &tree, Kind::Ext4, Parts::Bare);
        fs::remove_dir_all(&tree).expect("removed");
        let base = cloud.snapshot(&disk, &[]);
        let resources = cloud.resources().len();
        let watch = Watch::new();
        let words = [&shared.words()[..], &[&base, "true"]].concat();
        let outcome = cloud.watched(&watch, &words).run();
        match outcome.code {
            Some(0) => images += 1,
            Some(125) => refused += 1,
            _ => panic!("{at}: {outcome}"),
        }
        let made = if outcome.code == Some(0) { 2 } else { 0 };
        assert_eq!(cloud.resources().len(), resources + made, "{at}: {outcome}");
        assert!(!cloud.has_devices(), "{at}: {outcome}");
        assert_eq!(shared.bait.listing(), before, "{at}: {outcome}");
        watch.empty().expect("nothing");
    }
    support::tell(&format!("{images} images, {refused} refused"));
    drop(cloud);
    host.expect_again(&place);
}
