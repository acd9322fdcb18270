//! What a run hands over stays, whatever a sweep finds of it; what it says of a thing is true.

mod support;

use std::fs;
use std::time::Duration;

use ami_sandbox::{Fault, InstanceState, Look, Pace, Settings, SnapshotState, VolumeState};
use ami_testkit::{Running, Signal};
use support::{Cloud, HOME, Place, sh};

const MARK: &str = "ami_tools_host";

/// A root file system as an archive.
fn archive(place: &Place) -> String {
    let (tree, file) = (place.tree(), place.path("rootfs.tar"));
    sh(&format!(
        "tar -C {} -cf {} .",
        tree.display(),
        file.display()
    ));
    file.display().to_string()
}

/// The volume of this run.
fn volume(cloud: &Cloud) -> Option<String> {
    let mut volumes = cloud.sandbox.volumes(HOME).into_iter();
    let found = volumes.find(|volume| volume.tags.contains_key("ami_tools_run"));
    found.map(|volume| volume.id)
}

fn wait_for_call(running: &mut Running<'_>, cloud: &Cloud, action: &str) {
    running.wait_until(action, |_| cloud.sandbox.count_calls(action) > 0);
}

#[test]
fn a_base_is_not_swept_when_its_mark_cannot_be_taken_away() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let rootfs = archive(&place);
    let words = ["--prepare-base", &rootfs, "--size", "1G"];
    cloud.sandbox.deny("DeleteTags");
    let made = cloud.tool(&words).run().expect().stdout_has("snap-").done();
    let base = made.stdout.trim();
    let sweep = || cloud.tool(&["--sweep"]).run().expect().stdout_is("").done();
    sweep();
    let found = cloud.sandbox.find_snapshot(base).expect("kept");
    assert_eq!(found.tags[MARK], "handed-over");
    // Where nothing helps it is a failure, and the reference is printed all the same.
    cloud.sandbox.deny("CreateTags");
    let made = cloud.tool(&words).run().expect().fails(1);
    let made = made
        .stdout_has("snap-")
        .stderr_has("by which --sweep would remove it")
        .stderr_has("aws ec2 delete-tags --region us-east-1 --resources snap-");
    let made = made.done().stdout;
    assert!(cloud.sandbox.find_snapshot(made.trim()).is_some());
    assert!(volume(&cloud).is_none());
}

#[test]
fn a_kept_volume_is_not_swept_from_whoever_has_it() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    cloud.sandbox.deny("DeleteTags");
    let keep = || cloud.tool(&["--keep-on-failure", &base, "false"]).run();
    keep().expect().fails(1).stderr_has(" is kept").done();
    let kept = volume(&cloud).expect("kept");
    let sweep = || cloud.tool(&["--sweep"]).run().expect();
    sweep().stdout_is("").done();
    let state = |id: &str| cloud.sandbox.find_volume(id).map(|volume| volume.state());
    assert_eq!(state(&kept), Some(VolumeState::Available));
    cloud.call("DeleteVolume", &[("VolumeId", &kept)]);

    cloud.sandbox.deny("CreateTags");
    keep()
        .expect()
        .fails(125)
        .stderr_has(" is kept")
        .stderr_has("by which --sweep would remove it when this instance, or nobody, has it")
        .done();
    let kept = volume(&cloud).expect("kept");
    let other = cloud.sandbox.instance(HOME, |_| {});
    let params = [
        ("VolumeId", &*kept),
        ("InstanceId", &other),
        ("Device", "/dev/sdf"),
    ];
    cloud.call("AttachVolume", &params);
    for words in [&["--sweep", "--dry-run"][..], &["--sweep"]] {
        let swept = cloud.tool(words).run().expect().stdout_is("");
        swept.stderr_has("another instance has it").done();
        assert_eq!(state(&kept), Some(VolumeState::InUse));
    }
    let now = |settings: &mut Settings| settings.paces.volume = Pace::Now;
    cloud.sandbox.configure(now);
    cloud.call("DetachVolume", &params[..1]);
    sweep().stdout_is(&format!("{kept}\n")).done();
    assert_eq!(state(&kept), None);
}

