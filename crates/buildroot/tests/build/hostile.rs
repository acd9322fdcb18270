//! Images that somebody made to do harm: whatever lies where we look or write, nothing outside of
//! the image changes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::site::{Kind, Site, shell};

/// A directory of the host that nothing may change, with the names in it that are looked for.
struct Bait {
    directory: PathBuf,
}

impl Bait {
    fn new(site: &Site) -> Self {
        let directory = site.path("bait");
        for name in ["etc", "usr/sbin", "usr/bin", "dev", "sub"] {
            fs::create_dir_all(directory.join(name)).expect("a directory");
        }
        for name in [
            "resolv.conf",
            "policy-rc.d",
            "passwd",
            "etc/resolv.conf",
            "usr/bin/dpkg",
        ] {
            fs::write(directory.join(name), "root:x:0:0:bait:/bait:/bin/sh\n").expect("written");
        }
        Self { directory }
    }

    fn path(&self) -> String {
        self.directory.display().to_string()
    }

    fn listing(&self) -> String {
        let format = "%p %y %m %U:%G %n %s %T@ %l\\n";
        let script =
            format!("find \"$0\" -printf '{format}' | sort; cat \"$0\"/* 2>/dev/null; true");
        shell(&["sh", "-c", &script], &self.directory)
    }
}

/// Everything that the helper looks at or writes in an image.
const PLACES: [&str; 14] = [
    "dev",
    "proc",
    "sys",
    "run",
    "tmp",
    "workspace",
    "etc",
    "etc/resolv.conf",
    "etc/passwd",
    "etc/group",
    "usr",
    "usr/sbin",
    "usr/sbin/policy-rc.d",
    "usr/bin/dpkg",
];

fn put(tree: &Path, place: &str, make: &dyn Fn(&Path)) {
    let path = tree.join(place);
    if path.is_dir() && !path.is_symlink() {
        fs::remove_dir_all(&path).expect("removed");
    } else {
        let _ = fs::remove_file(&path);
    }
    make(&path);
}

/// Builds with something else at each place in turn. The build may fail, but in its own words.
fn try_all(site: &Site, bait: &Bait, make: &dyn Fn(&Path)) {
    let before = bait.listing();
    let bind = format!("{}:/workspace", site.path("shared").display());
    let file = format!("{}:/usr/sbin/tool:ro", site.path("file").display());
    fs::create_dir_all(site.path("shared")).expect("a directory");
    fs::write(site.path("file"), "").expect("written");
    for place in PLACES {
        let tree = site.tree();
        fs::write(tree.join("usr/bin/dpkg"), "").expect("written");
        put(&tree, place, make);
        let disk = site.disk(&tree, Kind::Ext4);
        let image = site.listing(&disk);
        let built = site.sh(&["--bind", &bind, "--bind", &file], &disk, "true");
        assert!(matches!(built.code, Some(0 | 125)), "{place}: {built:#?}");
        site.expect_nothing_left(Duration::ZERO);
        assert_eq!(bait.listing(), before, "{place}: {built:#?}");
        assert_eq!(site.listing(&disk), image, "{place}: {built:#?}");
        fs::remove_dir_all(&tree).expect("removed");
    }
}

#[test]
fn links_out_of_the_image_lead_nowhere() {
    let Some(site) = Site::new() else { return };
    let bait = Bait::new(&site);
    let inside = bait.path();
    try_all(&site, &bait, &|path| {
        symlink(&inside, path).expect("a link")
    });
    let up = format!("{}{inside}/resolv.conf", "../".repeat(30));
    try_all(&site, &bait, &|path| symlink(&up, path).expect("a link"));
}

#[test]
fn links_through_proc_lead_nowhere() {
    let Some(site) = Site::new() else { return };
    let bait = Bait::new(&site);
    let through = format!("/proc/1/root{}", bait.path());
    try_all(&site, &bait, &|path| {
        symlink(&through, path).expect("a link")
    });
    try_all(&site, &bait, &|path| {
        symlink("/proc/self/cwd", path).expect("a link")
    });
    try_all(&site, &bait, &|path| {
        symlink(path.file_name().expect("a name"), path).expect("a link")
    });
}

#[test]
fn fifos_and_devices_are_not_opened() {
    let Some(site) = Site::new() else { return };
    let bait = Bait::new(&site);
    try_all(&site, &bait, &|path| {
        shell(&["mkfifo"], path);
    });
    // The numbers of /dev/null: what is read from it has no bytes, and what is written is lost.
    try_all(&site, &bait, &|path| {
        let path = path.display().to_string();
        shell(&["sh", "-c", "mknod \"$0\" c 1 3"], Path::new(&path));
    });
}

