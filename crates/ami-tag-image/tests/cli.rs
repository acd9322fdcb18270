//! What is typed and what is set.

mod support;

use ami_testkit::assert_no_calls;
use support::{DATE, HOME, actions, bare_image, moment, sandbox, set, tag, tags, words};

#[test]
fn the_example_of_the_classic_manual() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    set(
        &sandbox,
        &image,
        &[("role", "web"), ("create_date", "long ago")],
    );
    tag(
        &sandbox,
        &[
            "--source-image",
            "ami-12345678",
            "--source-instance",
            "i-12345678",
            "--source-region",
            "us-west-2",
            "--create-date",
            "20110909T233600Z",
            &image,
        ],
    )
    .run()
    .expect()
    .stdout_is(&format!("{image}\n"))
    .done();
    assert_eq!(
        words(&sandbox, &image),
        [
            "create_date=20110909T233600Z",
            "create_timestamp=1315611360",
            "role=web",
            "source_image=ami-12345678",
            "source_instance=i-12345678",
            "source_region=us-west-2",
        ]
    );
    assert_eq!(
        actions(&sandbox),
        ["DescribeImages", "CreateTags", "DescribeImages"]
    );
}

#[test]
fn each_time_is_calculated_from_the_other() {
    let sandbox = sandbox();
    for (option, date, stamp) in [
        (
            "--create-date=20110909T233600Z",
            "20110909T233600Z",
            "1315611360",
        ),
        (
            "--create-timestamp=1315611360",
            "20110909T233600Z",
            "1315611360",
        ),
        ("--create-timestamp=0", "19700101T000000Z", "0"),
        (
            "--create-date=20120229T235959Z",
            "20120229T235959Z",
            "1330559999",
        ),
        (
            "--create-timestamp=253402300799",
            "99991231T235959Z",
            "253402300799",
        ),
    ] {
        let image = bare_image(&sandbox, HOME);
        let outcome = tag(&sandbox, &[option, &image]).run().expect();
        outcome.stdout_is(&format!("{image}\n")).done();
        let pair = [
            format!("create_date={date}"),
            format!("create_timestamp={stamp}"),
        ];
        assert_eq!(
            words(&sandbox, &image),
            pair,
            "nothing else, and no empty tags"
        );
    }
}

#[test]
fn bad_input_is_one_exact_line_and_no_call() {
    let sandbox = sandbox();
    let image = "ami-12345678";
    for (args, why) in [
        (
            vec![],
            "give --create-date or --create-timestamp, or --auto to take EC2's word for it",
        ),
        (
            vec!["--auto"],
            "name at least one image, or '-' to read them from standard input",
        ),
        (
            vec![image],
            "give --create-date or --create-timestamp, or --auto to take EC2's word for it",
        ),
        (
            vec![DATE, "--create-timestamp=1315611360", image],
            "--create-date and --create-timestamp cannot stand together",
        ),
        (
            vec!["--auto", DATE, "--create-timestamp=1315611360", image],
            "--create-date and --create-timestamp cannot stand together",
        ),
        (
            vec!["--create-date=20110931T000000Z", image],
            "--create-date: '20110931T000000Z' is no moment that exists",
        ),
        (
            vec!["--create-date=20110909T250000Z", image],
            "--create-date: '20110909T250000Z' is no moment that exists",
        ),
        (
            vec!["--create-date=2011-09-09", image],
            "--create-date: '2011-09-09' is no date like 20110909T233600Z",
        ),
        (
            vec!["--create-date=19691231T235959Z", image],
            "--create-date: '19691231T235959Z' lies before 1970",
        ),
        (
            vec!["--create-timestamp=yesterday", image],
            "--create-timestamp: 'yesterday' is no number of seconds since 1970",
        ),
        (
            vec!["--create-timestamp=-5", image],
            "--create-timestamp: '-5' lies before 1970",
        ),
        (
            vec!["--create-timestamp=253402300800000000", image],
            "--create-timestamp: '253402300800000000' lies beyond the year 9999",
        ),
        (
            vec!["--create-timestamp=1315611360000", image],
            "--create-timestamp: '1315611360000' lies beyond the year 9999 and looks like milliseconds; in \
             seconds it is 1315611360",
        ),
        (
            vec![DATE, "--source-image=web", image],
            "--source-image: 'web' names no image: not an ID",
        ),
        (
            vec![DATE, "--source-image=i-12345678", image],
            "--source-image: 'i-12345678' is of another kind: instance, not image",
        ),
        (
            vec![DATE, "--source-instance=ami-12345678", image],
            "--source-instance: 'ami-12345678' is of another kind: image, not instance",
        ),
        (
            vec![DATE, "--source-instance=i-12345678@eu-west-1", image],
            "--source-instance: name the instance by its ID alone: i-12345678",
        ),
        (
            vec![DATE, "--source-region=mars", image],
            "--source-region: 'mars' is no region code like us-east-1",
        ),
        (
            vec![
                DATE,
                "--source-image=ami-87654321@eu-west-1",
                "--source-region=us-west-2",
                image,
            ],
            "--source-image says eu-west-1, and --source-region says us-west-2",
        ),
        (
            vec![DATE, "--source-image=ami-12345678", "ami-87654321", image],
            "ami-12345678 cannot be its own source",
        ),
        (
            vec![
                "--auto",
                "--source-image=ami-12345678",
                "ami-12345678@eu-west-1",
            ],
            "ami-12345678 cannot be its own source",
        ),
        (
            vec![DATE, "snap-12345678"],
            "'snap-12345678' is of another kind: snapshot, not image",
        ),
        (vec![DATE, "-"], "standard input held no reference"),
    ] {
        tag(&sandbox, &args)
            .run()
            .expect()
            .fails(2)
            .stdout_is("")
            .stderr_is(&format!(
                "ami-tag-image: {why} (see 'ami-tag-image --help')\n"
            ))
            .done();
        assert_no_calls(&sandbox);
    }
}

