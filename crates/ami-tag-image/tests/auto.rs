//! `--auto`: what EC2 recorded, beside what the image's tags say already.

mod support;

use std::time::Duration;

use ami_core::time::Moment;
use ami_sandbox::{Fault, Sandbox};
use ami_testkit::shell;
use support::{HOME, bare_image, keys, sandbox, set, tag, tags, words};

/// The tags that say when EC2 made an image.
fn made(sandbox: &Sandbox, image: &str) -> [String; 2] {
    let seconds = sandbox
        .find_image(image)
        .expect("the image")
        .created
        .unix_timestamp();
    let moment = Moment::from_timestamp(seconds).expect("a moment");
    [
        format!("create_date={}", moment.compact()),
        format!("create_timestamp={seconds}"),
    ]
}

fn auto(sandbox: &Sandbox, args: &[&str], image: &str) {
    let mut all = vec!["--auto"];
    all.extend(args);
    all.push(image);
    let outcome = tag(sandbox, &all).run().expect();
    outcome.stdout_is(&format!("{image}\n")).done();
}

#[test]
fn an_image_that_ec2_made_alone_gets_all_that_ec2_knows() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    auto(&sandbox, &[], &image);
    let mut expected = made(&sandbox, &image).to_vec();
    expected.extend(
        [
            "source_image=ami-000000ec",
            "source_instance=i-000000ec",
            "source_region=eu-west-1",
        ]
        .map(str::to_owned),
    );
    assert_eq!(words(&sandbox, &image), expected);
    auto(&sandbox, &[], &image);
    assert_eq!(
        sandbox.calls_to("CreateTags").len(),
        1,
        "the second run sets nothing"
    );
}

#[test]
fn an_image_without_a_source_gets_only_its_time() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    auto(&sandbox, &[], &image);
    assert_eq!(words(&sandbox, &image), made(&sandbox, &image));
}

#[test]
fn tags_that_can_be_read_stay() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    let own = [
        ("create_timestamp", "1315611360"),
        ("role", "web"),
        ("source_image", "ami-000000aa@sa-east-1"),
        ("source_instance", "i-000000aa"),
    ];
    set(&sandbox, &image, &own);
    auto(&sandbox, &[], &image);
    let expected = [
        "create_date=20110909T233600Z",
        "create_timestamp=1315611360",
        "role=web",
        "source_image=ami-000000aa@sa-east-1",
        "source_instance=i-000000aa",
        "source_region=sa-east-1",
    ];
    assert_eq!(words(&sandbox, &image), expected);
    let call = sandbox.calls_to("CreateTags").remove(0);
    assert_eq!(
        keys(&call),
        ["source_region", "create_date"],
        "only what is new is sent"
    );
}

#[test]
fn tags_that_cannot_be_read_are_replaced_where_ec2_knows_better() {
    let sandbox = sandbox();
    let bad = [
        ("create_date", "20110931T000000Z"),
        ("create_timestamp", "1315611360000"),
        ("source_image", "web"),
        ("source_instance", "\u{1b}[2J"),
        ("source_region", "Oregon"),
    ];
    let image = bare_image(&sandbox, HOME);
    set(&sandbox, &image, &bad);
    auto(&sandbox, &[], &image);
    let now = tags(&sandbox, &image);
    assert_eq!(now["source_image"], "ami-000000ec");
    assert_eq!(now["source_instance"], "i-000000ec");
    assert_eq!(now["source_region"], "eu-west-1");
    assert_eq!(
        format!("create_date={}", now["create_date"]),
        made(&sandbox, &image)[0]
    );
    let unknown = sandbox.image(HOME, |_| {});
    set(&sandbox, &unknown, &bad);
    auto(&sandbox, &[], &unknown);
    assert_eq!(
        tags(&sandbox, &unknown)["source_image"],
        "web",
        "EC2 knows none"
    );
}

#[test]
fn a_contradictory_pair_of_times_is_settled_by_the_timestamp() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    set(
        &sandbox,
        &image,
        &[
            ("create_date", "20120229T000000Z"),
            ("create_timestamp", "1315611360"),
        ],
    );
    auto(&sandbox, &[], &image);
    assert_eq!(words(&sandbox, &image), support::moment());
    assert_eq!(keys(&sandbox.calls_to("CreateTags")[0]), ["create_date"]);
}

