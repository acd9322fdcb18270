//! Images that somebody made to do harm: whatever lies where we look or write, nothing outside of
//! the image changes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use crate::bait::{Bait, PLACES, put};
use crate::machine::compile;
use crate::site::{Kind, Site, shell, skip};

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
    let bait = Bait::new(&site.directory);
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
    let bait = Bait::new(&site.directory);
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
    let bait = Bait::new(&site.directory);
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
    let bait = Bait::new(&site.directory);
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

/// A link in a bind leads out of it only for who follows it before the host's files are gone.
#[test]
fn a_bind_into_a_bind_leads_nowhere() {
    let Some(site) = Site::new() else { return };
    let bait = Bait::new(&site.directory);
    shell(&["mkfifo"], &bait.directory.join("sub/pipe"));
    let before = bait.listing();
    let disk = site.usual_disk();
    let outer = site.path("outer");
    fs::create_dir_all(outer.join("real")).expect("a directory");
    symlink(bait.path(), outer.join("link")).expect("a link");
    fs::write(site.path("file"), "").expect("written");
    let (file, directory) = (site.path("file"), site.path("tree"));
    for own in ["/run/x", "/tmp/x", "/tmp/deep/er"] {
        for (source, name) in [
            (&file, "link/made"),
            (&file, "link/sub/pipe"),
            (&file, "real/made"),
            (&file, "link/sub/made"),
            (&directory, "link/made/deep"),
            (&directory, "link/etc"),
        ] {
            let first = format!("{}:{own}", outer.display());
            let second = format!("{}:{own}/{name}", source.display());
            for options in [[&first, &second], [&second, &first]] {
                let options = ["--bind", options[0], "--bind", options[1]];
                let built = site.build(&options, &disk, &["true"]);
                let words = "it would lie in the bind to";
                assert!(built.expect(125).stderr.contains(words), "{built:#?}");
                assert_eq!(bait.listing(), before, "{options:?}");
            }
        }
    }
    assert!(!outer.join("real/made").exists());
    // In the image the inner place has to be there, and is looked for in the image.
    fs::write(outer.join("real/file"), "").expect("written");
    let first = format!("{}:/workspace", outer.display());
    for (name, code) in [("real/file", 0), ("link/passwd", 125), ("link/new", 125)] {
        let second = format!("{}:/workspace/{name}", file.display());
        let built = site.build(&["--bind", &first, "--bind", &second], &disk, &["true"]);
        assert_eq!(built.code, Some(code), "{name}: {built:#?}");
        assert_eq!(bait.listing(), before, "{name}");
        assert!(!outer.join("real/new").exists());
    }
    site.expect_nothing_left(Duration::ZERO);
}

/// What a bind is put on in `/run` and `/tmp` is made there, file or directory.
#[test]
fn binds_go_to_the_builds_own_directories() {
    let Some(site) = Site::new() else { return };
    let tree = site.tree();
    symlink("../run/resolver/conf", tree.join("etc/resolv.conf")).expect("a link");
    let disk = site.disk(&tree, Kind::Ext4);
    fs::write(site.path("file"), "nameserver 192.0.2.9\n").expect("written");
    let file = site.path("file");
    let binds = ["/run/resolver/conf", "/run/deep/er/file", "/tmp/file"];
    let binds = binds.map(|place| format!("{}:{place}", file.display()));
    let options: Vec<&str> = binds.iter().flat_map(|bind| ["--bind", bind]).collect();
    let line = "cat /etc/resolv.conf /run/deep/er/file /tmp/file | sort -u; stat -c %a /run/deep";
    let built = site.sh(&options, &disk, line);
    assert_eq!(built.expect(0).stdout, "nameserver 192.0.2.9\n755\n");
}

/// Gives files an attribute, as chattr(1) does: 16 for immutable, 32 for append only.
const PROTECT: &str = r#"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <linux/fs.h>
int main(int count, char **words) {
    for (int i = 2; i < count; i++) {
        int flags, file = open(words[i], O_RDONLY);
        if (file < 0 || ioctl(file, FS_IOC_GETFLAGS, &flags)) return i;
        flags |= atoi(words[1]);
        if (ioctl(file, FS_IOC_SETFLAGS, &flags)) return i;
    }
    return 0;
}
"#;

