//! A user without privilege, whose helper is run by sudo.
//!
//! The user and the line in sudoers are there only in a mount namespace of the test, so that a test
//! that is killed leaves no right behind.

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use ami_sandbox::Look;
use ami_testkit::Tool;
use support::{Cloud, Host, Place, have, sh, skip};

/// A user that no machine has.
const USER: u32 = 54322;

/// A directory that the user owns, with the programs beside it.
struct User {
    place: Place,
    own: std::path::PathBuf,
}

impl User {
    fn new(devices: Option<&Path>) -> Option<Self> {
        let place = Place::new()?;
        for program in ["sudo", "setpriv", "unshare"] {
            if !have(program) {
                skip(&format!("needs {program}"));
                return None;
            }
        }
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(place.path(""), open).expect("its mode");
        let built = std::env::current_exe().expect("a test");
        let built = built.ancestors().nth(2).expect("a directory").to_owned();
        for program in ["ami-chroot", "amichroot"] {
            fs::copy(built.join(program), place.path(program)).expect("a copy");
        }
        for (name, line) in [
            ("passwd", "amitest:x:54322:54322::/:/bin/sh\n"),
            ("shadow", "amitest:*:19000:0:99999:7:::\n"),
            ("group", "amitest:x:54322:\n"),
        ] {
            let mut text = fs::read_to_string(format!("/etc/{name}")).unwrap_or_default();
            text.push_str(line);
            fs::write(place.path(name), text).expect("written");
        }
        let helper = place.path("amichroot").display().to_string();
        let mut line =
            format!("Defaults env_reset, use_pty\namitest ALL=(root) NOPASSWD: {helper} \"\"");
        if let Some(devices) = devices {
            line.push_str(&format!(", {helper} --devices-at {}", devices.display()));
        }
        fs::write(place.path("sudoers"), format!("{line}\n")).expect("written");
        let mode = fs::Permissions::from_mode(0o440);
        fs::set_permissions(place.path("sudoers"), mode).expect("its mode");
        let own = place.path("own");
        fs::create_dir(&own).expect("a directory");
        Some(Self { place, own })
    }

    /// Gives the user all that is in the directory.
    fn give(&self) {
        sh(&format!("chown -R {USER}:{USER} {}", self.own.display()));
    }

    /// The tool, run by the user in that directory.
    fn tool(&self, words: &str) -> Tool<'static> {
        let mounts = ["passwd", "shadow", "group", "sudoers"].map(|name| {
            format!(
                "mount --bind {} /etc/{name}",
                self.place.path(name).display()
            )
        });
        let inner = format!(
            "{} && cd {} && exec setpriv --reuid {USER} --regid {USER} --clear-groups {} {words}",
            mounts.join(" && "),
            self.own.display(),
            self.place.path("ami-chroot").display()
        );
        ami_testkit::shell("exec unshare --mount sh -c \"$LINE\"").env("LINE", inner)
    }
}

#[test]
fn a_user_builds_in_a_disk_file() {
    let Some(user) = User::new(None) else { return };
    let host = Host::look(&user.place);
    fs::rename(user.place.usual_disk(), user.own.join("base")).expect("moved");
    user.give();
    user.tool("-o out base -- sh -c 'id -u; echo made > /workspace/made; echo x > /root/x'")
        .run()
        .expect()
        .stdout_is("out\n")
        .stderr_is("0\n")
        .done();
    for name in ["out", "made"] {
        let made = fs::metadata(user.own.join(name)).expect("made");
        assert_eq!(made.uid(), USER, "{name}");
    }
    user.tool("--in-place out cat /root/x /etc/shadow")
        .run()
        .expect()
        .fails(1)
        .stderr_has("x\n")
        .stderr_has("No such file")
        .done();
    host.expect_again(&user.place);
}

#[test]
fn a_user_builds_in_a_volume() {
    let cloud = Cloud::new(Look::Nvme);
    let Some(user) = User::new(Some(cloud.devices())) else {
        return;
    };
    let host = Host::look(&user.place);
    let base = cloud.snapshot(&user.place.usual_disk(), &[]);
    user.give();
    let outcome = user
        .tool(&format!("{base} -- sh -c 'echo by a user > /root/x'"))
        .sandbox(&cloud.sandbox)
        .metadata()
        .env("AMI_CHROOT_DEVICES_AT", cloud.devices())
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let image = cloud
        .sandbox
        .find_image(outcome.stdout.trim())
        .expect("an image");
    let snapshot = image.snapshots().next().expect("a snapshot").to_owned();
    assert_eq!(
        cloud.file_in(&user.place, &snapshot, "/root/x"),
        "by a user\n"
    );
    assert!(!cloud.has_devices());
    drop(cloud);
    host.expect_again(&user.place);
}

#[test]
fn without_the_line_in_sudoers_nothing_is_made() {
    let cloud = Cloud::new(Look::Nvme);
    let Some(user) = User::new(None) else { return };
    fs::write(user.place.path("sudoers"), "").expect("written");
    let base = cloud.snapshot(&user.place.usual_disk(), &[]);
    let before = cloud.resources();
    user.give();
    user.tool(&format!("{base} true"))
        .sandbox(&cloud.sandbox)
        .metadata()
        .run()
        .expect()
        .fails(125)
        .stdout_is("")
        .stderr_has("cannot be run with privilege")
        .done();
    assert_eq!(cloud.resources(), before);
    assert!(cloud.sandbox.calls_to("CreateVolume").is_empty());
}
