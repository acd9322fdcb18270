//! Where the disk of a bundle goes, besides new files.

mod support;

use std::os::unix::fs::symlink;

use support::{Desk, IMAGE, say, sh, sha256};

const MANIFEST: &str = "disk.img.manifest.xml";

fn unbundle(desk: &Desk, more: &[&str]) -> ami_testkit::Expectation {
    let args = ["unbundle", "-k", "pk.pem", MANIFEST];
    desk.bundle(&args).args(more).run().expect()
}

#[test]
fn what_cannot_be_replaced_is_told_for_what_it_is() {
    let desk = Desk::new().with_fixture();
    std::fs::create_dir(desk.path("directory")).expect("a directory");
    symlink("nowhere", desk.path("to-nowhere")).expect("a link");
    symlink("/dev/null", desk.path("to-device")).expect("a link");
    for (path, why) in [
        (
            "directory",
            "directory: is a directory; -d makes the file in it",
        ),
        ("to-nowhere", "to-nowhere: is a link that leads nowhere"),
        (
            "to-device",
            "to-device: is neither a file nor a block device",
        ),
        (
            "/dev/null",
            "/dev/null: is neither a file nor a block device",
        ),
        ("/dev/ami-none", "/dev/ami-none: there is no such device"),
    ] {
        for more in [&["-o", path][..], &["-o", path, "--overwrite"]] {
            unbundle(&desk, more).fails(2).stderr_has(why).done();
        }
    }
    assert!(!std::path::Path::new("/dev/ami-none").exists());
}

#[test]
fn links_are_followed_to_files() {
    let desk = Desk::new().with_fixture();
    desk.write("file", b"mine");
    symlink("file", desk.path("link")).expect("a link");
    unbundle(&desk, &["-o", "link"])
        .fails(2)
        .stderr_has("link: it exists already; replace it with --overwrite")
        .done();
    assert_eq!(desk.read("file"), b"mine");
    unbundle(&desk, &["-o", "link", "--overwrite"])
        .stdout_is("link\n")
        .done();
    assert!(desk.path("link").is_symlink());
    assert_eq!(sha256(&desk.read("file")), IMAGE);
}

/// A loop device, which is taken away when it is dropped.
struct Loop(String);

impl Loop {
    /// On a file of so many bytes, all of them not zero.
    fn new(desk: &Desk, size: usize) -> Self {
        desk.write("backing", &vec![0xff; size]);
        let device = sh("losetup --find --show \"$1\"", &[&desk.path("backing")]);
        Self(device.trim_end().to_owned())
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        sh("losetup -d \"$1\"", &[self.0.as_ref()]);
    }
}

#[test]
fn devices_are_written_to_where_that_is_said() {
    if !rustix::process::geteuid().is_root() || !std::path::Path::new("/dev/loop-control").exists()
    {
        say("skipped: devices_are_written_to_where_that_is_said: needs root and loop devices");
        return;
    }
    let desk = Desk::new().with_fixture();
    let small = Loop::new(&desk, 1 << 20);
    unbundle(&desk, &["-o", &small.0])
        .fails(2)
        .stderr_has("is a block device; --overwrite writes over what is on it")
        .done();
    unbundle(&desk, &["-o", &small.0, "--overwrite"])
        .fails(2)
        .stderr_has("has 1048576 bytes, and the disk has 4194304")
        .done();
    drop(small);
    let device = Loop::new(&desk, 5 << 20);
    unbundle(&desk, &["-o", &device.0, "--overwrite"])
        .stdout_is(&format!("{}\n", device.0))
        .done();
    let written = std::fs::read(&device.0).expect("a device");
    assert_eq!(sha256(&written[..4 << 20]), IMAGE, "holes and all");
    assert!(written[4 << 20..].iter().all(|byte| *byte == 0xff));
    // What is in use is left alone.
    sh(
        "mkfs.ext4 -q \"$1\"; mkdir \"$2\"; mount \"$1\" \"$2\"",
        &[device.0.as_ref(), &desk.path("mnt")],
    );
    let outcome = unbundle(&desk, &["-o", &device.0, "--overwrite"]);
    sh("umount \"$1\"", &[&desk.path("mnt")]);
    outcome
        .fails(2)
        .stderr_has("is in use: it, or a part of it, is mounted")
        .done();
}
