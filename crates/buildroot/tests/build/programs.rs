//! An image without programs, filled by the host's.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::by_sudo::Place;
use crate::site::{Kind, have, make_filesystem, shell};

const UNPACK: &str = "tar --extract --numeric-owner --preserve-permissions --xattrs \
                      --xattrs-include=security.capability --file -";

#[test]
fn an_empty_image_is_filled_from_a_tarball() {
    let Some(place) = Place::new() else { return };
    let site = &place.site;
    let tree = site.tree();
    fs::write(tree.join("usr/bin/tool"), "tool").expect("written");
    shell(&["chown", "12:34"], &tree.join("usr/bin/tool"));
    shell(&["chmod", "6755"], &tree.join("usr/bin/tool"));
    if have("setcap") {
        shell(
            &["setcap", "cap_net_bind_service=ep"],
            &tree.join("bin/busybox"),
        );
    }
    let tar = site.path("tar");
    let pack = format!(
        "cd {} && tar --create --xattrs --numeric-owner --file \"$0\" .",
        tree.display()
    );
    shell(&["sh", "-c", &pack], &tar);
    let empty = site.path("empty");
    fs::create_dir(&empty).expect("a directory");
    let by_root = site.path("by-root");
    make_filesystem(&by_root, &empty, Kind::Ext4);
    shell(&["cp", &by_root.display().to_string()], &place.disk);

    let words = ["sh", "-c", UNPACK];
    let filled = |mut tool: Command| {
        let file = fs::File::open(&tar).expect("a tarball");
        let output = tool.stdin(Stdio::from(file)).output().expect("run");
        assert!(output.status.success(), "{output:?}");
        site.expect_nothing_left(Duration::ZERO);
    };
    filled(site.tool(&["--host-programs"], &by_root, &words));
    filled(place.user(&place.tool("--host-programs", UNPACK)));
    let listings = [&by_root, &place.disk].map(|disk| site.listing(disk));
    assert!(
        listings[0].contains("./usr/bin/tool f 6755 12:34 "),
        "{}",
        listings[0]
    );
    let without_times = |listing: &String| -> Vec<String> {
        let lines = listing.lines().filter(|line| !line.starts_with(". "));
        lines
            .filter(|line| !line.contains("lost+found"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(without_times(&listings[0]), without_times(&listings[1]));
    site.sh(&[], &by_root, "test -x /bin/busybox").expect(0);
}

#[test]
fn the_host_lends_its_programs_only() {
    let Some(place) = Place::new() else { return };
    let line = "echo x >/usr/bin/x || ls / | tr \"\\n\" \" \"; ls /etc/shadow /root /home; pwd";
    let options = ["--host-programs"];
    let built = place.site.sh(&options, &place.disk, line);
    let out = &built.stdout;
    assert!(
        out.contains("bin ") && out.contains("image ") && out.ends_with("/image\n"),
        "{built:#?}"
    );
    assert!(!out.contains("home") && !out.contains("root"), "{built:#?}");
    assert!(built.stderr.contains("Read-only file system"), "{built:#?}");
    let bind = format!("{}:/workspace", place.own.display());
    let built = place.site.build(
        &["--host-programs", "--bind", &bind],
        &place.disk,
        &["true"],
    );
    assert!(
        built
            .expect(125)
            .stderr
            .contains("binds go to /run or /tmp"),
        "{built:#?}"
    );
    let bind = format!("{}:/run/own", place.own.display());
    let built = place.site.build(
        &["--host-programs", "--bind", &bind],
        &place.disk,
        &["ls", "/run/own"],
    );
    assert!(built.expect(0).stdout.contains("disk"), "{built:#?}");
}
