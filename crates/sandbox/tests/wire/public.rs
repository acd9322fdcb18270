//! Images and snapshots for everyone: what blocks that, and how many there may be.

use ami_sandbox::{Ebs, Mapping, Sandbox};

use crate::client::{Answer, As, OTHER_KEY, REGION, call, ec2, sandbox};

const EVERYONE: (&str, &str) = ("LaunchPermission.Add.1.Group", "all");

fn share(sandbox: &Sandbox, image: &str, with: (&str, &str)) -> Answer {
    ec2(sandbox, "ModifyImageAttribute", &[("ImageId", image), with])
}

fn publish_snapshot(sandbox: &Sandbox, id: &str) -> Answer {
    let all = ("CreateVolumePermission.Add.1.Group", "all");
    ec2(
        sandbox,
        "ModifySnapshotAttribute",
        &[("SnapshotId", id), all],
    )
}

fn secret_image(sandbox: &Sandbox, key: Option<String>) -> String {
    sandbox.image(REGION, |image| {
        let ebs = Ebs {
            encrypted: true,
            kms_key: key,
            ..Ebs::default()
        };
        image.mappings = vec![Mapping::ebs("/dev/xvda", ebs)];
    })
}

#[test]
fn public_images_are_blocked_until_the_account_says_otherwise() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    let state = |action: &str, params: &[(&str, &str)]| {
        let answer = ec2(&sandbox, action, params);
        answer.text("imageBlockPublicAccessState").to_owned()
    };
    let get = || ec2(&sandbox, "GetImageBlockPublicAccessState", &[]);
    assert_eq!(
        get().text("imageBlockPublicAccessState"),
        "block-new-sharing"
    );
    assert_eq!(get().text("managedBy"), "account");
    let (code, message) = (
        "OperationNotPermitted",
        "You can’t publicly share this image because block public access for AMIs is enabled for this account. To publicly share the image, you must call the DisableImageBlockPublicAccess API.",
    );
    assert_eq!(
        share(&sandbox, &image, EVERYONE).complaint(),
        (code, message)
    );
    let user = ("LaunchPermission.Add.1.UserId", "210987654321");
    assert_eq!(share(&sandbox, &image, user).status, 200);
    assert_eq!(state("DisableImageBlockPublicAccess", &[]), "unblocked");
    assert_eq!(share(&sandbox, &image, EVERYONE).status, 200);
    let on = [("ImageBlockPublicAccessState", "block-new-sharing")];
    assert_eq!(
        state("EnableImageBlockPublicAccess", &on),
        "block-new-sharing"
    );
    assert!(sandbox.find_image(&image).unwrap().public);
    let wrong = [("ImageBlockPublicAccessState", "unblocked")];
    let answer = ec2(&sandbox, "EnableImageBlockPublicAccess", &wrong);
    assert_eq!(answer.error(), (400, "InvalidParameterValue"));
    let elsewhere = As {
        region: "eu-west-1",
        ..As::default()
    };
    ec2(&sandbox, "DisableImageBlockPublicAccess", &[]);
    let there = call(&sandbox, elsewhere, "GetImageBlockPublicAccessState", &[]).unwrap();
    assert_eq!(
        there.text("imageBlockPublicAccessState"),
        "block-new-sharing"
    );
}

#[test]
fn snapshots_are_blocked_for_new_sharing_or_for_all() {
    let sandbox = sandbox();
    let (first, second) = (
        sandbox.snapshot(REGION, |_| {}),
        sandbox.snapshot(REGION, |_| {}),
    );
    let enable = |state: &str| {
        let answer = ec2(
            &sandbox,
            "EnableSnapshotBlockPublicAccess",
            &[("State", state)],
        );
        answer.text("state").to_owned()
    };
    let get = || ec2(&sandbox, "GetSnapshotBlockPublicAccessState", &[]);
    let seen = || {
        let who = As {
            key: OTHER_KEY,
            ..As::default()
        };
        let answer = call(
            &sandbox,
            who,
            "DescribeSnapshots",
            &[("SnapshotId.1", &first)],
        );
        answer.unwrap().status == 200
    };
    assert_eq!(get().text("state"), "unblocked");
    assert_eq!(publish_snapshot(&sandbox, &first).status, 200);
    assert_eq!(enable("block-new-sharing"), "block-new-sharing");
    let refused = publish_snapshot(&sandbox, &second);
    assert_eq!(refused.error(), (400, "OperationNotPermitted"));
    assert!(seen());
    assert_eq!(enable("block-all-sharing"), "block-all-sharing");
    assert_eq!(get().text("state"), "block-all-sharing");
    assert!(!seen());
    let params = [
        ("SnapshotId", &*first),
        ("Attribute", "createVolumePermission"),
    ];
    let kept = ec2(&sandbox, "DescribeSnapshotAttribute", &params);
    assert_eq!(kept.text("group"), "all");
    let off = ec2(&sandbox, "DisableSnapshotBlockPublicAccess", &[]);
    assert_eq!((off.text("state"), seen()), ("unblocked", true));
    assert_eq!(publish_snapshot(&sandbox, &second).status, 200);
    let wrong = ec2(
        &sandbox,
        "EnableSnapshotBlockPublicAccess",
        &[("State", "all")],
    );
    assert_eq!(wrong.error(), (400, "InvalidParameterValue"));
    sandbox.configure(|settings| settings.block_public_snapshots = true);
    let there = As {
        region: "eu-west-1",
        ..As::default()
    };
    let fresh = call(&sandbox, there, "GetSnapshotBlockPublicAccessState", &[]).unwrap();
    assert_eq!(fresh.text("state"), "block-new-sharing");
}

