//! A real distribution, and its own package manager at work in it.

use std::fs;

use crate::by_sudo::Place;
use crate::site::{Kind, Site, have, make_filesystem, shell, skip};

/// What breaks builds elsewhere: packages that own what was mounted over, that start services, that
/// want capabilities for a file, that replace themselves.
const SCRIPT: &str = "set -e; export DEBIAN_FRONTEND=noninteractive; apt-get -qq update; \
    apt-get -qq install -y --no-install-recommends systemd cron dbus iputils-ping; \
    apt-get -qq install -y --reinstall systemd cron dbus base-files libc-bin passwd; \
    getcap /bin/ping; pidof cron dbus-daemon || echo none";

/// A minimal Debian; none where none can be had.
fn tree(site: &Site) -> Option<std::path::PathBuf> {
    if !have("mmdebstrap") {
        skip("needs mmdebstrap");
        return None;
    }
    let tree = site.path("debian");
    let mirror = "http://deb.debian.org/debian";
    let words = ["mmdebstrap", "--quiet", "--variant=minbase", "bookworm"];
    let mut command = std::process::Command::new(words[0]);
    command.args(&words[1..]).arg(&tree).arg(mirror);
    let output = command.output().expect("run");
    if !output.status.success() {
        skip(&format!(
            "mmdebstrap: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
        return None;
    }
    let resolver = tree.join("etc/resolv.conf");
    let _ = fs::remove_file(&resolver);
    std::os::unix::fs::symlink("../run/systemd/resolve/stub-resolv.conf", resolver)
        .expect("a link");
    Some(tree)
}

/// Where files and owners are what they should be, whoever built.
fn check(site: &Site, disk: &std::path::Path) -> String {
    let listing = site.listing(disk);
    let has = |line: &str| listing.lines().any(|found| found.contains(line));
    assert!(has("./etc/resolv.conf l 777 0:0 "), "the link is gone");
    assert!(
        has(" ../run/systemd/resolve/stub-resolv.conf"),
        "the link leads elsewhere"
    );
    assert!(has("./usr/bin/crontab f 2755 0:"), "cron is not there");
    assert!(!has("./usr/sbin/policy-rc.d ") && !has("ami-chroot") && !has("./workspace "));
    let owners = listing.lines().filter(|line| line.starts_with("./usr/"));
    let owners = owners.map(|line| line.split(' ').take(4).collect::<Vec<_>>().join(" "));
    owners.collect::<Vec<_>>().join("\n")
}

#[test]
#[ignore = "slow: fetches a Debian, about two minutes"]
fn packages_are_installed_again_in_a_debian() {
    let Some(place) = Place::new() else { return };
    let Some(tree) = tree(&place.site) else {
        return;
    };
    let disk = place.site.path("of-root");
    make_filesystem(&disk, &tree, Kind::Ext4);
    shell(
        &["cp", "--sparse=always", &disk.display().to_string()],
        &place.disk,
    );
    let built = place.site.sh(&[], &disk, SCRIPT);
    let ping = "/bin/ping cap_net_raw=ep\nnone\n";
    assert!(built.expect(0).stdout.ends_with(ping), "{built:#?}");
    assert_eq!(
        (built.report().leftovers.len(), built.report().notes.len()),
        (0, 0),
        "{built:#?}"
    );
    let by_root = check(&place.site, &disk);

    let built = place.build("", SCRIPT);
    assert!(built.expect(0).stdout.ends_with(ping), "{built:#?}");
    let by_user = check(&place.site, &place.disk);
    assert_eq!(by_root, by_user, "who builds makes no difference");
}
