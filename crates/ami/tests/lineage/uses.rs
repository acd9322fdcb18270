//! What uses the descendants of an image.

use std::time::{Duration, Instant};

use ami_sandbox::{Fault, InstanceState, Sandbox};
use serde_json::{Value, json};

use crate::families::{self, plant, record};
use crate::{ABROAD, HOME, children, field, lines, sandbox};

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
            "{first}\n{second}\tinstance/{one} instance/{two}\n{third}\n"
        ))
        .done();
    used(&["-C"])
        .stdout_is(&format!(
            "\
IMAGE_ID      CREATE_DATE                   CREATE_TS  SOURCE_INSTANCE      SOURCE_IMAGE           USED_BY
{first}  Fri Jan  2 00:00:00 UTC 2026  1767312000 -                    -                      -
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
        json!([[], [arn(one), arn(two)], []]),
        "{outcome}"
    );
    assert_eq!(
        Value::from(field(&outcome.stdout, "generation")),
        json!([0, 1, 2]),
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
    let numbers: Vec<_> = used
        .iter()
        .map(|used| used.as_array().map(Vec::len))
        .collect();
    assert_eq!(numbers, [Some(0), Some(5), Some(0)], "{outcome}");
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
    let mut printed = outcome.stdout.lines();
    assert_eq!(printed.next(), Some(root), "{outcome}");
    assert_eq!(printed.clone().count(), 28, "{outcome}");
    assert!(
        printed.all(|line| line.contains("\tinstance/i-")),
        "{outcome}"
    );
    let calls = sandbox.calls_to("DescribeImageReferences");
    let mut sizes: Vec<(&str, usize)> = calls
        .iter()
        .map(|call| (&*call.region, call.list("ImageId").len()))
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [(ABROAD, 3), (HOME, 6), (HOME, 10), (HOME, 10)]);
    sandbox.clear_calls();
    children(&sandbox, &[root]).run().expect().done();
    assert!(sandbox.calls_to("DescribeImageReferences").is_empty());
}

/// Refuses to tell what uses images.
fn refuse(fault: Fault) -> Fault {
    let message = "You are not authorized to perform this operation.";
    fault.error(403, "UnauthorizedOperation", message)
}

#[test]
fn without_the_permission_to_ask_for_uses_the_images_are_printed_and_not_as_unused() {
    let sandbox = sandbox();
    sandbox.deny("DescribeImageReferences");
    let [first, second, third] = families::created(&sandbox);
    let used = |words: &[&str]| {
        children(&sandbox, words)
            .args(["--used-by", first])
            .run()
            .expect()
            .fails(6)
    };
    used(&[])
        .stdout_is(&format!("{first}\t?\n{second}\t?\n{third}\t?\n"))
        .stderr_has("us-east-1: not authorized to DescribeImageReferences (")
        .stderr_has("; the permission needed is ec2:DescribeImageReferences\n")
        .done();
    let table = used(&["-C"]).stderr_any().done();
    let rows = table.stdout.lines().skip(1);
    assert!(rows.clone().all(|row| row.ends_with("  ?")), "{table}");
    assert_eq!(rows.count(), 3, "{table}");
    let objects = used(&["--json"]).stderr_any().done();
    assert_eq!(
        Value::from(field(&objects.stdout, "used_by")),
        json!([null, null, null]),
        "{objects}"
    );
    for style in ["--tree", "--dot", "--mermaid", "--svg"] {
        used(&[style])
            .stdout_has("uses unknown")
            .stderr_any()
            .done();
    }
}

#[test]
fn what_ec2_told_of_other_images_before_it_refused_is_kept() {
    let sandbox = sandbox();
    let root = plant(&sandbox, "ami-0000ffff", "root", 1, |_| {});
    for number in 0..25 {
        let image = sandbox.image(HOME, |image| {
            image.id = format!("ami-{number:08x}");
            record(image, root);
        });
        if number % 2 == 0 {
            run(&sandbox, &image, HOME, 1);
        }
    }
    // Ten images a call: one of the three calls is refused.
    sandbox.inject(refuse(Fault::on("DescribeImageReferences").skip(1)));
    let outcome = children(&sandbox, &["--used-by", "--json", root])
        .run()
        .expect()
        .fails(6)
        .stderr_has("us-east-1: not authorized")
        .done();
    let used = field(&outcome.stdout, "used_by");
    let unknown = used.iter().filter(|used| used.is_null()).count();
    assert!([6, 10].contains(&unknown), "{outcome}");
    let told = used.iter().filter_map(Value::as_array);
    assert_eq!(told.clone().count(), 26 - unknown, "{outcome}");
    assert!(told.clone().any(|users| users.len() == 1), "{outcome}");
    assert!(told.clone().any(Vec::is_empty), "{outcome}");
}