#[test]
fn what_cannot_be_changed_is_left_alone() {
    let Some(site) = Site::new() else { return };
    let tree = site.tree();
    fs::write(tree.join("etc/resolv.conf"), "own\n").expect("written");
    fs::write(tree.join("usr/bin/dpkg"), "").expect("written");
    let disk = site.disk(&tree, Kind::Ext4);
    let script = "mount -o loop \"$0\" /mnt && chattr +i /mnt/etc/resolv.conf /mnt/usr/sbin";
    shell(&["unshare", "--mount", "sh", "-c", script], &disk);
    let before = site.listing(&disk);
    let built = site.sh(&[], &disk, "cat /etc/resolv.conf");
    assert_eq!(built.expect(0).stdout, "own\n");
    let notes = &built.report().notes;
    assert_eq!(notes.len(), 2, "{notes:#?}");
    assert!(
        notes[0].contains("/usr/sbin/policy-rc.d cannot be written"),
        "{notes:#?}"
    );
    assert!(
        notes[1].contains("/etc/resolv.conf stays as it is"),
        "{notes:#?}"
    );
    assert_eq!(site.listing(&disk), before);
}

#[test]
fn binds_are_resolved_in_the_image() {
    let Some(site) = Site::new() else { return };
    let bait = Bait::new(&site);
    let before = bait.listing();
    let tree = site.tree();
    symlink(bait.path(), tree.join("opt")).expect("a link");
    symlink("/", tree.join("all")).expect("a link");
    let disk = site.disk(&tree, Kind::Ext4);
    let image = site.listing(&disk);
    let source = site.path("shared");
    fs::create_dir(&source).expect("a directory");
    fs::write(source.join("mark"), "").expect("written");
    for (destination, seen, code) in [
        ("/a/../../../b", "/b/mark", 0),
        ("relative/path", "/relative/path/mark", 0),
        ("/all/all/c", "/c/mark", 0),
        ("/tmp/deep/d", "/tmp/deep/d/mark", 0),
        ("/run/lock/e", "/run/lock/e/mark", 0),
        ("/opt", "", 125),
        ("/opt/sub", "", 125),
        ("/", "", 125),
        ("/..", "", 125),
        ("/proc/self", "", 125),
        ("/dev/shm", "", 125),
        ("/sys", "", 125),
        ("/etc/passwd", "", 125),
    ] {
        let bind = format!("{}:{destination}", source.display());
        let built = site.build(&["--bind", &bind], &disk, &["test", "-e", seen]);
        assert_eq!(built.code, Some(code), "{destination}: {built:#?}");
        site.expect_nothing_left(Duration::ZERO);
        assert_eq!(bait.listing(), before, "{destination}");
        assert_eq!(site.listing(&disk), image, "{destination}");
    }
}

#[test]
fn a_bind_may_be_read_only() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let source = site.path("shared");
    fs::create_dir(&source).expect("a directory");
    let bind = format!("{}:/workspace", source.display());
    site.sh(
        &["--bind", &bind],
        &disk,
        "echo x >made; cp /bin/busybox /workspace; chmod 4755 busybox",
    )
    .expect(0);
    assert_eq!(
        fs::read_to_string(source.join("made")).expect("made"),
        "x\n"
    );
    let built = site.sh(&["--bind", &format!("{bind}:ro")], &disk, "echo y >made");
    assert!(
        built.expect(1).stderr.contains("Read-only file system"),
        "{built:#?}"
    );
    // Set-user-ID programs in it do nothing.
    let line = "/workspace/busybox id -u";
    let built = site.sh(&["--bind", &bind, "--user", "build"], &disk, line);
    assert_eq!(built.expect(0).stdout, "1000\n");
}

#[test]
fn what_was_put_on_a_mount_point_is_kept() {
    let Some(site) = Site::new() else { return };
    let disk = site.usual_disk();
    let before = site.listing(&disk);
    let source = format!("{}:/workspace", site.directory.display());
    // A mount point that was made for the build is removed, one that was there is not.
    site.build(&["--bind", &source], &disk, &["true"]).expect(0);
    assert_eq!(site.listing(&disk), before);
    site.sh(&[], &disk, "mkdir /workspace").expect(0);
    site.build(&["--bind", &source], &disk, &["true"]).expect(0);
    site.build(&[], &disk, &["test", "-d", "/workspace"])
        .expect(0);
}
