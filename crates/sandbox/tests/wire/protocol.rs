//! The protocol: who may call what, and how wrong calls are refused.

use std::collections::BTreeMap;

use crate::client::{As, KEY, OTHER_KEY, REGION, call, ec2, form, sandbox, send};

#[test]
fn answers_have_a_namespace_and_a_request_id() {
    let sandbox = sandbox();
    let answer = ec2(&sandbox, "DescribeRegions", &[]);
    let start = "<DescribeRegionsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">";
    assert!(answer.body.contains(start), "{}", answer.body);
    let id = answer.text("requestId");
    assert!(
        answer.head.contains(&format!("x-amzn-requestid: {id}")),
        "{}",
        answer.head
    );
    assert_eq!(sandbox.calls()[0].request_id, id);
}

#[test]
fn unknown_actions_and_parameters_are_refused() {
    let sandbox = sandbox();
    let answer = ec2(&sandbox, "DescribeImage", &[]);
    let message = "The action DescribeImage is not valid for this web service.";
    assert_eq!(
        (answer.status, answer.complaint()),
        (400, ("InvalidAction", message))
    );
    let answer = ec2(&sandbox, "DescribeImages", &[("Owners.1", "self")]);
    let message = "The parameter Owners.1 is not recognized";
    assert_eq!(
        (answer.status, answer.complaint()),
        (400, ("UnknownParameter", message))
    );
    let answer = ec2(&sandbox, "CreateImage", &[("Name", "web")]);
    let message = "The request must contain the parameter InstanceId";
    assert_eq!(
        (answer.status, answer.complaint()),
        (400, ("MissingParameter", message))
    );
    assert!(answer.body.contains("<RequestID>"));
}

#[test]
fn a_refused_parameter_leaves_nothing_done() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    let params = [
        ("InstanceId", &*instance),
        ("Name", "web"),
        ("NoRebot", "true"),
    ];
    assert_eq!(
        ec2(&sandbox, "CreateImage", &params).error(),
        (400, "UnknownParameter")
    );
    assert!(sandbox.images(REGION).is_empty());
}

#[test]
fn a_dry_run_does_nothing() {
    let sandbox = sandbox();
    let instance = sandbox.instance(REGION, |_| {});
    let params = [
        ("InstanceId", &*instance),
        ("Name", "web"),
        ("DryRun", "true"),
    ];
    let answer = ec2(&sandbox, "CreateImage", &params);
    let message = "Request would have succeeded, but DryRun flag is set.";
    assert_eq!(
        (answer.status, answer.complaint()),
        (412, ("DryRunOperation", message))
    );
    assert!(sandbox.images(REGION).is_empty());
    let answer = ec2(&sandbox, "DescribeImages", &[("DryRun", "true")]);
    assert_eq!(answer.error(), (412, "DryRunOperation"));
}

#[test]
fn unknown_keys_and_closed_regions_are_refused() {
    let sandbox = sandbox();
    let refused = |who: As<'_>| {
        let answer = call(&sandbox, who, "DescribeImages", &[]).unwrap();
        (
            answer.status,
            answer.text("Code").to_owned(),
            answer.text("Message").to_owned(),
        )
    };
    let failure = (
        401,
        "AuthFailure".to_owned(),
        "AWS was not able to validate the provided access credentials".to_owned(),
    );
    assert_eq!(
        refused(As {
            key: "AKIANOBODY",
            ..As::default()
        }),
        failure
    );
    assert_eq!(
        refused(As {
            region: "af-south-1",
            ..As::default()
        }),
        failure
    );
    let (status, code, _) = refused(As {
        region: "us-moon-1",
        ..As::default()
    });
    assert_eq!((status, &*code), (401, "AuthFailure"));
    let unsigned = form(&[("Action", "DescribeImages"), ("Version", "2016-11-15")]);
    let answer = send(sandbox.endpoint(), "POST", "/", "", &unsigned).unwrap();
    assert_eq!(answer.error(), (401, "MissingAuthenticationToken"));
}

#[test]
fn an_old_request_has_expired() {
    let sandbox = sandbox();
    let headers = format!(
        "Authorization: AWS4-HMAC-SHA256 Credential={KEY}/20200101/{REGION}/ec2/aws4_request, Signature=0\r\n\
         X-Amz-Date: 20200101T000000Z\r\n"
    );
    let body = form(&[("Action", "DescribeImages"), ("Version", "2016-11-15")]);
    let answer = send(sandbox.endpoint(), "POST", "/", &headers, &body).unwrap();
    assert_eq!(
        answer.complaint(),
        ("RequestExpired", "Request has expired.")
    );
    sandbox.configure(|settings| settings.clock_skew = None);
    assert_eq!(
        send(sandbox.endpoint(), "POST", "/", &headers, &body)
            .unwrap()
            .status,
        200
    );
}

#[test]
fn sts_knows_who_is_calling() {
    let sandbox = sandbox();
    let who = As {
        service: "sts",
        ..As::default()
    };
    let answer = call(&sandbox, who, "GetCallerIdentity", &[]).unwrap();
    assert_eq!(answer.text("Account"), "123456789012");
    let other = As {
        key: OTHER_KEY,
        ..who
    };
    let answer = call(&sandbox, other, "GetCallerIdentity", &[]).unwrap();
    assert_eq!(answer.text("Account"), "210987654321");
    let nobody = As {
        key: "AKIANOBODY",
        ..who
    };
    let answer = call(&sandbox, nobody, "GetCallerIdentity", &[]).unwrap();
    assert_eq!(answer.error(), (403, "InvalidClientTokenId"));
    assert!(
        answer.body.starts_with("<ErrorResponse xmlns="),
        "{}",
        answer.body
    );
}

#[test]
fn the_log_keeps_calls_as_they_were_sent() {
    let sandbox = sandbox();
    ec2(
        &sandbox,
        "DescribeImages",
        &[("ImageId.1", "ami-11111111"), ("ImageId.2", "ami-2")],
    );
    let call = &sandbox.calls()[0];
    assert_eq!(
        (&*call.action, &*call.region, &*call.account),
        ("DescribeImages", REGION, "123456789012")
    );
    assert_eq!(call.list("ImageId"), ["ami-11111111", "ami-2"]);
    assert_eq!(
        (call.status, call.error.as_deref()),
        (400, Some("InvalidAMIID.Malformed"))
    );
    assert_eq!(call.user_agent, "raw");
    assert!(!call.to_json().contains("Signature"));
    sandbox.clear_calls();
    assert!(sandbox.calls().is_empty());
}

#[test]
fn regions_are_listed_with_their_status() {
    let sandbox = sandbox();
    let enabled = ec2(&sandbox, "DescribeRegions", &[]);
    assert_eq!(enabled.all("regionName").len(), 17);
    let all = ec2(&sandbox, "DescribeRegions", &[("AllRegions", "true")]);
    let by_name: BTreeMap<_, _> = all
        .all("regionName")
        .into_iter()
        .zip(all.all("optInStatus"))
        .collect();
    assert_eq!(by_name["us-east-1"], "opt-in-not-required");
    assert_eq!(by_name["af-south-1"], "not-opted-in");
    let zones = ec2(&sandbox, "DescribeAvailabilityZones", &[]);
    assert_eq!(
        zones.all("zoneName"),
        ["us-east-1a", "us-east-1b", "us-east-1c"]
    );
}
