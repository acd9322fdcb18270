//! A tool without privilege, and its helper by sudo.
//!
//! The user and the line in sudoers are there only in a mount namespace of the test, so a test that
//! is killed leaves no right behind.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::killed::{children, signal};
use crate::site::{Built, Site, begin, built, have, shell, skip, wait};

/// A user that no machine has.
const USER: u32 = 54321;

/// A site with a user, who has a disk, a directory and the programs.
pub struct Place {
    pub site: Site,
    pub disk: PathBuf,
    pub own: PathBuf,
}

impl Place {
    pub fn new() -> Option<Self> {
        let site = Site::new()?;
        for program in ["sudo", "setpriv", "unshare"] {
            if !have(program) {
                skip(&format!("needs {program}"));
                return None;
            }
        }
        let own = site.path("own");
        fs::create_dir(&own).expect("a directory");
        let disk = own.join("disk");
        fs::rename(site.usual_disk(), &disk).expect("moved");
        for program in ["amichroot", "examples/build"] {
            let from = built(program);
            fs::copy(&from, site.path("").join(from.file_name().expect("a name"))).expect("a copy");
        }
        fs::write(own.join("report"), "").expect("written");
        shell(&["chown", "-R", &format!("{USER}:{USER}")], &own);
        for name in ["passwd", "shadow", "group"] {
            let mut text = fs::read_to_string(format!("/etc/{name}")).unwrap_or_default();
            text.push_str(match name {
                "passwd" => "amitest:x:54321:54321::/:/bin/sh\n",
                "shadow" => "amitest:*:19000:0:99999:7:::\n",
                _ => "amitest:x:54321:\n",
            });
            fs::write(site.path(name), text).expect("written");
        }
        let helper = site.path("amichroot");
        let line = format!("amitest ALL=(root) NOPASSWD: {} \"\"\n", helper.display());
        let place = Self { site, disk, own };
        place.sudoers(&format!("Defaults env_reset, use_pty\n{line}"));
        Some(place)
    }

    pub fn sudoers(&self, text: &str) {
        let path = self.site.path("sudoers");
        let _ = fs::remove_file(&path);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).expect("its mode");
    }

    /// A command line, run as the user.
    pub fn user(&self, line: &str) -> Command {
        self.user_after("true", line)
    }

    /// The same after root has run another.
    pub fn user_after(&self, first: &str, line: &str) -> Command {
        let mounts = ["passwd", "shadow", "group", "sudoers"].map(|name| {
            let file = self.site.path(name);
            format!("mount --bind {} /etc/{name}", file.display())
        });
        let user = format!("setpriv --reuid {USER} --regid {USER} --clear-groups");
        let script = format!(
            "{} && {first} && cd {} && exec {user} sh -c '{line}'",
            mounts.join(" && "),
            self.own.display()
        );
        let mut words = vec!["--mount", "sh", "-c"];
        words.push(&script);
        self.site.watched(&PathBuf::from("unshare"), words)
    }

    /// The words of the tool, with options and a line of shell to build.
    pub fn tool(&self, options: &str, line: &str) -> String {
        let tool = self.site.path("build");
        let helper = self.site.path("amichroot");
        format!(
            "exec {} --helper {} --report report {options} {} sh -c \"{line}\"",
            tool.display(),
            helper.display(),
            self.disk.display()
        )
    }

    pub fn build(&self, options: &str, line: &str) -> Built {
        let output = self.user(&self.tool(options, line)).output().expect("run");
        let _ = fs::copy(self.own.join("report"), self.site.path("report"));
        if fs::read(self.site.path("report")).is_ok_and(|bytes| bytes.is_empty()) {
            fs::remove_file(self.site.path("report")).expect("removed");
        }
        self.site.built(output)
    }
}