#[test]
fn what_is_given_wins_over_tags_and_ec2() {
    let sandbox = sandbox();
    let image = bare_image(&sandbox, HOME);
    set(
        &sandbox,
        &image,
        &[("create_timestamp", "1"), ("source_image", "ami-000000aa")],
    );
    auto(
        &sandbox,
        &[
            "--create-timestamp=1315611360",
            "--source-image=ami-000000bb",
        ],
        &image,
    );
    let mut expected = support::moment();
    // EC2's region is that of another image.
    expected.extend(["source_image=ami-000000bb", "source_instance=i-000000ec"].map(str::to_owned));
    assert_eq!(words(&sandbox, &image), expected);
}

/// A copy of an image that ami-create-image made, with that one's tags.
fn copy_with_tags(sandbox: &Sandbox) -> String {
    let image = sandbox.image(HOME, |image| {
        image.source_image = Some("ami-000000ec".to_owned());
        image.source_region = Some("eu-west-1".to_owned());
    });
    let inherited = [
        ("ami_tools_run", "5a8a1ba4-bb4f-4b4b-9be4-3a5d9e9d2f51"),
        ("create_date", "20110909T233600Z"),
        ("create_timestamp", "1315611360"),
        ("source_image", "ami-000000aa"),
        ("source_instance", "i-000000aa"),
    ];
    set(sandbox, &image, &inherited);
    image
}

#[test]
fn tags_that_came_with_a_copy_are_replaced_by_what_ec2_knows_of_it() {
    let sandbox = sandbox();
    let image = copy_with_tags(&sandbox);
    auto(&sandbox, &[], &image);
    let [date, stamp] = made(&sandbox, &image);
    let expected = [
        "ami_tools_run=",
        &date,
        &stamp,
        "source_image=ami-000000ec",
        "source_instance=",
        "source_region=eu-west-1",
    ];
    assert_eq!(words(&sandbox, &image), expected);
    auto(&sandbox, &[], &image);
    assert_eq!(sandbox.calls_to("CreateTags").len(), 1, "it is settled");
}

#[test]
fn what_is_given_for_a_copy_stays_the_user_s_word() {
    let sandbox = sandbox();
    let image = copy_with_tags(&sandbox);
    auto(&sandbox, &["--source-image=ami-000000bb"], &image);
    for _ in 0..2 {
        let now = tags(&sandbox, &image);
        assert_eq!(now["source_image"], "ami-000000bb");
        assert_eq!(now["source_instance"], "");
        auto(&sandbox, &[], &image);
    }
}

#[test]
fn without_auto_it_is_told_that_tags_came_with_a_copy() {
    let sandbox = sandbox();
    let image = copy_with_tags(&sandbox);
    tag(&sandbox, &["--create-timestamp=5", &image])
        .run()
        .expect()
        .stdout_is(&format!("{image}\n"))
        .stderr_is(&format!(
            "ami-tag-image: {image}: it is a copy, and its tags came with it from its source: EC2's record \
             counts more until --auto replaces them\n"
        ))
        .done();
}

#[test]
fn images_with_different_tags_are_looked_at_together() {
    let sandbox = sandbox();
    let images: Vec<_> = (0..4)
        .map(|n| {
            let image = sandbox.image(HOME, |_| {});
            set(&sandbox, &image, &[("create_timestamp", &n.to_string())]);
            image
        })
        .collect();
    // The last answers come a little after the first.
    let late = Fault::on("CreateTags").skip(1).times(3);
    sandbox.inject(late.delay(Duration::from_millis(50)));
    let mut args = vec!["--auto"];
    args.extend(images.iter().map(String::as_str));
    let outcome = tag(&sandbox, &args)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 4);
    assert_eq!(sandbox.calls_to("CreateTags").len(), 4);
    for (n, image) in images.iter().enumerate() {
        assert_eq!(
            tags(&sandbox, image)["create_date"],
            format!("19700101T00000{n}Z")
        );
    }
    let describes = sandbox.calls_to("DescribeImages").len();
    assert_eq!(describes, 2, "one before and one after");
}

#[test]
fn what_ami_create_image_made_is_left_alone() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    let script = format!("ami-create-image {instance} | ami-tag-image --auto -");
    let outcome = shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert!(sandbox.find_image(outcome.stdout.trim_end()).is_some());
    assert!(sandbox.calls_to("CreateTags").is_empty());
}

#[test]
fn it_is_one_of_the_tools_in_ami() {
    let sandbox = sandbox();
    let image = sandbox.image(HOME, |_| {});
    let outcome = shell(&format!("ami tag-image --auto {image}"))
        .sandbox(&sandbox)
        .run()
        .expect();
    outcome.stdout_is(&format!("{image}\n")).done();
    assert_eq!(words(&sandbox, &image), made(&sandbox, &image));
}
