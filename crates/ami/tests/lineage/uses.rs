//! What uses the descendants of an image.

use ami_sandbox::{InstanceState, Sandbox};
use serde_json::{Value, json};

use crate::families::{self, plant, record};
use crate::{ABROAD, HOME, children, field, sandbox};

/// Runs instances of an image and gives their IDs in order.
fn run(sandbox: &Sandbox, image: &str, region: &str, number: usize) -> Vec<String> {
    let mut ids: Vec<String> = (0..number)
        .map(|_| sandbox.instance(region, |seed| seed.image = image.to_owned()))
        .collect();
    ids.sort();
    ids
}

#[test]
fn instances_stand_after_a_tab_in_a_column_or_in_a_field() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    let [one, two] = &run(&sandbox, second, HOME, 2)[..] else {
        panic!("two instances");
    };
    let used = |words: &[&str]| {
        children(&sandbox, words)
            .args(["--used-by", first])
            .run()
            .expect()
    };
    used(&[])
        .stdout_is(&format!(
            "{second}\tinstance/{one} instance/{two}\n{third}\n"
        ))
        .done();
    used(&["-C"])
        .stdout_is(&format!(
            "\
IMAGE_ID      CREATE_DATE                   CREATE_TS  SOURCE_INSTANCE      SOURCE_IMAGE           USED_BY
{second}  Sat Jan  3 00:00:00 UTC 2026  1767398400 i-00000c02           {first}           instance/{one} instance/{two}
{third}  Sun Jan  4 00:00:00 UTC 2026  1767484800 i-00000c03           {second}           -
"
        ))
        .done();
    let arn = |id: &str| {
        json!({
            "type": "ec2:Instance",
            "arn": format!("arn:aws:ec2:us-east-1:123456789012:instance/{id}"),
        })
    };
    let outcome = used(&["--json"]).done();
    assert_eq!(
        Value::from(field(&outcome.stdout, "used_by")),
        json!([[arn(one), arn(two)], []]),
        "{outcome}"
    );
}

#[test]
fn instances_that_do_not_run_use_an_image_too() {
    use InstanceState::{Pending, Running, ShuttingDown, Stopped, Stopping};
    let sandbox = sandbox();
    let [first, second, _] = families::created(&sandbox);
    for state in [Pending, Running, ShuttingDown, Stopping, Stopped] {
        sandbox.instance(HOME, |seed| {
            seed.image = second.to_owned();
            seed.state = state;
        });
    }
    let outcome = children(&sandbox, &["--used-by", "--json", first])
        .run()
        .expect()
        .done();
    let used = field(&outcome.stdout, "used_by");
    assert_eq!(used[0].as_array().map(Vec::len), Some(5), "{outcome}");
}

#[test]
fn uses_are_asked_for_ten_images_a_call_in_their_own_region() {
    let sandbox = sandbox();
    let root = plant(&sandbox, "ami-0000ffff", "root", 1, |_| {});
    for (region, number) in [(HOME, 25), (ABROAD, 3)] {
        for _ in 0..number {
            let image = sandbox.image(region, |image| record(image, root));
            run(&sandbox, &image, region, 1);
        }
    }
    let outcome = children(&sandbox, &["--used-by", root])
        .run()
        .expect()
        .done();
    assert_eq!(outcome.stdout.lines().count(), 28, "{outcome}");
    assert!(
        outcome
            .stdout
            .lines()
            .all(|line| line.contains("\tinstance/i-")),
        "{outcome}"
    );
    let calls = sandbox.calls_to("DescribeImageReferences");
    let mut sizes: Vec<(&str, usize)> = calls
        .iter()
        .map(|call| (&*call.region, call.list("ImageId").len()))
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [(ABROAD, 3), (HOME, 5), (HOME, 10), (HOME, 10)]);
    sandbox.clear_calls();
    children(&sandbox, &[root]).run().expect().done();
    assert!(sandbox.calls_to("DescribeImageReferences").is_empty());
}

#[test]
fn without_the_permission_to_ask_for_uses_the_images_are_printed_all_the_same() {
    let sandbox = sandbox();
    sandbox.deny("DescribeImageReferences");
    let [first, second, third] = families::created(&sandbox);
    children(&sandbox, &["--used-by", first])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&crate::lines(&[second, third]))
        .stderr_has("us-east-1: not authorized to DescribeImageReferences (")
        .stderr_has("; the permission needed is ec2:DescribeImageReferences\n")
        .done();
}
