//! CopyImage into many regions: how many copies go at once, what a client token stands for, and where
//! an image may be copied from.

use std::time::Duration;

use ami_sandbox::{Ebs, ImageState, Mapping, Pace, Rate, Sandbox};

use crate::client::{Answer, As, OTHER_KEY, REGION, call, sandbox};

const THERE: &str = "eu-west-1";

fn copy(sandbox: &Sandbox, region: &str, image: &str, more: &[(&str, &str)]) -> Answer {
    let who = As {
        region,
        ..As::default()
    };
    let params = [
        ("SourceImageId", image),
        ("SourceRegion", REGION),
        ("Name", "copy"),
    ];
    call(sandbox, who, "CopyImage", &[&params[..], more].concat()).unwrap()
}

fn describe(sandbox: &Sandbox, region: &str) -> Answer {
    let who = As {
        region,
        ..As::default()
    };
    call(sandbox, who, "DescribeImages", &[("Owner.1", "self")]).unwrap()
}

/// An image of three volumes.
fn wide_image(sandbox: &Sandbox) -> String {
    sandbox.image(REGION, |image| {
        for device in ["/dev/sdb", "/dev/sdc"] {
            image.mappings.push(Mapping::ebs(device, Ebs::default()));
        }
    })
}

#[test]
fn copies_are_counted_by_snapshot() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.image = Pace::Reads(1));
    let image = wide_image(&sandbox);
    assert!((0..6).all(|_| copy(&sandbox, THERE, &image, &[]).status == 200));
    let seventh = copy(&sandbox, THERE, &image, &[]);
    assert_eq!(
        seventh.complaint(),
        (
            "ResourceLimitExceeded",
            "Too many snapshot copies in progress. The limit is 20 for this destination region."
        )
    );
    assert_eq!(copy(&sandbox, "eu-west-2", &image, &[]).status, 200);
    assert_eq!(describe(&sandbox, THERE).all("imageState"), ["pending"; 6]);
    assert_eq!(copy(&sandbox, THERE, &image, &[]).status, 200);
}

#[test]
fn both_kinds_of_copies_share_the_limit_of_an_account() {
    let sandbox = sandbox();
    sandbox.configure(|settings| {
        settings.paces.image = Pace::Never;
        settings.paces.snapshot = Pace::Never;
        settings.limits.snapshot_copies = 4;
    });
    let image = wide_image(&sandbox);
    let id = sandbox.snapshots(REGION)[0].id.clone();
    let (there, snapshot) = (
        As {
            region: THERE,
            ..As::default()
        },
        [("SourceSnapshotId", &*id), ("SourceRegion", REGION)],
    );
    assert_eq!(copy(&sandbox, THERE, &image, &[]).status, 200);
    let fourth = call(&sandbox, there, "CopySnapshot", &snapshot).unwrap();
    assert_eq!(fourth.status, 200, "{}", fourth.body);
    let fifth = call(&sandbox, there, "CopySnapshot", &snapshot).unwrap();
    assert_eq!(fifth.error(), (400, "ResourceLimitExceeded"));
    assert!(fifth.text("Message").contains("The limit is 4 for"));
    let other = As {
        key: OTHER_KEY,
        ..there
    };
    let public = [
        ("SourceImageId", "ami-0a1b2c3d4e5f60001"),
        ("SourceRegion", REGION),
        ("Name", "copy"),
    ];
    assert_eq!(
        call(&sandbox, other, "CopyImage", &public).unwrap().status,
        200
    );
}

#[test]
fn room_comes_back_with_time_and_with_failure() {
    let sandbox = sandbox();
    sandbox.configure(|settings| {
        settings.paces.image = Pace::Millis(200);
        settings.limits.snapshot_copies = 3;
    });
    let image = wide_image(&sandbox);
    let made = copy(&sandbox, THERE, &image, &[]);
    assert_eq!(
        copy(&sandbox, THERE, &image, &[]).error(),
        (400, "ResourceLimitExceeded")
    );
    sandbox.set_image_state(made.text("imageId"), ImageState::Failed, None);
    assert_eq!(copy(&sandbox, THERE, &image, &[]).status, 200);
    std::thread::sleep(Duration::from_millis(250));
    assert_eq!(copy(&sandbox, THERE, &image, &[]).status, 200);
}

#[test]
fn copy_image_has_a_bucket_of_its_own_size() {
    let sandbox = sandbox();
    sandbox.configure(|settings| {
        settings.throttle = true;
        settings.limits.copy_image = Rate {
            burst: 2.0,
            per_second: 20.0,
        };
    });
    let image = wide_image(&sandbox);
    let statuses: Vec<u16> = (0..3)
        .map(|_| copy(&sandbox, THERE, &image, &[]).status)
        .collect();
    assert_eq!(statuses, [200, 200, 503]);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(copy(&sandbox, THERE, &image, &[]).status, 200);
}

#[test]
fn a_token_stands_for_one_copy_in_one_region_for_a_day() {
    let sandbox = sandbox();
    let image = wide_image(&sandbox);
    let token = ("ClientToken", "once");
    let id = |region: &str| {
        let answer = copy(&sandbox, region, &image, &[token]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.text("imageId").to_owned()
    };
    let first = id(THERE);
    assert_eq!(id(THERE), first);
    sandbox.set_image_state(&first, ImageState::Available, None);
    assert_eq!(id(THERE), first);
    assert_ne!(id("eu-west-2"), first);
    let dry = copy(&sandbox, THERE, &image, &[token, ("DryRun", "true")]);
    assert_eq!(dry.error(), (412, "DryRunOperation"));
    let other = copy(&sandbox, THERE, &image, &[token, ("Description", "x")]);
    assert_eq!(other.error(), (400, "IdempotentParameterMismatch"));
    sandbox.configure(|settings| settings.limits.token_life = Duration::ZERO);
    assert_ne!(id(THERE), first);
}

#[test]
fn a_region_must_exist_and_be_enabled() {
    let sandbox = sandbox();
    let image = wide_image(&sandbox);
    let regions = call(&sandbox, As::default(), "DescribeRegions", &[]).unwrap();
    assert_eq!(regions.all("regionName").len(), 17);
    assert_eq!(
        copy(&sandbox, "ap-east-1", &image, &[]).error(),
        (401, "AuthFailure")
    );
    for source in ["ap-east-1", "us-moon-1"] {
        let params = [
            ("SourceImageId", &*image),
            ("SourceRegion", source),
            ("Name", "copy"),
        ];
        let answer = call(&sandbox, As::default(), "CopyImage", &params).unwrap();
        assert_eq!(answer.error(), (400, "InvalidParameterValue"), "{source}");
    }
}
