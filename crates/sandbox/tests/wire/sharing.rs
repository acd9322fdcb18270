//! Two accounts: who sees which image, and what owners switch on and off.

use ami_sandbox::{ImageState, Sandbox};

use crate::client::{Answer, As, OTHER_KEY, REGION, call, ec2, sandbox};

fn other_sees(sandbox: &Sandbox, params: &[(&str, &str)]) -> Vec<String> {
    let who = As {
        key: OTHER_KEY,
        ..As::default()
    };
    let answer = call(sandbox, who, "DescribeImages", params).unwrap();
    let mut ids: Vec<_> = answer
        .all("imageId")
        .into_iter()
        .map(str::to_owned)
        .collect();
    ids.retain(|id| id != "ami-0a1b2c3d4e5f60001");
    ids
}

#[test]
fn an_image_is_seen_by_those_it_is_shared_with() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.block_public_images = false);
    let image = sandbox.image(REGION, |image| {
        drop(image.tags.insert("a".into(), "b".into()))
    });
    assert!(other_sees(&sandbox, &[]).is_empty());
    let share = [
        ("ImageId", &*image),
        ("LaunchPermission.Add.1.UserId", "210987654321"),
        ("UserId.1", "210987654321"),
    ];
    assert_eq!(ec2(&sandbox, "ModifyImageAttribute", &share).status, 200);
    assert_eq!(
        other_sees(&sandbox, &[("ExecutableBy.1", "self")]),
        [&*image]
    );
    let tagged = [("Filter.1.Name", "tag:a"), ("Filter.1.Value.1", "b")];
    assert!(other_sees(&sandbox, &tagged).is_empty());
    let who = As {
        key: OTHER_KEY,
        ..As::default()
    };
    let shown = call(&sandbox, who, "DescribeImages", &[("ImageId.1", &image)]).unwrap();
    assert_eq!((shown.status, shown.all("tagSet").len()), (200, 0));
    let attribute = [("ImageId", &*image), ("Attribute", "launchPermission")];
    let answer = ec2(&sandbox, "DescribeImageAttribute", &attribute);
    assert_eq!(answer.all("userId"), ["210987654321"]);
    let unshare = [
        ("ImageId", &*image),
        ("LaunchPermission.Remove.1.UserId", "210987654321"),
    ];
    ec2(&sandbox, "ModifyImageAttribute", &unshare);
    assert!(other_sees(&sandbox, &[]).is_empty());
    let public = [
        ("ImageId", &*image),
        ("LaunchPermission.Add.1.Group", "all"),
    ];
    ec2(&sandbox, "ModifyImageAttribute", &public);
    assert_eq!(
        other_sees(&sandbox, &[("Owner.1", "123456789012")]),
        [image]
    );
}

#[test]
fn owners_are_told_apart() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    let count = |owner: &str| {
        let answer = ec2(&sandbox, "DescribeImages", &[("Owner.1", owner)]);
        answer.all("imageId").join(",")
    };
    assert_eq!(count("self"), image);
    assert_eq!(count("123456789012"), image);
    assert_eq!(count("amazon"), "ami-0a1b2c3d4e5f60001");
    let who = As {
        key: OTHER_KEY,
        ..As::default()
    };
    let answer = call(&sandbox, who, "DeregisterImage", &[("ImageId", &image)]).unwrap();
    assert_eq!(answer.error(), (400, "InvalidAMIID.NotFound"));
}

#[test]
fn a_deprecated_image_is_hidden_from_others_unless_named() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |image| {
        image.public = true;
        image.deprecation = Some(image.created);
    });
    assert!(other_sees(&sandbox, &[]).is_empty());
    assert_eq!(
        other_sees(&sandbox, &[("IncludeDeprecated", "true")]),
        [&*image]
    );
    assert_eq!(other_sees(&sandbox, &[("ImageId.1", &image)]), [&*image]);
    assert_eq!(
        ec2(&sandbox, "DescribeImages", &[("Owner.1", "self")]).text("imageId"),
        image
    );
}

