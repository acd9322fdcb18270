//! What EC2 refuses, loses, throttles and shows late.

mod support;

use ami_sandbox::{Fault, Sandbox};
use support::{DATE, HOME, bare_image, moment, sandbox, set, tag, tags, words};

/// An image with as many tags as EC2 allows.
fn full_image(sandbox: &Sandbox) -> String {
    sandbox.image(HOME, |image| {
        let tags = (0..50).map(|n| (format!("tag {n}"), String::new()));
        image.tags = tags.collect();
    })
}

#[test]
fn a_permission_that_is_missing_is_named() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    sandbox.deny("CreateTags");
    let outcome = tag(&sandbox, &[DATE, &image])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has(&format!(
            "ami-tag-image: {image}: not authorized to CreateTags (UnauthorizedOperation, request "
        ))
        .stderr_has("; the permission needed is ec2:CreateTags\n")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1);
    assert_eq!(
        sandbox.calls_to("CreateTags").len(),
        1,
        "one image is not tried twice"
    );
}

#[test]
fn one_bad_image_does_not_spoil_the_others() {
    let sandbox = sandbox();
    let good: Vec<_> = (0..2).map(|_| bare_image(&sandbox, HOME)).collect();
    let full = full_image(&sandbox);
    let outcome = tag(&sandbox, &[DATE, &good[0], &full, &good[1]])
        .run()
        .expect()
        .fails(6)
        .stderr_has(&format!(
            "ami-tag-image: {full}: The maximum number of Tags"
        ))
        .stderr_has("; it has all the tags that EC2 allows; remove one\n")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 2);
    assert_eq!(outcome.stderr.lines().count(), 1);
    assert!(good.iter().all(|image| words(&sandbox, image) == moment()));
    assert_eq!(tags(&sandbox, &full).len(), 50);
    // All three; the first, and the other two; each of these.
    assert_eq!(sandbox.calls_to("CreateTags").len(), 5);
}

/// An image and many others, in an order in which it stands somewhere in the middle.
fn among_many(sandbox: &Sandbox, one: &str) -> Vec<String> {
    let mut images: Vec<_> = (0..255).map(|_| bare_image(sandbox, HOME)).collect();
    images.insert(100, one.to_owned());
    images
}

#[test]
fn one_bad_image_among_many_is_found_in_few_calls() {
    let sandbox = sandbox();
    let images = among_many(&sandbox, &full_image(&sandbox));
    let outcome = tag(&sandbox, &[DATE])
        .args(&images)
        .run()
        .expect()
        .fails(6)
        .stderr_has("(TagLimitExceeded, request ")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 255);
    assert_eq!(outcome.stderr.lines().count(), 1);
    let calls = sandbox.calls_to("CreateTags").len();
    assert!(
        calls <= 1 + 2 * 8,
        "{calls} calls, two for each time that 256 is halved"
    );
}

#[test]
fn an_image_that_ec2_names_in_its_refusal_is_left_out_of_the_next_call() {
    let sandbox = sandbox();
    let theirs = sandbox.image(HOME, |image| {
        image.owner = "210987654321".to_owned();
        image.public = true;
    });
    let images = among_many(&sandbox, &theirs);
    let outcome = tag(&sandbox, &[DATE])
        .args(&images)
        .run()
        .expect()
        .fails(6)
        .stderr_has(&format!("ami-tag-image: {theirs}: The image id"))
        .done();
    assert_eq!(outcome.stdout.lines().count(), 255);
    assert_eq!(outcome.stderr.lines().count(), 1);
    assert_eq!(sandbox.calls_to("CreateTags").len(), 2);
}

#[test]
fn a_refusal_that_holds_for_all_is_not_asked_for_again() {
    for code in [
        "UnauthorizedOperation",
        "AuthFailure",
        "ExpiredToken",
        "RequestExpired",
        "OptInRequired",
        "InvalidAction",
    ] {
        let sandbox = sandbox();
        let images = [bare_image(&sandbox, HOME), bare_image(&sandbox, HOME)];
        let fault = Fault::on("CreateTags").times(9);
        sandbox.inject(fault.error(403, code, "No."));
        tag(&sandbox, &[DATE, &images[0], &images[1]])
            .run()
            .expect()
            .fails(1)
            .stdout_is("")
            .stderr_has(&format!("ami-tag-image: {}: ", images[0]))
            .stderr_has(&format!("ami-tag-image: {}: ", images[1]))
            .done();
        assert_eq!(sandbox.calls_to("CreateTags").len(), 1, "{code}");
    }
}

#[test]
fn a_snapshot_that_ec2_does_not_know_is_named() {
    let sandbox = sandbox();
    let (good, bad) = (bare_image(&sandbox, HOME), bare_image(&sandbox, HOME));
    let image = sandbox.find_image(&bad).expect("the image");
    let snapshot = image.snapshots().next().expect("a snapshot");
    sandbox.edit_snapshot(snapshot, |snapshot| {
        snapshot.owner = "210987654321".to_owned();
    });
    let run = |images: &[&str]| {
        let mut words = vec!["--with-snapshots", DATE];
        words.extend(images);
        tag(&sandbox, &words).run().expect()
    };
    let line = format!(
        "ami-tag-image: {snapshot} of {bad}: The snapshot '{snapshot}' does not exist \
         (InvalidSnapshot.NotFound, request "
    );
    run(&[&good, &bad])
        .fails(6)
        .stdout_is(&format!("{good}\n"))
        .stderr_has(&line)
        .stderr_has("; without --with-snapshots the image is tagged alone\n")
        .done();
    run(&[&bad]).fails(5).stdout_is("").stderr_has(&line).done();
    assert!(tags(&sandbox, &bad).is_empty());
}

