//! What Packer's amazon-chroot builder fails at, as its users report, each green here.
//!
//! The others of these stand elsewhere: signals at each step in `stopped.rs` and `killed.rs`; a letter
//! that another build takes in `stopped.rs`; a package that owns resolv.conf and is installed again in
//! buildroot's `debian.rs`.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use ami_sandbox::{Fault, Look};
use support::{Cloud, HOME, Host, Kind, Parts, Place, Watch, have, listing, sh};

/// Makes something at a path.
type Make<'a> = &'a dyn Fn(&Path);

/// The bytes of an image's root, on a disk file.
fn disk_of(cloud: &Cloud, place: &Place, image: &str) -> PathBuf {
    let image = cloud.sandbox.find_image(image.trim()).expect("an image");
    let snapshot = image.snapshots().next().expect("a snapshot");
    let disk = place.path("built");
    let _ = fs::remove_file(&disk);
    cloud
        .sandbox
        .export_snapshot(snapshot, &disk)
        .expect("a disk");
    disk
}

#[test]
fn a_daemon_that_is_left_inside_holds_up_nothing() {
    let Some(place) = Place::new() else { return };
    let (host, watch) = (Host::look(&place), Watch::new());
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    let before = cloud.resources().len();
    // In a session of its own, with the image as its directory and a file there open, deaf to signals.
    let daemon = "trap '' TERM HUP INT; cd /root; exec 3>/root/open; while :; do sleep 1000; done";
    let line = format!("setsid sh -c \"{daemon}\" >/dev/null 2>&1 </dev/null & sleep 1; echo done");
    let mut running = cloud.watched(&watch, &[&base, "sh", "-c", &line]).spawn();
    running.wait_until("the daemon", |_| {
        let names = watch.names();
        !watch.sees() || names.iter().any(|name| name.contains("sleep 1000"))
    });
    running
        .wait()
        .expect()
        .stdout_has("ami-")
        .stderr_has("done\n")
        .stderr_has("left running, and was ended: ")
        .done();
    watch.empty().expect("nothing");
    assert_eq!(cloud.resources().len(), before + 2);
    assert!(!cloud.has_devices());
    drop(cloud);
    host.expect_again(&place);
}

#[test]
fn resolv_conf_is_the_link_or_file_that_it_was() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let own = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let makes: [(&str, Make<'_>); 5] = [
        ("systemd's", &|path| {
            symlink("../run/systemd/resolve/stub-resolv.conf", path).expect("a link");
        }),
        ("absolute", &|path| {
            symlink("/run/resolv.conf", path).expect("a link")
        }),
        ("dangling", &|path| {
            symlink("/nowhere/at/all", path).expect("a link")
        }),
        ("a file", &|path| {
            let path = path.display();
            sh(&format!(
                "echo nameserver 192.0.2.1 > {path}; chown 7:8 {path}; chmod 604 {path}; touch -d '2001-02-03 04:05:06.789' {path}"
            ));
        }),
        ("none", &|_| {}),
    ];
    for (what, make) in makes {
        let tree = place.tree();
        make(&tree.join("etc/resolv.conf"));
        let disk = place.disk_of("disk", &tree, Kind::Ext4, Parts::Bare);
        fs::remove_dir_all(&tree).expect("removed");
        let before = listing(&disk);
        let base = cloud.snapshot(&disk, &[]);
        // The build resolves names as the host does.
        let outcome = cloud.tool(&[&base, "cat", "/etc/resolv.conf"]).run();
        let outcome = outcome.expect().stdout_has("ami-").stderr_is(&own).done();
        let after = listing(&disk_of(&cloud, &place, &outcome.stdout));
        assert_eq!(after, before, "{what}");
    }
}

/// Packer looks for the name that it attached by, which no such host has.
#[test]
fn a_host_that_has_nvme_disks_only() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let cloud = Cloud::new(Look::Nvme);
    // The host's own root, and a disk of the instance store.
    for (name, serial) in [
        ("nvme0n1", "vol0fedcba9876543210"),
        ("nvme9n1", "AWS1234567890ABCDEF0"),
    ] {
        let disk = cloud.devices().join("sys/block").join(name);
        fs::create_dir_all(disk.join("device")).expect("a directory");
        fs::write(disk.join("device/serial"), format!("{serial}\n")).expect("written");
        fs::write(disk.join("dev"), "259:1048000\n").expect("written");
    }
    let base = cloud.snapshot(&place.disk("gpt", Kind::Ext4, Parts::Gpt), &[]);
    let outcome = cloud.tool(&["-v", &base, "touch", "/root/x"]).run();
    let outcome = outcome
        .expect()
        .stdout_has("ami-")
        .stderr_has(" is nvme1n1")
        .done();
    let names = cloud.sandbox.calls_to("AttachVolume");
    assert!(
        names[0]
            .param("Device")
            .expect("a name")
            .starts_with("/dev/sd")
    );
    assert!(outcome.stderr.contains("attached as /dev/sd"));
    for name in ["nvme0n1", "nvme9n1"] {
        fs::remove_dir_all(cloud.devices().join("sys/block").join(name)).expect("removed");
    }
    drop(cloud);
    host.expect_again(&place);
}

