//! What both tools make of each family of [`crate::families`], where all tags are well.

use ami_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::families::{self, plant, record, set_tag};
use crate::{AMAZON, ancestors, children, field, lines, sandbox};

/// Both tools walk the family, which is a single line: up from its last image, and down from its first.
#[track_caller]
fn is_walked_both_ways(sandbox: &Sandbox, oldest_first: &[&str]) {
    let (Some(first), Some(last)) = (oldest_first.first(), oldest_first.last()) else {
        panic!("a family without members");
    };
    let upwards: Vec<&str> = oldest_first.iter().rev().copied().collect();
    ancestors(sandbox, &[last])
        .run()
        .expect()
        .stdout_is(&lines(&upwards))
        .done();
    children(sandbox, &[first])
        .run()
        .expect()
        .stdout_is(&lines(&oldest_first[1..]))
        .done();
}

/// A field of `--json`, line for line.
#[track_caller]
fn says(tool: ami_testkit::Tool<'_>, name: &str, expected: Value) {
    let outcome = tool.args(["--json"]).run().expect().stderr_any().done();
    assert_eq!(
        Value::from(field(&outcome.stdout, name)),
        expected,
        "{outcome}"
    );
}

#[test]
fn images_of_instances_are_a_line_of_which_tags_and_record_agree() {
    let sandbox = sandbox();
    let family = families::created(&sandbox);
    is_walked_both_ways(&sandbox, &family);
    let [first, second, third] = family;
    let up = || ancestors(&sandbox, &[third]);
    says(up(), "source_by", json!(["tag", "tag", null]));
    says(up(), "source_image", json!([second, first, null]));
    says(up(), "differences", json!([[], [], []]));
    says(up(), "generation", json!([0, 1, 2]));
    let down = || children(&sandbox, &[first]);
    says(down(), "source_by", json!(["tag", "tag"]));
    says(down(), "generation", json!([1, 2]));
    says(
        down(),
        "of",
        json!(["ami-00000c01@us-east-1", "ami-00000c01@us-east-1"]),
    );
    up().args(["-C"])
        .run()
        .expect()
        .stdout_is(
            "\
IMAGE_ID      CREATE_DATE                   CREATE_TS  SOURCE_INSTANCE
ami-00000c03  Sun Jan  4 00:00:00 UTC 2026  1767484800 i-00000c03
ami-00000c02  Sat Jan  3 00:00:00 UTC 2026  1767398400 i-00000c02
ami-00000c01  Fri Jan  2 00:00:00 UTC 2026  1767312000 -
",
        )
        .done();
}

#[test]
fn copies_are_followed_from_region_to_region() {
    let sandbox = sandbox();
    let family = families::copied(&sandbox);
    is_walked_both_ways(&sandbox, &family);
    let [first, _, third] = family;
    says(
        ancestors(&sandbox, &[third]),
        "source_region",
        json!(["eu-west-1", "us-east-1", null]),
    );
    ancestors(&sandbox, &["-C", third])
        .run()
        .expect()
        .stdout_is(
            "\
IMAGE_ID                 CREATE_DATE                   CREATE_TS  SOURCE_INSTANCE
ami-0000c003@ap-south-1  Sun Jan  4 00:00:00 UTC 2026  1767484800 -
ami-0000c002@eu-west-1   Sat Jan  3 00:00:00 UTC 2026  1767398400 -
ami-0000c001             Fri Jan  2 00:00:00 UTC 2026  1767312000 -
",
        )
        .done();
    children(&sandbox, &["-C", first])
        .run()
        .expect()
        .stdout_is(
            "\
IMAGE_ID                 CREATE_DATE                   CREATE_TS  SOURCE_INSTANCE      SOURCE_IMAGE
ami-0000c002@eu-west-1   Sat Jan  3 00:00:00 UTC 2026  1767398400 -                    ami-0000c001
ami-0000c003@ap-south-1  Sun Jan  4 00:00:00 UTC 2026  1767484800 -                    ami-0000c002@eu-west-1
",
        )
        .done();
}

#[test]
fn same_region_stops_at_the_border_and_calls_nobody_beyond_it() {
    let sandbox = sandbox();
    let [_, second, third] = families::copied(&sandbox);
    for image in [second, third] {
        sandbox.clear_calls();
        ancestors(&sandbox, &["--same-region", image])
            .run()
            .expect()
            .stdout_is(&lines(&[image]))
            .done();
        let (_, region) = image.split_once('@').expect("a region");
        let calls = sandbox.calls();
        assert!(calls.iter().all(|call| call.region == region), "{calls:?}");
    }
}

