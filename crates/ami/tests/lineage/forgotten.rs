//! Ancestors that were deregistered, and what EC2 remembers of them.

use ami_testkit::Tool;
use serde_json::{Value, json};

use crate::families;
use crate::{ancestors, children, field, lines, sandbox};

/// A field of `--json`, line for line.
#[track_caller]
fn says(tool: Tool<'_>, name: &str, expected: Value) {
    let outcome = tool.args(["--json"]).run().expect().done();
    assert_eq!(
        Value::from(field(&outcome.stdout, name)),
        expected,
        "{outcome}"
    );
}

#[test]
fn the_line_goes_on_beyond_what_was_deregistered() {
    let sandbox = sandbox();
    let [first, middle, last] = families::without_middle(&sandbox);
    ancestors(&sandbox, &[last])
        .run()
        .expect()
        .stdout_is(&lines(&[last, middle, first]))
        .done();
    ancestors(&sandbox, &["-C", last])
        .run()
        .expect()
        .stdout_is(
            "\
IMAGE_ID      CREATE_DATE                   CREATE_TS  SOURCE_INSTANCE
ami-00009003  Sun Jan  4 00:00:00 UTC 2026  1767484800 -
ami-00009002  Sat Jan  3 00:00:00 UTC 2026  1767398400 -  (gone)
ami-00009001  Fri Jan  2 00:00:00 UTC 2026  1767312000 -
",
        )
        .done();
    let up = || ancestors(&sandbox, &[last]);
    says(up(), "state", json!(["available", "gone", "available"]));
    says(up(), "source_image", json!([middle, first, null]));
    says(up(), "source_by", json!(["ec2", "ec2", null]));
    says(up(), "name", json!(["web-2", null, "base"]));
}

#[test]
fn an_image_that_was_deregistered_can_be_asked_about() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.ancestry_of_deregistered = true);
    let [first, middle, last] = families::without_middle(&sandbox);
    ancestors(&sandbox, &[middle])
        .run()
        .expect()
        .stdout_is(&lines(&[middle, first]))
        .done();
    // EC2 need not answer for it, and then it is an image that does not exist.
    sandbox.configure(|settings| settings.ancestry_of_deregistered = false);
    ancestors(&sandbox, &[middle])
        .run()
        .expect()
        .fails(5)
        .stdout_is("")
        .stderr_is("ami-describe-ancestors: ami-00009002: does not exist in us-east-1\n")
        .done();
    children(&sandbox, &[middle])
        .run()
        .expect()
        .stdout_is(&lines(&[last]))
        .done();
}

#[test]
fn what_descends_through_an_image_that_was_deregistered_is_found() {
    let sandbox = sandbox();
    let [first, _, last] = families::without_middle(&sandbox);
    children(&sandbox, &[first])
        .run()
        .expect()
        .stdout_is(&lines(&[last]))
        .done();
    says(children(&sandbox, &[first]), "generation", json!([2]));
}

#[test]
fn a_long_line_of_which_only_the_ends_are_left_is_walked_to_its_beginning() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.ancestry_of_deregistered = true);
    let mut line = families::long_forgotten(&sandbox, 130);
    line.reverse();
    let upwards: Vec<&str> = line.iter().map(String::as_str).collect();
    ancestors(&sandbox, &[upwards[0]])
        .run()
        .expect()
        .stdout_is(&lines(&upwards))
        .done();
    let calls = sandbox.calls().len();
    assert!(calls <= 15, "{calls}");
    // Where EC2 does not answer for what was deregistered, fifty are all that it tells, and the
    // parent of the last.
    sandbox.configure(|settings| settings.ancestry_of_deregistered = false);
    ancestors(&sandbox, &[upwards[0]])
        .run()
        .expect()
        .stdout_is(&lines(&upwards[..51]))
        .done();
}

#[test]
fn what_descends_through_a_gone_image_is_found_whatever_tags_say_of_the_time() {
    // A child that claims to be older than its root, and a root that claims to be younger than all.
    for (key, value) in [(2, "1000000000"), (0, "1900000000")] {
        let sandbox = sandbox();
        let family = families::without_middle(&sandbox);
        sandbox.edit_image(family[key], |image| {
            families::set_tag(image, "create_timestamp", value);
        });
        children(&sandbox, &[family[0]])
            .run()
            .expect()
            .stdout_is(&lines(&[family[2]]))
            .done();
    }
}

#[test]
fn what_cannot_descend_from_an_image_because_it_is_older_is_not_asked_about() {
    let sandbox = sandbox();
    families::without_middle(&sandbox);
    let young = families::plant(&sandbox, "ami-0000ffff", "young", 9, |_| {});
    children(&sandbox, &[young])
        .run()
        .expect()
        .stdout_is("")
        .done();
    assert!(sandbox.calls_to("GetImageAncestry").is_empty());
}
