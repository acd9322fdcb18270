//! How many calls a family takes, which is what a busy account feels of these tools.

use ami_sandbox::Sandbox;

use crate::families::{self, plant, record};
use crate::{ABROAD, HOME, ancestors, children, lines, sandbox};

/// The calls so far, by action and by how they ask: for images by their IDs or for a page of a list.
fn calls(sandbox: &Sandbox) -> Vec<String> {
    let word = |call: ami_sandbox::Call| match (call.param("NextToken"), call.param("Owner.1")) {
        (Some(_), _) => "a further page".to_owned(),
        (None, Some(_)) => "a first page".to_owned(),
        (None, None) => format!("{} {}", call.action, call.list("ImageId").len()),
    };
    sandbox.calls().into_iter().map(word).collect()
}

#[test]
fn a_line_of_two_takes_two_calls() {
    let sandbox = sandbox();
    let [first, second] = families::registered(&sandbox);
    ancestors(&sandbox, &[second])
        .run()
        .expect()
        .stdout_is(&lines(&[second, first]))
        .done();
    assert_eq!(calls(&sandbox), ["DescribeImages 1", "DescribeImages 1"]);
}

#[test]
fn an_image_without_a_parent_takes_one_call() {
    let sandbox = sandbox();
    let [first, _] = families::registered(&sandbox);
    ancestors(&sandbox, &[first]).run().expect().done();
    assert_eq!(calls(&sandbox), ["DescribeImages 1"]);
}

#[test]
fn several_images_are_asked_for_in_one_call_and_known_ones_not_again() {
    let sandbox = sandbox();
    let [root, left, right, below] = families::forked(&sandbox);
    ancestors(&sandbox, &[left, below, root, left])
        .run()
        .expect()
        .stdout_is(&lines(&[left, root, below, right, root, root, left, root]))
        .done();
    assert_eq!(calls(&sandbox), ["DescribeImages 3", "DescribeImages 1"]);
}

#[test]
fn what_ec2_has_recorded_is_asked_for_fifty_generations_at_once() {
    let sandbox = sandbox();
    let mut parent = plant(&sandbox, "ami-0000ffff", "first", 0, |_| {}).to_owned();
    for number in 0..20 {
        parent = sandbox.image(HOME, |image| {
            image.id = format!("ami-{number:08x}");
            record(image, &parent);
        });
    }
    let outcome = ancestors(&sandbox, &[&parent]).run().expect().done();
    assert_eq!(outcome.stdout.lines().count(), 21, "{outcome}");
    assert_eq!(
        calls(&sandbox),
        [
            "DescribeImages 1",
            "DescribeImages 1",
            "GetImageAncestry 0",
            "DescribeImages 19",
        ]
    );
}

#[test]
fn many_lines_that_end_with_the_same_image_that_is_gone_take_few_calls() {
    let sandbox = sandbox();
    let ids: Vec<String> = (0..60)
        .map(|_| sandbox.image(HOME, |image| families::tag(image, "ami-0000dead")))
        .collect();
    let outcome = ancestors(&sandbox, &["-"])
        .stdin(&ids.join("\n"))
        .run()
        .expect()
        .done();
    assert_eq!(outcome.stdout.lines().count(), 120, "{outcome}");
    assert_eq!(sandbox.calls_to("GetImageAncestry").len(), 1);
}

#[test]
fn what_many_were_made_from_is_remembered_in_one_call() {
    let sandbox = sandbox();
    let root = plant(&sandbox, "ami-0000ffff", "root", 0, |_| {});
    let gone = plant(&sandbox, "ami-0000dead", "base", 1, |image| {
        record(image, root);
    });
    let ids: Vec<String> = (0..60)
        .map(|_| sandbox.image(HOME, |image| record(image, gone)))
        .collect();
    sandbox.deregister(gone);
    let down = children(&sandbox, &[root]).run().expect().done();
    assert_eq!(down.stdout.lines().count(), 60, "{down}");
    assert_eq!(sandbox.calls_to("GetImageAncestry").len(), 1);
    sandbox.clear_calls();
    let up = ancestors(&sandbox, &["-"])
        .stdin(&ids.join("\n"))
        .run()
        .expect()
        .done();
    assert_eq!(up.stdout.lines().count(), 180, "{up}");
    // Lines may come in several batches.
    assert_eq!(sandbox.calls_to("GetImageAncestry").len(), 1);
}

