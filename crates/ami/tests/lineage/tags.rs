//! Tags that contradict EC2, cannot be read, or are empty.

use serde_json::{Value, json};

use crate::families::{self, plant, record, set_tag, tag};
use crate::{ancestors, children, field, lines, sandbox};

#[test]
fn a_tag_wins_over_what_ec2_says() {
    let sandbox = sandbox();
    let [tagged, recorded, child] = families::contradicted(&sandbox);
    ancestors(&sandbox, &[child])
        .run()
        .expect()
        .stdout_is(&lines(&[child, tagged]))
        .done();
    children(&sandbox, &[tagged])
        .run()
        .expect()
        .stdout_is(&lines(&[child]))
        .done();
    children(&sandbox, &[recorded])
        .run()
        .expect()
        .stdout_is("")
        .done();
}

#[test]
fn where_tag_and_ec2_differ_verbose_and_json_say_so() {
    let sandbox = sandbox();
    let [tagged, _, child] = families::contradicted(&sandbox);
    for tool in [
        ancestors(&sandbox, &["-v", child]),
        children(&sandbox, &["-v", tagged]),
    ] {
        tool.run()
            .expect()
            .stderr_has(
                ": ami-0000dd03: its tag source_image says ami-0000dd01, EC2 says ami-0000dd02; \
                 the tag counts\n",
            )
            .done();
    }
    let difference = json!([{
        "tag": "source_image",
        "value": "ami-0000dd01",
        "ec2": "ami-0000dd02",
        "counts": "tag",
    }]);
    for tool in [
        ancestors(&sandbox, &["--json", child]),
        children(&sandbox, &["--json", tagged]),
    ] {
        let outcome = tool.run().expect().done();
        assert_eq!(
            field(&outcome.stdout, "differences")[0],
            difference,
            "{outcome}"
        );
        assert_eq!(field(&outcome.stdout, "source_by")[0], "tag", "{outcome}");
    }
}

#[test]
fn a_copy_that_bears_its_source_s_tags_descends_from_that_source() {
    let sandbox = sandbox();
    let [first, second, copy] = &families::copied_with_tags(&sandbox);
    ancestors(&sandbox, &[copy])
        .run()
        .expect()
        .stdout_is(&lines(&[copy, second, first]))
        .done();
    children(&sandbox, &[second])
        .run()
        .expect()
        .stdout_is(&lines(&[copy]))
        .done();
    let outcome = children(&sandbox, &["--json", first]).run().expect().done();
    let of = |name| field(&outcome.stdout, name);
    assert_eq!(of("reference"), [second.as_str(), copy], "{outcome}");
    assert_eq!(of("generation"), [1, 2], "{outcome}");
    assert_eq!(of("source_by"), ["tag", "ec2"], "{outcome}");
    assert_eq!(of("source_instance")[1], Value::Null, "{outcome}");
    assert_eq!(of("differences")[0], json!([]), "{outcome}");
    assert_eq!(
        of("differences")[1][0],
        json!({"tag": "source_image", "value": first, "ec2": second, "counts": "ec2_of_copy"}),
    );
}

#[test]
fn an_image_that_is_tagged_as_its_own_source_has_none_by_that_tag() {
    let sandbox = sandbox();
    let itself = families::own_source(&sandbox);
    for (name, tool, printed) in [
        (
            "ancestors",
            ancestors(&sandbox, &[itself]),
            lines(&[itself]),
        ),
        ("children", children(&sandbox, &[itself]), String::new()),
    ] {
        let outcome = tool.run().expect().stdout_is(&printed).stderr_any().done();
        let line = format!(
            "ami-describe-{name}: {itself}: its tag source_image is '{itself}', which is the image \
             itself\n"
        );
        let said = if name == "ancestors" { &*line } else { "" };
        assert_eq!(outcome.stderr, said, "{outcome}");
    }
    let [parent, child] = with_tag(&sandbox, "source_image", "ami-00000002");
    ancestors(&sandbox, &[child])
        .run()
        .expect()
        .stdout_is(&lines(&[child, parent]))
        .stderr_is(&format!(
            "ami-describe-ancestors: {child}: its tag source_image is '{child}', which is the image \
             itself; EC2's {parent} counts\n"
        ))
        .done();
}