#[test]
fn an_image_without_a_partition() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let cloud = Cloud::new(Look::Nvme);
    for kind in [Kind::Ext4, Kind::Xfs, Kind::Btrfs] {
        let base = cloud.snapshot(&place.disk("bare", kind, Parts::Bare), &[]);
        let source = cloud.sandbox.image(HOME, |image| {
            for mapping in &mut image.mappings {
                if let ami_sandbox::Device::Ebs(ebs) = &mut mapping.device {
                    (ebs.snapshot, ebs.size) = (Some(base.clone()), 1);
                }
            }
        });
        let outcome = cloud
            .tool(&[&source, "sh", "-c", "echo built > /root/x"])
            .run();
        let outcome = outcome.expect().stdout_has("ami-").done();
        let disk = disk_of(&cloud, &place, &outcome.stdout)
            .display()
            .to_string();
        let read = ["--in-place", &disk, "cat", "/root/x"];
        let read = ami_testkit::tool("ami-chroot").args(read).run();
        read.expect().stdout_has(&disk).stderr_is("built\n").done();
    }
    drop(cloud);
    host.expect_again(&place);
}

/// A host that was started from the image that it builds upon has its UUID mounted already.
#[test]
fn xfs_twice_at_the_same_time() {
    let Some(place) = Place::new() else { return };
    if !have("mkfs.xfs") {
        return support::skip("needs mkfs.xfs");
    }
    let host = Host::look(&place);
    let cloud = Cloud::new(Look::Nvme);
    let disk = place.disk("xfs", Kind::Xfs, Parts::Gpt);
    let base = cloud.snapshot(&disk, &[]);
    let copy = place.path("copy");
    fs::copy(&disk, &copy).expect("a copy");
    // The host's own, mounted in a namespace that ends with its process.
    let line = format!(
        "exec unshare --mount sh -ec 'mount -o loop,offset=1048576 {} /mnt; echo mounted; exec sleep 1000'",
        copy.display()
    );
    let mut held = ami_testkit::shell(&line).spawn();
    held.wait_until("it is mounted", |held| held.stdout().contains("mounted"));
    let first = cloud.tool(&[&base, "sh", "-c", "echo begun; sleep 2; echo 1 > /root/x"]);
    let mut first = first.spawn();
    first.wait_until("it runs", |first| first.stderr().contains("begun"));
    let second = cloud.tool(&[&base, "sh", "-c", "echo 2 > /root/x"]).run();
    let second = second.expect().stdout_has("ami-").done();
    let first = first
        .wait()
        .expect()
        .stdout_has("ami-")
        .stderr_is("begun\n")
        .done();
    for (outcome, seen) in [(first, "1\n"), (second, "2\n")] {
        let disk = disk_of(&cloud, &place, &outcome.stdout)
            .display()
            .to_string();
        let read = ["--in-place", &disk, "cat", "/root/x"];
        let read = ami_testkit::tool("ami-chroot").args(read).run();
        read.expect().stdout_has(&disk).stderr_is(seen).done();
    }
    held.signal(ami_testkit::Signal::KILL);
    held.wait();
    drop(cloud);
    host.expect_again(&place);
}

#[test]
fn without_a_metadata_service_it_is_an_error() {
    let Some(place) = Place::new() else { return };
    drop(place);
    let cloud = Cloud::new(Look::Nvme);
    let before = cloud.resources();
    // An address from which nothing comes back, one where nothing listens, and none at all.
    for endpoint in ["http://240.0.0.1", "http://127.0.0.1:9", ""] {
        let tool = cloud.tool(&["snap-12345678", "true"]);
        let tool = match endpoint {
            "" => tool.env("AWS_EC2_METADATA_DISABLED", "true"),
            url => tool.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", url),
        };
        // The tool's own bound is two seconds; this one only says that it has one.
        tool.deadline(std::time::Duration::from_secs(30))
            .run()
            .expect()
            .fails(125)
            .stdout_is("")
            .stderr_has("which instance this is cannot be told")
            .done();
    }
    ami_testkit::assert_no_calls(&cloud.sandbox);
    assert_eq!(cloud.resources(), before);
}

#[test]
fn a_detach_that_keeps_failing_holds_up_no_image() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    let fault = Fault::on("DetachVolume").always();
    cloud
        .sandbox
        .inject(fault.error(500, "InternalError", "An internal error has occurred"));
    let before = cloud.resources();
    let mut running = cloud.tool(&["-v", &base, "true"]).spawn();
    running.wait_until("an image", |running| running.stdout().contains("ami-"));
    assert!(cloud.has_devices(), "the volume is still there");
    cloud.sandbox.clear_faults();
    running
        .wait()
        .expect()
        .stdout_has("ami-")
        .stderr_any()
        .done();
    assert_eq!(cloud.resources().len(), before.len() + 2);
    assert!(!cloud.has_devices());
}

/// It is an image all the same; what is left is named, and a sweep removes it once it can be.
#[test]
fn a_detach_that_never_succeeds_is_a_failure_that_names_the_volume() {
    let Some(place) = Place::new() else { return };
    let host = Host::look(&place);
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    let before = cloud.resources();
    cloud.sandbox.deny("DetachVolume");
    let outcome = cloud.tool(&[&base, "true"]).run();
    let outcome = outcome
        .expect()
        .fails(125)
        .stdout_has("ami-")
        .stderr_has("is still there: not authorized to DetachVolume")
        .stderr_has("to remove it: aws ec2 detach-volume --region us-east-1 --volume-id vol-")
        .done();
    assert!(cloud.sandbox.find_image(outcome.stdout.trim()).is_some());
    assert_eq!(cloud.resources().len(), before.len() + 3);
    cloud.sandbox.allow("DetachVolume");
    let swept = cloud.tool(&["--sweep"]).run().expect();
    swept.stdout_has("vol-").done();
    assert_eq!(cloud.resources().len(), before.len() + 2);
    assert!(!cloud.has_devices());
    drop(cloud);
    host.expect_again(&place);
}
