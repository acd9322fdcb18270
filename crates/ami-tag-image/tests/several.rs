//! Many images at once, named in many ways.

mod support;

use std::time::Duration;

use ami_sandbox::{Device, Fault, Sandbox};
use support::{DATE, HOME, bare_image, moment, sandbox, set, tag, tags, words};

#[test]
fn many_images_are_one_call_each_way() {
    let sandbox = sandbox();
    let images: Vec<_> = (0..12).map(|_| bare_image(&sandbox, HOME)).collect();
    let mut args = vec![DATE];
    args.extend(images.iter().map(String::as_str));
    args.push(&images[0]);
    let outcome = tag(&sandbox, &args)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let mut printed: Vec<_> = outcome.stdout.lines().collect();
    printed.sort_unstable();
    let mut expected = images.clone();
    expected.sort();
    assert_eq!(printed, expected, "one that is named twice is printed once");
    assert!(
        images
            .iter()
            .all(|image| words(&sandbox, image) == moment())
    );
    assert_eq!(sandbox.calls_to("CreateTags").len(), 1);
    let describes = sandbox.calls_to("DescribeImages");
    assert_eq!(describes.len(), 2, "one before and one after");
    assert!(
        describes
            .iter()
            .all(|call| call.list("ImageId").len() == 12)
    );
}

#[test]
fn more_than_fit_into_a_call_are_several_calls() {
    let sandbox = sandbox();
    let images: Vec<_> = (0..1001).map(|_| bare_image(&sandbox, HOME)).collect();
    let mut args = vec![DATE];
    args.extend(images.iter().map(String::as_str));
    let outcome = tag(&sandbox, &args)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 1001);
    let calls = sandbox.calls_to("CreateTags");
    let sizes: Vec<_> = calls
        .iter()
        .map(|call| call.list("ResourceId").len())
        .collect();
    assert_eq!(sizes.iter().sum::<usize>(), 1001);
    assert!(
        sizes.iter().all(|size| *size <= 1000) && sizes.len() >= 2,
        "{sizes:?}"
    );
}

#[test]
fn every_line_that_tools_print_is_read() {
    let sandbox = sandbox();
    let images: Vec<_> = (0..5).map(|_| bare_image(&sandbox, HOME)).collect();
    let away = bare_image(&sandbox, "eu-west-1");
    let lines = [
        "IMAGE_ID               CREATE_DATE  NAME".to_owned(),
        format!("{}  20110909T233600Z  web", images[0]),
        "# a comment".to_owned(),
        String::new(),
        format!("IMAGE\t{}", images[1]),
        format!(
            r#"{{"reference":"{0}","id":"{0}","region":"{HOME}"}}"#,
            images[2]
        ),
        format!(r#"        "ImageId": "{}","#, images[3]),
        format!("{away}@eu-west-1"),
    ];
    let outcome = tag(&sandbox, &[DATE, &images[4], "-"])
        .stdin(&lines.join("\n"))
        .run()
        .expect()
        .stdout_has(&format!("{away}@eu-west-1\n"))
        .done();
    assert_eq!(outcome.stdout.lines().count(), 6);
    assert!(
        images
            .iter()
            .chain([&away])
            .all(|image| words(&sandbox, image) == moment())
    );
}

#[test]
fn lines_are_acted_on_as_they_arrive() {
    let sandbox = sandbox();
    let images: Vec<_> = (0..2).map(|_| bare_image(&sandbox, HOME)).collect();
    let mut running = tag(&sandbox, &[DATE, "-"]).stdin_open().spawn();
    running.write(&format!("{}\n", images[0]));
    running.wait_until("the first image", |running| {
        running.stdout().contains(&images[0])
    });
    running.write(&format!("{}\n", images[1]));
    running.close_stdin();
    let outcome = running.wait().expect();
    outcome
        .stdout_is(&format!("{}\n{}\n", images[0], images[1]))
        .done();
}

#[test]
fn an_unknown_image_and_a_line_of_rubbish_stop_no_other() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    tag(&sandbox, &[DATE, "ami-11111111", "-"])
        .stdin(&format!("nothing here\n{image}\n"))
        .run()
        .expect()
        .fails(6)
        .stdout_is(&format!("{image}\n"))
        .stderr_has("ami-tag-image: line 1 of standard input names no image: 'nothing here'\n")
        .stderr_has("ami-tag-image: ami-11111111: does not exist in us-east-1\n")
        .done();
    tag(&sandbox, &[DATE, "ami-11111111", "ami-22222222"])
        .run()
        .expect()
        .fails(5)
        .stdout_is("")
        .stderr_is(
            "ami-tag-image: ami-11111111: does not exist in us-east-1\n\
             ami-tag-image: ami-22222222: does not exist in us-east-1\n",
        )
        .done();
}

