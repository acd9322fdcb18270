//! Regions that refuse, are not enabled, or do not exist.

use ami_sandbox::{Fault, Sandbox};

use crate::families::{self, plant, record, set_tag};
use crate::{ABROAD, HOME, ancestors, children, field, lines, sandbox};

pub(crate) fn refuse(sandbox: &Sandbox, region: &str) {
    let message = "You are not authorized to perform this operation.";
    let fault = Fault::on("DescribeImages").region(region).always();
    sandbox.inject(fault.error(403, "UnauthorizedOperation", message));
}

#[test]
fn children_of_the_regions_that_answer_are_printed_and_the_one_that_refuses_is_named() {
    let sandbox = sandbox();
    let root = plant(&sandbox, "ami-00000001", "root", 1, |_| {});
    let here = plant(&sandbox, "ami-00000002", "here", 2, |image| {
        record(image, root)
    });
    plant(&sandbox, "ami-00000003@eu-west-1", "there", 3, |image| {
        record(image, root)
    });
    refuse(&sandbox, ABROAD);
    let outcome = children(&sandbox, &[root])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[here]))
        .stderr_has("ami-describe-children: eu-west-1: not authorized to DescribeImages (Unauth")
        .stderr_has("; the permission needed is ec2:DescribeImages\n")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
}

#[test]
fn an_ancestor_whose_region_refuses_is_unknown_and_the_region_is_named_once() {
    let sandbox = sandbox();
    let [_, second, third] = families::copied(&sandbox);
    refuse(&sandbox, ABROAD);
    let outcome = ancestors(&sandbox, &[third, third])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[third, second, third, second]))
        .stderr_has("ami-describe-ancestors: eu-west-1: not authorized to DescribeImages (Unauth")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    let outcome = ancestors(&sandbox, &["--json", third])
        .run()
        .expect()
        .fails(6)
        .stderr_any()
        .done();
    assert_eq!(
        field(&outcome.stdout, "state"),
        ["available", "unknown"],
        "{outcome}"
    );
    ancestors(&sandbox, &["-C", third])
        .run()
        .expect()
        .fails(6)
        .stdout_has(
            "\nami-0000c002@eu-west-1   -                             -          -  (unknown)\n",
        )
        .stderr_any()
        .done();
}

#[test]
fn an_image_whose_region_refuses_does_not_keep_others_from_being_shown() {
    let sandbox = sandbox();
    let [first, second, _] = families::copied(&sandbox);
    refuse(&sandbox, ABROAD);
    ancestors(&sandbox, &[second, first])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[first]))
        .stderr_has("eu-west-1: not authorized")
        .done();
}

#[test]
fn where_nobody_answers_it_is_a_failure() {
    let sandbox = sandbox();
    let [first, _, third] = families::copied(&sandbox);
    for region in [HOME, ABROAD, "ap-south-1"] {
        refuse(&sandbox, region);
    }
    ancestors(&sandbox, &[third])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("ap-south-1: not authorized")
        .done();
    let outcome = children(&sandbox, &[first])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has(": us-east-1: not authorized")
        .stderr_has(": eu-west-1: not authorized")
        .stderr_has(": ap-south-1: not authorized")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 3, "{outcome}");
}

#[test]
fn a_region_that_is_not_enabled_is_named() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    children(&sandbox, &["--regions", "us-east-1,me-south-1", first])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[second, third]))
        .stderr_has("me-south-1: ")
        .stderr_has("that the region is enabled for the account")
        .done();
    // An ancestor in it cannot be asked about.
    let copy = plant(&sandbox, "ami-00000001", "copy", 1, |image| {
        record(image, "ami-00000002@me-south-1");
    });
    ancestors(&sandbox, &[copy])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[copy, "ami-00000002@me-south-1"]))
        .stderr_has("me-south-1: ")
        .done();
}

#[test]
fn regions_that_only_a_tag_knows_are_named_and_the_rest_goes_on() {
    // One that does not exist, and one of another partition, where the keys are worth nothing.
    for region in ["us-nowhere-9", "cn-north-1"] {
        let sandbox = sandbox();
        let well = families::created(&sandbox);
        let lost = plant(&sandbox, "ami-00000002", "lost", 2, |image| {
            set_tag(image, "source_image", "ami-00000001");
            set_tag(image, "source_region", region);
        });
        let parent = format!("ami-00000001@{region}");
        ancestors(&sandbox, &[lost, well[0]])
            .run()
            .expect()
            .fails(6)
            .stdout_is(&lines(&[lost, &parent, well[0]]))
            .stderr_has(&format!("ami-describe-ancestors: {region}: "))
            .done();
        // Its children are found all the same, for their tags are where they are.
        children(&sandbox, &["--regions", HOME, &parent])
            .run()
            .expect()
            .fails(6)
            .stdout_is(&lines(&[lost]))
            .stderr_has(&format!("ami-describe-children: {region}: "))
            .done();
    }
}

#[test]
fn a_region_that_only_parents_are_said_to_lie_in_fails_no_search_for_children() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    plant(&sandbox, "ami-00000002", "lost", 9, |image| {
        set_tag(image, "source_image", "ami-00000001");
        set_tag(image, "source_region", "us-nowhere-9");
    });
    let outcome = children(&sandbox, &[first])
        .run()
        .expect()
        .stdout_is(&lines(&[second, third]))
        .stderr_has("ami-describe-children: us-nowhere-9: ")
        .stderr_has("; descendants that lead through us-nowhere-9 may be missing\n")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    // A policy may close a region from which images were copied.
    let copy = plant(&sandbox, "ami-00000003", "copy", 9, |image| {
        record(image, "ami-00000004@eu-west-1");
    });
    refuse(&sandbox, ABROAD);
    children(&sandbox, &["--regions", HOME, first])
        .run()
        .expect()
        .stdout_is(&lines(&[second, third]))
        .stderr_has("eu-west-1: not authorized")
        .stderr_has("; descendants that lead through eu-west-1 may be missing\n")
        .done();
    // Who asks where an image comes from has no whole answer without it.
    ancestors(&sandbox, &[copy])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[copy, "ami-00000004@eu-west-1"]))
        .stderr_has("eu-west-1: not authorized")
        .done();
}

#[test]
fn images_of_a_region_that_refuses_are_named_each_or_all_in_one_line() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    refuse(&sandbox, ABROAD);
    let abroad = |image: &str| format!("{image}@{ABROAD}");
    let (one, two) = (abroad(first), abroad(second));
    let outcome = ancestors(&sandbox, &[&one, first, &two, &one])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[first]))
        .stderr_has("ami-00000c01@eu-west-1: not authorized to DescribeImages (Unauth")
        .stderr_has("ami-00000c02@eu-west-1: not authorized to DescribeImages (Unauth")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 2, "{outcome}");
    let many = [one, two, abroad(third), abroad("ami-00000c04")];
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let outcome = ancestors(&sandbox, &many)
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("ami-describe-ancestors: eu-west-1: not authorized to DescribeImages (Unauth")
        .stderr_has("; no answer for ami-00000c01, ami-00000c02, ami-00000c03, ami-00000c04\n")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
}