#[test]
fn a_disabled_image_is_hidden_and_loses_its_shares() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |image| image.public = true);
    assert_eq!(
        ec2(&sandbox, "DisableImage", &[("ImageId", &image)]).status,
        200
    );
    assert!(!sandbox.find_image(&image).unwrap().public);
    let own = |params: &[(&str, &str)]| {
        let params = [&[("Owner.1", "self")], params].concat();
        ec2(&sandbox, "DescribeImages", &params)
            .all("imageState")
            .join(",")
    };
    assert_eq!(own(&[]), "");
    assert_eq!(own(&[("IncludeDisabled", "true")]), "disabled");
    ec2(&sandbox, "EnableImage", &[("ImageId", &image)]);
    assert_eq!(own(&[]), "available");
    assert_eq!(
        sandbox.find_image(&image).unwrap().state(),
        ImageState::Available
    );
}

#[test]
fn protection_keeps_an_image_registered() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    let id = [("ImageId", &*image)];
    ec2(&sandbox, "EnableImageDeregistrationProtection", &id);
    assert_eq!(
        ec2(&sandbox, "DeregisterImage", &id).error(),
        (400, "OperationNotPermitted")
    );
    ec2(&sandbox, "DisableImageDeregistrationProtection", &id);
    assert_eq!(ec2(&sandbox, "DeregisterImage", &id).status, 200);
}

#[test]
fn a_copy_knows_where_it_came_from() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |image| {
        image.name = "web".into();
        image.tags.insert("a".into(), "b".into());
    });
    let who = As {
        region: "eu-west-1",
        ..As::default()
    };
    let copy = |token: &str| {
        let params = [
            ("SourceImageId", &*image),
            ("SourceRegion", REGION),
            ("Name", "web"),
            ("CopyImageTags", "true"),
            ("ClientToken", token),
        ];
        call(&sandbox, who, "CopyImage", &params)
            .unwrap()
            .text("imageId")
            .to_owned()
    };
    let (first, again, other) = (copy("1"), copy("1"), copy("2"));
    assert_eq!(first, again);
    assert_ne!(first, other);
    let made = sandbox.find_image(&first).unwrap();
    assert_eq!(
        (made.source_image.as_ref(), &*made.tags["a"]),
        (Some(&image), "b")
    );
    assert_eq!(made.source_region.as_deref(), Some(REGION));
    let line = call(&sandbox, who, "GetImageAncestry", &[("ImageId", &first)]).unwrap();
    assert_eq!(line.all("imageId"), [&*first, &*image]);
}

/// The other account copies an image from us-east-1 to eu-west-1.
fn other_copies(sandbox: &Sandbox, image: &str) -> Answer {
    let who = As {
        key: OTHER_KEY,
        region: "eu-west-1",
        ..As::default()
    };
    let params = [
        ("SourceImageId", image),
        ("SourceRegion", REGION),
        ("Name", "theirs"),
        ("CopyImageTags", "true"),
    ];
    call(sandbox, who, "CopyImage", &params).unwrap()
}

#[test]
fn who_is_given_an_image_may_launch_it_and_needs_its_snapshots_to_copy_it() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |image| {
        _ = image.tags.insert("a".into(), "b".into())
    });
    let snapshot = sandbox.snapshots(REGION)[0].id.clone();
    assert_eq!(
        other_copies(&sandbox, &image).error(),
        (400, "InvalidAMIID.NotFound")
    );
    let user = ("LaunchPermission.Add.1.UserId", "210987654321");
    ec2(
        &sandbox,
        "ModifyImageAttribute",
        &[("ImageId", &image), user],
    );
    let launch = [("ImageId", &*image), ("MinCount", "1"), ("MaxCount", "1")];
    let who = As {
        key: OTHER_KEY,
        ..As::default()
    };
    let launched = call(&sandbox, who, "RunInstances", &launch).unwrap();
    assert_eq!(launched.status, 200, "{}", launched.body);
    assert_eq!(
        other_copies(&sandbox, &image).complaint(),
        (
            "InvalidRequest",
            "You do not have permission to access the storage of this ami"
        )
    );
    let user = ("CreateVolumePermission.Add.1.UserId", "210987654321");
    let params = [("SnapshotId", &*snapshot), user];
    ec2(&sandbox, "ModifySnapshotAttribute", &params);
    let made = other_copies(&sandbox, &image);
    let copy = sandbox.find_image(made.text("imageId")).unwrap();
    assert_eq!(copy.owner, "210987654321");
    assert!(copy.tags.is_empty() && copy.shared_with.is_empty());
}