#[test]
fn what_uses_the_images_of_a_region_that_failed_is_unknown() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.page_size = Some(2));
    let root = plant(&sandbox, "ami-00000001", "root", 1, |_| {});
    let child = plant(&sandbox, "ami-00000002", "child", 2, |image| {
        record(image, root)
    });
    plant(&sandbox, "ami-00000003", "unseen", 3, |_| {});
    // Its list breaks off after the first page.
    sandbox.inject(refuse(Fault::on("DescribeImages").region(HOME).skip(1)).always());
    children(&sandbox, &["--used-by", root])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&format!("{root}\t?\n{child}\t?\n"))
        .stderr_has("us-east-1: not authorized to DescribeImages")
        .done();
    assert!(sandbox.calls_to("DescribeImageReferences").is_empty());
}

#[test]
fn an_image_that_is_gone_keeps_nobody_from_learning_what_uses_the_others() {
    let sandbox = sandbox();
    let [root, left, right, below] = families::forked(&sandbox);
    let [instance] = &run(&sandbox, left, HOME, 1)[..] else {
        panic!("an instance");
    };
    let message = format!("The image id '[{right}]' does not exist");
    let fault = Fault::on("DescribeImageReferences");
    sandbox.inject(fault.error(400, "InvalidAMIID.NotFound", &message));
    children(&sandbox, &["--used-by", root])
        .run()
        .expect()
        .stdout_is(&format!(
            "{root}\n{left}\tinstance/{instance}\n{right}\t?\n{below}\n"
        ))
        .done();
}

#[test]
fn uses_are_asked_for_in_several_calls_side_by_side() {
    let sandbox = sandbox();
    let root = plant(&sandbox, "ami-0000ffff", "root", 1, |_| {});
    for _ in 0..60 {
        sandbox.image(HOME, |image| record(image, root));
    }
    let delay = Duration::from_millis(1500);
    sandbox.inject(Fault::on("DescribeImageReferences").always().delay(delay));
    let start = Instant::now();
    children(&sandbox, &["--used-by", root])
        .run()
        .expect()
        .done();
    // Five and then one; one after the other they would take nine seconds.
    let spent = start.elapsed();
    assert!(spent < delay * 5, "{spent:?}");
}

#[test]
fn a_root_and_a_deregistered_middle_that_are_still_used_are_shown_with_their_users() {
    let sandbox = sandbox();
    let [first, middle, last] = families::without_middle(&sandbox);
    // Nothing uses them yet: what is gone is left out, what was asked about is not.
    children(&sandbox, &["--used-by", first])
        .run()
        .expect()
        .stdout_is(&lines(&[first, last]))
        .done();
    let ids = [first, middle].map(|image| run(&sandbox, image, HOME, 1).remove(0));
    let [of_first, of_middle] = &ids;
    let used = |words: &[&str]| {
        children(&sandbox, words)
            .args(["--used-by", first])
            .run()
            .expect()
    };
    used(&[])
        .stdout_is(&format!(
            "{first}\tinstance/{of_first}\n{middle}\tinstance/{of_middle}\n{last}\n"
        ))
        .done();
    used(&["-C"])
        .stdout_is(&format!(
            "\
IMAGE_ID      CREATE_DATE                   CREATE_TS  SOURCE_INSTANCE      SOURCE_IMAGE           USED_BY
{first}  Fri Jan  2 00:00:00 UTC 2026  1767312000 -                    -                      instance/{of_first}
{middle}  Sat Jan  3 00:00:00 UTC 2026  1767398400 -  (gone)            {first}           instance/{of_middle}
{last}  Sun Jan  4 00:00:00 UTC 2026  1767484800 -                    {middle}           -
"
        ))
        .done();
    let outcome = used(&["--json"]).done();
    let of = |name: &str| Value::from(field(&outcome.stdout, name));
    assert_eq!(of("id"), json!([first, middle, last]), "{outcome}");
    assert_eq!(of("generation"), json!([0, 1, 2]), "{outcome}");
    assert_eq!(of("state"), json!(["available", "gone", "available"]));
    let arn = |id: &str| format!("arn:aws:ec2:us-east-1:123456789012:instance/{id}");
    let users = field(&outcome.stdout, "used_by");
    assert_eq!(users[0][0]["arn"], json!(arn(of_first)), "{outcome}");
    assert_eq!(users[1][0]["arn"], json!(arn(of_middle)), "{outcome}");
    assert_eq!(users[2], json!([]), "{outcome}");
    used(&["--tree"])
        .stdout_has(of_first)
        .stdout_has(of_middle)
        .done();
    // The one that is gone can be asked about itself.
    children(&sandbox, &["--used-by", middle])
        .run()
        .expect()
        .stdout_is(&format!("{middle}\tinstance/{of_middle}\n{last}\n"))
        .done();
}

