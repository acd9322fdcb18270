//! Images that can be copied, and those that cannot.

use ami_sandbox::{ImageState, Pace};
use ami_testkit::shell;

use crate::{ABROAD, HOME, OTHER, asked, clone, copy, image, only_copy, quick_sandbox, sandbox};

#[test]
fn an_image_that_is_not_ready_is_refused_with_what_to_do() {
    let sandbox = quick_sandbox();
    for (state, line) in [
        (
            ImageState::Pending,
            "is pending, and can be copied when it is available; wait for it: ami-waiton ID@us-east-1",
        ),
        (ImageState::Failed, "is failed, and cannot be copied"),
        (ImageState::Disabled, "is disabled, and cannot be copied"),
    ] {
        let image = image(&sandbox);
        sandbox.set_image_state(&image, state, None);
        let line = line.replace("ID", &image);
        copy(&sandbox, &["-R", ABROAD, &image])
            .run()
            .expect()
            .fails(1)
            .stdout_is("")
            .stderr_is(&format!("ami-copy-image: {image}: {line}\n"))
            .done();
    }
    assert_eq!(asked(&sandbox), 0);
}

#[test]
fn a_pending_image_abroad_is_waited_for_where_it_is() {
    let sandbox = quick_sandbox();
    let image = sandbox.image(ABROAD, |_| {});
    sandbox.set_image_state(&image, ImageState::Pending, None);
    clone(&sandbox, &[&format!("{image}@{ABROAD}")])
        .run()
        .expect()
        .fails(1)
        .stderr_has(&format!("; wait for it: ami-waiton {image}@{ABROAD}\n"))
        .done();
}

#[test]
fn an_unknown_image_stops_no_other() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    copy(&sandbox, &["-R", ABROAD, "ami-12345678"])
        .run()
        .expect()
        .fails(5)
        .stdout_is("")
        .stderr_is("ami-copy-image: ami-12345678: does not exist in us-east-1\n")
        .done();
    copy(&sandbox, &["-R", ABROAD, "ami-12345678", &image])
        .run()
        .expect()
        .fails(6)
        .stdout_has("@eu-west-1\n")
        .stderr_is("ami-copy-image: ami-12345678: does not exist in us-east-1\n")
        .done();
}

#[test]
fn an_image_made_a_moment_ago_is_waited_for() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    sandbox.hide(&image, Pace::Reads(2));
    copy(&sandbox, &["-R", ABROAD, &image])
        .env("AMI_TOOLS_GRACE", "60s")
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
}

#[test]
fn a_copy_that_ec2_does_not_show_yet_is_waited_for() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.invisible = Pace::Reads(1));
    let image = image(&sandbox);
    copy(
        &sandbox,
        &["--wait", "--share", OTHER, "-R", ABROAD, &image],
    )
    .env("AMI_TOOLS_GRACE", "60s")
    .run()
    .expect()
    .stdout_has("ami-")
    .done();
    assert!(only_copy(&sandbox, ABROAD).shared_with.contains(OTHER));
}

#[test]
fn an_image_without_snapshots_is_copied_shared_and_protected() {
    let sandbox = quick_sandbox();
    let image = sandbox.image(HOME, |image| image.mappings.clear());
    copy(
        &sandbox,
        &[
            "--wait",
            "--share",
            OTHER,
            "--protect",
            "-R",
            ABROAD,
            &image,
        ],
    )
    .run()
    .expect()
    .stdout_has("ami-")
    .done();
    assert!(only_copy(&sandbox, ABROAD).shared_with.contains(OTHER));
    assert!(sandbox.calls_to("ModifySnapshotAttribute").is_empty());
}

#[test]
fn anothers_image_can_be_kept_for_good() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    let source = sandbox.find_image(&image).expect("the image");
    sandbox.edit_image(&image, |image| {
        image.shared_with.insert(OTHER.into());
    });
    for snapshot in source.snapshots() {
        sandbox.edit_snapshot(snapshot, |snapshot| {
            snapshot.shared_with.insert(OTHER.into());
        });
    }
    let outcome = ami_testkit::tool("ami-clone")
        .sandbox_as(&sandbox, OTHER)
        .args([&image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let kept = sandbox
        .find_image(outcome.stdout.trim_end())
        .expect("the clone");
    assert_eq!((&*kept.owner, kept.source_image), (OTHER, Some(image)));
}

#[test]
fn storage_that_is_not_shared_is_told() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    sandbox.edit_image(&image, |image| {
        image.shared_with.insert(OTHER.into());
    });
    ami_testkit::tool("ami-clone")
        .sandbox_as(&sandbox, OTHER)
        .args([&image])
        .run()
        .expect()
        .fails(1)
        .stderr_has(&format!("ami-clone: {image} to {HOME}: You do not have permission to access the storage of this ami (InvalidRequest, request "))
        .done();
}

#[test]
fn a_pipe_from_instance_to_copies() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let script = format!(
        "ami-create-image --wait {instance} | ami-copy-image -R eu-west-1,ap-south-1 - | ami-waiton --poll 1s - | sort"
    );
    let outcome = shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stdout_has("@eu-west-1\n")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 2);
}