#[test]
fn images_are_shared_with_organizations_by_arn() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    let organization = "arn:aws:organizations::123456789012:organization/o-1";
    let unit = "arn:aws:organizations::123456789012:ou/o-1/ou-1-1";
    let change = |list: &str| {
        let (first, second) = (
            format!("LaunchPermission.{list}.1.OrganizationArn"),
            format!("LaunchPermission.{list}.2.OrganizationalUnitArn"),
        );
        let params = [
            ("ImageId", &*image),
            (&first, organization),
            (&second, unit),
        ];
        assert_eq!(ec2(&sandbox, "ModifyImageAttribute", &params).status, 200);
        let shown = [("ImageId", &*image), ("Attribute", "launchPermission")];
        let shown = ec2(&sandbox, "DescribeImageAttribute", &shown);
        ["organizationArn", "organizationalUnitArn"].map(|word| shown.text(word).to_owned())
    };
    assert_eq!(change("Add"), [organization, unit]);
    assert_eq!(change("Remove"), ["", ""]);
    let params = [
        ("ImageId", &*image),
        ("Description.Value", "x"),
        ("LaunchPermission.Add.1.UserId", "210987654321"),
    ];
    let answer = ec2(&sandbox, "ModifyImageAttribute", &params);
    assert_eq!(answer.error(), (400, "InvalidParameterCombination"));
}

#[test]
fn an_image_of_the_marketplace_stays_with_its_account() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.block_public_images = false);
    let image = sandbox.image(REGION, |image| {
        image.product_codes.push("abc123".into());
        image.shared_with.insert("210987654321".into());
    });
    let by_code = [
        ("Filter.1.Name", "product-code"),
        ("Filter.1.Value.1", "abc123"),
    ];
    let shown = ec2(&sandbox, "DescribeImages", &by_code);
    assert_eq!(
        (shown.text("productCode"), shown.text("type")),
        ("abc123", "marketplace")
    );
    let attribute = [("ImageId", &*image), ("Attribute", "productCodes")];
    let shown = ec2(&sandbox, "DescribeImageAttribute", &attribute);
    assert_eq!(shown.text("productCode"), "abc123");
    assert_eq!(
        other_copies(&sandbox, &image).complaint(),
        (
            "InvalidRequest",
            "Images from AWS Marketplace cannot be copied to another AWS account"
        )
    );
    let public = [
        ("ImageId", &*image),
        ("LaunchPermission.Add.1.Group", "all"),
    ];
    let refused = ec2(&sandbox, "ModifyImageAttribute", &public);
    assert_eq!(refused.error(), (400, "OperationNotPermitted"));
    let own = [
        ("SourceImageId", &*image),
        ("SourceRegion", REGION),
        ("Name", "own"),
    ];
    let made = ec2(&sandbox, "CopyImage", &own);
    let copy = sandbox.find_image(made.text("imageId")).unwrap();
    assert_eq!(copy.product_codes, ["abc123"]);
}

#[test]
fn a_protection_with_a_cooldown_lasts_a_day_longer() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    let id = [("ImageId", &*image)];
    let cooldown = [id[0], ("WithCooldown", "true")];
    let on = ec2(&sandbox, "EnableImageDeregistrationProtection", &cooldown);
    assert_eq!(on.text("return"), "enabled-with-cooldown");
    let off = || ec2(&sandbox, "DisableImageDeregistrationProtection", &id);
    assert_eq!(off().text("return"), "disabled");
    assert_eq!(
        ec2(&sandbox, "DeregisterImage", &id).error(),
        (400, "OperationNotPermitted")
    );
    sandbox.configure(|settings| settings.limits.protection_cooldown = std::time::Duration::ZERO);
    ec2(&sandbox, "EnableImageDeregistrationProtection", &cooldown);
    off();
    assert_eq!(ec2(&sandbox, "DeregisterImage", &id).status, 200);
}