#[test]
fn a_fresh_image_is_waited_for() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    sandbox.hide(&image, ami_sandbox::Pace::Millis(1000));
    tag(&sandbox, &[DATE, &image])
        .env("AMI_TOOLS_GRACE", "60s")
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .done();
}

#[test]
fn a_slow_region_holds_up_no_other() {
    let sandbox = sandbox();
    let (near, far) = (
        bare_image(&sandbox, HOME),
        bare_image(&sandbox, "eu-west-1"),
    );
    let slow = Fault::on("DescribeImages").region("eu-west-1");
    sandbox.inject(slow.delay(Duration::from_secs(2)));
    let outcome = tag(&sandbox, &[DATE, &format!("{far}@eu-west-1"), &near])
        .run()
        .expect();
    outcome
        .stdout_is(&format!("{near}\n{far}@eu-west-1\n"))
        .done();
}

#[test]
fn snapshots_are_tagged_in_the_same_call() {
    let sandbox = sandbox();
    let images: Vec<_> = (0..2).map(|_| bare_image(&sandbox, HOME)).collect();
    let outcome = tag(
        &sandbox,
        &["--with-snapshots", "--json", DATE, &images[0], &images[1]],
    )
    .run()
    .expect()
    .stdout_has("{")
    .done();
    let calls = sandbox.calls_to("CreateTags");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].list("ResourceId").len(), 4);
    for line in outcome.stdout.lines() {
        let object: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let image = sandbox
            .find_image(object["id"].as_str().expect("an ID"))
            .expect("the image");
        let own: Vec<_> = image.snapshots().collect();
        assert_eq!(object["snapshots"], serde_json::json!(own));
        let snapshots = sandbox.snapshots(HOME);
        let tagged = snapshots
            .iter()
            .filter(|snapshot| own.contains(&&*snapshot.id));
        assert!(
            tagged
                .into_iter()
                .all(|snapshot| snapshot.tags == image.tags)
        );
    }
    tag(&sandbox, &[DATE, &bare_image(&sandbox, HOME)])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(
        sandbox.calls_to("CreateTags")[1].list("ResourceId").len(),
        1
    );
}

