//! Regions and images that fail, while the others are done.

use ami_sandbox::{Fault, ImageState};

use crate::{
    ABROAD, FAR, HOME, asked, copies, copy, image, only_copy, quick_sandbox, sandbox, slow_sandbox,
};

#[test]
fn a_region_that_is_not_enabled_stops_no_other() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    copy(&sandbox, &["-R", "me-south-1,eu-west-1", &image])
        .run()
        .expect()
        .fails(6)
        .stdout_has("@eu-west-1\n")
        .stderr_is(
            "ami-copy-image: me-south-1: the region is not enabled for this account; to enable it: aws account enable-region --region-name me-south-1\n",
        )
        .done();
    assert_eq!(asked(&sandbox), 1);
}

#[test]
fn a_region_that_does_not_exist_is_named() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    copy(&sandbox, &["-R", "eu-west-9", &image])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_is("ami-copy-image: eu-west-9: EC2 knows no such region\n")
        .done();
}

#[test]
fn regions_need_not_be_listed() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    sandbox.deny("DescribeRegions");
    copy(&sandbox, &["-R", "me-south-1,eu-west-1", &image])
        .run()
        .expect()
        .fails(6)
        .stdout_has("@eu-west-1\n")
        .stderr_has(&format!("ami-copy-image: {image} to me-south-1: "))
        .stderr_has("that the region is enabled for the account\n")
        .done();
    copy(&sandbox, &["-R", "all", &image])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("not authorized to DescribeRegions")
        .done();
}

#[test]
fn all_regions_that_fail_alike_give_their_own_code() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    copy(&sandbox, &["-R", "me-south-1,af-south-1", &image])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("af-south-1: the region is not enabled")
        .stderr_has("me-south-1: the region is not enabled")
        .done();
    assert_eq!(asked(&sandbox), 0);
}

#[test]
fn a_region_that_refuses_is_told_for_each_image_and_stops_no_other() {
    let sandbox = quick_sandbox();
    let images = [image(&sandbox), image(&sandbox)];
    let refusal = Fault::on("CopyImage").region(FAR).always();
    sandbox.inject(refusal.error(403, "UnauthorizedOperation", "You are not\nauthorized."));
    let outcome = copy(&sandbox, &["-R", "eu-west-1,ap-south-1", &images[0], &images[1]])
        .run()
        .expect()
        .fails(6)
        .stderr_has(&format!("ami-copy-image: {} to ap-south-1: not authorized to CopyImage (UnauthorizedOperation, request ", images[0]))
        .stderr_has(&format!("ami-copy-image: {} to ap-south-1: ", images[1]))
        .done();
    assert_eq!(outcome.stderr.lines().count(), 2);
    assert_eq!(outcome.stdout.lines().count(), 2);
}

#[test]
fn a_region_that_throttles_for_a_while_is_done_as_well() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    sandbox.inject(Fault::any().region(FAR).times(3).throttle());
    copy(&sandbox, &["-R", "eu-west-1,ap-south-1", &image])
        .run()
        .expect()
        .stdout_has("@ap-south-1\n")
        .done();
}

#[test]
fn a_missing_key_fails_its_region_and_says_why() {
    let sandbox = sandbox();
    for region in [ABROAD, FAR] {
        sandbox.kms_key(region, |key| {
            key.aliases.insert("alias/images".into());
        });
    }
    let image = image(&sandbox);
    let outcome = copy(
        &sandbox,
        &[
            "--wait",
            "-R",
            "eu-west-1,ap-south-1,us-west-2",
            "--encrypt",
            "--kms-key",
            "alias/images",
            &image,
        ],
    )
    .run()
    .expect()
    .fails(6)
    .stdout_has("@eu-west-1\n")
    .stdout_has("@ap-south-1\n")
    .stderr_any()
    .done();
    let lost = only_copy(&sandbox, "us-west-2");
    let snapshot = lost.snapshots().next().expect("a snapshot");
    assert_eq!(
        outcome.stderr,
        format!(
            "ami-copy-image: {}: is failed and will never be available: Copy image failed with an internal error; its snapshot {snapshot}: Given key ID is not accessible\n",
            lost.id
        )
    );
    assert_eq!(
        outcome.stdout.lines().count(),
        3,
        "what EC2 accepted is printed"
    );
    let alone = [
        "--wait",
        "-R",
        "us-west-2",
        "--encrypt",
        "--kms-key",
        "alias/images",
        &image,
    ];
    copy(&sandbox, &alone)
        .run()
        .expect()
        .fails(3)
        .stdout_has("@us-west-2\n")
        .stderr_any()
        .done();
}

