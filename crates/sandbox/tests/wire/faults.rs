//! Faults on order, seen from the other end of the wire.

use std::io::ErrorKind;
use std::time::Duration;

use ami_sandbox::Fault;

use crate::client::{As, REGION, call, ec2, sandbox, try_ec2};

#[test]
fn a_throttle_skips_strikes_and_ends() {
    let sandbox = sandbox();
    sandbox.inject(Fault::on("DescribeImages").skip(1).times(2).throttle());
    let read = || ec2(&sandbox, "DescribeImages", &[]).status;
    ec2(&sandbox, "DescribeRegions", &[]);
    assert_eq!([read(), read(), read(), read()], [200, 503, 503, 200]);
    let errors: Vec<_> = sandbox
        .calls_to("DescribeImages")
        .into_iter()
        .map(|call| call.error)
        .collect();
    assert_eq!(errors[1].as_deref(), Some("RequestLimitExceeded"));
    assert_eq!(errors[3], None);
}

#[test]
fn a_fault_can_keep_to_a_region() {
    let sandbox = sandbox();
    let fault = Fault::any().region("eu-west-1").always();
    sandbox.inject(fault.error(400, "ExpiredToken", "The provided token has expired."));
    assert_eq!(ec2(&sandbox, "DescribeImages", &[]).status, 200);
    let who = As {
        region: "eu-west-1",
        ..As::default()
    };
    let answer = call(&sandbox, who, "DescribeImages", &[]).unwrap();
    assert_eq!(
        answer.complaint(),
        ("ExpiredToken", "The provided token has expired.")
    );
    sandbox.clear_faults();
    assert_eq!(
        call(&sandbox, who, "DescribeImages", &[]).unwrap().status,
        200
    );
}

#[test]
fn a_call_can_be_answered_and_ignored() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    sandbox.inject(Fault::on("CreateTags").ignore());
    let params = [
        ("ResourceId.1", &*image),
        ("Tag.1.Key", "role"),
        ("Tag.1.Value", "web"),
    ];
    let tags = || sandbox.find_image(&image).unwrap().tags.len();
    assert_eq!(ec2(&sandbox, "CreateTags", &params).status, 200);
    assert_eq!(tags(), 0);
    assert_eq!(sandbox.calls_to("CreateTags")[0].fault, Some("ignore"));
    assert_eq!(ec2(&sandbox, "CreateTags", &params).status, 200);
    assert_eq!(tags(), 1);
}

#[test]
fn a_reset_before_does_nothing() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    sandbox.inject(Fault::on("CreateImage").reset_before());
    let params = [("InstanceId", &*instance), ("Name", "web")];
    let error = try_ec2(&sandbox, "CreateImage", &params).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(sandbox.images(REGION).is_empty());
    assert_eq!(
        sandbox.calls_to("CreateImage")[0].fault,
        Some("reset-before")
    );
}

#[test]
fn a_lost_reply_leaves_the_work_done() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    sandbox.inject(Fault::on("CreateImage").reset_after());
    let params = [("InstanceId", &*instance), ("Name", "web")];
    let error = try_ec2(&sandbox, "CreateImage", &params).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(sandbox.images(REGION).len(), 1);
    let again = ec2(&sandbox, "CreateImage", &params);
    assert_eq!(again.error(), (400, "InvalidAMIName.Duplicate"));
    let log = sandbox.calls_to("CreateImage");
    assert_eq!((log[0].status, log[0].fault), (0, Some("reset-after")));
    assert_eq!(log[1].error.as_deref(), Some("InvalidAMIName.Duplicate"));
}

#[test]
fn a_cut_answer_is_shorter_than_it_says() {
    let sandbox = sandbox();
    sandbox.inject(Fault::on("DescribeRegions").cut());
    let cut = ec2(&sandbox, "DescribeRegions", &[]);
    let said = cut.head.split("content-length: ").nth(1).unwrap();
    let said: usize = said.lines().next().unwrap().parse().unwrap();
    assert_eq!(cut.body.len(), said / 2);
    assert!(
        ec2(&sandbox, "DescribeRegions", &[])
            .body
            .ends_with("</DescribeRegionsResponse>")
    );
}

#[test]
fn a_dribbled_or_late_answer_is_whole() {
    let sandbox = sandbox();
    let expected = ec2(&sandbox, "DescribeRegions", &[])
        .all("regionName")
        .len();
    sandbox.inject(Fault::on("DescribeRegions").dribble(Duration::from_micros(100)));
    sandbox.inject(
        Fault::on("DescribeRegions")
            .skip(1)
            .delay(Duration::from_millis(1)),
    );
    for fault in ["dribble", "delay"] {
        assert_eq!(
            ec2(&sandbox, "DescribeRegions", &[])
                .all("regionName")
                .len(),
            expected
        );
        assert_eq!(sandbox.calls().last().unwrap().fault, Some(fault));
    }
}

#[test]
fn a_denied_action_is_denied_for_a_dry_run_too() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    sandbox.deny("CreateImage");
    for dry_run in ["true", "false"] {
        let params = [
            ("InstanceId", &*instance),
            ("Name", "web"),
            ("DryRun", dry_run),
        ];
        let answer = ec2(&sandbox, "CreateImage", &params);
        assert_eq!(answer.error(), (403, "UnauthorizedOperation"));
        assert!(
            answer
                .text("Message")
                .contains("not authorized to perform: ec2:CreateImage")
        );
    }
    sandbox.allow("CreateImage");
    let params = [("InstanceId", &*instance), ("Name", "web")];
    assert_eq!(ec2(&sandbox, "CreateImage", &params).status, 200);
}

#[test]
fn an_action_is_denied_everywhere_or_in_one_region() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    let ask = |region: &str, action: &str| {
        let who = As {
            region,
            ..As::default()
        };
        let answer = call(&sandbox, who, action, &[("ImageId.1", &image)]).unwrap();
        answer.text("Code").to_owned()
    };
    let denied = "UnauthorizedOperation";
    sandbox.deny("DescribeImages");
    assert_eq!(
        ["us-east-1", "eu-west-1"].map(|r| ask(r, "DescribeImages")),
        [denied; 2]
    );
    assert_ne!(ask(REGION, "DescribeInstances"), denied);
    sandbox.allow("DescribeImages");
    let fault = Fault::on("DescribeImages").region("eu-west-1").always();
    sandbox.inject(fault.error(
        403,
        denied,
        "You are not authorized to perform this operation.",
    ));
    for _ in 0..2 {
        assert_eq!(ask(REGION, "DescribeImages"), "");
        assert_eq!(ask("eu-west-1", "DescribeImages"), denied);
        assert_ne!(ask("eu-west-1", "DescribeInstances"), denied);
    }
}