#[test]
fn a_user_builds_by_sudo() {
    let Some(place) = Place::new() else { return };
    let bind = format!("--bind {}:/workspace", place.own.display());
    let line = "id -u; pwd; echo made >/workspace/made; echo kept >/root/kept; \
                chown 7:8 /root/kept; ls -ln /root/kept | cut -c1-40; echo e >/dev/stderr; \
                su build -c id; echo o >/dev/stdout; cat /etc/resolv.conf >/dev/null";
    let built = place.build(&bind, line);
    let lines: Vec<&str> = built.expect(0).stdout.lines().collect();
    assert_eq!(&lines[..2], ["0", "/workspace"], "{built:#?}");
    assert!(
        lines[2].contains(" 7 ") && lines[2].contains(" 8 "),
        "{built:#?}"
    );
    assert!(lines[3].starts_with("uid=1000(build)"), "{built:#?}");
    assert_eq!(lines[4], "o");
    assert_eq!(built.stderr, "e\n");
    place.site.expect_nothing_left(Duration::ZERO);
    let made = fs::metadata(place.own.join("made")).expect("made");
    assert_eq!(
        (made.uid(), made.gid()),
        (USER, USER),
        "it belongs to the user"
    );
    // In the image owners are those that the build gave.
    let listing = place.site.listing(&place.disk);
    assert!(listing.contains("./root/kept f 644 7:8 "), "{listing}");
    assert!(listing.contains("./bin/busybox f 755 0:0 "), "{listing}");
}

/// What the line in sudoers would be worth to somebody who wants to be root.
#[test]
fn a_user_does_not_become_root() {
    let Some(place) = Place::new() else { return };
    let secret = place.site.path("secret");
    fs::write(&secret, "of root").expect("written");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("its mode");
    let open = place.site.path("open");
    fs::write(&open, "for all to read\n").expect("written");
    let bind = format!("--bind {}:/workspace", place.site.directory.display());
    for attempt in [
        "cat /workspace/secret",
        "echo x >>/workspace/open",
        "echo x >/workspace/new",
        "rm -f /workspace/open; test ! -e /workspace/open",
        "chown 0 /workspace/open",
        "mknod /workspace/own/sda b 8 0",
        "mknod /root/sda b 8 0",
        "chown 1000 /workspace/own/disk",
        "cp /bin/busybox /workspace/own/sh && chown 0:1 /workspace/own/sh",
        "echo x >/proc/sys/kernel/core_pattern",
        "mount -t tmpfs none /root",
        "kill -9 1 && sleep 1",
    ] {
        let built = place.build(&bind, &format!("{attempt} 2>/dev/null"));
        assert!(
            !matches!(built.code, Some(0 | 125)),
            "{attempt}: {built:#?}"
        );
        place.site.expect_nothing_left(Duration::ZERO);
    }
    // A set-user-ID program is one for the user's own rights.
    let line = "cp /bin/busybox /workspace/own/sh && chmod 6755 /workspace/own/sh";
    place.build(&bind, line).expect(0);
    let made = fs::metadata(place.own.join("sh")).expect("made");
    assert_eq!((made.uid(), made.gid()), (USER, USER));
    // What the user may only read cannot be written by opening it once more.
    let again = "cat; echo x >>/proc/self/fd/0";
    let line = place.tool("", again).replace("exec ", "exec <../open ");
    let output = place.user(&line).output().expect("run");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "for all to read\n");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("Permission denied"),
        "{output:?}"
    );
    assert_eq!(fs::read_to_string(&open).expect("it"), "for all to read\n");
    // A directory is no stream.
    let line = place.tool("", "cat ../secret").replace("exec ", "exec </ ");
    let output = place.user(&line).output().expect("run");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("is no stream"),
        "{output:?}"
    );
}