#[test]
fn a_region_without_a_source_image_moves_no_source() {
    let sandbox = sandbox();
    let [parent, child] = with_tag(&sandbox, "source_region", "eu-west-1");
    let outcome = ancestors(&sandbox, &["--json", child])
        .run()
        .expect()
        .done();
    assert_eq!(field(&outcome.stdout, "reference"), [child, parent]);
    let difference = json!([{
        "tag": "source_region",
        "value": "eu-west-1",
        "ec2": "us-east-1",
        "counts": "ec2",
    }]);
    assert_eq!(field(&outcome.stdout, "differences")[0], difference);
    children(&sandbox, &[parent])
        .run()
        .expect()
        .stdout_is(&lines(&[child]))
        .done();
}

/// Plants a child of which EC2 has recorded all, and whose tag of that key says something else.
fn with_tag(sandbox: &ami_sandbox::Sandbox, key: &str, value: &str) -> [&'static str; 2] {
    let parent = plant(sandbox, "ami-00000001", "parent", 1, |_| {});
    let child = plant(sandbox, "ami-00000002", "child", 2, |image| {
        record(image, parent);
        image.source_instance = Some("i-00000002".to_owned());
        set_tag(image, key, value);
    });
    [parent, child]
}

#[test]
fn a_tag_that_cannot_be_read_is_told_and_ec2_s_record_counts() {
    for (key, value, ec2) in [
        ("source_image", "web", "ami-00000001"),
        ("source_image", "i-00000001", "ami-00000001"),
        ("source_region", "Ireland", "us-east-1"),
        ("source_instance", "ami-00000001", "i-00000002"),
        ("create_timestamp", "yesterday", "2026-01-03T00:00:00Z"),
        (
            "create_timestamp",
            "99999999999999999999",
            "2026-01-03T00:00:00Z",
        ),
        ("create_date", "2026-01-03", "2026-01-03T00:00:00Z"),
    ] {
        let sandbox = sandbox();
        let [parent, child] = with_tag(&sandbox, key, value);
        for (name, tool, printed, count) in [
            (
                "ancestors",
                ancestors(&sandbox, &["--json", child]),
                child,
                2,
            ),
            (
                "children",
                children(&sandbox, &["--json", parent]),
                child,
                1,
            ),
        ] {
            let outcome = tool
                .run()
                .expect()
                .stderr_is(&format!(
                    "ami-describe-{name}: {child}: its tag {key} is '{value}', which cannot be read; \
                     EC2's {ec2} counts\n"
                ))
                .done();
            let of = |field_name| field(&outcome.stdout, field_name);
            assert_eq!(of("id").len(), count, "{outcome}");
            assert_eq!(of("id")[0], printed, "{outcome}");
            assert_eq!(of("source_image")[0], parent, "{outcome}");
            assert_eq!(of("source_region")[0], "us-east-1", "{outcome}");
            assert_eq!(of("source_instance")[0], "i-00000002", "{outcome}");
            assert_eq!(of("create_timestamp")[0], 1_767_398_400, "{outcome}");
            let difference = json!([{"tag": key, "value": value, "ec2": ec2, "counts": "ec2"}]);
            assert_eq!(of("differences")[0], difference, "{outcome}");
        }
        ancestors(&sandbox, &["-q", child])
            .run()
            .expect()
            .stdout_is(&lines(&[child, parent]))
            .done();
    }
}

#[test]
fn a_tag_that_cannot_be_read_is_told_once_however_often_its_image_is_shown() {
    let sandbox = sandbox();
    let [_, child] = with_tag(&sandbox, "source_image", "web");
    let grandchild = plant(&sandbox, "ami-00000003", "grandchild", 3, |image| {
        record(image, child);
    });
    let outcome = ancestors(&sandbox, &[grandchild, child, child])
        .run()
        .expect()
        .stderr_has("its tag source_image is 'web'")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
}

