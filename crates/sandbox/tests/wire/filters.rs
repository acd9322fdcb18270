//! Filters of DescribeImages.

use ami_sandbox::{Ebs, Mapping, Sandbox};

use crate::client::{REGION, ec2, sandbox};

fn names(sandbox: &Sandbox, filters: &[(&str, &str)]) -> Vec<String> {
    let keys: Vec<_> = (1..=filters.len())
        .map(|n| (format!("Filter.{n}.Name"), format!("Filter.{n}.Value.1")))
        .collect();
    let mut params = vec![("Owner.1", "self")];
    for ((name, value), filter) in keys.iter().zip(filters) {
        params.extend([(&**name, filter.0), (&**value, filter.1)]);
    }
    let answer = ec2(sandbox, "DescribeImages", &params);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.all("name").into_iter().map(str::to_owned).collect()
}

fn seeded() -> Sandbox {
    let sandbox = sandbox();
    sandbox.image(REGION, |image| {
        image.name = "web-1".into();
        image.tags.insert("stage".into(), "test".into());
    });
    sandbox.image(REGION, |image| {
        image.name = "web-2*".into();
        image.architecture = "arm64".into();
        image.source_image = Some("ami-11111111".into());
        image.source_region = Some("eu-west-1".into());
        image.tags.insert("stage".into(), "live".into());
    });
    sandbox.image(REGION, |image| {
        image.name = "db".into();
        image.mappings.push(Mapping::ebs(
            "/dev/sdf",
            Ebs {
                size: 500,
                ..Ebs::default()
            },
        ));
        image.source_instance = Some("i-11111111".into());
    });
    sandbox
}

#[test]
fn filters_are_joined_by_and_with_wildcards() {
    let sandbox = seeded();
    assert_eq!(names(&sandbox, &[("name", "web-*")]), ["web-1", "web-2*"]);
    assert_eq!(names(&sandbox, &[("name", r"*\*")]), ["web-2*"]);
    assert_eq!(names(&sandbox, &[("name", "web-?")]), ["web-1"]);
    assert_eq!(
        names(&sandbox, &[("name", "web-*"), ("architecture", "arm64")]),
        ["web-2*"]
    );
    assert_eq!(names(&sandbox, &[("name", "WEB-1")]), Vec::<String>::new());
}

#[test]
fn tags_sources_and_devices_can_be_asked_for() {
    let sandbox = seeded();
    assert_eq!(names(&sandbox, &[("tag:stage", "test")]), ["web-1"]);
    assert_eq!(
        names(&sandbox, &[("tag-key", "stage")]),
        ["web-1", "web-2*"]
    );
    assert_eq!(
        names(&sandbox, &[("source-image-id", "ami-11111111")]),
        ["web-2*"]
    );
    assert_eq!(
        names(&sandbox, &[("source-image-region", "eu-west-1")]),
        ["web-2*"]
    );
    assert_eq!(
        names(&sandbox, &[("source-instance-id", "i-11111111")]),
        ["db"]
    );
    assert_eq!(
        names(&sandbox, &[("block-device-mapping.volume-size", "500")]),
        ["db"]
    );
    let snapshot = sandbox.images(REGION)[2]
        .snapshots()
        .nth(1)
        .unwrap()
        .to_owned();
    assert_eq!(
        names(&sandbox, &[("block-device-mapping.snapshot-id", &snapshot)]),
        ["db"]
    );
}

#[test]
fn filters_apply_beside_ids() {
    let sandbox = seeded();
    let id = sandbox.images(REGION)[0].id.clone();
    let filter = [
        ("ImageId.1", &*id),
        ("Filter.1.Name", "name"),
        ("Filter.1.Value.1", "db"),
    ];
    let answer = ec2(&sandbox, "DescribeImages", &filter);
    assert_eq!((answer.status, answer.all("imageId").len()), (200, 0));
}

#[test]
fn unknown_filters_and_too_many_values_are_refused() {
    let sandbox = sandbox();
    let filter = [("Filter.1.Name", "nmae"), ("Filter.1.Value.1", "x")];
    let answer = ec2(&sandbox, "DescribeImages", &filter);
    assert_eq!(
        answer.complaint(),
        ("InvalidParameterValue", "The filter 'nmae' is invalid")
    );
    let keys: Vec<String> = (1..=201).map(|n| format!("Filter.1.Value.{n}")).collect();
    let values = keys.iter().map(|key| (&**key, "x"));
    let params: Vec<_> = [("Filter.1.Name", "name")]
        .into_iter()
        .chain(values)
        .collect();
    let answer = ec2(&sandbox, "DescribeImages", &params);
    assert_eq!(answer.error(), (400, "FilterLimitExceeded"));
    assert_eq!(ec2(&sandbox, "DescribeImages", &params[..201]).status, 200);
}

#[test]
fn owners_are_account_ids_or_known_words() {
    let sandbox = sandbox();
    for (action, list) in [
        ("DescribeImages", "Owner.1"),
        ("DescribeImages", "ExecutableBy.1"),
        ("DescribeSnapshots", "Owner.1"),
        ("DescribeSnapshots", "RestorableBy.1"),
    ] {
        let answer = ec2(&sandbox, action, &[(list, "me")]);
        let message = "Invalid user id: &quot;me&quot;";
        assert_eq!(answer.complaint(), ("InvalidUserID.Malformed", message));
        assert_eq!(ec2(&sandbox, action, &[(list, "self")]).status, 200);
    }
}
