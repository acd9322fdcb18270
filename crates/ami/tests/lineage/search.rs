//! In which regions children are looked for, and which of them pictures show.

use ami_sandbox::{Fault, Sandbox};

use crate::families::{self, plant, record};
use crate::{ABROAD, HOME, children, lines, sandbox};

/// The regions in which images were listed, each as often as it was asked for a first page.
fn listed(sandbox: &Sandbox) -> Vec<String> {
    let calls = sandbox.calls_to("DescribeImages");
    let mut regions: Vec<String> = calls
        .into_iter()
        .filter(|call| call.param("Owner.1").is_some() && call.param("NextToken").is_none())
        .map(|call| call.region)
        .collect();
    regions.sort();
    regions
}

#[test]
fn children_are_looked_for_in_all_regions_that_are_enabled() {
    let sandbox = sandbox();
    let [first, second, third] = families::copied(&sandbox);
    for words in [
        &[first][..],
        &["--regions", "all", first],
        &["--regions", "all,all", first],
    ] {
        sandbox.clear_calls();
        children(&sandbox, words)
            .run()
            .expect()
            .stdout_is(&lines(&[second, third]))
            .done();
        assert_eq!(sandbox.calls_to("DescribeRegions").len(), 1);
        assert_eq!(listed(&sandbox), ["ap-south-1", ABROAD, HOME]);
    }
}

#[test]
fn children_are_looked_for_in_the_regions_that_are_named() {
    let sandbox = sandbox();
    let root = plant(&sandbox, "ami-00000001", "root", 1, |_| {});
    let here = plant(&sandbox, "ami-00000002", "here", 2, |image| {
        record(image, root)
    });
    let there = plant(&sandbox, "ami-00000003@eu-west-1", "there", 3, |image| {
        record(image, root);
    });
    for (regions, found, asked) in [
        (&["us-east-1"][..], vec![here], vec![HOME]),
        (&["eu-west-1"], vec![there], vec![ABROAD]),
        (
            &["eu-west-1, us-east-1"],
            vec![here, there],
            vec![ABROAD, HOME],
        ),
        (
            &["us-east-1", "--regions", "eu-west-1"],
            vec![here, there],
            vec![ABROAD, HOME],
        ),
        (
            &["us-east-1,us-east-1", "--regions=us-east-1"],
            vec![here],
            vec![HOME],
        ),
    ] {
        sandbox.clear_calls();
        children(&sandbox, &["--regions"])
            .args(regions)
            .args([root])
            .run()
            .expect()
            .stdout_is(&lines(&found))
            .done();
        assert!(sandbox.calls_to("DescribeRegions").is_empty());
        assert_eq!(listed(&sandbox), asked);
    }
}

#[test]
fn pictures_show_the_regions_that_are_named_and_what_leads_to_them() {
    let sandbox = sandbox();
    let root = plant(&sandbox, "ami-00000001", "root", 1, |_| {});
    let child = |reference: &'static str, parent: &str, day: u64| {
        plant(&sandbox, reference, "child", day, |image| {
            record(image, parent);
        })
    };
    let between = child("ami-00000002@eu-west-1", root, 2);
    let back = child("ami-00000003", between, 3);
    let aside = child("ami-00000004@eu-west-1", root, 4);
    // Gone, and with nobody below it.
    let gone = child("ami-00000005", back, 5);
    sandbox.deregister(gone);
    let tree = |regions: &str, words: &[&str]| {
        sandbox.clear_calls();
        children(&sandbox, &["--tree", "--used-by", "--regions", regions])
            .args(words)
            .run()
            .expect()
            .done()
            .stdout
    };
    let drawn = |tree: &str| {
        let images = [root, between, back, aside, gone];
        images.map(|image| tree.contains(&format!(" {image}  ")))
    };
    let here = tree(HOME, &[root]);
    assert_eq!(drawn(&here), [true, true, true, false, false], "{here}");
    // What uses them is asked for all that is shown, and for nothing else.
    let calls = sandbox.calls_to("DescribeImageReferences");
    let mut asked: Vec<(&str, Vec<&str>)> = calls
        .iter()
        .map(|call| (&*call.region, call.list("ImageId")))
        .collect();
    asked.sort_unstable();
    assert_eq!(
        asked,
        [(ABROAD, vec!["ami-00000002"]), (HOME, vec![root, back]),]
    );
    let there = tree(ABROAD, &[root]);
    assert_eq!(drawn(&there), [true, true, false, true, false], "{there}");
    // What was asked about itself is drawn in any case.
    let both = tree(HOME, &[root, aside]);
    assert_eq!(drawn(&both), [true, true, true, true, false], "{both}");
}

#[test]
fn without_the_permission_to_list_regions_they_can_be_named() {
    let sandbox = sandbox();
    sandbox.deny("DescribeRegions");
    let [first, second, third] = families::created(&sandbox);
    children(&sandbox, &[first])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("us-east-1: not authorized to DescribeRegions")
        .stderr_has(
            "; the permission needed is ec2:DescribeRegions; or name the regions with --regions\n",
        )
        .done();
    children(&sandbox, &["--regions", HOME, first])
        .run()
        .expect()
        .stdout_is(&lines(&[second, third]))
        .done();
}

#[test]
fn regions_are_to_be_named_only_where_the_permission_to_list_them_is_missing() {
    let sandbox = sandbox();
    let [first, ..] = families::created(&sandbox);
    let fault = Fault::on("DescribeRegions").always();
    sandbox.inject(fault.error(401, "AuthFailure", "The credentials are not valid."));
    children(&sandbox, &[first])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("ami-describe-children: us-east-1: ")
        .stderr_has_not("--regions")
        .done();
}