#[test]
fn empty_tags_say_nothing_and_are_no_mistake() {
    for key in [
        "source_image",
        "source_region",
        "source_instance",
        "create_timestamp",
        "create_date",
    ] {
        let sandbox = sandbox();
        let [parent, child] = with_tag(&sandbox, key, "");
        let outcome = ancestors(&sandbox, &["--json", child])
            .run()
            .expect()
            .done();
        assert_eq!(
            field(&outcome.stdout, "source_image")[0],
            parent,
            "{outcome}"
        );
        assert_eq!(field(&outcome.stdout, "source_by")[0], "ec2", "{outcome}");
        assert_eq!(
            field(&outcome.stdout, "differences")[0],
            json!([]),
            "{outcome}"
        );
        assert_eq!(
            field(&outcome.stdout, "created")[0],
            "2026-01-03T00:00:00Z",
            "{outcome}"
        );
    }
}

#[test]
fn a_source_without_a_region_lies_in_the_image_s_own() {
    let sandbox = sandbox();
    let parent = plant(&sandbox, "ami-00000001@eu-west-1", "parent", 1, |_| {});
    let child = plant(&sandbox, "ami-00000002@eu-west-1", "child", 2, |image| {
        set_tag(image, "source_image", "ami-00000001");
    });
    ancestors(&sandbox, &[child])
        .run()
        .expect()
        .stdout_is(&lines(&[child, parent]))
        .done();
}

#[test]
fn a_source_without_a_region_lies_where_ec2_knows_it_to_lie() {
    let sandbox = sandbox();
    let parent = plant(&sandbox, "ami-00000001", "parent", 1, |_| {});
    let child = plant(&sandbox, "ami-00000002@eu-west-1", "copy", 2, |image| {
        record(image, parent);
        set_tag(image, "source_image", "ami-00000001");
    });
    ancestors(&sandbox, &[child])
        .run()
        .expect()
        .stdout_is(&lines(&[child, parent]))
        .done();
}

#[test]
fn a_source_may_be_a_reference_with_its_region_or_an_arn() {
    for value in [
        "ami-00000001@eu-west-1",
        "arn:aws:ec2:eu-west-1::image/ami-00000001",
    ] {
        let sandbox = sandbox();
        let parent = plant(&sandbox, "ami-00000001@eu-west-1", "parent", 1, |_| {});
        let child = plant(&sandbox, "ami-00000002", "child", 2, |image| {
            set_tag(image, "source_image", value);
        });
        ancestors(&sandbox, &[child])
            .run()
            .expect()
            .stdout_is(&lines(&[child, parent]))
            .done();
        children(&sandbox, &[parent])
            .run()
            .expect()
            .stdout_is(&lines(&[child]))
            .done();
    }
}

#[test]
fn a_region_within_the_tag_that_is_not_ec2_s_is_a_difference() {
    let sandbox = sandbox();
    plant(&sandbox, "ami-00000001@eu-west-1", "by tag", 1, |_| {});
    let child = plant(&sandbox, "ami-00000002", "child", 2, |image| {
        record(image, "ami-00000001");
        set_tag(image, "source_image", "ami-00000001@eu-west-1");
    });
    let outcome = ancestors(&sandbox, &["--json", child])
        .run()
        .expect()
        .done();
    assert_eq!(
        field(&outcome.stdout, "reference"),
        [child, "ami-00000001@eu-west-1"]
    );
    assert_eq!(
        field(&outcome.stdout, "differences")[0],
        json!([{
            "tag": "source_image",
            "value": "ami-00000001@eu-west-1",
            "ec2": "ami-00000001@us-east-1",
            "counts": "tag",
        }])
    );
}

#[test]
fn a_parent_that_nobody_has_ever_heard_of_is_gone() {
    let sandbox = sandbox();
    let child = plant(&sandbox, "ami-00000002", "child", 2, |image| {
        tag(image, "ami-0000dead");
    });
    let outcome = ancestors(&sandbox, &["--json", child])
        .run()
        .expect()
        .done();
    assert_eq!(field(&outcome.stdout, "state"), ["available", "gone"]);
}
