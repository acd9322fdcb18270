//! Packages that own what tools like to mount over, installed again by their own package manager.

use std::path::Path;

use crate::support::{Host, debugfs};
use crate::{line, place_with_base, tool};

/// What owns `/etc/protocols`, `/etc/os-release`, the directories that are mount points, `start-stop-daemon`,
/// `invoke-rc.d`, and what makes `/etc/resolv.conf` a link.
const PACKAGES: &str = "base-files netbase procps dpkg init-system-helpers libc-bin passwd systemd systemd-resolved udev";

/// A link into what only a running system has.
const LINK: &str = "../run/systemd/resolve/stub-resolv.conf";

/// What a disk says of a file: its type, mode, owner, times and, of a link, its target.
fn stat(disk: &Path, path: &str) -> String {
    let text = debugfs(disk, &format!("stat {path}"));
    // When it was looked at, when its inode was touched, and a sum over these, are not the file's own.
    let others = ["atime:", "ctime:", "Inode checksum:"];
    let own = |line: &&str| !others.iter().any(|other| line.contains(other));
    let text: Vec<_> = text.lines().filter(own).collect();
    assert!(text.len() > 4, "{path}: {text:?}");
    text.join("\n")
}

#[test]
#[ignore = "slow: fetches a Debian and packages twice, about three minutes"]
fn packages_that_own_what_others_mount_over_are_installed_again() {
    let Some(place) = place_with_base() else {
        return;
    };
    let host = Host::look(&place);
    let disk = place.path("base.raw");
    let build = |script: &str| {
        let words = [
            "--in-place",
            &disk.display().to_string(),
            "--",
            "sh",
            "-ec",
            script,
        ];
        let built = tool(&words).run();
        built.expect().stdout_is(&line(&disk)).stderr_any().done()
    };
    build(&format!(
        "export DEBIAN_FRONTEND=noninteractive; apt-get -qq update; \
         apt-get -qq install -y --no-install-recommends {PACKAGES}; \
         echo 127.0.0.1 image >/etc/hosts; echo image >/etc/hostname; ln -sf {LINK} /etc/resolv.conf"
    ));
    let paths = ["/etc/resolv.conf", "/etc/hosts", "/etc/hostname"];
    let before = paths.map(|path| stat(&disk, path));
    assert!(
        before[0].contains("Type: symlink") && before[0].contains(LINK),
        "{}",
        before[0]
    );

    let built = build(&format!(
        "export DEBIAN_FRONTEND=noninteractive; apt-get -qq update; \
         apt-get -qq install -y --reinstall {PACKAGES}; \
         dpkg --audit; dpkg --verify {PACKAGES}; echo all installed again"
    ));
    // Neither dpkg has anything to complain of, nor the tool.
    let last = built.stderr.lines().last();
    assert_eq!(last, Some("all installed again"), "{}", built.stderr);
    for word in ["cross-device", "resource busy", "ami-chroot:"] {
        assert!(!built.stderr.contains(word), "{word}: {}", built.stderr);
    }
    for (path, before) in paths.iter().zip(&before) {
        assert_eq!(&stat(&disk, path), before, "{path}");
    }
    let policy = debugfs(&disk, "stat /usr/sbin/policy-rc.d");
    assert!(!policy.contains("Inode:"), "{policy}");
    let checked = std::process::Command::new("e2fsck")
        .args(["-fn"])
        .arg(&disk)
        .output();
    assert!(checked.expect("e2fsck").status.success());
    host.expect_again(&place);
}