/// What an image's file has, attributes too. Found out without mounting.
fn attributes(disk: &Path, path: &str) -> String {
    shell(&["debugfs", "-R", &format!("stat {path}")], disk)
}

#[test]
fn what_was_lent_is_taken_back_whatever_protects_it() {
    let Some(site) = Site::new() else { return };
    let tree = site.tree();
    fs::write(tree.join("etc/resolv.conf"), "own\n").expect("written");
    fs::write(tree.join("usr/bin/dpkg"), "").expect("written");
    if !compile(&site.path("protect.c"), PROTECT, &tree.join("bin/protect")) {
        return skip("needs a C compiler and static libraries");
    }
    let names =
        "/etc/resolv.conf /etc/.resolv.conf.ami-chroot /usr/sbin/policy-rc.d /etc /usr/sbin";
    for (attribute, flags) in [("16", "0x80010"), ("32", "0x80020")] {
        let disk = site.disk(&tree, Kind::Ext4);
        let before = site.listing(&disk);
        site.sh(&[], &disk, &format!("protect {attribute} {names}"))
            .expect(0);
        assert_eq!(site.listing(&disk), before, "{attribute}");
        // What is the image's own is as the build made it.
        for name in ["/etc", "/etc/resolv.conf"] {
            let told = attributes(&disk, name);
            assert!(told.contains(&format!("Flags: {flags}")), "{name}: {told}");
        }
    }
}

/// Opens a file, and sends it to who listens under that name in the abstract namespace.
const SEND: &str = r#"
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <stddef.h>
#include <sys/un.h>
int main(int count, char **words) {
    int file = open("/root/held", O_RDWR | O_CREAT, 0644);
    int to = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strcpy(name.sun_path + 1, words[1]);
    int length = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(words[1]);
    if (file < 0 || write(file, "kept", 4) != 4) return 1;
    if (connect(to, (void *) &name, length)) return 2;
    char space[CMSG_SPACE(sizeof file)];
    struct iovec one = {"x", 1};
    struct msghdr all = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = space,
                         .msg_controllen = sizeof space};
    struct cmsghdr *with = CMSG_FIRSTHDR(&all);
    with->cmsg_level = SOL_SOCKET;
    with->cmsg_type = SCM_RIGHTS;
    with->cmsg_len = CMSG_LEN(sizeof file);
    memcpy(CMSG_DATA(with), &file, sizeof file);
    return sendmsg(to, &all, 0) != 1;
}
"#;

/// Waits for a file that somebody sends to that name.
fn receive(listener: &std::os::unix::net::UnixListener) -> fs::File {
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
    let (socket, _) = listener.accept().expect("a connection");
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut parts = [std::io::IoSliceMut::new(&mut byte)];
    recvmsg(&socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC).expect("a packet");
    let messages = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => Some(files),
        _ => None,
    });
    messages.flatten().next().expect("a file").into()
}

#[test]
fn a_file_that_was_sent_out_is_of_no_use() {
    use std::io::Write;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let Some(site) = Site::new() else { return };
    let tree = site.tree();
    if !compile(&site.path("send.c"), SEND, &tree.join("bin/send")) {
        return skip("needs a C compiler and static libraries");
    }
    let disk = site.disk(&tree, Kind::Ext4);
    let name = format!("ami-buildroot-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let listener = UnixListener::bind_addr(&address).expect("a socket");
    let receiver = std::thread::spawn(move || receive(&listener));
    let built = site.build(&[], &disk, &["/bin/send", &name]);
    let mut file = receiver.join().expect("a file");
    let words = format!("is still in use: by process {} (", std::process::id());
    assert!(built.expect(125).stderr.contains(&words), "{built:#?}");
    file.write_all(b"more").expect_err("it is over");
    drop(file);
    site.expect_nothing_left(Duration::from_secs(3));
    shell(&["e2fsck", "-fn"], &disk);
    let built = site.build(&[], &disk, &["cat", "/root/held"]);
    assert_eq!(built.expect(0).stdout, "kept");
}