#[test]
fn same_region_goes_on_as_long_as_the_region_is_the_same() {
    let sandbox = sandbox();
    let first = plant(&sandbox, "ami-00000001", "first", 1, |_| {});
    let abroad = plant(&sandbox, "ami-00000002@eu-west-1", "copy", 2, |image| {
        record(image, first);
    });
    let mut line = vec![abroad];
    for (day, reference) in (3..).zip([
        "ami-00000003@eu-west-1",
        "ami-00000004@eu-west-1",
        "ami-00000005@eu-west-1",
    ]) {
        let parent = line[0];
        line.insert(
            0,
            plant(&sandbox, reference, reference, day, |image| {
                record(image, parent)
            }),
        );
    }
    ancestors(&sandbox, &["--same-region", line[0]])
        .run()
        .expect()
        .stdout_is(&lines(&line))
        .done();
}

#[test]
fn an_image_registered_from_a_snapshot_is_known_by_its_tags() {
    let sandbox = sandbox();
    let family = families::registered(&sandbox);
    is_walked_both_ways(&sandbox, &family);
    says(
        ancestors(&sandbox, &[family[1]]),
        "source_by",
        json!(["tag", null]),
    );
}

#[test]
fn a_line_may_begin_with_an_image_of_amazon() {
    let sandbox = sandbox();
    let family = families::public_root(&sandbox);
    is_walked_both_ways(&sandbox, &family);
    let up = ancestors(&sandbox, &[family[2]]);
    says(
        up,
        "owner",
        json!(["123456789012", "123456789012", "amazon"]),
    );
}

#[test]
fn another_account_s_image_is_shown_where_it_is_shared() {
    let sandbox = sandbox();
    let family = families::of_another_account(&sandbox, true);
    is_walked_both_ways(&sandbox, &family);
    let up = || ancestors(&sandbox, &[family[1]]);
    says(up(), "state", json!(["available", "available"]));
    says(up(), "owner", json!(["123456789012", "210987654321"]));
}

#[test]
fn another_account_s_image_is_gone_where_it_is_not_shared() {
    let sandbox = sandbox();
    let family = families::of_another_account(&sandbox, false);
    is_walked_both_ways(&sandbox, &family);
    says(
        ancestors(&sandbox, &[family[1]]),
        "state",
        json!(["available", "gone"]),
    );
    ancestors(&sandbox, &["-C", family[1]])
        .run()
        .expect()
        .stdout_is(
            "\
IMAGE_ID      CREATE_DATE                   CREATE_TS  SOURCE_INSTANCE
ami-0000aa02  Sat Jan  3 00:00:00 UTC 2026  1767398400 -
ami-0000aa01  Fri Jan  2 00:00:00 UTC 2026  1767312000 -  (gone)
",
        )
        .done();
}

#[test]
fn without_the_permission_to_ask_for_ancestry_the_line_ends_at_what_is_gone() {
    let sandbox = sandbox();
    sandbox.deny("GetImageAncestry");
    let [_, middle, last] = families::without_middle(&sandbox);
    let outcome = ancestors(&sandbox, &[last, last])
        .run()
        .expect()
        .stdout_is(&lines(&[last, middle, last, middle]))
        .stderr_has("ami-describe-ancestors: not authorized to GetImageAncestry (")
        .stderr_has("; the permission needed is ec2:GetImageAncestry")
        .stderr_has(" may end early at ")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    ancestors(&sandbox, &["-q", last])
        .run()
        .expect()
        .stdout_is(&lines(&[last, middle]))
        .done();
}

#[test]
fn what_descends_from_an_image_that_is_gone_is_found() {
    let sandbox = sandbox();
    let [_, middle, last] = families::without_middle(&sandbox);
    children(&sandbox, &[middle])
        .run()
        .expect()
        .stdout_is(&lines(&[last]))
        .done();
}

#[test]
fn each_image_has_a_line_of_its_own_also_where_lines_meet() {
    let sandbox = sandbox();
    let [root, left, right, below] = families::forked(&sandbox);
    ancestors(&sandbox, &[left, below])
        .run()
        .expect()
        .stdout_is(&lines(&[left, root, below, right, root]))
        .done();
    says(
        ancestors(&sandbox, &[left, below]),
        "of",
        json!([
            "ami-0000f002@us-east-1",
            "ami-0000f002@us-east-1",
            "ami-0000f004@us-east-1",
            "ami-0000f004@us-east-1",
            "ami-0000f004@us-east-1",
        ]),
    );
    ancestors(&sandbox, &[left, left])
        .run()
        .expect()
        .stdout_is(&lines(&[left, root, left, root]))
        .done();
}