#[test]
fn a_region_in_the_source_s_name_is_its_region() {
    let sandbox = sandbox();
    for (source, region) in [
        ("ami-87654321@eu-west-1", None),
        ("arn:aws:ec2:eu-west-1::image/ami-87654321", None),
        ("ami-87654321@eu-west-1", Some("--source-region=eu-west-1")),
        ("ami-87654321", Some("--source-region=eu-west-1")),
    ] {
        let image = bare_image(&sandbox, HOME);
        let mut args = vec![DATE, "--source-image", source, &image];
        args.extend(region);
        tag(&sandbox, &args)
            .run()
            .expect()
            .stdout_is(&format!("{image}\n"))
            .done();
        let tags = tags(&sandbox, &image);
        assert_eq!(tags["source_image"], "ami-87654321");
        assert_eq!(tags["source_region"], "eu-west-1");
    }
}

#[test]
fn a_region_that_was_said_of_another_source_is_told() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    let old = [
        ("source_image", "ami-000000aa"),
        ("source_region", "eu-west-1"),
    ];
    set(&sandbox, &image, &old);
    let run = |source: &str| {
        tag(&sandbox, &[DATE, "--source-image", source, &image])
            .run()
            .expect()
    };
    run("ami-000000aa").stdout_has("ami-").done();
    run("ami-000000bb")
        .stdout_is(&format!("{image}\n"))
        .stderr_is(&format!(
            "ami-tag-image: {image}: its tag source_region stays eu-west-1, which was said of another \
             source; give --source-region too\n"
        ))
        .done();
    assert_eq!(tags(&sandbox, &image)["source_region"], "eu-west-1");
}

#[test]
fn an_image_from_standard_input_that_is_its_own_source_stops_no_other() {
    let sandbox = sandbox();
    let (own, other) = (bare_image(&sandbox, HOME), bare_image(&sandbox, HOME));
    tag(&sandbox, &[DATE, "--source-image", &own, "-"])
        .stdin(&format!("{own}\n{other}\n"))
        .run()
        .expect()
        .fails(6)
        .stdout_is(&format!("{other}\n"))
        .stderr_is(&format!("ami-tag-image: {own}: cannot be its own source\n"))
        .done();
    assert!(tags(&sandbox, &own).is_empty());
}

#[test]
fn a_second_run_sets_nothing() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    for _ in 0..2 {
        tag(&sandbox, &[DATE, "--source-image=ami-87654321", &image])
            .run()
            .expect()
            .stdout_is(&format!("{image}\n"))
            .done();
    }
    assert_eq!(sandbox.calls_to("CreateTags").len(), 1);
}

#[test]
fn a_dry_run_asks_and_sets_nothing() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    let done = bare_image(&sandbox, HOME);
    set(
        &sandbox,
        &done,
        &[
            ("create_date", "20110909T233600Z"),
            ("create_timestamp", "1315611360"),
        ],
    );
    let run = || {
        tag(&sandbox, &["--dry-run", DATE, &image, &done])
            .run()
            .expect()
    };
    run()
        .stdout_is("")
        .stderr_is(&format!(
            "ami-tag-image: nothing to set on {done}@{HOME}\n\
             ami-tag-image: would set on {image} in {HOME}: create_date=20110909T233600Z, \
             create_timestamp=1315611360\n"
        ))
        .done();
    let calls = sandbox.calls_to("CreateTags");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].param("DryRun"), Some("true"));
    assert!(tags(&sandbox, &image).is_empty());
    sandbox.deny("CreateTags");
    run()
        .fails(6)
        .stdout_is("")
        .stderr_has(&format!(
            "{image}: not authorized to CreateTags (UnauthorizedOperation, request "
        ))
        .stderr_has("the permission needed is ec2:CreateTags")
        .done();
}

#[test]
fn references_carry_their_region() {
    let sandbox = sandbox();
    let away = bare_image(&sandbox, "eu-west-1");
    let full = format!("{away}@eu-west-1");
    let arn = format!("arn:aws:ec2:eu-west-1::image/{away}");
    for args in [vec!["-r", "eu-west-1", &away], vec![&*full], vec![&*arn]] {
        sandbox.edit_image(&away, |image| image.tags.clear());
        let mut all = vec![DATE];
        all.extend(args);
        tag(&sandbox, &all)
            .run()
            .expect()
            .stdout_is(&format!("{full}\n"))
            .done();
        assert_eq!(words(&sandbox, &away), moment());
    }
    tag(&sandbox, &[DATE, "--bare", &full])
        .run()
        .expect()
        .stdout_is(&format!("{away}\n"))
        .done();
}