#[test]
fn each_region_has_its_own_key() {
    let sandbox = quick_sandbox();
    let keys = [ABROAD, FAR].map(|region| sandbox.kms_key(region, |_| {}));
    let image = image(&sandbox);
    let words = [
        format!("{ABROAD}={}", keys[0]),
        format!("{FAR}={}", keys[1]),
    ];
    copy(
        &sandbox,
        &[
            "-R",
            "eu-west-1,ap-south-1,us-west-2",
            "--encrypt",
            "--wait",
            "--kms-key",
            &words[0],
            "--kms-key",
            &words[1],
            &image,
        ],
    )
    .run()
    .expect()
    .stdout_has("ami-")
    .done();
    let key_in = |region: &str| {
        let copy = only_copy(&sandbox, region);
        copy.mappings[0]
            .as_ebs()
            .and_then(|ebs| ebs.kms_key.clone())
    };
    assert_eq!([key_in(ABROAD), key_in(FAR)], keys.clone().map(Some));
    assert_eq!(
        key_in("us-west-2"),
        Some(sandbox.ebs_key("us-west-2")),
        "the default one"
    );
    sandbox.clear_calls();
    let elsewhere = format!("{HOME}={}", keys[0]);
    copy(
        &sandbox,
        &["-R", FAR, "--encrypt", "--kms-key", &elsewhere, &image],
    )
    .run()
    .expect()
    .fails(2)
    .stderr_is(&format!(
        "ami-copy-image: --kms-key names {HOME}, and nothing is copied there (see 'ami-copy-image \
             --help')\n"
    ))
    .done();
    assert!(sandbox.calls().is_empty());
}

#[test]
fn a_copy_that_fails_is_printed_all_the_same() {
    let sandbox = sandbox();
    let image = image(&sandbox);
    let reason = Some(("Client.InternalError", "no\nroom"));
    sandbox.next_image_in(FAR, ImageState::Failed, reason);
    let outcome = copy(
        &sandbox,
        &["--wait", "--json", "-R", "eu-west-1,ap-south-1", &image],
    )
    .run()
    .expect()
    .fails(6)
    .stdout_has(r#""region":"ap-south-1","name":"image of"#)
    .stderr_has("is failed and will never be available: no\\nroom")
    .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert!(
        outcome.stdout.contains(r#""state":"failed""#)
            && outcome.stdout.contains(r#""state":"available""#)
    );
}

#[test]
fn when_the_time_is_over_the_copies_and_the_command_to_go_on_are_printed() {
    let sandbox = slow_sandbox();
    let image = image(&sandbox);
    let outcome = copy(
        &sandbox,
        &["--wait", "--timeout", "1s", "-R", ABROAD, &image],
    )
    .run()
    .expect()
    .fails(4)
    .stderr_has("not available after 1s: it is pending")
    .done();
    let copy = only_copy(&sandbox, ABROAD).id;
    assert_eq!(outcome.stdout, format!("{copy}@{ABROAD}\n"));
    let hint = format!("to go on waiting: ami-waiton {copy}@{ABROAD}\n");
    assert!(outcome.stderr.ends_with(&hint), "{}", outcome.stderr);
}

#[test]
fn a_source_that_goes_before_it_is_copied_is_named() {
    let sandbox = quick_sandbox();
    let (gone, stays) = (image(&sandbox), image(&sandbox));
    let message = format!("The image id '[{gone}]' does not exist");
    sandbox.inject(Fault::on("CopyImage").error(400, "InvalidAMIID.NotFound", &message));
    let outcome = copy(&sandbox, &["-R", ABROAD, &gone])
        .run()
        .expect()
        .fails(5)
        .stdout_is("")
        .stderr_has(&format!(
            "ami-copy-image: {gone} to {ABROAD}: {message} (InvalidAMIID.NotFound, request "
        ))
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1);
    sandbox.deregister(&gone);
    copy(&sandbox, &["-R", ABROAD, &gone, &stays])
        .run()
        .expect()
        .fails(6)
        .stdout_has("@eu-west-1\n")
        .stderr_is(&format!(
            "ami-copy-image: {gone}: does not exist in us-east-1\n"
        ))
        .done();
    assert_eq!(copies(&sandbox, ABROAD).len(), 1);
}

#[test]
fn more_tags_than_ec2_keeps_are_refused_by_it() {
    let sandbox = quick_sandbox();
    let image = sandbox.image(HOME, |image| {
        image
            .tags
            .extend((0..48).map(|n| (format!("k{n}"), String::new())));
    });
    copy(&sandbox, &["--copy-tags", "-R", ABROAD, &image])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("(TagLimitExceeded, request ")
        .done();
}
