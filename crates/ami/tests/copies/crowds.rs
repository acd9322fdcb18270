//! How many copies EC2 lets pass at once, and how they queue for it.

use std::time::Duration;

use ami_sandbox::{Call, Image, ImageState, Pace, Rate, Sandbox};

use crate::{ABROAD, asked, copies, copy, image, sandbox, sorted, wide_image};

/// Snapshots of copies that are on their way into a region.
fn in_progress(sandbox: &Sandbox, region: &str) -> usize {
    let images = copies(sandbox, region).into_iter();
    let pending = images.filter(|image| image.state() == ImageState::Pending);
    pending.map(|image| image.snapshots().count()).sum()
}

fn refused(calls: &[Call]) -> usize {
    calls.iter().filter(|call| call.error.is_some()).count()
}

/// A pending copy of somebody else's program: `volumes` snapshots that are on their way.
fn occupy(sandbox: &Sandbox, volumes: usize) -> Image {
    let source = wide_image(sandbox, volumes);
    copy(sandbox, &["-q", "-N", "occupied", "-R", ABROAD, &source])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let mut copies = copies(sandbox, ABROAD);
    copies.retain(|image| image.name.starts_with("occupied"));
    copies.pop().expect("a pending copy")
}

#[test]
fn sixty_images_queue_within_the_limit() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.image = Pace::Millis(200));
    let images: Vec<_> = (0..60)
        .map(|n| wide_image(&sandbox, if n % 4 == 0 { 3 } else { 1 }))
        .collect();
    let mut words = vec!["-R", ABROAD];
    words.extend(images.iter().map(String::as_str));
    let mut running = copy(&sandbox, &words).spawn();
    let mut most = 0;
    running.wait_until("all are asked for", |_| {
        most = most.max(in_progress(&sandbox, ABROAD));
        asked(&sandbox) >= 60
    });
    let outcome = running.wait().expect().stdout_has("ami-").done();
    assert_eq!(outcome.stdout.lines().count(), 60);
    assert!((1..=20).contains(&most), "{most} snapshots at once");
    let calls = sandbox.calls_to("CopyImage");
    assert_eq!((calls.len(), refused(&calls)), (60, 0));
}

#[test]
fn each_region_has_its_own_queue() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.image = Pace::Never);
    let images: Vec<_> = (0..25).map(|_| image(&sandbox)).collect();
    let mut words = vec!["-R", "eu-west-1,eu-west-2,eu-west-3"];
    words.extend(images.iter().map(String::as_str));
    let mut running = copy(&sandbox, &words).spawn();
    running.wait_until("all regions are full", |_| {
        let regions = ["eu-west-1", "eu-west-2", "eu-west-3"];
        regions
            .iter()
            .all(|region| in_progress(&sandbox, region) == 20)
    });
    assert_eq!(asked(&sandbox), 60);
}

#[test]
fn what_others_copy_is_waited_for() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.image = Pace::Never);
    let others = occupy(&sandbox, 20);
    let images = [image(&sandbox), image(&sandbox)];
    sandbox.clear_calls();
    let mut running = copy(&sandbox, &["-R", ABROAD, &images[0], &images[1]]).spawn();
    running.wait_until("EC2 has refused a copy", |_| {
        refused(&sandbox.calls_to("CopyImage")) > 0
    });
    sandbox.set_image_state(&others.id, ImageState::Available, None);
    let outcome = running
        .wait()
        .expect()
        .stdout_has("ami-")
        .stderr_is(
            "ami-copy-image: eu-west-1 copies as many snapshots as it can; waiting for room\n",
        )
        .done();
    assert_eq!(outcome.stdout.lines().count(), 2);
    assert_eq!(copies(&sandbox, ABROAD).len(), 3);
}

#[test]
fn a_smaller_limit_is_learned() {
    let sandbox = sandbox();
    sandbox.configure(|settings| {
        settings.paces.image = Pace::Reads(1);
        settings.limits.snapshot_copies = 2;
    });
    let images: Vec<_> = (0..6).map(|_| image(&sandbox)).collect();
    let mut words = vec!["-q", "-R", ABROAD];
    words.extend(images.iter().map(String::as_str));
    let outcome = copy(&sandbox, &words)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 6);
    assert_eq!(copies(&sandbox, ABROAD).len(), 6);
    let calls = sandbox.calls_to("CopyImage");
    // Five are asked for at once before it is known, and one that comes after them can meet them.
    assert!(refused(&calls) <= 4, "{}", refused(&calls));
}

#[test]
fn copies_of_an_earlier_run_take_room() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.image = Pace::Never);
    let images: Vec<_> = (0..22).map(|_| image(&sandbox)).collect();
    let mut words = vec!["-q", "-R", ABROAD];
    words.extend(images.iter().map(String::as_str));
    copy(&sandbox, &words[..23])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    sandbox.clear_calls();
    let mut running = copy(&sandbox, &words).spawn();
    running.wait_until("the found copies are looked at", |running| {
        let polled = sandbox.calls_to("DescribeImages").into_iter();
        running.stdout().lines().count() == 20
            && polled
                .filter(|call| call.param("ImageId.1").is_some() && call.region == ABROAD)
                .count()
                > 0
    });
    assert_eq!(asked(&sandbox), 0, "there is no room");
    for image in copies(&sandbox, ABROAD) {
        sandbox.set_image_state(&image.id, ImageState::Available, None);
    }
    let outcome = running.wait().expect().stdout_has("ami-").done();
    assert_eq!(sorted(&outcome.stdout).len(), 22);
    let calls = sandbox.calls_to("CopyImage");
    assert_eq!((calls.len(), refused(&calls)), (2, 0));
}

#[test]
fn an_image_of_more_snapshots_than_there_is_room_ever_is_refused() {
    let sandbox = sandbox();
    let (wide, narrow) = (wide_image(&sandbox, 25), image(&sandbox));
    copy(&sandbox, &["-R", ABROAD, &wide, &narrow])
        .run()
        .expect()
        .fails(6)
        .stdout_has("@eu-west-1\n")
        .stderr_has(&format!(
            "{wide} to eu-west-1: Too many snapshot copies in progress. The limit is 20"
        ))
        .stderr_has("; the image has 25 snapshots, which are copied together\n")
        .done();
    assert_eq!(copies(&sandbox, ABROAD).len(), 1);
}

#[test]
fn an_image_of_more_snapshots_goes_where_the_limit_was_raised() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.limits.snapshot_copies = 100);
    let wide = wide_image(&sandbox, 25);
    copy(&sandbox, &["-R", ABROAD, &wide])
        .run()
        .expect()
        .stdout_has("@eu-west-1")
        .done();
    assert_eq!(asked(&sandbox), 1);
}

#[test]
fn a_bucket_that_is_empty_is_waited_for() {
    let sandbox = sandbox();
    sandbox.configure(|settings| {
        settings.throttle = true;
        settings.paces.image = Pace::Now;
        settings.limits.copy_image = Rate {
            burst: 2.0,
            per_second: 5.0,
        };
    });
    let images: Vec<_> = (0..12).map(|_| image(&sandbox)).collect();
    let mut words = vec!["-R", ABROAD];
    words.extend(images.iter().map(String::as_str));
    let outcome = copy(&sandbox, &words)
        .deadline(Duration::from_secs(100))
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 12);
    assert_eq!(copies(&sandbox, ABROAD).len(), 12);
    assert!(
        refused(&sandbox.calls_to("CopyImage")) > 0,
        "it was throttled"
    );
}