#[test]
fn an_image_whose_snapshot_is_refused_is_not_tagged_either() {
    let sandbox = sandbox();
    let (good, bad) = (bare_image(&sandbox, HOME), bare_image(&sandbox, HOME));
    let image = sandbox.find_image(&bad).expect("the image");
    let snapshot = image.snapshots().next().expect("a snapshot");
    sandbox.edit_snapshot(snapshot, |snapshot| {
        snapshot.tags = (0..50)
            .map(|n| (format!("tag {n}"), String::new()))
            .collect();
    });
    tag(&sandbox, &["--with-snapshots", DATE, &good, &bad])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&format!("{good}\n"))
        .stderr_has("(TagLimitExceeded, request ")
        .done();
    assert!(tags(&sandbox, &bad).is_empty());
}

#[test]
fn a_lost_answer_and_throttling_are_outlasted() {
    for fault in [
        Fault::on("CreateTags").reset_after(),
        Fault::on("CreateTags").reset_before(),
        Fault::on("CreateTags").cut(),
        Fault::on("CreateTags").times(3).throttle(),
        Fault::on("DescribeImages").skip(1).times(3).throttle(),
        Fault::on("DescribeImages").times(2).throttle(),
        Fault::on("CreateTags").error(500, "InternalError", "An internal error has occurred"),
    ] {
        let sandbox = sandbox();
        let images = [bare_image(&sandbox, HOME), bare_image(&sandbox, HOME)];
        sandbox.inject(fault);
        let outcome = tag(&sandbox, &[DATE, &images[0], &images[1]])
            .run()
            .expect();
        outcome
            .stdout_is(&format!("{}\n{}\n", images[0], images[1]))
            .done();
        assert!(
            images
                .iter()
                .all(|image| words(&sandbox, image) == moment())
        );
    }
}

#[test]
fn real_buckets_throttle_and_nothing_fails() {
    let sandbox = sandbox();
    let images: Vec<_> = (0..115)
        .map(|n| {
            let image = bare_image(&sandbox, HOME);
            set(&sandbox, &image, &[("create_timestamp", &n.to_string())]);
            image
        })
        .collect();
    sandbox.configure(|settings| settings.throttle = true);
    let outcome = tag(&sandbox, &["--auto", "-"])
        .stdin(&images.join("\n"))
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 115);
}

#[test]
fn tags_that_show_late_are_waited_for() {
    let sandbox = sandbox();
    let images = [bare_image(&sandbox, HOME), bare_image(&sandbox, HOME)];
    sandbox.inject(Fault::on("CreateTags").ignore());
    let mut running = tag(&sandbox, &[DATE, &images[0], &images[1]])
        .env("AMI_TOOLS_GRACE", "60s")
        .spawn();
    running.wait_until("two looks", |_| {
        sandbox.calls_to("DescribeImages").len() >= 3
    });
    assert_eq!(running.stdout(), "", "nothing is printed before its time");
    let late = [
        ("create_date", "20110909T233600Z"),
        ("create_timestamp", "1315611360"),
    ];
    set(&sandbox, &images[1], &late);
    running.wait_until("the second image", |running| {
        running.stdout().contains(&images[1])
    });
    set(&sandbox, &images[0], &late);
    let outcome = running.wait().expect();
    outcome
        .stdout_is(&format!("{}\n{}\n", images[1], images[0]))
        .done();
    let looks = sandbox.calls_to("DescribeImages");
    assert_eq!(looks[1].list("ImageId").len(), 2, "one call for all");
    assert_eq!(looks.last().map(|look| look.list("ImageId").len()), Some(1));
    assert_eq!(sandbox.calls_to("CreateTags").len(), 1);
}

#[test]
fn tags_that_never_show_are_an_error_of_their_own() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    sandbox.inject(Fault::on("CreateTags").ignore());
    tag(&sandbox, &[DATE, &image])
        .run()
        .expect()
        .fails(4)
        .stdout_is("")
        .stderr_is(&format!(
            "ami-tag-image: {image}: EC2 took its tags and does not show them after 1s; look again later; \
             running the same command again does no harm\n"
        ))
        .done();
}

#[test]
fn ec2_s_refusal_to_tag_what_others_own_is_told() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |image| {
        image.owner = "210987654321".to_owned();
        image.public = true;
    });
    tag(&sandbox, &[DATE, &image])
        .run()
        .expect()
        .fails(5)
        .stdout_is("")
        .stderr_has(&format!(
            "ami-tag-image: {image}: The image id '[{image}]' does not exist"
        ))
        .done();
    assert_eq!(sandbox.calls_to("CreateTags").len(), 1, "it was asked");
}

#[test]
fn when_images_cannot_be_described_nothing_is_set() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    sandbox.deny("DescribeImages");
    tag(&sandbox, &[DATE, &image])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has(&format!(
            "ami-tag-image: {image}: not authorized to DescribeImages"
        ))
        .done();
    assert!(sandbox.calls_to("CreateTags").is_empty());
}

#[test]
fn tags_that_are_set_and_cannot_be_read_back_are_said_to_be_set() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    let denied = Fault::on("DescribeImages").skip(1);
    sandbox.inject(denied.error(403, "UnauthorizedOperation", "You are not authorized."));
    tag(&sandbox, &[DATE, &image])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has(&format!(
            "ami-tag-image: {image}: not authorized to DescribeImages (UnauthorizedOperation, request "
        ))
        .stderr_has(
            "; the permission needed is ec2:DescribeImages; its tags are set, and could not be read \
             back\n",
        )
        .done();
    assert_eq!(words(&sandbox, &image), moment());
}