#[test]
fn after_a_refusal_that_holds_for_all_no_more_ancestries_are_asked_for() {
    let sandbox = sandbox();
    sandbox.deny("GetImageAncestry");
    for number in 0..60 {
        let gone = format!("ami-{number:08x}");
        sandbox.image(HOME, |image| record(image, &gone));
    }
    let root = plant(&sandbox, "ami-0000ffff", "root", 0, |_| {});
    children(&sandbox, &[root])
        .run()
        .expect()
        .stdout_is("")
        .stderr_has("not authorized to GetImageAncestry")
        .done();
    let calls = sandbox.calls_to("GetImageAncestry").len();
    assert!(calls <= 12, "{calls}: ten are under way at once");
}

#[test]
fn an_image_that_others_name_as_their_parent_is_asked_for_once() {
    let sandbox = sandbox();
    let [_, middle, last] = families::without_middle(&sandbox);
    // With the usual patience for what was made a moment ago.
    ami_testkit::tool("ami-describe-children")
        .sandbox(&sandbox)
        .args([middle])
        .run()
        .expect()
        .stdout_is(&lines(&[last]))
        .done();
    let calls = calls(&sandbox);
    let by_id = calls.iter().filter(|call| *call == "DescribeImages 1");
    assert!(by_id.count() <= 2, "it and its parent: {calls:?}");
}

#[test]
fn a_thousand_generations_take_as_many_calls_as_there_are_thousands_of_images() {
    let sandbox = sandbox();
    let line = families::crowd(&sandbox, &[HOME, ABROAD, "ap-south-1"], 10_000, 1001);
    let (root, last) = (&line[0], &line[1000]);
    let printed: Vec<&str> = line
        .iter()
        .map(|one| one.trim_end_matches("@us-east-1"))
        .collect();
    let upwards: Vec<&str> = printed.iter().rev().copied().collect();
    ancestors(&sandbox, &[last])
        .run()
        .expect()
        .stdout_is(&lines(&upwards))
        .done();
    let up = calls(&sandbox);
    assert!(up.len() <= 15, "{up:?}");
    sandbox.clear_calls();
    children(&sandbox, &[root])
        .run()
        .expect()
        .stdout_is(&lines(&printed[1..]))
        .done();
    let mut down = calls(&sandbox);
    down.sort();
    let mut expected = vec!["DescribeRegions 0"];
    expected.extend(["a first page"; 3]);
    expected.extend(["a further page"; 9]);
    assert_eq!(down, expected);
}

#[test]
fn a_short_line_in_a_large_account_takes_few_calls() {
    for (generations, most) in [(3, 7), (7, 11), (500, 100)] {
        let sandbox = sandbox();
        // Fifty pages.
        sandbox.configure(|settings| settings.page_size = Some(10));
        let line = families::crowd(&sandbox, &[HOME], 500, generations);
        let mut upwards: Vec<&str> = line
            .iter()
            .map(|one| one.trim_end_matches("@us-east-1"))
            .collect();
        upwards.reverse();
        ancestors(&sandbox, &[upwards[0]])
            .run()
            .expect()
            .stdout_is(&lines(&upwards))
            .done();
        let calls = sandbox.calls().len();
        assert!(calls <= most, "{generations} generations: {calls}");
    }
}

#[test]
fn children_of_many_images_take_one_listing() {
    let sandbox = sandbox();
    let line = families::crowd(&sandbox, &[HOME], 40, 20);
    let outcome = children(&sandbox, &["-"])
        .stdin(&line.join("\n"))
        .run()
        .expect()
        .done();
    // Each but the oldest descends from another that was asked about.
    assert_eq!(outcome.stdout.lines().count(), 19, "{outcome}");
    let listings = sandbox.calls_to("DescribeImages");
    assert_eq!(listings.len(), 3, "one for each region that is enabled");
}

#[test]
fn ten_thousand_operands_are_answered_in_calls_of_hundreds() {
    let sandbox = sandbox();
    let image = plant(&sandbox, "ami-0000ffff", "image", 1, |_| {});
    let known = (0..2_000).map(|number| {
        sandbox.image(HOME, |image| {
            image.id = format!("ami-{number:08x}");
            image.mappings.clear();
        })
    });
    let mut words: Vec<String> = known.collect();
    words.extend(std::iter::repeat_n(image.to_owned(), 8_000));
    let text = words.join("\n");
    let outcome = ancestors(&sandbox, &["-"])
        .stdin(&text)
        .run()
        .expect()
        .done();
    assert!(outcome.stdout.trim_end() == text, "each is a line of one");
    assert!(sandbox.calls().len() < 200, "{}", sandbox.calls().len());
    sandbox.clear_calls();
    children(&sandbox, &["-"])
        .stdin(&text)
        .run()
        .expect()
        .stdout_is("")
        .done();
    assert_eq!(sandbox.calls_to("DescribeImages").len(), 5);
}