#[test]
fn who_stops_it_twice_is_told_of_what_is_there() {
    let Some(place) = Place::new() else { return };
    let rootfs = archive(&place);
    let disk = place.usual_disk();
    for prepares in [false, true] {
        let cloud = Cloud::new(Look::Nvme);
        let base = cloud.snapshot(&disk, &[]);
        let before = cloud.resources();
        let hang = Fault::on("DeleteTags").delay(Duration::from_secs(20));
        cloud.sandbox.inject(hang);
        let words: &[&str] = match prepares {
            true => &["-v", "--prepare-base", &rootfs, "--size", "1G"],
            false => &["-v", "-n", "web", &base, "true"],
        };
        let mut running = cloud.tool(words).spawn();
        running.wait_until("what is made", |running| match prepares {
            true => {
                let is_gone = running.stderr().contains("DeleteVolume");
                is_gone && volume(&cloud).is_none()
            }
            false => !cloud.sandbox.images(HOME).is_empty(),
        });
        // So long after the answer it is within the call that hangs.
        std::thread::sleep(Duration::from_secs(2));
        running.signal(Signal::TERM);
        std::thread::sleep(Duration::from_millis(600));
        running.signal(Signal::TERM);
        let outcome = running.wait();
        assert_eq!(outcome.signal, Some(Signal::TERM.as_raw()), "{outcome}");
        let mut new = cloud
            .resources()
            .difference(&before)
            .cloned()
            .collect::<Vec<_>>();
        // An image has its snapshot.
        new.retain(|id| prepares || id.starts_with("ami-"));
        assert_eq!(vec![outcome.stdout.trim().to_owned()], new, "{outcome}");
    }
}

#[test]
fn a_volume_that_is_kept_is_there() {
    let Some(place) = Place::new() else { return };
    let disk = place.usual_disk();
    for fails_late in [false, true] {
        let cloud = Cloud::new(Look::Nvme);
        let base = cloud.snapshot(&disk, &[]);
        let words = ["-n", "web", "--keep-on-failure", &base, "true"];
        let outcome = if fails_late {
            let fault = Fault::on("RegisterImage").always();
            let fault = fault.error(400, "OperationNotPermitted", "Not today.");
            cloud.sandbox.inject(fault);
            cloud.tool(&words).run()
        } else {
            cloud
                .sandbox
                .configure(|settings| settings.paces.snapshot = Pace::Never);
            let mut running = cloud.tool(&words).spawn();
            wait_for_call(&mut running, &cloud, "CreateSnapshot");
            // As long as it takes to remove a volume that was not to be kept.
            std::thread::sleep(Duration::from_secs(2));
            let snapshot = cloud.sandbox.snapshots(HOME).pop().expect("one");
            cloud.sandbox.edit_snapshot(&snapshot.id, |snapshot| {
                snapshot.goes(SnapshotState::Error, Pace::Never, SnapshotState::Error);
            });
            running.wait()
        };
        let outcome = outcome.expect().fails(125).stdout_is("");
        let said = outcome.stderr_has(" is kept: to go on in it").done().stderr;
        let kept = volume(&cloud).expect("kept");
        assert!(said.contains(&kept), "{said}");
        let found = cloud.sandbox.find_volume(&kept).expect("kept");
        assert_eq!(found.state(), VolumeState::Available);
        assert!(!found.tags.contains_key(MARK) && !cloud.has_devices());
        assert_eq!(cloud.sandbox.snapshots(HOME).len(), 1, "{said}");
    }
    // And where all goes well none is.
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&disk, &[]);
    let built = cloud.tool(&["--keep-on-failure", &base, "true"]).run();
    built.expect().stdout_has("ami-").done();
    assert_eq!((volume(&cloud), cloud.has_devices()), (None, false));
}

#[test]
fn what_ec2_drops_is_not_waited_for() {
    let Some(place) = Place::new() else { return };
    let disk = place.usual_disk();
    for (until, action, said) in [
        ("CreateVolume", "DeleteVolume", "EC2 has dropped it"),
        (
            "AttachVolume",
            "DetachVolume",
            "has taken it from this instance",
        ),
    ] {
        let cloud = Cloud::new(Look::Nvme);
        let base = cloud.snapshot(&disk, &[]);
        let before = cloud.resources();
        let slow = || {
            cloud
                .sandbox
                .configure(|settings| settings.paces.volume = Pace::Never)
        };
        match action {
            "DeleteVolume" => slow(),
            // It is available at once, and attached slowly.
            _ => cloud
                .sandbox
                .inject(Fault::on(until).delay(Duration::from_secs(1))),
        }
        let tool = cloud.tool(&["-n", "web", &base, "true"]);
        let mut running = tool.deadline(Duration::from_secs(40)).spawn();
        if action == "DetachVolume" {
            wait_for_call(&mut running, &cloud, "DescribeInstances");
            slow();
        }
        wait_for_call(&mut running, &cloud, until);
        let seen = cloud.sandbox.count_calls("DescribeVolumes");
        running.wait_until("a look", |_| {
            cloud.sandbox.count_calls("DescribeVolumes") > seen
        });
        cloud
            .sandbox
            .configure(|settings| settings.paces.volume = Pace::Now);
        let volume = volume(&cloud).expect("made");
        cloud.call(action, &[("VolumeId", &volume)]);
        let outcome = running.wait().expect().fails(125).stdout_is("");
        outcome.stderr_has(said).done();
        assert_eq!(cloud.resources(), before);
    }
}

