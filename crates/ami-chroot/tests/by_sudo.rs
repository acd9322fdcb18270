//! A user without privilege, whose helper is run by sudo.

mod support;

use std::fs;
use std::os::unix::fs::MetadataExt;

use ami_sandbox::Look;
use support::user::{USER, User};
use support::{Cloud, Host};

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
