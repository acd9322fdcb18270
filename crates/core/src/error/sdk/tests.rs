use super::{Fault, Kind, Service, answered};

#[test]
fn reads_as_object_cause_code_and_advice() {
    let mut error = answered(
        Service::Ec2,
        "DescribeImages",
        403,
        "UnauthorizedOperation",
        "You are not…",
    );
    error.0.request_id = Some("1b2c".to_owned());
    assert_eq!(
        error.of("ami-12345678").to_string(),
        "ami-12345678: not authorized to DescribeImages (UnauthorizedOperation, request 1b2c); \
         the permission needed is ec2:DescribeImages"
    );
}

#[test]
fn where_a_key_may_not_be_used_the_permission_of_the_call_is_not_what_is_missing() {
    for message in [
        "The caller does not have permission to the KMS key",
        "User: arn:aws:iam::1:user/a is not authorized to perform: kms:GenerateDataKey",
    ] {
        let code = "AccessDeniedException";
        let error = answered(Service::Ebs, "PutSnapshotBlock", 403, code, message);
        let text = error.to_string();
        assert!(text.starts_with(message), "{text}");
        assert!(text.contains("; the key's policy") && text.contains("kms:Decrypt"));
        assert!(!text.contains("ebs:PutSnapshotBlock"), "{text}");
    }
    let error = answered(Service::Ebs, "PutSnapshotBlock", 403, "AccessDenied", "no");
    assert!(error.to_string().ends_with("is ebs:PutSnapshotBlock"));
}

#[test]
fn answers_are_told_apart_for_retries_and_exit_codes() {
    for (status, code, fault, kind) in [
        (503, "RequestLimitExceeded", Fault::Throttled, Kind::Failed),
        (400, "Throttling", Fault::Throttled, Kind::Failed),
        (500, "InternalError", Fault::Passing, Kind::Failed),
        (503, "Unavailable", Fault::Passing, Kind::Failed),
        (
            500,
            "InsufficientInstanceCapacity",
            Fault::Final,
            Kind::Failed,
        ),
        (400, "InvalidAMIID.NotFound", Fault::Final, Kind::NotFound),
        (400, "InvalidAMIName.Duplicate", Fault::Final, Kind::Failed),
    ] {
        let error = answered(Service::Ec2, "X", status, code, "words");
        assert_eq!((error.fault(), error.kind()), (fault, kind), "{code}");
    }
}

#[test]
fn what_aws_says_is_cut_to_a_line_and_escaped() {
    let error = answered(
        Service::Ec2,
        "X",
        403,
        "SignatureDoesNotMatch",
        "No match.\nx-amz-security-token:SECRET",
    );
    assert!(!error.to_string().contains("SECRET"), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("No match (SignatureDoesNotMatch)")
    );
    let error = answered(Service::Ec2, "X", 400, "Bad\u{1b}", "a\u{1b}[2Jb");
    assert!(!error.to_string().contains('\u{1b}'));
}