#[test]
fn a_volume_that_ec2_takes_for_attached_is_tried_again() {
    let Some(place) = Place::new() else { return };
    let cloud = Cloud::new(Look::Nvme);
    let base = cloud.snapshot(&place.usual_disk(), &[]);
    let fault = Fault::on("DeleteVolume").times(4);
    let fault = fault.error(400, "VolumeInUse", "It is currently attached.");
    cloud.sandbox.inject(fault);
    let built = cloud.tool(&[&base, "true"]).run();
    built.expect().stdout_has("ami-").done();
    assert_eq!(volume(&cloud), None);
}

#[test]
fn an_instance_that_is_not_known_yet_is_not_gone() {
    let Some(place) = Place::new() else { return };
    drop(place);
    let cloud = Cloud::new(Look::Nvme);
    let over = cloud.sandbox.instance(HOME, |instance| {
        instance.state = InstanceState::Terminated;
    });
    let marked = |instance: &str, age: u64| {
        let value = format!("{instance} some-boot 1 1 1");
        cloud.sandbox.snapshot(HOME, |snapshot| {
            snapshot.tags.insert(MARK.into(), value);
            snapshot.started -= Duration::from_secs(age);
        })
    };
    let unknown = "i-0123456789abcdef0";
    let young = marked(unknown, 60);
    let mut expected = [marked(unknown, 3600), marked(&over, 0)];
    let swept = cloud.tool(&["--sweep"]).run().expect();
    let swept = swept.stdout_has("snap-").done().stdout;
    let mut removed: Vec<&str> = swept.lines().collect();
    removed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(removed, expected);
    assert!(cloud.sandbox.find_snapshot(&young).is_some());
}

#[test]
fn a_base_that_is_killed_leaves_no_file() {
    let Some(place) = Place::new() else { return };
    let rootfs = archive(&place);
    let (programs, begun) = (place.path("programs"), place.path("begun"));
    fs::create_dir(&programs).expect("a directory");
    let script = format!("#!/bin/sh\n: > {}\nexec sleep 2\n", begun.display());
    let program = programs.join("mkfs.ext4");
    fs::write(&program, script).expect("written");
    sh(&format!("chmod +x {}", program.display()));
    let disk = place.path("disk").display().to_string();
    let path = format!("{}:/usr/bin:/bin", programs.display());
    let tool = ami_testkit::tool("ami-chroot")
        .args(["--prepare-base", &rootfs, "--size", "64M", "-o", &disk])
        .env("PATH", path);
    let mut running = tool.spawn();
    running.wait_until("mkfs", |_| begun.exists());
    running.signal(Signal::KILL);
    let outcome = running.wait();
    let home = outcome.home().expect("a home");
    let left: Vec<_> = fs::read_dir(home).expect("read").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_device_is_not_replaced_by_a_file() {
    let Some(place) = Place::new() else { return };
    let (disk, device) = (place.usual_disk(), place.path("device"));
    sh(&format!("mknod {} b 7 99999", device.display()));
    let rootfs = archive(&place);
    let (disk, out) = (disk.display().to_string(), device.display().to_string());
    for (words, code) in [
        (&["-o", &out, &disk, "true"][..], 125),
        (&["--dry-run", "-o", &out, &disk, "true"], 125),
        (&["--prepare-base", &rootfs, "--size", "64M", "-o", &out], 1),
    ] {
        let tool = ami_testkit::tool("ami-chroot").args(words);
        let refused = tool.run().expect().fails(code).stdout_is("");
        refused.stderr_has("is no regular file").done();
        let kind = fs::symlink_metadata(&device)
            .expect("still there")
            .file_type();
        assert!(!kind.is_file(), "{words:?}");
    }
}

#[test]
fn a_workspace_with_credentials_is_warned_of() {
    let Some(place) = Place::new() else { return };
    let disk = place.usual_disk().display().to_string();
    let words = ["--in-place", &disk, "true"];
    let tool = || ami_testkit::tool("ami-chroot");
    let done = format!("{disk}\n");
    let quiet = tool().args(words).run().expect();
    quiet.stdout_is(&done).stderr_is("").done();
    let open = tool().file(".aws/credentials", "", 0o600).args(words).run();
    let open = open.expect().stdout_is(&done);
    let said = open.stderr_has("holds .aws: the command can read all of it as /workspace");
    assert_eq!(said.done().stderr.lines().count(), 1);
    let shut = tool().file(".aws/credentials", "", 0o600);
    let shut = shut.args(["--workspace", "none"]).args(words).run();
    shut.expect().stdout_is(&done).stderr_is("").done();
    for name in [
        "AWS_CONTAINER_AUTHORIZATION_TOKEN=x",
        "AWS_WEB_IDENTITY_TOKEN_FILE=x",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI=x",
    ] {
        let refused = tool().args(["--env", name]).args(words).run().expect();
        let refused = refused.fails(125).stdout_is("");
        refused.stderr_has("is not given to builds").done();
    }
}