#[test]
fn descendants_come_once_and_belong_to_the_nearest_that_was_asked_about() {
    let sandbox = sandbox();
    let [root, left, right, below] = families::forked(&sandbox);
    let words = [root, right, root];
    children(&sandbox, &words)
        .run()
        .expect()
        .stdout_is(&lines(&[left, right, below]))
        .done();
    let nearest = json!([
        "ami-0000f001@us-east-1",
        "ami-0000f001@us-east-1",
        "ami-0000f003@us-east-1",
    ]);
    says(children(&sandbox, &words), "of", nearest);
    says(children(&sandbox, &words), "generation", json!([1, 1, 1]));
    says(children(&sandbox, &[root]), "generation", json!([1, 1, 2]));
}

#[test]
fn parents_come_before_their_children_also_where_several_are_asked_about() {
    let sandbox = sandbox();
    let first = plant(&sandbox, "ami-00000001", "first", 1, |_| {});
    // It claims to be younger than all that descend from it.
    let late = plant(&sandbox, "ami-00000002", "late", 2, |image| {
        record(image, first);
        set_tag(image, "create_timestamp", "1900000000");
    });
    let second = plant(&sandbox, "ami-00000003", "second", 3, |image| {
        record(image, late);
    });
    let last = plant(&sandbox, "ami-00000004", "last", 4, |image| {
        record(image, second);
    });
    for words in [[first, second], [second, first]] {
        let tool = || children(&sandbox, &words);
        tool()
            .run()
            .expect()
            .stdout_is(&lines(&[late, second, last]))
            .done();
        says(tool(), "generation", json!([1, 2, 1]));
        let tree = tool().args(["--tree"]).run().expect().done();
        assert!(tree.stdout.starts_with("* ami-00000001"), "{tree}");
        // In one line, so in one column.
        assert_eq!(tree.stdout.matches("\no ").count(), 2, "{tree}");
        assert_eq!(tree.stdout.matches("\n* ").count(), 1, "{tree}");
        assert_eq!(tree.stdout.lines().count(), 4, "{tree}");
        let dot = tool().args(["--dot"]).run().expect().done();
        assert_eq!(dot.stdout.matches("->").count(), 3, "{dot}");
    }
}

#[test]
fn parents_come_before_their_children_whatever_their_tags_say_of_the_time() {
    let sandbox = sandbox();
    let root = plant(&sandbox, "ami-00000001", "root", 5, |_| {});
    let late = plant(&sandbox, "ami-00000002", "late", 9, |image| {
        record(image, root)
    });
    // It claims to be older than its parent.
    let early = plant(&sandbox, "ami-00000003", "early", 9, |image| {
        record(image, late);
        set_tag(image, "create_timestamp", "1000000000");
    });
    let other = plant(&sandbox, "ami-00000004", "other", 6, |image| {
        record(image, root)
    });
    children(&sandbox, &[root])
        .run()
        .expect()
        .stdout_is(&lines(&[other, late, early]))
        .done();
}

#[test]
fn shared_images_of_others_are_not_listed_as_children() {
    let sandbox = sandbox();
    let me = sandbox.account().to_owned();
    let root = plant(&sandbox, "ami-00000001", "mine", 1, |_| {});
    let theirs = plant(&sandbox, "ami-00000002", "theirs", 2, |image| {
        record(image, root);
        image.owner = "210987654321".to_owned();
        image.shared_with.insert(me);
    });
    children(&sandbox, &[root])
        .run()
        .expect()
        .stdout_is("")
        .done();
    // Seen from the other end the two are a line.
    ancestors(&sandbox, &[theirs])
        .run()
        .expect()
        .stdout_is(&lines(&[theirs, root]))
        .done();
}

#[test]
fn an_image_of_amazon_has_descendants_in_each_region_where_it_lies() {
    let sandbox = sandbox();
    let here = plant(&sandbox, "ami-00000001", "here", 1, |image| {
        record(image, AMAZON)
    });
    let there = "ami-0a1b2c3d4e5f60001@eu-west-1";
    let abroad = plant(&sandbox, "ami-00000002@eu-west-1", "there", 2, |image| {
        record(image, there);
    });
    for (root, child) in [(AMAZON, here), (there, abroad)] {
        children(&sandbox, &[root])
            .run()
            .expect()
            .stdout_is(&lines(&[child]))
            .done();
    }
}