#[test]
fn the_helper_serves_nobody_but_the_tool() {
    let Some(place) = Place::new() else { return };
    let helper = place.site.path("amichroot").display().to_string();
    let by_hand = format!("exec sudo -n {helper} </dev/null");
    let output = place.user(&by_hand).output().expect("run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(125), "{said}");
    assert!(
        said.contains("started by ami-chroot, not by hand"),
        "{said}"
    );
    // No other words are allowed by the line, and none are taken where they are.
    place.sudoers(&format!("amitest ALL=(root) NOPASSWD: {helper}\n"));
    for role in ["init", "janitor", "users", "--help", "init x"] {
        let line = format!("exec sudo -n {helper} {role} </dev/null");
        let output = place.user(&line).output().expect("run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("takes no arguments"), "{role}: {said}");
    }
    place.sudoers("Defaults env_reset\n");
    let built = place.build("", "true");
    assert_eq!(built.code, Some(125), "{built:#?}");
    assert!(
        built.stderr.contains("cannot be run with privilege"),
        "{built:#?}"
    );
    assert!(
        built.stderr.contains("sudo: a password is required"),
        "{built:#?}"
    );
}

/// The tool, sudo, the helper, PID 1, the command: each killed in turn.
#[test]
fn whoever_is_killed_nothing_is_left() {
    let Some(place) = Place::new() else { return };
    let line = "echo running; sleep 1000 & sleep 1000 & wait";
    for depth in 0..5 {
        let child = begin(place.user(&place.tool("", line)));
        let mut victim = child.id();
        for _ in 0..depth {
            match children(victim).first() {
                Some(next) => victim = *next,
                None => break,
            }
        }
        signal(victim, "-KILL");
        wait(child);
        place.site.expect_nothing_left(Duration::from_secs(5));
    }
    for name in ["-INT", "-TERM", "-HUP"] {
        let child = begin(place.user(&place.tool("", line)));
        signal(child.id(), name);
        place.site.built(wait(child)).expect(128 + 15);
        place.site.expect_nothing_left(Duration::ZERO);
    }
    for round in 0..20 {
        let mut tool = place.user(&place.tool("", "true"));
        let child = tool
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("run");
        std::thread::sleep(Duration::from_millis(5 * round));
        let mut victim = child.id();
        for _ in 0..round % 5 {
            victim = children(victim).first().copied().unwrap_or(victim);
        }
        let mut kill = Command::new("kill");
        let _ = kill
            .args(["-KILL", &victim.to_string()])
            .stderr(Stdio::null())
            .status();
        wait(child);
        place.site.expect_nothing_left(Duration::from_secs(5));
    }
}

/// Real root makes the places of binds, but never through what the user made.
#[test]
fn a_user_makes_no_file_by_a_bind() {
    let Some(place) = Place::new() else { return };
    let host = place.site.path("host");
    fs::create_dir(&host).expect("a directory");
    let make = format!("mkdir outer; ln -s {} outer/link; : >file", host.display());
    place.user(&make).output().expect("run");
    for inner in [
        "file:/run/x/link/made",
        "outer:/run/x/link/made/deep",
        "file:/tmp/y/made",
    ] {
        let options = format!("--bind outer:/run/x --bind outer:/tmp/y --bind {inner}");
        place.build(&options, "true").expect(125);
        let made = fs::read_dir(&host).expect("a directory").count();
        assert_eq!(made, 0, "{inner}");
    }
}

#[test]
fn a_pipe_stays_the_users() {
    let Some(place) = Place::new() else { return };
    let tool = place.tool(
        "",
        "echo e >/dev/stderr; echo o >/dev/stdout; cat /dev/stdin",
    );
    let tool = tool.replace("exec ", "");
    let line = format!("{{ echo i | {tool}; echo after >/dev/stderr; }} 2>&1 | cat");
    let output = place.user(&line).output().expect("run");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, "e\no\ni\nafter\n", "{output:?}");
}

#[test]
fn what_a_mount_hides_stays_hidden() {
    let Some(place) = Place::new() else { return };
    let over = place.own.join("over");
    fs::create_dir(&over).expect("a directory");
    fs::write(over.join("beneath"), "hidden\n").expect("written");
    let over = over.display();
    let first = format!("mount -t tmpfs none {over} && echo shown >{over}/above");
    let options = format!("--bind {}:/workspace", place.own.display());
    for mode in ["", ":ro"] {
        let line = "cat over/beneath; cat over/above; echo x >over/new; \
                    mknod over/null c 1 3; umount over; cat over/beneath";
        let line = place.tool(&format!("{options}{mode}"), line);
        let output = place.user_after(&first, &line).output().expect("run");
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said, "shown\n", "{output:?}");
    }
    // One that cannot be copied would be left out.
    let first = format!("{first} && mount --make-unbindable {over}");
    let line = place.tool(&options, "cat over/beneath");
    let output = place.user_after(&first, &line).output().expect("run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("is an unbindable mount"), "{output:?}");
}

/// A mount of the build's is nobody else's, wherever the caller's lie.
#[test]
fn a_bind_in_a_bind_shows_in_the_build_only() {
    let Some(place) = Place::new() else { return };
    let inner = place.own.join("inner");
    fs::create_dir(&inner).expect("a directory");
    fs::write(place.own.join("mark"), "").expect("written");
    let own = place.own.display();
    let first = format!("mount --bind {own} {own} && mount --make-rshared {own}");
    let options = format!("--bind {own}:/workspace --bind {own}:/workspace/inner");
    let tool = place.tool(&options, "ls -d /workspace/inner/mark");
    let tool = tool.replace("exec ", "");
    let line = format!("{tool}; ls {own}/inner; grep -c inner /proc/self/mounts");
    let output = place.user_after(&first, &line).output().expect("run");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, "/workspace/inner/mark\n0\n", "{output:?}");
}
