//! Answers of EC2 that are not the usual ones.

use ami_sandbox::{Fault, Pace};

use crate::families::{self, plant, record, tag};
use crate::{ancestors, children, field, lines, sandbox};

#[test]
fn an_id_that_ec2_finds_malformed_does_not_keep_the_others_from_being_shown() {
    let sandbox = sandbox();
    let [first, second, _] = families::created(&sandbox);
    let child = plant(&sandbox, "ami-00000002", "child", 2, |image| {
        tag(image, "ami-0000dead");
    });
    // EC2 says so of IDs that it cannot have given out.
    let fault = || {
        let message = "Invalid id: \"ami-0000dead\"";
        Fault::on("DescribeImages").error(400, "InvalidAMIID.Malformed", message)
    };
    sandbox.inject(fault().skip(1));
    ancestors(&sandbox, &[child, second])
        .run()
        .expect()
        .stdout_is(&lines(&[child, "ami-0000dead", second, first]))
        .done();
    sandbox.inject(fault());
    ancestors(&sandbox, &["ami-0000dead", second])
        .run()
        .expect()
        .fails(6)
        .stdout_is(&lines(&[second, first]))
        .stderr_is("ami-describe-ancestors: ami-0000dead: does not exist in us-east-1\n")
        .done();
}

#[test]
fn an_image_that_ec2_says_is_no_longer_available_is_gone() {
    let sandbox = sandbox();
    let child = plant(&sandbox, "ami-00000002", "child", 2, |image| {
        tag(image, "ami-0000dead");
    });
    let message = "The image ID 'ami-0000dead' is no longer available";
    let fault = Fault::on("DescribeImages").skip(1);
    sandbox.inject(fault.error(400, "InvalidAMIID.Unavailable", message));
    let outcome = ancestors(&sandbox, &["--json", child])
        .run()
        .expect()
        .done();
    assert_eq!(
        field(&outcome.stdout, "state"),
        ["available", "gone"],
        "{outcome}"
    );
}

#[test]
fn a_refusal_that_names_none_of_the_images_does_not_make_them_gone() {
    let sandbox = sandbox();
    let [first, second, _] = families::created(&sandbox);
    let message = "The image id '[ami-0000dead]' does not exist";
    let fault = Fault::on("DescribeImages").always();
    sandbox.inject(fault.error(400, "InvalidAMIID.NotFound", message));
    for tool in [ancestors, children] {
        tool(&sandbox, &[first, second])
            .run()
            .expect()
            .fails(5)
            .stdout_is("")
            .stderr_has("The image id '[ami-0000dead]' does not exist (InvalidAMIID.NotFound")
            .done();
    }
}

#[test]
fn whatever_ec2_calls_an_image_that_is_gone_nobody_is_warned_of_its_ancestry() {
    for code in ["NotFound", "Malformed", "Unavailable"] {
        let sandbox = sandbox();
        let child = plant(&sandbox, "ami-00000002", "child", 2, |image| {
            tag(image, "ami-0000dead");
        });
        let fault = Fault::on("GetImageAncestry").always();
        let code = format!("InvalidAMIID.{code}");
        sandbox.inject(fault.error(400, &code, "The image ID 'ami-0000dead' is none"));
        ancestors(&sandbox, &[child])
            .run()
            .expect()
            .stdout_is(&lines(&[child, "ami-0000dead"]))
            .stderr_is("")
            .done();
        assert_eq!(sandbox.calls_to("GetImageAncestry").len(), 1, "{code}");
    }
}

#[test]
fn an_image_made_a_moment_ago_is_asked_for_until_ec2_knows_it() {
    let sandbox = sandbox();
    let [first, second, third] = families::created(&sandbox);
    for (name, image, expected) in [
        ("ami-describe-ancestors", second, vec![second, first]),
        ("ami-describe-children", second, vec![third]),
    ] {
        // By ID and in lists it is unknown twice.
        sandbox.hide(second, Pace::Reads(2));
        ami_testkit::tool(name)
            .sandbox(&sandbox)
            .args([image])
            .run()
            .expect()
            .stdout_is(&lines(&expected))
            .done();
    }
}

#[test]
fn a_busy_ec2_is_asked_for_ancestry_until_it_answers() {
    let sandbox = sandbox();
    let child = plant(&sandbox, "ami-00000002", "child", 2, |image| {
        record(image, "ami-0000dead");
    });
    sandbox.inject(Fault::on("GetImageAncestry").throttle());
    ancestors(&sandbox, &[child])
        .run()
        .expect()
        .stdout_is(&lines(&[child, "ami-0000dead"]))
        .done();
    assert_eq!(sandbox.calls_to("GetImageAncestry").len(), 2);
}

#[test]
fn verbose_names_each_call() {
    let sandbox = sandbox();
    let [first, _] = families::registered(&sandbox);
    ancestors(&sandbox, &["-v", first])
        .run()
        .expect()
        .stdout_is(&lines(&[first]))
        .stderr_has("ami-describe-ancestors: DescribeImages in us-east-1: ")
        .done();
    children(&sandbox, &["-v", first])
        .run()
        .expect()
        .stderr_has("ami-describe-children: DescribeRegions in us-east-1: ")
        .stderr_has("ami-describe-children: DescribeImages in eu-west-1: ")
        .done();
}
