//! A user without privilege, whose helper is run by sudo.
//!
//! The user and the line in sudoers are there only in a mount namespace of the test, so that a test
//! that is killed leaves no right behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ami_testkit::Tool;

use super::{Place, Watch, have, sh, skip};

/// A user that no machine has.
pub const USER: u32 = 54322;

/// A directory that the user owns, with the programs beside it.
pub struct User {
    pub place: Place,
    pub own: std::path::PathBuf,
    pub watch: Watch,
}

impl User {
    pub fn new(devices: Option<&Path>) -> Option<Self> {
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
        Some(Self {
            place,
            own,
            watch: Watch::new(),
        })
    }

    /// Gives the user all that is in the directory.
    pub fn give(&self) {
        sh(&format!("chown -R {USER}:{USER} {}", self.own.display()));
    }

    /// The tool, run by the user in that directory.
    pub fn tool(&self, words: &str) -> Tool<'static> {
        let mounts = ["passwd", "shadow", "group", "sudoers"].map(|name| {
            format!(
                "mount --bind {} /etc/{name}",
                self.place.path(name).display()
            )
        });
        let inner = format!(
            "{}{} && cd {} && exec setpriv --reuid {USER} --regid {USER} --clear-groups {} {words}",
            self.watch.enter(),
            mounts.join(" && "),
            self.own.display(),
            self.place.path("ami-chroot").display()
        );
        ami_testkit::shell("exec unshare --mount sh -c \"$LINE\"").env("LINE", inner)
    }
}