#[test]
fn snapshots_of_an_image_that_is_tagged_already_get_its_tags() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    tag(&sandbox, &["--auto", &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let outcome = tag(&sandbox, &["--auto", "--with-snapshots", "--json", &image])
        .run()
        .expect()
        .stdout_has(r#""changed":{},"snapshots":["snap-"#)
        .done();
    assert_eq!(outcome.stdout.lines().count(), 1);
    assert_eq!(sandbox.snapshots(HOME)[0].tags, tags(&sandbox, &image));
    assert_eq!(tags(&sandbox, &image).len(), 5);
}

/// Two images that were made from one snapshot, at different times.
fn sharing_a_snapshot(sandbox: &Sandbox) -> ([String; 2], String) {
    let snapshot = sandbox.snapshot(HOME, |_| {});
    let images = ["1315611360", "1330473600"].map(|stamp| {
        let image = sandbox.image(HOME, |image| {
            if let Device::Ebs(ebs) = &mut image.mappings[0].device {
                ebs.snapshot = Some(snapshot.clone());
            }
        });
        set(sandbox, &image, &[("create_timestamp", stamp)]);
        image
    });
    (images, snapshot)
}

#[test]
fn a_snapshot_that_two_images_share_is_tagged_like_the_one_that_is_named_first() {
    for places in [[0, 1], [1, 0]] {
        let sandbox = sandbox();
        let (images, snapshot) = sharing_a_snapshot(&sandbox);
        let [first, second] = places.map(|place| &images[place]);
        let outcome = tag(&sandbox, &["--auto", "--with-snapshots", first, second])
            .run()
            .expect()
            .stdout_has(first)
            .stderr_is(&format!(
                "ami-tag-image: {second}: its snapshot {snapshot} is tagged like {first}, which shares it \
                 and was named before\n"
            ))
            .done();
        assert_eq!(outcome.stdout.lines().count(), 2);
        assert_eq!(sandbox.snapshots(HOME)[0].tags, tags(&sandbox, first));
        assert!(tags(&sandbox, second).contains_key("create_date"));
    }
    let sandbox = sandbox();
    let ([one, two], _) = sharing_a_snapshot(&sandbox);
    let outcome = tag(&sandbox, &[DATE, "--with-snapshots", &one, &two])
        .run()
        .expect()
        .stdout_has(&one)
        .done();
    assert_eq!(outcome.stderr, "", "they get the same tags");
}

#[test]
fn the_first_to_be_named_has_the_snapshot_however_late_it_is_described() {
    let sandbox = sandbox();
    let ([one, two], snapshot) = sharing_a_snapshot(&sandbox);
    sandbox.inject(Fault::on("DescribeImages").delay(Duration::from_secs(1)));
    let mut running = tag(&sandbox, &["--auto", "--with-snapshots", "-"])
        .stdin_open()
        .spawn();
    running.write(&format!("{one}\n"));
    running.wait_until("it is asked for", |_| {
        !sandbox.calls_to("DescribeImages").is_empty()
    });
    running.write(&format!("{two}\n"));
    running.close_stdin();
    let outcome = running.wait().expect();
    outcome
        .stdout_has(&one)
        .stderr_has(&format!("{two}: its snapshot {snapshot} "))
        .done();
    assert_eq!(sandbox.snapshots(HOME)[0].tags, tags(&sandbox, &one));
}

#[test]
fn a_snapshot_that_bears_the_heritage_of_another_image_keeps_it() {
    let sandbox = sandbox();
    let ([maker, user], snapshot) = sharing_a_snapshot(&sandbox);
    tag(&sandbox, &["--auto", "--with-snapshots", &maker])
        .run()
        .expect()
        .stdout_has(&maker)
        .done();
    let before = sandbox.snapshots(HOME)[0].tags.clone();
    let source = "--source-image=ami-000000aa";
    for also in ["--auto", "--create-timestamp=1400000000"] {
        tag(&sandbox, &[source, also, "--with-snapshots", &user])
            .run()
            .expect()
            .stdout_is(&format!("{user}\n"))
            .stderr_is(&format!(
                "ami-tag-image: {user}: its snapshot {snapshot} says create_timestamp=1315611360, as \
                 another image does, and stays as it is\n"
            ))
            .done();
        assert_eq!(tags(&sandbox, &user)["source_image"], "ami-000000aa");
        assert_eq!(sandbox.snapshots(HOME)[0].tags, before);
    }
}

#[test]
fn what_image_and_snapshots_bear_already_is_not_set_again() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    let args = ["--auto", "--with-snapshots", &image];
    tag(&sandbox, &args)
        .run()
        .expect()
        .stdout_has(&image)
        .done();
    sandbox.clear_calls();
    tag(&sandbox, &args)
        .run()
        .expect()
        .stdout_has(&image)
        .done();
    assert!(sandbox.calls_to("CreateTags").is_empty());
}