#[test]
fn five_images_may_be_public() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.block_public_images = false);
    let images: Vec<_> = (0..6).map(|_| sandbox.image(REGION, |_| {})).collect();
    for image in &images[..5] {
        assert_eq!(share(&sandbox, image, EVERYONE).status, 200);
    }
    let refused = share(&sandbox, &images[5], EVERYONE);
    assert_eq!(refused.error(), (400, "ResourceLimitExceeded"));
    assert!(
        refused
            .text("Message")
            .starts_with("You have reached your quota of 5 for")
    );
    assert_eq!(share(&sandbox, &images[0], EVERYONE).status, 200);
    let private = ("LaunchPermission.Remove.1.Group", "all");
    assert_eq!(share(&sandbox, &images[0], private).status, 200);
    assert_eq!(share(&sandbox, &images[5], EVERYONE).status, 200);
    sandbox.configure(|settings| settings.limits.public_images = 6);
    assert_eq!(share(&sandbox, &images[0], EVERYONE).status, 200);
}

#[test]
fn encrypted_images_are_never_public_and_shared_only_under_a_key_of_ones_own() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.block_public_images = false);
    let user = ("LaunchPermission.Add.1.UserId", "210987654321");
    let default = secret_image(&sandbox, None);
    let message =
        "Snapshots encrypted with the AWS Managed CMK can’t be shared. Specify another snapshot.";
    for with in [user, EVERYONE] {
        let refused = share(&sandbox, &default, with);
        assert_eq!(refused.complaint(), ("InvalidParameter", message));
    }
    let same = secret_image(&sandbox, Some(sandbox.ebs_key(REGION)));
    assert_eq!(
        share(&sandbox, &same, user).error(),
        (400, "InvalidParameter")
    );
    let keyed = secret_image(&sandbox, Some(sandbox.kms_key(REGION, |_| {})));
    assert_eq!(
        share(&sandbox, &keyed, EVERYONE).error(),
        (400, "InvalidParameter")
    );
    assert_eq!(share(&sandbox, &keyed, user).status, 200);
}

#[test]
fn a_public_image_is_deprecated_after_two_years() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.block_public_images = false);
    let image = sandbox.image(REGION, |_| {});
    let year = sandbox.find_image(&image).unwrap().created.year();
    let years = |years: i32| format!("{}-01-01T00:00:00Z", year + years);
    let deprecate = |image: &str, at: &str| {
        let params = [("ImageId", image), ("DeprecateAt", at)];
        ec2(&sandbox, "EnableImageDeprecation", &params).status
    };
    assert_eq!(deprecate(&image, &years(9)), 200);
    assert_eq!(deprecate(&image, &years(11)), 400);
    assert_eq!(deprecate(&image, &years(-1)), 400);
    assert_eq!(share(&sandbox, &image, EVERYONE).status, 200);
    let found = sandbox.find_image(&image).unwrap().deprecation.unwrap();
    assert_eq!(found.year(), year + 2);
    assert_eq!(deprecate(&image, &years(3)), 400);
    assert_eq!(deprecate(&image, &years(1)), 200);
    let end = || ec2(&sandbox, "DisableImageDeprecation", &[("ImageId", &image)]);
    assert_eq!(end().error(), (400, "OperationNotPermitted"));
    share(&sandbox, &image, ("LaunchPermission.Remove.1.Group", "all"));
    assert_eq!(end().status, 200);
    let old = sandbox.image(REGION, |image| {
        image.public = true;
        image.created -= time::Duration::days(700);
    });
    assert_eq!(deprecate(&old, &years(2)), 400);
}