#[test]
fn no_image_is_printed_twice_with_its_users() {
    let sandbox = sandbox();
    let [root, left, right, below] = families::forked(&sandbox);
    let [hen, egg, chick] = families::circle(&sandbox);
    let itself = families::own_source(&sandbox);
    for (words, expected) in [
        (&["--depth", "1", root][..], &[root, left, right][..]),
        (&["--depth", "2", root], &[root, left, right, below]),
        // Below the other root, but deeper than was asked for.
        (&["--depth", "1", root, below], &[root, below, left, right]),
        (&["--depth", "1", root, right], &[root, left, right, below]),
        (&[root, right, root], &[root, left, right, below]),
        (&[right, below, root], &[root, left, right, below]),
        (&[hen], &[hen, egg, chick]),
        (&[hen, egg], &[hen, egg, chick]),
        (&[chick, egg, hen], &[egg, hen, chick]),
        (&[itself], &[itself]),
    ] {
        children(&sandbox, &["--used-by"])
            .args(words)
            .run()
            .expect()
            .stdout_is(&lines(expected))
            .stderr_any()
            .done();
    }
    // What was printed for one line of standard input is not printed for the next.
    let mut slowly = children(&sandbox, &["--used-by", "-"]).stdin_open().spawn();
    slowly.write(&format!("{right}\n"));
    slowly.wait_until("its family", |slowly| {
        slowly.stdout() == lines(&[right, below])
    });
    slowly.write(&format!("{root}\n{below}\n"));
    slowly.close_stdin();
    slowly
        .wait()
        .expect()
        .stdout_is(&lines(&[right, below, root, left]))
        .done();
}

#[test]
fn an_image_that_was_asked_about_is_shown_wherever_it_lies() {
    let sandbox = sandbox();
    let [first, second, third] = families::copied(&sandbox);
    let home = plant(&sandbox, "ami-0000c004", "web", 4, |image| {
        record(image, third);
    });
    let used = |words: &[&str]| {
        children(&sandbox, &["--used-by", "--regions", HOME])
            .args(words)
            .run()
            .expect()
    };
    // The two between exist elsewhere, and only lead to the last.
    used(&[first]).stdout_is(&lines(&[first, home])).done();
    used(&[first, second])
        .stdout_is(&lines(&[first, second, home]))
        .done();
    let [instance] = &run(&sandbox, &third[..12], "ap-south-1", 1)[..] else {
        panic!("an instance");
    };
    used(&[first, second])
        .stdout_is(&format!(
            "{first}\n{second}\n{third}\tinstance/{instance}\n{home}\n"
        ))
        .done();
}

#[test]
fn tables_stay_straight_where_references_of_sources_are_long() {
    let sandbox = sandbox();
    let [first, second, third] = families::copied(&sandbox);
    let outcome = children(&sandbox, &["-C", "--used-by", first])
        .run()
        .expect()
        .done();
    let mut rows = outcome.stdout.lines();
    let header = rows.next().expect("a header");
    let [source, users] = ["SOURCE_IMAGE", "USED_BY"].map(|title| header.find(title).expect(title));
    let cells: Vec<_> = rows
        .map(|row| (row[source..users].trim_end(), &row[users..]))
        .collect();
    assert_eq!(
        cells,
        [("-", "-"), (first, "-"), (second, "-")],
        "{outcome}"
    );
    assert!(
        outcome.stdout.contains(&format!("\n{third}  ")),
        "{outcome}"
    );
}
